/**
 * Runs the demo's oidc-provider in a shape that tests want, in a process of its own.
 *
 * One line of JSON on standard output says where it is. `/test/counters` says what the token endpoint answered. The process ends when its standard
 * input closes.
 */
import { randomBytes } from "node:crypto";
import { makeAuthorizationServer } from "../../../www/server/authorization-server.js";
import { listenOnLoopback } from "../../../www/server/loopback.js";

/** A configuration that takes pushed requests and tokens that are bound to a key, and nothing else; proofs need a nonce. */
export const bind = (plain) => ({
  ...plain,
  clients: plain.clients.map((client) => ({
    ...client,
    dpop_bound_access_tokens: true,
    require_pushed_authorization_requests: true,
  })),
  features: {
    ...plain.features,
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
  },
});

export const serve = async ({ name, clientId, origins, configure, dress = () => {} }) => {
  // The library speaks of its own defaults through the console: that belongs to standard error.
  console.log = console.error;
  console.info = console.error;
  const socket = await listenOnLoopback();
  const issuer = `http://127.0.0.1:${socket.port}`;
  const server = makeAuthorizationServer({
    name,
    title: "Authorization server of the tests",
    issuer,
    clientId,
    origins,
    application: { clientId: "application", redirectUri: "org.example.lab:/callback", origins: [] },
    shape: { configure, dress },
  });
  socket.answer((request, response) => {
    if (request.url === "/test/counters") return response.end(JSON.stringify(server.counters));
    return server.handler(request, response);
  });
  process.stdin.on("close", () => process.exit(0));
  process.stdin.resume();
  process.stdout.write(`${JSON.stringify({ issuer })}\n`);
};
