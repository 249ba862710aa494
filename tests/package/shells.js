// What the tests of the adapters have in common. They try the adapters of the packed tarball with the shells' own packages, and a scripted
// native side beneath them: it answers what the packages ask of it. Tauri in a real WebView is in tests/webview.
import { createRequire } from "node:module";
import { before } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ISSUER, load, METADATA, playPage } from "./installed.js";

playPage();
const { Client, ready } = await load("pkce-wasm");
await ready();

// What the modules of the shells look for in a page.
before(() => {
  globalThis.window ??= globalThis;
});

export const here = createRequire(import.meta.url);
export const SCHEME = "com.example.app";
export const REDIRECT_URI = `${SCHEME}:/callback`;
export const TOKENS = { access_token: "at", token_type: "Bearer" };

const config = (host, change = {}) => ({
  issuer: ISSUER,
  clientId: "app",
  redirectUri: REDIRECT_URI,
  scope: "files",
  transactionStorage: host.storage ? "host" : "memory",
  storage: host.storage ? "host" : "memory",
  host,
  ...change,
});
export const callback = (url, redirectUri = REDIRECT_URI) =>
  `${redirectUri}?code=c&state=${new URL(url).searchParams.get("state")}`;

/** An application as the guides write it: every URL is handed to the client, outcomes are kept. */
export const start = async (host, change) => {
  const app = { client: new Client(config(host, change), METADATA), outcomes: [] };
  app.stop = await host.onRedirect(async (url) => {
    app.outcomes.push(await app.client.handleRedirect(url));
  });
  app.statuses = () => app.outcomes.map(({ status }) => status);
  return app;
};

export const answering = async () => Response.json(TOKENS);

/** Long enough for what should not happen to have happened. */
export const quiet = () => pause(60);

/** Gives every test a page of its own. */
export const stub = (context, globals) => {
  for (const [name, value] of Object.entries(globals)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    context.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
  }
};
