// Tauri: its own modules, and its own stand-in for the native side.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, METADATA, until } from "./installed.js";
import { callback, quiet, REDIRECT_URI, start, stub, TOKENS } from "./shells.js";

const { tauriHost } = await load("pkce-wasm/tauri");

test("Tauri: launch and event are both drained, once; native HTTP follows no redirect; a store is written at once", async (context) => {
  stub(context, { window: globalThis });
  const { mockIPC, clearMocks } = await import("@tauri-apps/api/mocks");
  const { emit } = await import("@tauri-apps/api/event");
  const deepLink = await import("@tauri-apps/plugin-deep-link");
  const opener = await import("@tauri-apps/plugin-opener");
  const http = await import("@tauri-apps/plugin-http");
  const native = { opened: [], launch: null, requests: [] };
  context.after(clearMocks);
  mockIPC(
    (command, parameters) => {
      if (command === "plugin:deep-link|get_current") return native.launch;
      if (command === "plugin:opener|open_url") native.opened.push(parameters.url);
      if (command === "plugin:http|fetch") native.requests.push(parameters.clientConfig);
      if (command === "plugin:http|fetch_send")
        return {
          status: 200,
          statusText: "OK",
          url: METADATA.token_endpoint,
          headers: [["content-type", "application/json"]],
          rid: 2,
        };
      if (command === "plugin:http|fetch_read_body") {
        const body = native.read ? [1] : [...new TextEncoder().encode(JSON.stringify(TOKENS)), 0];
        native.read = true;
        return body;
      }
    },
    { shouldMockEvents: true },
  );
  const file = { items: new Map(), saved: undefined };
  const store = {
    get: async (name) => file.items.get(name),
    set: async (name, item) => void file.items.set(name, item),
    delete: async (name) => file.items.delete(name),
    save: async () => {
      file.saved = new Map(file.items);
    },
  };
  const host = tauriHost({ deepLink, opener, http, store });
  assert.equal(host.tier, "plain");
  const before = await start(host);
  await before.client.login();
  assert.match(file.saved.get("pkce-wasm"), /pkce-wasm:2:t:/, "before the user is sent away");
  before.stop();
  const redirect = callback(native.opened[0]);

  native.launch = [redirect];
  const app = await start(tauriHost({ deepLink, opener, http, store }));
  await until(() => app.outcomes.length === 1);
  await emit("deep-link://new-url", [redirect]);
  await emit("deep-link://new-url", [`${REDIRECT_URI}?code=stolen&state=guessed`]);
  await until(() => app.outcomes.length === 2);
  await quiet();
  assert.deepEqual(app.statuses(), ["signed-in", "other-login"]);
  assert.equal(native.requests.length, 1);
  assert.equal(native.requests[0].maxRedirections, 0);

  await app.client.logout();
  assert.ok([...file.items.values()].every((item) => !/\\nat\\n/.test(item)));
  assert.deepEqual(file.saved, file.items, "what was removed is removed from the file too");

  assert.equal(tauriHost({ deepLink, opener, secureStorage: store }).tier, "secure");
  assert.deepEqual(
    [tauriHost({ deepLink, opener }).tier, tauriHost({ deepLink, opener }).fetch],
    ["page", undefined],
  );
  assert.throws(() => tauriHost({ deepLink }), TypeError);

  // As the plugins do it with `withGlobalTauri`.
  const global = {};
  for (const [name, value] of Object.entries({ deepLink, opener }))
    Object.defineProperty(global, name, { value });
  stub(context, { __TAURI__: global });
  assert.equal(tauriHost().tier, "page");
});

test("Tauri: HS2 a keyring on Windows is given what the Credential Manager takes, with or without removeItem", async (context) => {
  const plugins = { deepLink: { getCurrent: () => null, onOpenUrl: () => {} }, opener: {} };
  const keyring = (hasRemove, members) => {
    const items = new Map();
    const storage = {
      getItem: async (name) => items.get(name) ?? null,
      setItem: async (name, item) => void items.set(name, item),
      ...members,
    };
    if (hasRemove) storage.removeItem = async (name) => void items.delete(name);
    return storage;
  };
  const limitOf = (storage) => tauriHost({ ...plugins, secureStorage: storage }).storage.maxLength;
  const agent = (system) => stub(context, { navigator: { userAgent: `Mozilla/5.0 (${system}) Edg/140.0` } });
  for (const hasRemove of [true, false]) {
    agent("Windows NT 10.0; Win64; x64");
    assert.equal(limitOf(keyring(hasRemove)), 1280);
    assert.equal(limitOf(keyring(hasRemove, { maxLength: 900 })), 900, "who knows better says so");
    const { storage } = tauriHost({ ...plugins, secureStorage: keyring(hasRemove, { timeout: 7 }) });
    assert.deepEqual([storage.timeout, "removeItem" in storage], [7, hasRemove]);
    await storage.setItem("a", "b");
    assert.equal(await storage.getItem("a"), "b");
    agent("X11; Linux x86_64");
    assert.equal(limitOf(keyring(hasRemove)), undefined);
  }
});
