// The packed tarball, installed as a user would, and what its tests have in common. The runner sets PKCE_WASM_INSTALLED to the folder it is
// installed in, and PKCE_WASM_ENGINE to the engine: "wasm", or "js" for the twin.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import "./forbid.js";

export const installed = process.env.PKCE_WASM_INSTALLED;
assert.ok(installed, "PKCE_WASM_INSTALLED names the folder of the installation");
export const expectedEngine = process.env.PKCE_WASM_ENGINE ?? "wasm";

/** The file of an entry, as an application in that folder finds it. */
export const resolve = (entry, folder = installed) => createRequire(join(folder, "app.js")).resolve(entry);
export const address = (entry, folder) => pathToFileURL(resolve(entry, folder)).href;
export const load = (entry, folder) => import(address(entry, folder));

/** The client as another page of that name has it: it shares nothing with this one but what is global. */
export const pageOf = async (name) => {
  const file = join(dirname(resolve("pkce-wasm")), "client/page.js");
  return (await import(`${pathToFileURL(file).href}?${name}`)).whole;
};

export const ISSUER = "https://as.example";
export const REDIRECT_URI = "https://app.example/callback";

/** What every authorization server of these tests says of itself; some say more. */
export const metadataOf = (issuer) => ({
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  code_challenge_methods_supported: ["S256"],
});
export const METADATA = metadataOf(ISSUER);

/** From here on this is a page, as far as anybody can tell: what lives as long as the page is not a single client's. */
export const playPage = () => {
  globalThis.location ??= new URL("https://app.example/");
};

/** A storage as pages have it, with these items. */
export const pageStorage = (entries) => {
  const items = new Map(entries);
  return {
    items,
    get length() {
      return items.size;
    },
    key: (at) => [...items.keys()][at] ?? null,
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, item) => void items.set(name, `${item}`),
    removeItem: (name) => void items.delete(name),
  };
};

/** Waits for a condition, half a minute at the least. */
export const until = async (condition) => {
  for (let round = 0; round < 3000; round++) {
    if (condition()) return;
    await pause(10);
  }
  assert.fail(`never: ${condition}`);
};

const clock = { date: Date.now, performance: performance.now };

/** Sets the clock ahead, and with it the one that cannot be set, unless it is to. */
export const wait = (seconds, steady = seconds) => {
  const [date, now] = [Date.now, performance.now.bind(performance)];
  Date.now = () => date() + 1000 * seconds;
  performance.now = () => now() + 1000 * steady;
};

/** Ends what `wait` has done. */
export const setClockRight = () => {
  Date.now = clock.date;
  performance.now = clock.performance;
};

/** Web Locks, for a Node that has none: first come, first served. */
const createLocks = () => {
  const queues = new Map();
  const hold = async (name, callback) => {
    try {
      return await callback({ name });
    } finally {
      const queue = queues.get(name);
      const next = queue.shift();
      if (next) next();
      else queues.delete(name);
    }
  };
  const request = async (name, { ifAvailable, signal }, callback) => {
    const queue = queues.get(name);
    if (!queue) {
      queues.set(name, []);
      return hold(name, callback);
    }
    if (ifAvailable) return callback(null);
    await new Promise((done, refused) => {
      queue.push(done);
      signal?.addEventListener("abort", () => {
        const place = queue.indexOf(done);
        if (place >= 0) queue.splice(place, 1);
        refused(signal.reason);
      });
    });
    return hold(name, callback);
  };
  return { request };
};
/** Gives Node locks where it has none. */
export const playLocks = () => {
  if (!globalThis.navigator?.locks) {
    const navigator = { userAgent: "Mozilla/5.0 Firefox/140.0", locks: createLocks() };
    Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  }
};

/** A promise that is kept when it is told to be. */
export const gate = () => {
  let open;
  const opened = new Promise((done) => {
    open = done;
  });
  return { open, opened };
};

/** A host's storage, of one item or of items; it has no room for what has the text `full`. */
export const hostStorage = (isOfItems) => {
  const items = new Map();
  const storage = {
    items,
    full: undefined,
    getItem: async (name) => items.get(name),
    setItem: async (name, item) => {
      if (storage.full && item.includes(storage.full)) throw new Error("no room");
      items.set(name, item);
    },
  };
  if (isOfItems) storage.removeItem = async (name) => void items.delete(name);
  return storage;
};
