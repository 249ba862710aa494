// The client of the packed tarball in Node: a login kept by a host, claimed once, and the page's address. The page and the host are
// stand-ins; real pages are in tests/e2e.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  expectedEngine,
  ISSUER,
  load,
  METADATA,
  playPage,
  REDIRECT_URI,
  resolve,
  until,
} from "./installed.js";

playPage();
const { Client, engine, isPkceError, ready } = await load("pkce-wasm");
const slim = await load("pkce-wasm/slim");
await ready();
assert.equal(engine(), expectedEngine);

const code = (expected) => (error) => isPkceError(error) && error.code === expected;
const callback = (url) => `${REDIRECT_URI}?code=c&state=${new URL(url).searchParams.get("state")}`;

/** A storage that answers after a while, and what is in it. */
const slowStorage = (delay = 1) => {
  const storage = {
    items: new Map(),
    writes: 0,
    getItem: async (name) => {
      await pause(delay);
      return storage.items.get(name);
    },
    setItem: async (name, item) => {
      await pause(delay);
      storage.writes += 1;
      storage.items.set(name, item);
    },
  };
  return storage;
};

/** A configuration whose host records what it was asked for; `answer` is what the token endpoint does. */
const application = (change = {}, storage = undefined) => {
  const app = { opened: [], exchanges: 0 };
  app.answer = async () => Response.json({ access_token: "at", token_type: "Bearer", refresh_token: "rt" });
  app.config = {
    issuer: ISSUER,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    scope: "files",
    ...change,
    host: {
      open: (url) => {
        app.opened.push(url);
      },
      fetch: (url, init) => {
        app.exchanges += 1;
        return app.answer(url, init);
      },
      storage,
    },
  };
  app.client = (module = { Client }) => new module.Client(app.config, METADATA);
  return app;
};

const globals = ["location", "history", "navigator"].map((name) => [
  name,
  Object.getOwnPropertyDescriptor(globalThis, name),
]);

afterEach(() => {
  for (const [name, descriptor] of globals) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
});

const stub = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true });

test("the places in use are told", () => {
  const places = (change, storage) => application(change, storage).client().storage;
  assert.deepEqual(
    places({}),
    { transactions: "session", session: "memory" },
    "there is no localStorage here",
  );
  assert.deepEqual(places({}, slowStorage()), { transactions: "host", session: "memory" });
  assert.deepEqual(places({ storage: "host" }, slowStorage()), { transactions: "host", session: "host" });
  assert.deepEqual(places({ transactionStorage: "memory", storage: "host" }, slowStorage()), {
    transactions: "memory",
    session: "host",
  });
  for (const change of [
    { storage: "host" },
    { transactionStorage: "host" },
    { transactionStorage: "cookie" },
  ]) {
    assert.throws(() => places(change), code("config_invalid"));
  }
});

test("without any storage the user is not sent away", () => {
  const app = application();
  assert.throws(() => app.client().login(), code("storage_unavailable"));
  assert.equal(app.opened.length, 0);
});

test("a login in memory is synchronous, and completes in the same page", async () => {
  const app = application({ transactionStorage: "memory" });
  assert.equal(app.client().login({ returnTo: "/inbox" }), undefined);
  assert.equal(app.opened.length, 1);
  const outcome = await app.client().handleRedirect(callback(app.opened[0]));
  assert.equal(outcome.status, "signed-in");
  assert.equal(outcome.returnTo, "/inbox");
});

test("the host keeps a login before the user is sent away, and it completes in another process", async () => {
  const storage = slowStorage(20);
  const app = application({ storage: "host" }, storage);
  const leaving = app.client().login({ returnTo: "/inbox" });
  await pause(30);
  assert.deepEqual([app.opened.length, storage.writes], [0, 0], "not before it is written");
  await leaving;
  assert.deepEqual([app.opened.length, storage.writes], [1, 1]);
  assert.match(storage.items.get("pkce-wasm"), /pkce-wasm:2:t:/);
  assert.deepEqual([...storage.items.keys()], ["pkce-wasm"]);

  const url = callback(app.opened[0]);
  const first = await app.client().handleRedirect(url);
  assert.deepEqual([first.status, first.returnTo], ["signed-in", "/inbox"]);
  assert.equal(await first.session.accessToken(), "at");
  assert.doesNotMatch(storage.items.get("pkce-wasm"), /pkce-wasm:2:t:/);

  const again = await app.client().handleRedirect(url);
  assert.deepEqual([again.status, again.returnTo], ["already-completed", "/inbox"]);
  assert.equal(await again.session.accessToken(), "at");
  assert.equal(app.exchanges, 1);
  assert.equal((await app.client().session()).scope, "files");
  await app.client().logout();
  assert.equal(await app.client().session(), null);
  assert.doesNotMatch(storage.items.get("pkce-wasm"), /access_token/);
});

test("a host's storage may be synchronous, and what nobody can read in it is as good as nothing", async () => {
  for (const item of [undefined, null, "", "{", "7", "null", '["x"]', '{"other":1}']) {
    const items = new Map([["pkce-wasm", item]]);
    const storage = { getItem: (name) => items.get(name), setItem: (name, value) => items.set(name, value) };
    const app = application({}, storage);
    await app.client().login();
    assert.equal((await app.client().handleRedirect(callback(app.opened[0]))).status, "signed-in", `${item}`);
  }
});

test("a host's storage that fails or never answers is told before the user is sent away", async () => {
  const fail = () => {
    throw new Error("locked keychain");
  };
  const never = () => new Promise(() => {});
  const full = async () => fail();
  for (const [storage, cause] of [
    [{ getItem: fail, setItem: () => {} }, /locked/],
    [{ getItem: full, setItem: () => {} }, /locked/],
    [{ getItem: () => null, setItem: full }, /locked/],
    [{ getItem: () => null, setItem: never }, /timed out/],
    [{ getItem: never, setItem: () => {} }, /timed out/],
    [{ getItem: () => null }, /setItem/],
  ]) {
    const app = application({}, { ...storage, timeout: 30 });
    await assert.rejects(
      async () => app.client().login(),
      (error) => code("storage_unavailable")(error) && cause.test(error.cause.message),
    );
    assert.equal(app.opened.length, 0);
  }
});

test("a host that cannot open the URL is told", async () => {
  for (const storage of [undefined, slowStorage()]) {
    const app = application({ transactionStorage: storage ? "host" : "memory" }, storage);
    app.config.host.open = () => {
      throw new Error("no browser");
    };
    await assert.rejects(
      async () => app.client().login(),
      (error) =>
        code("config_invalid")(error) &&
        error.subject === "host.open" &&
        /no browser/.test(error.cause.message),
    );
  }
});

test("NA1 a WebView whose host cannot open the system browser does not leave for the sign-in page, unless that is allowed", () => {
  const left = [];
  stub("location", { href: "https://app.example/", assign: (url) => left.push(url) });
  const begin = (change, host) => {
    const config = { ...application({ transactionStorage: "memory", ...change }).config, host };
    return new Client(config, METADATA).login();
  };
  for (const userAgent of [
    "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/AP2A.240805.005; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/127.0.6533.103 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
  ]) {
    stub("navigator", { userAgent });
    for (const host of [undefined, {}, { fetch }]) {
      assert.throws(() => begin({}, host), code("embedded_user_agent"), userAgent);
    }
    assert.deepEqual(left, []);
    begin({}, { open: (url) => left.push(`by the host: ${url}`) });
    assert.match(left.pop(), /^by the host: https:\/\/as\.example\/auth\?/);
    begin({ dangerouslyAllowEmbeddedUserAgent: true });
    assert.match(left.pop(), /^https:\/\/as\.example\/auth\?/);
  }
});

test("NA1 the marks of a shell tell a WebView whose user agent is that of a browser", (context) => {
  stub("location", { href: "https://app.example/", assign: () => assert.fail("the page has left") });
  stub("navigator", { userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/127.0.0.0 Safari/537.36" });
  for (const [name, mark] of [
    ["__TAURI_INTERNALS__", { invoke: () => {} }],
    ["Capacitor", { isNativePlatform: () => true }],
    ["cordova", { platformId: "android" }],
  ]) {
    globalThis[name] = mark;
    context.after(() => delete globalThis[name]);
    const { config } = application({ transactionStorage: "memory" });
    assert.throws(
      () => new Client({ ...config, host: {} }, METADATA).login(),
      code("embedded_user_agent"),
      name,
    );
    delete globalThis[name];
  }
});

test("AC11 fifty logins at once, their callbacks shuffled and each delivered twice: fifty sessions, fifty exchanges", async () => {
  for (const storage of [undefined, slowStorage()]) {
    const app = application({ transactionStorage: storage ? "host" : "memory" }, storage);
    const clients = Array.from({ length: 5 }, () => app.client());
    await Promise.all(
      Array.from({ length: 50 }, (_, login) => clients[login % 5].login({ returnTo: `/${login}` })),
    );
    const urls = app.opened.map(callback);
    urls.sort();
    const outcomes = await Promise.all(
      [...urls, ...urls.map((url) => `${url}&iss=${encodeURIComponent(ISSUER)}`)].map((url) =>
        app.client().handleRedirect(url),
      ),
    );
    const counted = (status) => outcomes.filter((outcome) => outcome.status === status);
    assert.equal(counted("signed-in").length, 50);
    assert.equal(counted("already-completed").length, 50);
    assert.equal(app.exchanges, 50);
    assert.equal(new Set(counted("signed-in").map(({ returnTo }) => returnTo)).size, 50);
  }
});

test("AC11 two copies of the package on one callback make one exchange", async () => {
  await slim.initialize(readFileSync(resolve("pkce-wasm/client.wasm")));
  const storage = slowStorage();
  const app = application({ storage: "host" }, storage);
  await app.client().login();
  const url = callback(app.opened[0]);
  const outcomes = await Promise.all(
    [app.client(slim), app.client()].map((copy) => copy.handleRedirect(url)),
  );
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["already-completed", "signed-in"]);
  assert.equal(app.exchanges, 1);
});

test("AC11 a network blip is repeated, also when the fetch never answers and knows no signal; a refusal is not", async () => {
  const app = application({ timeout: 1_000 }, slowStorage());
  await app.client().login();
  const url = callback(app.opened[0]);
  const success = app.answer;
  const refusals = [
    ["network_failed", async () => Promise.reject(new TypeError("offline"))],
    ["timed_out", () => new Promise(() => {})],
    [
      "timed_out",
      async () => new Response(new ReadableStream({}), { headers: { "content-type": "application/json" } }),
    ],
    ["server_error", async () => new Response("", { status: 503 })],
  ];
  for (const [expected, answer] of refusals) {
    app.answer = answer;
    const { status, error, restart } = await app.client().handleRedirect(url);
    assert.deepEqual([status, error.code, error.retryable, restart], ["refused", expected, true, true]);
  }
  // Two tabs in the blip: the second tries again when the first has given up.
  app.answer = async () => {
    app.answer = success;
    throw new TypeError("offline");
  };
  const both = await Promise.all([url, `${url}&x=1`].map((same) => app.client().handleRedirect(same)));
  assert.deepEqual(both.map(({ status }) => status).sort(), ["refused", "signed-in"]);
  assert.equal(app.exchanges, refusals.length + 2);

  await app.client().login();
  app.answer = async () => Response.json({ error: "invalid_grant" }, { status: 400 });
  for (let time = 0; time < 2; time++) {
    const refused = await app.client().handleRedirect(callback(app.opened[1]));
    assert.deepEqual(
      [refused.error.code, refused.error.retryable, refused.restart],
      ["token_refused", false, true],
    );
  }
  assert.equal(app.exchanges, refusals.length + 3);
});

test("AC11 killed between claim and answer: the login is refused, told to begin again, and nobody is half signed in", async () => {
  const storage = slowStorage();
  const killed = application({ storage: "host", timeout: 200 }, storage);
  await killed.client().login({ returnTo: "/inbox" });
  const url = callback(killed.opened[0]);
  let kept;
  killed.answer = async () => {
    kept = new Map(storage.items);
    return new Promise(() => {});
  };
  killed.client().handleRedirect(url);
  await until(() => kept);
  // What the next process finds: another copy of the package, and locks that nobody holds.
  await slim.initialize(readFileSync(resolve("pkce-wasm/client.wasm")));
  stub("navigator", { locks: freeLocks });
  const next = application({ storage: "host" }, stored(kept));
  for (let time = 0; time < 2; time++) {
    const outcome = await next.client(slim).handleRedirect(url);
    assert.deepEqual(
      [outcome.status, outcome.error.code, outcome.restart, outcome.returnTo],
      ["refused", "code_already_used", true, "/inbox"],
    );
  }
  assert.equal(await next.client(slim).session(), null);
  assert.equal(next.exchanges, 0);
});

test("a claim goes to the next means when the browser refuses one", async () => {
  const refused = () => {
    throw new DOMException("opaque origin", "SecurityError");
  };
  for (const locks of [{ request: refused }, { request: async () => refused() }, undefined]) {
    stub("navigator", { locks });
    const app = application({ transactionStorage: "memory" });
    app.client().login();
    const url = callback(app.opened[0]);
    const outcomes = await Promise.all([url, `${url}&x=1`].map((same) => app.client().handleRedirect(same)));
    assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["already-completed", "signed-in"]);
    assert.equal(app.exchanges, 1);
  }
});

test("the address is rid of code and state, and a page that was reloaded during the exchange is told", async () => {
  const page = { states: [] };
  stub("location", {
    get href() {
      return page.href;
    },
  });
  stub("history", {
    get state() {
      return page.state;
    },
    replaceState: (state, _, url) => {
      Object.assign(page, { state: structuredClone(state), href: new URL(url, page.href).href });
    },
  });
  const app = application({ transactionStorage: "memory" });
  const success = app.answer;
  for (const state of [null, { router: 7 }, "text", ["list"]]) {
    const isPlain = !["text", ["list"]].some((odd) => JSON.stringify(odd) === JSON.stringify(state));
    app.client().login({ returnTo: "/inbox" });
    Object.assign(page, { href: callback(app.opened.at(-1)), state });
    const there = page.href;

    app.answer = async () => {
      assert.equal(page.href, REDIRECT_URI, "cleaned before the request is sent");
      throw new TypeError("offline");
    };
    const blip = await app.client().handleRedirect();
    assert.equal(blip.error.code, "network_failed");
    assert.deepEqual([page.href, page.state], [there, state], "it may be handled again, also after a reload");

    let reloaded;
    app.answer = async () => {
      reloaded = { ...page };
      return success();
    };
    const [done, merged] = await Promise.all([app.client().handleRedirect(), app.client().handleRedirect()]);
    assert.equal(done.status, "signed-in");
    assert.equal(merged, done, "calls that overlap are one");
    assert.deepEqual([page.href, page.state], [REDIRECT_URI, state]);
    assert.equal((await app.client().handleRedirect()).status, "none");

    // The page as it was during the exchange, come back by a reload.
    Object.assign(page, reloaded);
    assert.doesNotMatch(JSON.stringify(page), /code=|state=/);
    const told = await app.client().handleRedirect();
    assert.equal(told.status, isPlain ? "already-completed" : "none");
    assert.deepEqual([page.href, page.state], [REDIRECT_URI, state]);
    assert.equal((await app.client().handleRedirect()).status, "none", "told once");
  }

  // An application that went elsewhere meanwhile keeps its address.
  app.client().login();
  Object.assign(page, { href: callback(app.opened.at(-1)), state: null });
  app.answer = async () => {
    Object.assign(page, { href: "https://app.example/elsewhere", state: { router: 8 } });
    throw new TypeError("offline");
  };
  await app.client().handleRedirect();
  assert.deepEqual([page.href, page.state], ["https://app.example/elsewhere", { router: 8 }]);
});

/** Locks of a new process: nobody holds any. */
const freeLocks = { request: async (_name, _options, hold) => hold({}) };

const stored = (items) => ({
  getItem: async (name) => items.get(name),
  setItem: async (name, item) => items.set(name, item),
});
