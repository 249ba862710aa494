/**
 * A real authorization server for a page of the tests: oidc-provider as the demo has it, with access tokens that live for a minute. Refresh tokens
 * rotate, and one that is used twice ends the whole grant.
 *
 *     node main.mjs ORIGIN [bound]
 *
 * With `bound` it takes pushed requests and tokens that are bound to a key, and nothing else, and proofs need a nonce.
 *
 * One line of JSON goes to standard output. The process ends when its standard input closes.
 */
import { randomBytes } from "node:crypto";
import { makeAuthorizationServer } from "../../../www/server/authorization-server.js";
import { listenOnLoopback } from "../../../www/server/loopback.js";

const [origin, bound] = process.argv.slice(2);

// The library speaks of its own defaults through the console: that belongs to standard error.
console.log = console.error;
console.info = console.error;

const binding = (plain) => ({
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

const shape = {
  configure: (plain) => ({ ...plain, ttl: { ...plain.ttl, AccessToken: 60 }, ...(bound && binding(plain)) }),
  // The page's clock is hours ahead in the end.
  dress: (provider) =>
    provider.use(async (context, next) => {
      await next();
      context.append("Access-Control-Expose-Headers", "Date");
    }),
};

const socket = await listenOnLoopback();
const issuer = `http://127.0.0.1:${socket.port}`;
const server = makeAuthorizationServer({
  name: "lab",
  title: "Authorization server of the tests",
  issuer,
  clientId: "lab",
  origins: [origin],
  application: { clientId: "application", redirectUri: "org.example.lab:/callback", origins: [] },
  shape,
});
socket.answer((request, response) => {
  if (request.url === "/test/counters") return response.end(JSON.stringify(server.counters));
  return server.handler(request, response);
});
process.stdin.on("close", () => process.exit(0));
process.stdin.resume();
process.stdout.write(`${JSON.stringify({ issuer })}\n`);
