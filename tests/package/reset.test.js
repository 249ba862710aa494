// A shell's store that nobody can read any more: `host.reset()` begins anew.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ISSUER, load, METADATA } from "./installed.js";
import { answering, callback, REDIRECT_URI } from "./shells.js";

const { Client, isPkceError } = await load("pkce-wasm");
const { tauriHost } = await load("pkce-wasm/tauri");
const { capacitorHost } = await load("pkce-wasm/capacitor");
const { cordovaHost } = await load("pkce-wasm/cordova");

/** A keystore. With its key lost it reads nothing that is there, and writes with another one. */
const keystore = (change = {}) => {
  const items = new Map();
  const state = { items, isBroken: false };
  return Object.assign(state, {
    lose() {
      for (const name of items.keys()) items.set(name, undefined);
    },
    storage: {
      getItem: async (name) => {
        if (items.has(name) && items.get(name) === undefined) throw new Error("KeyPermanentlyInvalidated");
        return items.get(name) ?? null;
      },
      setItem: async (name, item) => {
        if (state.isBroken) throw new Error("no keystore");
        items.set(name, item);
      },
      removeItem: async (name) => {
        if (state.isBroken) throw new Error("no keystore");
        if (!items.delete(name)) throw new Error("item not found");
      },
      ...change,
    },
  });
};

const HOSTS = {
  Capacitor: (secureStorage, open) =>
    capacitorHost({
      App: {},
      Browser: { open: async ({ url }) => open(url), close: async () => {} },
      secureStorage,
    }),
  Tauri: (secureStorage, open) =>
    tauriHost({ deepLink: {}, opener: { openUrl: async (url) => open(url) }, secureStorage }),
  Cordova: (secureStorage, open) => cordovaHost({ open, secureStorage }),
};

for (const [shell, hostOf] of Object.entries(HOSTS)) {
  test(`${shell}: SH6 a keystore whose key is lost says so, and reset() begins anew`, async () => {
    for (const change of [{}, { removeItem: undefined }, { maxLength: 64 }]) {
      const store = keystore(change);
      const opened = [];
      const host = { ...hostOf(store.storage, (url) => void opened.push(url)), fetch: answering };
      const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files" };
      const client = new Client({ ...config, storage: "host", host }, METADATA);
      const signIn = async () => {
        await client.login();
        const { status, error } = await client.handleRedirect(callback(opened.at(-1)));
        assert.equal(status, "signed-in", error);
      };
      await signIn();
      store.lose();
      await assert.rejects(client.session(), (error) => {
        assert.deepEqual([isPkceError(error), error.code], [true, "storage_unavailable"]);
        assert.match(error.message, /application.*host\.reset\(\).*\(host\.storage\)/);
        return true;
      });
      await host.reset();
      assert.equal(await client.session(), null);
      const left = [...store.items].filter(([name, item]) => item !== "" && name !== "pkce-wasm.urls");
      assert.deepEqual(left, []);
      await signIn();
      assert.equal(await (await client.session()).accessToken(), "at");

      // It signs out a session that can be read, too.
      await host.reset();
      assert.equal(await client.session(), null);
      store.isBroken = true;
      await assert.rejects(
        host.reset(),
        (error) => isPkceError(error) && error.code === "storage_unavailable",
      );
    }
  });
}
