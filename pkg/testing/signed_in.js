// A signed-in session for tests: a whole login at a server of its own.
import { Client, ready } from "../index.js";
import { createServer } from "./server.js";

/** Signs in with a client whose host is the server's. */
export const signIn = async (client, server, options) => {
  await client.login(options);
  const outcome = await client.handleRedirect(server.returned);
  if (outcome.status !== "signed-in")
    throw outcome.error ?? new Error(`the login ended as ${outcome.status}`);
  return outcome.session;
};

export const signedIn = async ({ server: given, user, login, ...config } = {}) => {
  const server = given ?? createServer({ issuer: config.issuer, user });
  await ready();
  const client = new Client(
    {
      clientId: "app",
      redirectUri: "https://app.example/callback",
      scope: "openid profile email",
      transactionStorage: "memory",
      ...config,
      issuer: server.issuer,
      host: { ...server.host, ...config.host },
    },
    server.metadata,
  );
  const session = await signIn(client, server, login);
  return { client, server, session };
};
