// What a session says of itself in the packed tarball, and to whom it belongs: one user in a page or many in a server process, several sessions side by side,
// a start without the network, and the end of an access token that nothing can replace.
import assert from "node:assert/strict";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, mock, test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  hostStorage,
  ISSUER,
  load,
  metadataOf,
  pageOf,
  pageStorage,
  playPage,
  REDIRECT_URI,
  resolve,
  until,
} from "./installed.js";

const { Client, isPkceError, ready } = await load("pkce-wasm");
await ready();

const METADATA = {
  ...metadataOf(ISSUER),
  revocation_endpoint: `${ISSUER}/revoke`,
  authorization_response_iss_parameter_supported: true,
};
const code = (expected) => (error) => isPkceError(error) && error.code === expected;

beforeEach(() => {
  globalThis.localStorage = pageStorage();
  globalThis.window = globalThis;
  playPage();
});

let number = 0;

/** A server that knows how to be down, and an application of its own client. */
const world = (change = {}) => {
  number += 1;
  const server = {
    sent: [],
    issued: 0,
    isDown: false,
    lifetime: 3600,
    refreshToken: true,
    document: METADATA,
    hold: async () => {},
  };
  const opened = [];
  const fetch = async (url, init) => {
    const { grant_type, token } = Object.fromEntries(new URLSearchParams(init.body));
    server.sent.push([url.slice(ISSUER.length), grant_type ?? token]);
    await server.hold(url);
    if (server.isDown) throw new TypeError("down");
    if (url.includes(".well-known")) return Response.json(server.document);
    if (url.endsWith("/revoke")) return new Response();
    server.issued += 1;
    return Response.json({
      access_token: `at${server.issued}`,
      token_type: "Bearer",
      ...(server.lifetime && { expires_in: server.lifetime }),
      ...(server.refreshToken && { refresh_token: `rt${server.issued}` }),
    });
  };
  const config = {
    issuer: ISSUER,
    clientId: `held-${number}`,
    redirectUri: REDIRECT_URI,
    scope: "files",
    storage: "local",
    transactionStorage: "memory",
    ...change,
    host: { open: (url) => void opened.push(url), fetch },
  };
  const signIn = async (client, options) => {
    await client.login(options);
    const state = new URL(opened.at(-1)).searchParams.get("state");
    const outcome = await client.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}&iss=${ISSUER}`);
    assert.equal(outcome.status, "signed-in", outcome.error?.code);
    return outcome.session;
  };
  const client = (more = {}) => new Client({ ...config, ...more }, METADATA);
  return { server, config, client, signIn, opened };
};

test("SE2 in a server process two users of one client have nothing in common", async () => {
  delete globalThis.location;
  const { config, client, signIn, opened } = world({ storage: "memory" });
  const [ada, bob] = [client(), client()];
  const session = await signIn(ada);
  assert.equal(await bob.session(), null);
  assert.equal(await session.accessToken(), "at1");
  await signIn(bob);
  assert.equal(await (await ada.session()).accessToken(), "at1");
  assert.equal(await (await bob.session()).accessToken(), "at2");
  // Neither takes the other's callback, nor hears the other's news.
  await ada.login();
  const url = `${REDIRECT_URI}?code=c&state=${new URL(opened.at(-1)).searchParams.get("state")}&iss=${ISSUER}`;
  assert.equal((await bob.handleRedirect(url)).status, "other-login");
  const heard = [];
  ada.on("signed-out", (event) => heard.push(event));
  await bob.logout();
  assert.notEqual(await ada.session(), null);
  assert.equal(new Client(config, METADATA).storage.session, "memory");
  // A refresh of one is not that of the other.
  const [first, second] = [await ada.session(), await signIn(bob)];
  await Promise.all([first.refresh(), second.refresh()]);
  assert.notEqual(await first.accessToken(), await second.accessToken());
  assert.deepEqual(heard, []);
});

test("SE2 calls that overlap are one only where the clients are equal in all that matters", async () => {
  const { server, client, config } = world({ storage: "memory" });
  const strict = client();
  const lax = client({ resourceOrigins: ["https://api.example"] });
  await strict.login();
  let released;
  const held = new Promise((done) => {
    released = done;
  });
  server.hold = () => held;
  const opened = [];
  const own = { ...config, host: { ...config.host, open: (url) => void opened.push(url) } };
  const [one, same] = [new Client(own, METADATA), new Client(own, METADATA)];
  await one.login();
  const url = `${REDIRECT_URI}?code=c&state=${new URL(opened[0]).searchParams.get("state")}&iss=${ISSUER}`;
  const handled = [one, same].map((each) => each.handleRedirect(url));
  const other = new Client({ ...own, resourceOrigins: ["https://api.example"] }, METADATA).handleRedirect(
    url,
  );
  released();
  const [first, second, third] = await Promise.all([...handled, other]);
  assert.equal(first.session, second.session, "equal clients share the work");
  assert.equal(third.status, "already-completed");
  assert.notEqual(first.session, third.session);
  await assert.rejects(first.session.fetch("https://api.example/"), code("origin_refused"));
  assert.notEqual(strict, lax);
});

test("SE2 several sessions of one client stand side by side", async () => {
  const { server, client, signIn } = world();
  const [work, home] = [client({ sessionName: "work" }), client({ sessionName: "home" })];
  const heard = [];
  home.on("signed-out", () => heard.push("home"));
  await signIn(work);
  const atHome = await signIn(home);
  assert.equal(await (await work.session()).accessToken(), "at1");
  assert.equal(await (await home.session()).accessToken(), "at2");
  assert.equal(await client().session(), null, "one without a name is another one");
  await atHome.refresh();
  assert.equal(await (await work.session()).accessToken(), "at1");
  await work.logout();
  assert.equal(await work.session(), null);
  assert.equal(await (await home.session()).accessToken(), "at3");
  assert.deepEqual(heard, []);
  assert.equal(server.issued, 3);
});

test("SE2 a callback is that of the session for which its login began", async () => {
  const { client, opened } = world();
  const [work, home] = [client({ sessionName: "work" }), client({ sessionName: "home" })];
  await work.login({ prompt: "select_account" });
  const url = `${REDIRECT_URI}?code=c&state=${new URL(opened[0]).searchParams.get("state")}&iss=${ISSUER}`;
  assert.equal((await home.handleRedirect(url)).status, "other-login");
  assert.equal((await work.handleRedirect(url)).status, "signed-in");
  assert.equal(await home.session(), null);
});

test("SE2 another account takes the place of the one before, and what was held of that serves no more", async () => {
  const { client, signIn } = world();
  const ada = await signIn(client());
  const bob = await signIn(client(), { prompt: "select_account" });
  await assert.rejects(ada.accessToken(), code("session_expired"));
  assert.equal(ada.expired, true);
  assert.equal(await bob.accessToken(), "at2");
});

test("SE3 a start needs no network where somebody is signed in", async () => {
  for (const storage of ["local", "host"]) {
    const items = new Map();
    const { server, config, signIn } = world({ storage });
    if (storage === "host") {
      config.host.storage = {
        getItem: async (name) => items.get(name),
        setItem: async (name, item) => void items.set(name, item),
      };
    }
    await signIn(await Client.discover(config));
    for (const fault of ["down", "slow"]) {
      server.isDown = fault === "down";
      server.hold = fault === "slow" ? () => new Promise(() => {}) : async () => {};
      server.sent = [];
      const client = await Client.discover(config);
      const session = await client.session();
      assert.equal(await session.accessToken(), "at1", storage);
      assert.deepEqual(client.metadata, METADATA);
      assert.deepEqual(server.sent, [], "nothing was asked");
    }
  }
});

test("SE3 nobody is signed in: the server is asked at each start, and what it says is not kept", async () => {
  const { server, config, signIn } = world();
  await Client.discover(config);
  assert.equal(globalThis.localStorage.items.size, 0);
  const client = await Client.discover(config);
  assert.equal(server.sent.length, 2);
  await signIn(client);
  await Client.discover(config);
  assert.equal(server.sent.filter(([url]) => url.includes(".well-known")).length, 2);
  await client.logout();
  server.isDown = true;
  await assert.rejects(Client.discover(config), code("network_failed"));
});

test("SE3 a refresh token goes only where a document points that this page has fetched", async () => {
  const { server, config, signIn } = world();
  await signIn(await Client.discover(config));
  const name = [...globalThis.localStorage.items.keys()].find((name) => name.startsWith("pkce-wasm:2:m:"));
  const kept = globalThis.localStorage.getItem(name);
  globalThis.localStorage.setItem(name, kept.replaceAll("/token", "/thief").replaceAll("/revoke", "/thief"));
  const client = await Client.discover(config);
  const session = await client.session();
  server.sent = [];
  server.isDown = true;
  await assert.rejects(session.refresh(), ({ code, retryable }) => code === "network_failed" && retryable);
  assert.deepEqual(
    server.sent.map(([url]) => url).filter((url) => !url.includes(".well-known")),
    [],
  );
  server.isDown = false;
  mock.timers.enable({ apis: ["Date"], now: Date.now() + 60_000 });
  try {
    await session.refresh();
    await client.logout({ revoke: true });
  } finally {
    mock.timers.reset();
  }
  const asked = server.sent.map(([url]) => url);
  assert.ok(asked.includes("/token") && asked.includes("/revoke"));
  assert.ok(!asked.includes("/thief"));
  assert.equal(client.metadata.token_endpoint, METADATA.token_endpoint);
});

test("SE3 what is kept of a server is checked when it is read, bounded, and looked at again after a day", async () => {
  const { server, config, signIn } = world();
  await signIn(await Client.discover(config));
  const find = () =>
    [...globalThis.localStorage.items.keys()].find((name) => name.startsWith("pkce-wasm:2:m:"));
  const name = find();
  const kept = globalThis.localStorage.getItem(name);
  for (const spoilt of [
    "",
    "x",
    `${Date.now()}\nnull`,
    `${Date.now()}\n[]`,
    kept.replaceAll(ISSUER, "https://thief.example"),
    kept.replace("S256", "plain"),
    kept.replaceAll("https:", "http:"),
  ]) {
    globalThis.localStorage.setItem(name, spoilt);
    server.sent = [];
    const client = await Client.discover(config);
    assert.equal(server.sent.length, 1, spoilt);
    assert.notEqual(await client.session(), null);
  }
  for (const days of [2, -2]) {
    globalThis.localStorage.setItem(name, kept);
    server.sent = [];
    mock.timers.enable({ apis: ["Date"], now: Date.now() + days * 86_400_000 });
    try {
      server.document = { ...METADATA, userinfo_endpoint: `${ISSUER}/me${days}` };
      const client = await Client.discover(config);
      assert.equal(client.metadata.userinfo_endpoint, undefined);
      await until(() => client.metadata.userinfo_endpoint === `${ISSUER}/me${days}`);
    } finally {
      mock.timers.reset();
    }
  }
  server.document = { ...METADATA, padding: "x".repeat(70_000) };
  const big = world();
  big.server.document = server.document;
  await big.signIn(await Client.discover(big.config));
  assert.notEqual(find(), undefined);
});

test("SE3 a start needs no network either when another session at that server was signed out", async () => {
  const { server, config, signIn } = world();
  const found = (sessionName) => Client.discover({ ...config, sessionName });
  await signIn(await found("one"));
  const other = await found("two");
  await signIn(other);
  await other.logout();
  server.isDown = true;
  assert.notEqual(await (await found("one")).session(), null);
  await assert.rejects(found("two"), code("network_failed"));
});

test("SE3 what a server says of itself counts also where the storage does not keep it", async () => {
  const { config, signIn } = world({ storage: "host" });
  const storage = hostStorage(true);
  config.host.storage = storage;
  await signIn(await Client.discover(config));
  const { Client: Later, ready: isReady } = await pageOf("later");
  await isReady();
  const session = await (await Later.discover(config)).session();
  storage.setItem = async () => {
    throw new Error("read only");
  };
  await assert.rejects(session.userinfo(), code("endpoint_missing"), "the server has none");
});

test("SE4 an access token that nothing can replace ends the session, and that is said before and when it happens", async () => {
  const { server, client, signIn } = world();
  server.refreshToken = false;
  mock.timers.enable({ apis: ["Date", "setTimeout"], now: Date.now() });
  try {
    const using = client();
    const heard = [];
    for (const type of ["expiring", "expired"]) using.on(type, ({ type }) => heard.push(type));
    const session = await signIn(using);
    const turn = async (seconds) => {
      mock.timers.tick(1000 * seconds);
      for (let round = 0; round < 20; round++) await new Promise((done) => setImmediate(done));
    };
    // The part that watches is there by then.
    await import(pathToFileURL(join(dirname(resolve("pkce-wasm")), "client/expiry.js")).href);
    await turn(0);
    await turn(3530);
    assert.deepEqual(heard, []);
    assert.equal(session.expired, false);
    await turn(15);
    assert.deepEqual(heard, ["expiring"]);
    assert.notEqual(await using.session(), null);
    await turn(60);
    assert.deepEqual(heard, ["expiring", "expired"]);
    assert.equal(await using.session(), null);
    assert.equal(session.expired, true);
    assert.equal(session.scope, "files");
    await assert.rejects(session.accessToken(), code("session_expired"));
    await turn(10_000);
    assert.deepEqual(heard, ["expiring", "expired"]);
  } finally {
    mock.timers.reset();
  }
});

test("SE4 a session that can be refreshed, or whose token does not expire, stays and says nothing", async () => {
  for (const kind of ["refresh token", "no expiry"]) {
    const { server, client, signIn } = world();
    server.refreshToken = kind === "refresh token";
    if (kind === "no expiry") server.lifetime = 0;
    const using = client();
    const heard = [];
    for (const type of ["expiring", "expired"]) using.on(type, ({ type }) => heard.push(type));
    const session = await signIn(using);
    mock.timers.enable({ apis: ["Date"], now: Date.now() + 86_400_000 });
    try {
      assert.notEqual(await using.session(), null, kind);
      assert.equal(session.expired, false);
    } finally {
      mock.timers.reset();
    }
    assert.deepEqual(heard, []);
  }
});

test("SE4 a client that is closed hears nothing more", async () => {
  const { client, signIn } = world();
  const using = client();
  const heard = [];
  using.on("signed-out", ({ type }) => heard.push(type));
  await signIn(using);
  using.close();
  await client().logout();
  assert.deepEqual(heard, []);
  assert.equal(await using.session(), null);
});

test("SE4 with the last client that is closed the channel and every listener of the page end, and a client that goes on opens them again", async () => {
  const globals = { BroadcastChannel: globalThis.BroadcastChannel };
  const open = new Set();
  const here = new Set();
  for (const BroadcastChannelThere of [true, false]) {
    globalThis.BroadcastChannel = class {
      constructor() {
        if (!BroadcastChannelThere) throw new Error("none here");
        open.add(this);
      }
      postMessage() {}
      close() {
        open.delete(this);
      }
    };
    globalThis.addEventListener = (type, hear) => void here.add(hear) ?? type;
    globalThis.removeEventListener = (type, hear) => void here.delete(hear) ?? type;
    globalThis.document = { addEventListener, removeEventListener };
    try {
      // A copy of its own: nobody else in this process uses its channel.
      const { Client, ready } = await pageOf(BroadcastChannelThere);
      await ready();
      const { config } = world();
      const [one, other] = [new Client(config, METADATA), new Client(config, METADATA)];
      for (let round = 0; round < 2; round++) {
        const stop = one.on("signed-in", () => {});
        other.on("signed-out", () => {});
        assert.deepEqual([open.size, here.size], [+BroadcastChannelThere, 2]);
        stop();
        one.close();
        assert.deepEqual([open.size, here.size], [+BroadcastChannelThere, 2], "the other one listens");
        other.close();
        assert.deepEqual([open.size, here.size], [0, 0]);
      }
    } finally {
      Object.assign(globalThis, globals);
      for (const name of ["addEventListener", "removeEventListener", "document"]) delete globalThis[name];
    }
  }
});

const withoutIss = (issuer) => ({
  ...metadataOf(issuer),
  authorization_response_iss_parameter_supported: false,
});

test("SE6 a storage that has no room for what a refresh writes keeps the session that it has", async () => {
  for (const spare of [0, 1, 4]) {
    const { client, signIn } = world({ storage: "local", transactionStorage: "memory" });
    const session = await signIn(client());
    const token = await session.accessToken();
    const { localStorage } = globalThis;
    const { items, setItem } = localStorage;
    const size = () => [...items].flat().join("").length;
    const most = size() + spare;
    localStorage.setItem = (name, item) => {
      const before = items.has(name) ? name.length + items.get(name).length : 0;
      if (size() - before + name.length + item.length > most) throw new Error("QuotaExceededError");
      setItem(name, item);
    };
    await session.refresh().catch((error) => assert.ok(code("storage_unavailable")(error), `${error}`));
    assert.ok([token, "at2"].includes(await session.accessToken()), `${spare}`);
    assert.notEqual(await client().session(), null, `a later page has it too: ${spare}`);
    localStorage.setItem = setItem;
    await session.refresh();
    assert.notEqual(await session.accessToken(), token);
  }
});

test("IS5 two servers without iss do not share a redirect URI, also after the page was left", async () => {
  const other = "https://other.example";
  const { config, opened } = world({ transactionStorage: "local" });
  const at = (issuer, change = {}) =>
    new Client({ ...config, issuer, clientId: "app", ...change }, withoutIss(issuer));
  at(ISSUER).login();
  const again = at(other);
  for (const redirectUri of [REDIRECT_URI, `${REDIRECT_URI}?tenant=other`]) {
    assert.throws(() => at(other, { redirectUri }).login(), code("redirect_uri_shared"), redirectUri);
  }
  assert.throws(() => again.login(), code("redirect_uri_shared"));
  const one = [ISSUER, "https://third.example"];
  assert.throws(() => at(other, { sharedRedirectUriIssuers: one }).login(), code("redirect_uri_shared"));
  assert.equal(opened.length, 1);
  at(ISSUER).login();
  at(other, { redirectUri: `${REDIRECT_URI}/other` }).login();
  at(other, { sharedRedirectUriIssuers: [ISSUER, other] }).login();
  assert.equal(opened.length, 4);
  // A server that promises its name is told apart by it.
  new Client(
    { ...config, issuer: "https://fourth.example" },
    { ...METADATA, ...metadataOf("https://fourth.example") },
  ).login();
  assert.equal(opened.length, 5);
});

test("AC11 another process, which sees one write after the other, sees the login or what remains of it at every moment", async () => {
  const plain = globalThis.localStorage;
  const names = () => [...plain.items.keys()].filter((name) => /^pkce-wasm:2:[td]:/.test(name));
  const gaps = [];
  let isFull = false;
  const seen = (call) => {
    const before = names().length;
    call();
    if (before > 0 && names().length === 0) gaps.push(call);
  };
  globalThis.localStorage = {
    __proto__: plain,
    setItem: (name, item) => {
      // A full storage takes what remains only in the place of the login.
      if (isFull && names().length > 0 && !plain.items.has(name)) throw new Error("full");
      seen(() => plain.setItem(name, item));
    },
    removeItem: (name) => seen(() => plain.removeItem(name)),
  };
  const { client, opened, server } = world({ transactionStorage: "local", storage: "memory" });
  const using = client();
  const comeBack = () => {
    using.login();
    const state = new URL(opened.at(-1)).searchParams.get("state");
    return () => using.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}&iss=${ISSUER}`);
  };
  for (const isDown of [false, true]) {
    server.isDown = isDown;
    const handle = comeBack();
    assert.equal((await handle()).status, isDown ? "refused" : "signed-in");
    assert.equal(names().length, 1);
    for (const name of names()) plain.removeItem(name);
  }
  assert.equal(gaps.length, 0);
  server.isDown = false;
  const handle = comeBack();
  isFull = true;
  assert.equal((await handle()).status, "signed-in");
});

test("AC7 neither what an application keeps nor what others have left makes a login slow", async () => {
  const asked = { key: 0, getItem: 0 };
  const plain = globalThis.localStorage;
  globalThis.localStorage = {
    __proto__: plain,
    get length() {
      return plain.length;
    },
    key: (at) => {
      asked.key += 1;
      return plain.names[at] ?? null;
    },
    getItem: (name) => {
      asked.getItem += 1;
      return plain.getItem(name);
    },
  };
  for (let at = 0; at < 20_000; at++) plain.setItem(`of the application ${at}`, "x");
  const now = Math.floor(Date.now() / 1000);
  for (let at = 0; at < 30_000; at++)
    plain.setItem(`pkce-wasm:2:t:${at}`, `2\n${now + 1e6 + at}\n${now + 2e6}\n`);
  plain.names = [...plain.items.keys()];
  const { client, opened } = world({ transactionStorage: "local" });
  const using = client();
  assert.equal(plain.length, 50_000, "a client that begins no login forgets nothing");
  const walked = asked.key;
  assert.ok(walked <= 50_000, `${walked}`);
  asked.getItem = 0;
  using.login();
  assert.equal(asked.key, walked, "it is not walked again at the click");
  assert.ok(asked.getItem < 2000, `${asked.getItem}`);
  const url = `${REDIRECT_URI}?code=c&state=${new URL(opened[0]).searchParams.get("state")}&iss=${ISSUER}`;
  assert.equal(
    (await using.handleRedirect(url)).status,
    "signed-in",
    "records from the future are not the newest",
  );
});

test("SE3 a page to which nobody is signed in loads nothing that keeps sessions", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pkce-"));
  try {
    await cp(dirname(resolve("pkce-wasm")), folder, { recursive: true });
    for (const part of ["held", "callback", "signed_in", "expiry"])
      await rm(join(folder, "client", `${part}.js`));
    const lean = await import(pathToFileURL(join(folder, "index.js")).href);
    const { config, opened } = world({ transactionStorage: "local" });
    const client = await lean.Client.discover(config);
    assert.equal(await client.session(), null);
    assert.equal((await client.handleRedirect("https://app.example/")).status, "none");
    client.on("signed-out", () => {});
    client.login();
    assert.equal(opened.length, 1);
  } finally {
    await rm(folder, { recursive: true });
  }
});
