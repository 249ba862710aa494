// What an application keeps with a login comes back with its outcome, however it ends, and goes when the login is forgotten.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, pageStorage, playPage, setClockRight, wait } from "./installed.js";

const { Client } = await load("pkce-wasm");
const { createServer } = await load("pkce-wasm/testing");

playPage();
const sessionStorage = pageStorage();
Object.defineProperty(globalThis, "sessionStorage", { value: sessionStorage, configurable: true });

const REDIRECT_URI = "https://app.example/callback";
const STATE = { from: "menu", items: [1, null, true], é: '\n"' };

const clientOf = (server, change) =>
  new Client(
    {
      issuer: server.issuer,
      clientId: "app",
      redirectUri: REDIRECT_URI,
      transactionStorage: "memory",
      host: server.host,
      ...change,
    },
    server.metadata,
  );

const pageClient = (server) => clientOf(server, { transactionStorage: "session" });

const storageOf = (items) => ({
  getItem: (name) => items.get(name),
  setItem: (name, item) => void items.set(name, item),
});

await Client.discover({
  issuer: createServer().issuer,
  clientId: "app",
  redirectUri: REDIRECT_URI,
  host: createServer().host,
});

test("appState comes back with the login, once more when the callback is handled again, and not in the URL", async () => {
  const server = createServer();
  for (const change of [
    {},
    { transactionStorage: "host", host: { ...server.host, storage: storageOf(new Map()) } },
  ]) {
    const client = clientOf(server, change);
    await client.login({ returnTo: "/orders", appState: STATE });
    assert.doesNotMatch(server.requests.at(-1).url, /menu|appState/);
    const first = await client.handleRedirect(server.returned);
    assert.deepEqual([first.status, first.returnTo, first.appState], ["signed-in", "/orders", STATE]);
    const again = await client.handleRedirect(server.returned);
    assert.deepEqual([again.status, again.appState], ["already-completed", STATE]);
  }
});

test("appState comes back with a refusal, and a login without it has none", async () => {
  const server = createServer({ decide: false });
  const client = clientOf(server);
  for (const appState of [STATE, "text", 0, false, null]) {
    await client.login({ appState });
    const outcome = await client.handleRedirect(server.returned);
    assert.equal(outcome.status, "refused");
    assert.deepEqual(outcome.appState, appState);
    assert.deepEqual((await client.handleRedirect(server.returned)).appState, appState);
  }
  await client.login();
  assert.equal("appState" in (await client.handleRedirect(server.returned)), false);
  await client.login({ appState: undefined });
  assert.equal("appState" in (await client.handleRedirect(server.returned)), false);
});

test("appState is JSON of at most 2048 characters", async () => {
  const server = createServer();
  const client = clientOf(server);
  const circle = {};
  circle.self = circle;
  for (const appState of ["x".repeat(2047), circle, 10n, Array(2000).fill("x")]) {
    assert.throws(() => client.login({ appState }), { code: "config_invalid", subject: "appState" });
  }
  await client.login({ appState: "x".repeat(2046) });
  assert.equal((await client.handleRedirect(server.returned)).appState.length, 2046);
});

test("another client at the same redirect URI is not told", async () => {
  const server = createServer();
  const [mine, other] = [
    pageClient(server),
    clientOf(server, { clientId: "other", transactionStorage: "session" }),
  ];
  await mine.login({ appState: STATE });
  const outcome = await other.handleRedirect(server.returned);
  assert.equal("appState" in outcome, false);
  assert.deepEqual((await mine.handleRedirect(server.returned)).appState, STATE);
});

test("appState is forgotten with its login", async () => {
  const server = createServer();
  const client = pageClient(server);
  const kept = () =>
    [...sessionStorage.items.keys()].filter((name) => name.startsWith("pkce-wasm:2:a:")).length;
  const before = kept();
  for (let round = 0; round < 120; round++) await client.login({ appState: round });
  assert.ok(kept() <= 101, `${kept()} are kept`);
  wait(2 * 86_400);
  try {
    await client.login();
    assert.equal(kept(), 0, `${before} before`);
  } finally {
    setClockRight();
  }
});
