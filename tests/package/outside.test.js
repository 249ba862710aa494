// What goes wrong around the client of the packed tarball: an answer that is none, a page that moves on, a script that cannot be loaded, records
// that somebody broke, a pop-up that is too quick. The runner sets PKCE_WASM_INSTALLED and PKCE_WASM_ENGINE, as for node.test.js.
import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock, test } from "node:test";
import { pathToFileURL } from "node:url";
import { ISSUER, installed, METADATA, pageStorage, playPage, REDIRECT_URI } from "./installed.js";

const folder = join(installed, "node_modules/pkce-wasm");
const load = (file, from = folder) => import(pathToFileURL(join(from, file)).href);
const { Client, ready } = await load("index.js");
await ready();
playPage();

const success = async () => Response.json({ access_token: "at", token_type: "Bearer" });

/** A client in memory, the URLs that it opened, and what its token endpoint does. */
const application = (change = {}, Class = Client) => {
  const app = { opened: [], answer: success };
  const host = { open: (url) => app.opened.push(url), fetch: (...request) => app.answer(...request) };
  const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files", host };
  app.client = new Class({ ...config, transactionStorage: "memory", ...change }, METADATA);
  return app;
};
const callback = (url) => `${REDIRECT_URI}?code=c&state=${new URL(url).searchParams.get("state")}`;

const stubbed = async (stubs, work) => {
  const before = Object.keys(stubs).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]);
  for (const [name, value] of Object.entries(stubs)) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  try {
    return await work();
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
    }
  }
};

test("the first error of a page has its sentence, also as that of an outcome", async () => {
  const { client, opened } = application();
  client.login();
  const { state } = Object.fromEntries(new URL(opened[0]).searchParams);
  const { error } = await client.handleRedirect(`${REDIRECT_URI}?error=access_denied&state=${state}`);
  assert.equal(error.code, "access_denied");
  assert.match(error.message, /^access_denied: [A-Z].* .*\. \(the server said access_denied\)$/);
});

test("AC11 an answer without headers is a failure of the network, and the login goes on", async () => {
  const app = application();
  app.client.login();
  const url = callback(app.opened[0]);
  app.answer = async () => Object.defineProperty(await success(), "headers", { value: {} });
  const { status, error } = await app.client.handleRedirect(url);
  assert.deepEqual([status, error.code, error.retryable], ["refused", "network_failed", true]);
  app.answer = success;
  assert.equal((await app.client.handleRedirect(url)).status, "signed-in");
});

test("AC11 what failed without a code has failed", async () => {
  const { bind, exported } = await load("dist/client_bg.js");
  const { CODES } = await load("dist/codes.js");
  const { createAsk, createTexts } = await load("engine/ask.js");
  const { createEngine, decode } = await load("engine/engine.js");
  const { createErrors } = await load("engine/error.js");
  const texts = createTexts();
  const half = async (name) => decode((await load(`dist/${name}_bytes.js`)).default);
  const state = { module: await half("start") };
  const engine = createEngine({
    bind,
    exported,
    errors: createErrors(CODES, (error) => error),
    texts,
    state,
    loadTwin: () => load("dist/client_twin.js"),
  });
  await engine.ready();
  const { ask, whole } = createAsk({ ...engine, state }, texts, () => half("later"));
  await whole();
  const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files" };
  const { setup } = ask("setup", JSON.stringify(config), JSON.stringify(METADATA));
  const { transaction } = ask("begin", setup, "{}", "");
  const ended = (failed) => {
    const { remains } = ask("end", setup, transaction, JSON.stringify(failed));
    return ask("arrive", setup, "", "", remains).outcome.status;
  };
  assert.equal(ended({}), "already-completed");
  for (const code of [-1, 9999, "none"]) assert.equal(ended({ code }), "refused", `${code}`);
});

test("AC4 the callback is the one that the page had when it was asked", async () => {
  const app = application();
  app.client.login();
  // A router leads the page elsewhere while the client waits.
  const addresses = [callback(app.opened[0])];
  const location = {
    get href() {
      return addresses.shift() ?? "https://app.example/elsewhere";
    },
  };
  const replaced = [];
  const history = { state: null, replaceState: (...entry) => replaced.push(entry) };
  const outcome = await stubbed({ location, history }, () => app.client.handleRedirect());
  assert.equal(outcome.status, "signed-in");
  assert.deepEqual(replaced, [], "the page that it is now is left alone");
});

// The twin is in one piece.
const ofCallback = [
  "client/callback.js",
  ...(process.env.PKCE_WASM_ENGINE === "js" ? [] : ["dist/later_bytes.js"]),
];
for (const script of ofCallback) {
  test(`a callback whose script cannot be loaded is an outcome, and stays to be handled: ${script}`, async () => {
    const copy = await mkdtemp(join(tmpdir(), "pkce-wasm-"));
    try {
      await cp(folder, copy, { recursive: true });
      await rm(join(copy, script));
      const other = await load("index.js", copy);
      await other.ready();
      const app = application({}, other.Client);
      app.client.login();
      const { status, error, restart } = await app.client.handleRedirect(callback(app.opened[0]));
      assert.deepEqual([status, error.code, error.retryable], ["refused", "network_failed", true]);
      assert.equal(restart, false);
      assert.ok(other.isPkceError(error));
      // What is asked at the start is asked still.
      app.client.login();
      assert.equal(app.opened.length, 2);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  });
}

test("SB7 a broken record is in nobody's way, and nothing of the application's own is forgotten", async () => {
  const sessionStorage = pageStorage([
    ["pkce-wasm:2:t:a", "2"],
    ["pkce-wasm:2:d:a", ""],
    ["2", "of the application"],
  ]);
  const { items } = sessionStorage;
  await stubbed({ sessionStorage }, async () => {
    const app = application({ transactionStorage: "session" });
    for (let login = 0; login < 110; login++) app.client.login();
    const outcome = await app.client.handleRedirect(callback(app.opened.at(-1)));
    assert.equal(outcome.status, "signed-in");
  });
  const pending = [...items.keys()].filter((name) => name.startsWith("pkce-wasm:2:t:"));
  assert.ok(pending.length <= 100, `${pending.length} records`);
  assert.equal(items.get("2"), "of the application");
});

test("a pop-up that is back before its window listens is heard", async () => {
  const { handOver } = await load("client/popup.js");
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const channel = new BroadcastChannel("pkce-wasm:popup.quick");
  try {
    const offered = handOver("popup.quick", "the callback");
    // Its first offer is heard by nobody.
    const first = await new Promise((done) => {
      channel.onmessage = ({ data }) => done(data);
    });
    const heard = new Promise((done) => {
      channel.onmessage = ({ data }) => {
        channel.postMessage("taken");
        done(data);
      };
    });
    mock.timers.tick(1000);
    assert.deepEqual([first.callback, (await heard).callback], ["the callback", "the callback"]);
    assert.equal(await offered, true);
  } finally {
    channel.close();
    mock.timers.reset();
  }
});

test("a login in a pop-up that was given up while it was prepared is given up", async () => {
  const { follow } = await load("client/popup.js");
  const events = { addEventListener: () => {}, removeEventListener: () => {} };
  const signal = AbortSignal.abort();
  const look = async () => undefined;
  const ended = await stubbed(events, () => follow({ closed: false }, "popup.x", 60_000, signal, look));
  assert.deepEqual(ended, { code: "aborted" });
});
