// Stores with little room, and stores that keep something else than they were given: a login begins only where it can be kept, and what the server gave is
// not lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { ISSUER, load, METADATA, REDIRECT_URI } from "./installed.js";

const { Client, isPkceError, ready } = await load("pkce-wasm");
await ready();

/** A store that refuses what does not fit: `longest` characters of an item, `most` of all with their names, so many `items`. */
const limited = ({ longest = 1e9, most = 1e9, items: count = 1e9, hasRemove = true, ...members } = {}) => {
  const items = new Map();
  const setItem = async (name, item) => {
    const others = new Map(items).set(name, item);
    const used = [...others].reduce((sum, entry) => sum + entry.join("").length, 0);
    if (item.length > longest || used > most || others.size > count) throw new Error("no room");
    items.set(name, item);
  };
  const storage = { getItem: async (name) => items.get(name) ?? null, setItem, ...members };
  if (hasRemove) storage.removeItem = async (name) => void items.delete(name);
  return { items, storage };
};

const application = (storage, change = {}) => {
  const app = {
    opened: [],
    requests: 0,
    tokens: { access_token: "at", token_type: "Bearer", expires_in: 3600 },
  };
  const host = {
    storage,
    open: (url) => void app.opened.push(url),
    fetch: async () => {
      app.requests += 1;
      return Response.json(app.tokens);
    },
  };
  const config = {
    issuer: ISSUER,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    scope: "files",
    storage: "host",
    host,
  };
  app.client = () => new Client({ ...config, ...change }, METADATA);
  return app;
};
const callback = (url) => `${REDIRECT_URI}?code=c&state=${new URL(url).searchParams.get("state")}`;
const isUnavailable = (error) => isPkceError(error) && error.code === "storage_unavailable";

/** Stores as they are: the Credential Manager of Windows in one item, one of RSA, a vault of twenty items, small ones by what they hold in all. */
const STORES = {
  "one item of 1280 characters": { longest: 1280, hasRemove: false },
  "one item of 2048 characters": { longest: 2048, hasRemove: false },
  "items of 512 characters": { longest: 512, maxLength: 512 },
  "items of 240 characters, of which nobody says": { longest: 240 },
  "twenty items": { items: 20 },
  "4000 characters in all": { most: 4000 },
  "6000 characters in items of 255": { most: 6000, longest: 255 },
};

for (const [name, limits] of Object.entries(STORES)) {
  test(`HS8 ${name}: whoever abandons logins can begin another one, and the last one is finished`, async () => {
    const { storage, items } = limited(limits);
    const app = application(storage);
    for (let login = 0; login < 25; login++) await app.client().login();
    assert.equal(app.opened.length, 25);
    const outcome = await app.client().handleRedirect(callback(app.opened.at(-1)));
    assert.equal(outcome.status, "signed-in", outcome.error);
    assert.equal(await outcome.session.accessToken(), "at");
    assert.equal(await (await app.client().session())?.accessToken(), "at", [...items].join("\n"));
    assert.equal(
      (await app.client().handleRedirect(callback(app.opened.at(-1)))).status,
      "already-completed",
    );
  });

  test(`HS8 ${name}: what remains of logins goes first, and the session stays`, async () => {
    const { storage } = limited(limits);
    const app = application(storage);
    for (let login = 0; login < 25; login++) {
      const client = app.client();
      await client.login();
      assert.equal((await client.handleRedirect(callback(app.opened.at(-1)))).status, "signed-in");
    }
    const client = app.client();
    await client.login();
    assert.equal(await (await app.client().session()).accessToken(), "at", "signed in all the while");
    // Two logins are open at a time, where there is room for two.
    await app.client().login();
    for (const url of app.opened.slice(limits.longest === 1280 ? -1 : -2)) {
      assert.equal((await app.client().handleRedirect(callback(url))).status, "signed-in");
    }
  });
}

test("HS8 tokens that a store does not take are kept in memory, which is told", async () => {
  const long = "x".repeat(5000);
  for (const limits of [{ longest: 1280, hasRemove: false }, { items: 12, longest: 400 }, { most: 3000 }]) {
    const { storage, items } = limited(limits);
    const app = application(storage);
    app.tokens = { ...app.tokens, access_token: `at.${long}`, refresh_token: `rt.${long}`, expires_in: 1 };
    const client = app.client();
    const url = await client.login({ returnTo: "/inbox" }).then(() => callback(app.opened[0]));
    assert.deepEqual(client.storage, { transactions: "host", session: "host" });
    const outcome = await client.handleRedirect(url);
    assert.deepEqual([outcome.status, outcome.returnTo], ["signed-in", "/inbox"]);
    assert.ok(isUnavailable(outcome.storageError) && /no room/.test(outcome.storageError.cause.message));
    assert.deepEqual(client.storage, { transactions: "host", session: "memory" });
    app.tokens = { access_token: "at2", token_type: "Bearer", expires_in: 3600 };
    await outcome.session.refresh();
    assert.equal(await outcome.session.accessToken(), "at2");
    assert.equal(await (await client.session()).accessToken(), "at2");
    assert.equal(app.requests, 2);
    assert.ok([...items.values()].every((item) => !item.includes(long)));
    const again = await client.handleRedirect(url);
    assert.equal(again.status, "already-completed");
    assert.equal(await again.session.accessToken(), "at2");
    assert.equal(await app.client().session(), null, "another start knows nothing of it");
    await client.logout();
    assert.equal(await client.session(), null);
    assert.equal(outcome.session.expired, true);
    // The next login of that client begins as the first one did.
    await client.login();
    assert.equal((await client.handleRedirect(callback(app.opened.at(-1)))).status, "signed-in");
  }
});

test("HS8 whether a session fits at all is known before the code is sent, and its tokens go nowhere near a store that is full", async () => {
  for (const [limits, takes] of [
    [{}, true],
    [{ longest: 240 }, true],
    [{ longest: 64, maxLength: 64 }, true],
    [{ longest: 1280, hasRemove: false }, true],
    [{ most: 1000 }, true],
    [{ most: 750 }, false],
    [{ items: 5, longest: 500 }, false],
    [{ longest: 720, hasRemove: false }, true],
    [{ longest: 540, hasRemove: false }, false],
  ]) {
    const what = JSON.stringify(limits);
    const { storage, items } = limited(limits);
    const written = [];
    const { setItem } = storage;
    storage.setItem = (name, item) => {
      written.push(item);
      return setItem(name, item);
    };
    const app = application(storage);
    const client = app.client();
    await client.login();
    const { tokens } = app;
    let known;
    Object.defineProperty(app, "tokens", {
      get: () => {
        known = client.storage.session;
        return tokens;
      },
    });
    written.length = 0;
    const outcome = await client.handleRedirect(callback(app.opened[0]));
    assert.equal(outcome.status, "signed-in", what);
    assert.equal(await outcome.session.accessToken(), "at", what);
    assert.equal(known, takes ? "host" : "memory", what);
    assert.equal(client.storage.session, known, what);
    assert.equal(isUnavailable(outcome.storageError), !takes, what);
    assert.equal((await app.client().session()) !== null, takes, what);
    assert.equal(
      [...items.values()].some((item) => /x{64}/.test(item)),
      false,
      "nothing stays of what was tried",
    );
    const again = await client.handleRedirect(callback(app.opened[0]));
    assert.deepEqual([again.status, app.requests], ["already-completed", 1], what);
    assert.equal(await again.session.accessToken(), "at");
    // Nobody but this page knew of it.
    await client.logout();
    assert.equal(await client.session(), null, what);
  }
});

test("HS8 what was tried before a code was sent goes with the next login where the page was killed meanwhile", async () => {
  const { storage, items } = limited({ hasRemove: false });
  const app = application(storage);
  const tried = "pkce-wasm:2:d:tried";
  await app.client().login();
  const records = JSON.parse(items.get("pkce-wasm"));
  items.set("pkce-wasm", JSON.stringify({ ...records, [tried]: "x".repeat(200) }));
  const outcome = await app.client().handleRedirect(callback(app.opened[0]));
  assert.deepEqual([outcome.status, outcome.storageError], ["signed-in", undefined]);
  assert.equal(tried in JSON.parse(items.get("pkce-wasm")), false);
});

test("HS8 a store that takes nothing any more when the user is back keeps the code, which is redeemed later", async () => {
  const { storage } = limited();
  const { setItem } = storage;
  const app = application(storage);
  const client = app.client();
  await client.login();
  storage.setItem = async () => {
    throw new Error("locked");
  };
  await assert.rejects(client.handleRedirect(callback(app.opened[0])), isUnavailable);
  assert.deepEqual([app.requests, client.storage.session], [0, "host"]);
  storage.setItem = setItem;
  const outcome = await client.handleRedirect(callback(app.opened[0]));
  assert.deepEqual([outcome.status, outcome.storageError], ["signed-in", undefined]);
  assert.equal(await (await app.client().session()).accessToken(), "at");
});

test("HS8 a store of one item is never given more than it says that it takes", async () => {
  for (const maxLength of [2048, 4000]) {
    const items = new Map();
    const storage = {
      maxLength,
      getItem: async (name) => items.get(name) ?? null,
      // It cuts without a word, and with that all records.
      setItem: async (name, item) => void items.set(name, item.slice(0, maxLength)),
    };
    const app = application(storage);
    const client = app.client();
    await client.login();
    assert.equal((await client.handleRedirect(callback(app.opened[0]))).storageError, undefined);
    app.tokens = { ...app.tokens, access_token: `at.${"x".repeat(maxLength)}` };
    await client.login();
    const outcome = await client.handleRedirect(callback(app.opened[1]));
    assert.ok(isUnavailable(outcome.storageError), outcome.error);
    assert.match(await outcome.session.accessToken(), /^at\.x/);
    assert.equal(await (await app.client().session()).accessToken(), "at", "what was there stays");
  }
});

test("HS8 fresh tokens that a store does not take are kept in memory: the old refresh token is spent", async () => {
  const { storage } = limited({ most: 4000 });
  const app = application(storage);
  app.tokens = { ...app.tokens, refresh_token: "rt1", expires_in: 1 };
  const client = app.client();
  await client.login();
  const { session, storageError } = await client.handleRedirect(callback(app.opened[0]));
  assert.equal(storageError, undefined);
  app.tokens = {
    access_token: `at2.${"x".repeat(6000)}`,
    token_type: "Bearer",
    refresh_token: "rt2",
    expires_in: 3600,
  };
  const told = new Promise((done) => {
    client.on("refreshed", done);
  });
  await session.refresh();
  assert.match(await session.accessToken(), /^at2/);
  assert.equal(client.storage.session, "memory");
  assert.ok(isUnavailable((await told).storageError), "it is told");
  assert.match(await (await client.session()).accessToken(), /^at2/);
  assert.equal(app.requests, 2);
});

test("HS8 a store that is locked after the code was spent loses no tokens; a sign-out meanwhile counts", async () => {
  for (const signsOut of [false, true]) {
    const { storage } = limited();
    let isLocked = false;
    const locked =
      (method) =>
      async (...parameters) => {
        if (isLocked) throw new Error("locked");
        return storage[method](...parameters);
      };
    const app = application({
      getItem: locked("getItem"),
      setItem: locked("setItem"),
      removeItem: storage.removeItem,
    });
    const client = app.client();
    await client.login();
    const { fetch } = client;
    assert.equal(fetch, undefined);
    const tokens = app.tokens;
    Object.defineProperty(app, "tokens", {
      get: () => {
        isLocked = !signsOut;
        return tokens;
      },
    });
    const handling = client.handleRedirect(callback(app.opened[0]));
    if (signsOut) {
      while (app.requests === 0) await pause(1);
      await app.client().logout();
    }
    const outcome = await handling;
    if (signsOut) {
      assert.ok(["refused", "signed-in"].includes(outcome.status));
      assert.equal(await client.session(), null);
      continue;
    }
    assert.equal(outcome.status, "signed-in");
    assert.ok(isUnavailable(outcome.storageError));
    isLocked = false;
    assert.equal(await outcome.session.accessToken(), "at");
  }
});

/** Stores that say that all is well. */
const LYING = {
  "keeps nothing": () => undefined,
  "keeps it as a member": (item) => ({ value: item }),
  "keeps bytes": (item) => new TextEncoder().encode(item),
  "keeps a part": (item) => item.slice(0, 50),
  "keeps it in quotes": (item) => JSON.stringify(item),
  "parses it": (item) => JSON.parse(item),
  "keeps what was there before": (_, before) => before,
  "keeps the word for nothing": () => "null",
};

for (const [name, kept] of Object.entries(LYING)) {
  test(`HS9 a store that ${name} is found out before the user is sent away`, async () => {
    for (const hasRemove of [false, true]) {
      for (const first of [undefined, "{}"]) {
        const items = new Map(first === undefined ? [] : [["pkce-wasm", first]]);
        const storage = {
          getItem: async (at) => items.get(at) ?? null,
          setItem: async (at, item) => {
            let value;
            try {
              value = kept(item, items.get(at));
            } catch {}
            items.set(at, value);
          },
        };
        if (hasRemove) storage.removeItem = async (at) => void items.delete(at);
        const app = application(storage);
        await assert.rejects(app.client().login(), isUnavailable);
        assert.deepEqual(app.opened, []);
      }
    }
  });
}

test("HS9 a store that cuts long items without a word is given shorter ones", async () => {
  for (const longest of [1280, 1000, 255, 240]) {
    const { storage, items } = limited();
    const { setItem } = storage;
    storage.setItem = (name, item) => setItem(name, item.slice(0, longest));
    const app = application(storage);
    app.tokens.access_token = `at.${"x".repeat(4000)}`;
    await app.client().login();
    const { status, storageError } = await app.client().handleRedirect(callback(app.opened[0]));
    assert.deepEqual([status, storageError], ["signed-in", undefined]);
    assert.match(await (await app.client().session()).accessToken(), /^at\.x{4000}$/);
    assert.ok([...items.values()].every(({ length }) => length <= longest));
  }
});

test("HS10 a store that asks the user something takes longer than a server may, and that is no failure", async () => {
  const { storage } = limited();
  const slow =
    (method) =>
    async (...parameters) => {
      await pause(40);
      return storage[method](...parameters);
    };
  const app = application(
    { getItem: slow("getItem"), setItem: slow("setItem"), removeItem: slow("removeItem") },
    { timeout: 10 },
  );
  const client = app.client();
  await client.login();
  assert.equal((await client.handleRedirect(callback(app.opened[0]))).status, "signed-in");
  assert.equal(await (await client.session()).accessToken(), "at");
  // Whoever knows better says so.
  const hasty = application({ ...storage, getItem: () => new Promise(() => {}), timeout: 10 });
  await assert.rejects(hasty.client().login(), isUnavailable);
});
