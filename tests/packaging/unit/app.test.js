// Unit tests of an application, with the kit. Vitest and Jest run the same file: `test` and `expect` are their globals.
import { Client, ready } from "pkce-wasm";
import { createServer, signedIn, signIn } from "pkce-wasm/testing";
import { show } from "./app.js";

const CONFIG = {
  issuer: "https://as.example",
  clientId: "app",
  redirectUri: `${location.origin}/callback`,
  scope: "openid profile",
};

const page = () => document.body.appendChild(document.createElement("main"));

test("a user who is signed in is greeted", async () => {
  const { client } = await signedIn({ user: { sub: "grace", name: "Grace" } });
  const root = page();
  await show(client, root);
  expect(root.textContent).toBe("Hello Grace");
});

test("the button signs in, and the application knows where to go on", async () => {
  const server = createServer({ issuer: CONFIG.issuer });
  const client = await Client.discover({ ...CONFIG, host: server.host });
  const root = page();
  await show(client, root);
  root.querySelector("button").click();
  for (let round = 0; !server.returned && round < 1000; round++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { status, returnTo } = await client.handleRedirect(server.returned);
  expect([status, returnTo]).toEqual(["signed-in", "/orders"]);
  await show(client, root);
  expect(root.textContent).toBe("Hello Ada Demo");
  await client.logout({ revoke: true });
  await show(client, root);
  expect(root.textContent).toBe("Sign in");
});

test("a server that lies signs nobody in", async () => {
  const server = createServer({ issuer: CONFIG.issuer, lies: ["nonce-wrong"] });
  await ready();
  const client = new Client({ ...CONFIG, host: server.host }, server.metadata);
  const code = await signIn(client, server).catch((error) => error.code);
  expect(code).toBe("id_token_nonce_mismatch");
  server.lie();
  expect((await signIn(client, server)).claims.sub).toBe("ada");
});

test("a session that the server ended is over", async () => {
  const { client, session, server } = await signedIn({ issuer: "https://ended.example" });
  server.revokeAll();
  const code = await session.refresh().catch((error) => error.code);
  expect(code).toBe("session_expired");
  expect(await client.session()).toBe(null);
});
