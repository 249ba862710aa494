// The session of the packed tarball in Node: fresh tokens for everybody by one refresh, resource requests, news, cancellation. The server is
// a stand-in; real ones are in tests/e2e.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import {
  address,
  expectedEngine,
  gate,
  hostStorage,
  ISSUER,
  metadataOf,
  pageOf,
  pageStorage,
  playPage,
  REDIRECT_URI,
  setClockRight,
  until,
  wait,
} from "./installed.js";

playPage();
const path = address("pkce-wasm");
const here = await import(path);
// Another page of the origin: it shares no memory with this one.
const elsewhere = await pageOf("elsewhere");
await here.ready();
await elsewhere.ready();
assert.equal(here.engine(), expectedEngine);

const API = "https://api.example";
const METADATA = { ...metadataOf(ISSUER), revocation_endpoint: `${ISSUER}/revoke` };

const code = (expected) => (error) => here.isPkceError(error) && error.code === expected;
const refusal = (error, status = 400) => Response.json({ error }, { status });

let number = 0;

/** An authorization server that rotates refresh tokens and ends what is used twice, and an application of its own client. */
const world = (change = {}) => {
  number += 1;
  const server = {
    refreshes: 0,
    reused: 0,
    generation: 0,
    lifetime: 3600,
    /** What happens to the refresh of that number, beside what happens to it anyway. */
    fate: () => undefined,
    ended: false,
  };
  const tokens = () => ({
    access_token: `at${server.generation}`,
    token_type: "Bearer",
    expires_in: server.lifetime,
    refresh_token: `rt${server.generation}`,
  });
  const opened = [];
  const config = {
    issuer: ISSUER,
    clientId: `app-${number}`,
    redirectUri: REDIRECT_URI,
    scope: "files",
    transactionStorage: "memory",
    resourceOrigins: [API],
    ...change,
    host: {
      open: (url) => void opened.push(url),
      fetch: async (url, init) => {
        if (url.startsWith(API)) return server.resource(url, init);
        const form = new URLSearchParams(init.body);
        if (form.get("grant_type") !== "refresh_token") return Response.json(tokens());
        server.refreshes += 1;
        const fate = server.fate(server.refreshes);
        if (fate?.before) return fate.before(init);
        await pause(5);
        if (server.ended || form.get("refresh_token") !== `rt${server.generation}`) {
          server.reused += 1;
          server.ended = true;
          return refusal("invalid_grant");
        }
        server.generation += 1;
        return fate?.after ? fate.after(init) : Response.json(tokens());
      },
      ...change.host,
    },
  };
  /** A client in that page, after a login there unless the session is shared. */
  const signIn = async (page = here) => {
    const client = new page.Client(config, METADATA);
    await client.login();
    const state = new URL(opened.at(-1)).searchParams.get("state");
    const { session } = await client.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}`);
    return { client, session };
  };
  return { server, config, signIn, lose: { after: () => Promise.reject(new TypeError("lost")) } };
};

afterEach(setClockRight);

test("the access token is given as long as it is fresh, and refreshed ahead of its expiry", async () => {
  const { server, signIn } = world();
  const { client, session } = await signIn();
  assert.equal(await session.accessToken(), "at0");
  wait(3530);
  assert.equal(await session.accessToken(), "at0");
  assert.equal(server.refreshes, 0);
  wait(15);
  const refreshed = new Promise((done) => client.on("refreshed", done));
  assert.equal(await session.accessToken(), "at0", "nobody waits for the next one");
  assert.deepEqual(await refreshed, {
    type: "refreshed",
    reason: "ageing",
    elsewhere: false,
  });
  assert.equal(await session.accessToken(), "at1");
  wait(3601);
  assert.equal(await session.accessToken(), "at2");
  assert.deepEqual([server.refreshes, server.reused], [2, 0]);
});

test("a clock that is set back keeps no token alive, and one that is set ahead does no harm", async () => {
  const { server, signIn } = world();
  const { session } = await signIn();
  assert.equal(await session.accessToken(), "at0");
  wait(-86_400, 3601);
  assert.equal(await session.accessToken(), "at1");
  wait(2 * 86_400, 1);
  assert.equal(await session.accessToken(), "at2");
  assert.equal(await session.accessToken(), "at2");
  assert.equal(server.refreshes, 2);
});

test("however many ask, in one page or in many, one refresh serves all", async () => {
  for (const storage of ["memory", "host"]) {
    const host = { storage: hostStorage() };
    const { server, config, signIn } = world({ storage, host });
    const { session } = await signIn();
    const sessions = Array.from({ length: 10 }, () => session);
    if (storage === "host") {
      const others = new elsewhere.Client(config, METADATA);
      for (let count = 0; count < 10; count++) sessions.push(await others.session());
    }
    for (let round = 1; round <= 5; round++) {
      wait(3601);
      const given = await Promise.all(sessions.map((each) => each.accessToken()));
      assert.deepEqual([...new Set(given)], [`at${round}`], storage);
    }
    await Promise.all(sessions.map((each) => each.refresh()));
    assert.deepEqual([server.refreshes, server.reused], [6, 0], storage);
  }
});

test("whatever the network does, nobody is signed out, and the token is given as long as it lives", async () => {
  const { server, signIn } = world();
  const { client, session } = await signIn();
  client.on("expired", () => assert.fail("signed out"));
  client.on("signed-out", () => assert.fail("signed out"));
  const offline = { before: () => Promise.reject(new TypeError("offline")) };
  const failing = (status, headers) => ({ before: () => new Response("", { status, headers }) });
  let fate = offline;
  server.fate = () => fate;
  wait(3595);
  assert.equal(await session.accessToken(), "at0", "about to expire, and nothing better");
  wait(6);
  await assert.rejects(session.accessToken(), (error) => code("network_failed")(error) && error.retryable);
  const asked = server.refreshes;
  // The clock stands still: a second that ends meanwhile may leave so short a pause that it is waited for.
  const { now } = Date;
  const stopped = now();
  Date.now = () => stopped;
  await assert.rejects(session.accessToken(), code("network_failed"), "without asking again at once");
  Date.now = now;
  assert.equal(server.refreshes, asked);
  for (const status of [500, 503]) {
    fate = failing(status);
    wait(31);
    await assert.rejects(session.accessToken(), code("server_error"));
  }
  fate = failing(429, { "Retry-After": "120" });
  wait(31);
  await assert.rejects(session.accessToken(), (error) => error.status === 429 && error.retryAfter === 120);
  fate = undefined;
  wait(100);
  await assert.rejects(
    session.accessToken(),
    (error) => code("server_error")(error) && error.retryAfter <= 20,
  );
  wait(20);
  assert.equal(await session.accessToken(), "at1");
  assert.equal(server.reused, 0);
});

test("SB3 a server that gives the same access token again is asked once, however many want another one", async () => {
  for (const storage of ["memory", "host"]) {
    const host = { storage: hostStorage() };
    const { server, signIn } = world({ storage, host });
    const same = () =>
      Response.json({
        access_token: `same-in-${storage}`,
        token_type: "Bearer",
        expires_in: 3600,
        refresh_token: `rt${server.generation}`,
      });
    server.fate = () => ({ after: same });
    const { session } = await signIn();
    await session.refresh();
    await Promise.all(Array.from({ length: 10 }, () => session.refresh()));
    assert.deepEqual([server.refreshes, server.reused], [2, 0], storage);
    server.resource = () => new Response("", { status: 401 });
    const answers = await Promise.all(Array.from({ length: 10 }, () => session.fetch(`${API}/`)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [401]);
    assert.deepEqual([server.refreshes, server.reused], [3, 0], storage);
    await session.refresh();
    assert.equal(server.refreshes, 4, "who asks later has it asked again");
  }
});

test("a blip is bridged by one more try", async () => {
  const { server, signIn } = world();
  const { session } = await signIn();
  server.fate = (refresh) => refresh === 1 && { before: () => Promise.reject(new TypeError("blip")) };
  wait(3601);
  assert.equal(await session.accessToken(), "at1");
  assert.equal(server.refreshes, 2);
});

test("a server that ends what is used twice ends the session after a lost answer, and the loss is told", async () => {
  const { server, signIn, lose } = world();
  const { client, session } = await signIn();
  const expired = new Promise((done) => client.on("expired", done));
  server.fate = (refresh) => refresh === 1 && lose;
  wait(3601);
  await assert.rejects(session.accessToken(), (error) => {
    assert.deepEqual([error.code, error.oauthError], ["refresh_interrupted", "invalid_grant"]);
    return true;
  });
  assert.equal((await expired).reason, "refresh_interrupted");
  assert.equal(await client.session(), null);
});

test("a page that goes away between the answer and its record leaves a trace", async () => {
  const storage = hostStorage();
  const { server, config, signIn } = world({ storage: "host", host: { storage } });
  const { session } = await signIn();
  let kept;
  server.fate = () => {
    kept = storage.items.get("pkce-wasm");
  };
  await session.refresh();
  const record = (item) =>
    Object.values(JSON.parse(item))
      .find((record) => /\nat\d\n/.test(record))
      .split("\n");
  const attempts = (item) => record(item).at(-4);
  assert.equal(attempts(kept), "1", "it is written before the request is sent");
  assert.ok(record(kept).includes("rt0"), "with the old token");
  assert.equal(attempts(storage.items.get("pkce-wasm")), "");
  assert.ok(record(storage.items.get("pkce-wasm")).includes("rt1"));
  // What the next page finds.
  storage.items.set("pkce-wasm", kept);
  server.fate = () => undefined;
  const next = await new elsewhere.Client(config, METADATA).session();
  wait(3601);
  await assert.rejects(next.accessToken(), code("refresh_interrupted"));
  assert.equal(server.reused, 1);
});

test("invalid_grant ends the session, and it is told why", async () => {
  const { server, signIn } = world();
  const { client, session } = await signIn();
  const news = [];
  for (const type of ["expired", "signed-out"]) client.on(type, (event) => news.push(event));
  server.ended = true;
  wait(3601);
  await assert.rejects(session.accessToken(), code("session_expired"));
  assert.equal(await client.session(), null);
  await pause(1);
  assert.deepEqual(news, [{ type: "expired", reason: "session_expired", elsewhere: false }]);
});

test("a sign-out reaches every page at once, also while its tokens are being refreshed", async () => {
  for (const storage of ["memory", "host"]) {
    const { server, config, signIn } = world({ storage, host: { storage: hostStorage() } });
    const first = await signIn();
    const client = new elsewhere.Client(config, METADATA);
    const second = storage === "host" ? { client, session: await client.session() } : await signIn(elsewhere);
    const heard = [];
    second.client.on("signed-out", (event) => heard.push(event));
    const refreshing = storage === "host" ? second.session.refresh() : Promise.reject();
    refreshing.catch(() => {});
    await pause(2);
    await first.client.logout();
    await until(() => heard.length === 1);
    assert.deepEqual(heard, [{ type: "signed-out", reason: "logout", elsewhere: true }]);
    await assert.rejects(refreshing);
    for (const { client: each, session } of [first, second]) {
      assert.equal(await each.session(), null, storage);
      await assert.rejects(session.accessToken(), code("session_expired"));
    }
    assert.equal(server.reused, 0);
  }
});

test("news are heard until nobody wants to hear them, also elsewhere where the session is shared", async () => {
  const { config, signIn } = world({ storage: "host", host: { storage: hostStorage() } });
  const heard = [];
  const client = new elsewhere.Client(config, METADATA);
  const stop = client.on("signed-in", ({ reason, elsewhere }) => heard.push(["in", reason, elsewhere]));
  client.on("refreshed", ({ reason, elsewhere }) => heard.push(["fresh", reason, elsewhere]));
  const { session } = await signIn();
  await session.refresh();
  await pause(20);
  stop();
  await signIn();
  await pause(20);
  assert.deepEqual(heard, [
    ["in", "login", true],
    ["fresh", "asked", true],
  ]);
});

test("the token goes nowhere but where the configuration lets it", async () => {
  const { server, signIn } = world();
  const { session } = await signIn();
  const sent = [];
  server.resource = (url, init) => {
    sent.push([
      url,
      init.method,
      init.headers.get("authorization"),
      init.headers.get("x-own"),
      init.redirect,
    ]);
    return new Response("ok");
  };
  const own = { method: "PUT", headers: { "X-Own": "1", Authorization: "Basic x" } };
  assert.equal(await (await session.fetch(`${API}/a?b`, own)).text(), "ok");
  assert.equal(await (await session.fetch(new Request(`${API}/c`, own))).text(), "ok");
  assert.deepEqual(sent, [
    [`${API}/a?b`, "PUT", "Bearer at0", "1", "manual"],
    [`${API}/c`, "PUT", "Bearer at0", "1", "manual"],
  ]);
  for (const url of [
    "https://evil.example/",
    `${API}.evil.example/`,
    `${API}:444/`,
    "/relative",
    ISSUER,
    "::",
  ]) {
    await assert.rejects(session.fetch(url), code("origin_refused"), url);
  }
  assert.equal(sent.length, 2);
});

test("a redirect is not followed", async () => {
  const { server, signIn } = world();
  const { session } = await signIn();
  server.resource = () => new Response(null, { status: 307, headers: { Location: "https://evil.example/" } });
  await assert.rejects(session.fetch(`${API}/`), code("redirect_not_followed"));
  const seen = await session.fetch(`${API}/`, { redirect: "manual" });
  assert.equal(seen.status, 307);
});

const challenge = (header, status = 401) =>
  new Response("", { status, headers: { "WWW-Authenticate": header } });

test("an invalid token is replaced once, and the request is made once more", async () => {
  const { server, signIn } = world();
  const { session } = await signIn();
  const bodies = [];
  server.resource = async (_, init) => {
    bodies.push(await new Response(init.body).text());
    return init.headers.get("authorization") === "Bearer at1"
      ? new Response("ok")
      : challenge('Bearer error="invalid_token"');
  };
  const post = { method: "POST", body: "data" };
  const answers = await Promise.all([
    session.fetch(`${API}/`, post),
    session.fetch(new Request(`${API}/`, post)),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200],
  );
  assert.deepEqual([bodies, server.refreshes], [["data", "data", "data", "data"], 1]);

  // A server that refuses every token is not asked again and again.
  server.resource = async () => challenge('Bearer error="invalid_token"');
  for (let count = 0; count < 5; count++) assert.equal((await session.fetch(`${API}/`)).status, 401);
  assert.equal(server.refreshes, 2);
  assert.equal(server.reused, 0);
});

test("what was read from a stream is not sent again, and the next request has the fresh token", async () => {
  const { server, signIn } = world();
  const { session } = await signIn();
  const shown = [];
  server.resource = async (_, init) => {
    shown.push(init.headers.get("authorization"));
    return shown.length === 1 ? challenge("Bearer error=invalid_token") : new Response("ok");
  };
  const body = new Blob(["data"]).stream();
  assert.equal((await session.fetch(`${API}/`, { method: "POST", body, duplex: "half" })).status, 401);
  assert.equal((await session.fetch(`${API}/`)).status, 200);
  assert.deepEqual(shown, ["Bearer at0", "Bearer at1"]);
});

test("a refusal that a login can mend says which", async () => {
  const { server, signIn } = world();
  const { session } = await signIn();
  server.resource = () => challenge('Bearer error="insufficient_scope", scope="files write"', 403);
  await assert.rejects(session.fetch(`${API}/`), (error) => {
    assert.deepEqual(
      [error.code, error.status, error.loginOptions],
      ["insufficient_scope", 403, { scope: "files write" }],
    );
    return true;
  });
  server.resource = () =>
    challenge('Bearer error="insufficient_user_authentication", acr_values="gold", max_age="5"');
  await assert.rejects(session.fetch(`${API}/`), (error) => {
    assert.deepEqual(
      [error.code, error.loginOptions],
      [
        "insufficient_user_authentication",
        { scope: "files", acrValues: "gold", requireAcr: true, maxAge: 5 },
      ],
    );
    return true;
  });
  assert.equal(server.refreshes, 0);
});

test("what the network does to a request of the application is told by the same codes", async () => {
  const { server, signIn } = world();
  const { session } = await signIn();
  server.resource = () => Promise.reject(new TypeError("offline"));
  await assert.rejects(session.fetch(`${API}/`), code("network_failed"));
  server.resource = () => new Promise(() => {});
  await assert.rejects(session.fetch(`${API}/`, { timeout: 10 }), code("timed_out"));
  const controller = new AbortController();
  const waiting = session.fetch(`${API}/`, { timeout: 500, signal: controller.signal });
  setTimeout(() => controller.abort("enough"), 10);
  await assert.rejects(waiting, (error) => code("aborted")(error) && error.cause === "enough");
  await assert.rejects(session.fetch(`${API}/`, { signal: controller.signal }), code("aborted"));
});

test("who is told to stop waits no longer, and the refresh goes on for the others", async () => {
  const { server, signIn } = world();
  const { session } = await signIn();
  wait(3601);
  const controller = new AbortController();
  const impatient = session.accessToken({ signal: controller.signal });
  const patient = session.accessToken();
  controller.abort();
  await assert.rejects(impatient, code("aborted"));
  assert.equal(await patient, "at1");
  assert.deepEqual([server.refreshes, server.reused], [1, 0]);
});

test("EN7 who is told to stop waits for nothing, whatever does not answer", async () => {
  const calls = {
    accessToken: (session, options) => session.accessToken(options),
    refresh: (session, options) => session.refresh(options),
    userinfo: (session, options) => session.userinfo(options),
    fetch: (session, options) => session.fetch(`${API}/`, options),
  };
  const refuses = async (name, session) => {
    const controller = new AbortController();
    const waiting = calls[name](session, { signal: controller.signal });
    // Once it waits.
    setTimeout(() => controller.abort(), 10);
    await assert.rejects(waiting, code("aborted"), name);
    await assert.rejects(calls[name](session, { signal: controller.signal }), code("aborted"), name);
  };
  for (const name of Object.keys(calls)) {
    const storage = hostStorage(true);
    const { signIn } = world({ storage: "host", host: { storage } });
    const { session } = await signIn();
    const { open, opened } = gate();
    const { getItem } = storage;
    storage.getItem = async (item) => {
      await opened;
      return getItem(item);
    };
    await refuses(name, session);
    // Nothing waits behind it.
    open();
  }
  // A server that was met at an earlier start, and does not say any more who it is.
  globalThis.localStorage = pageStorage();
  const { config } = world({ storage: "local" });
  const { fetch } = config.host;
  const document = { ...METADATA, userinfo_endpoint: `${ISSUER}/me` };
  config.host.fetch = async (url, init) =>
    url.includes(".well-known") ? Response.json(document) : fetch(url, init);
  const found = await here.Client.discover(config);
  let sentTo;
  config.host.open = (url) => {
    sentTo = url;
  };
  found.login();
  const state = new URL(sentTo).searchParams.get("state");
  await found.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}`);
  const { open, opened } = gate();
  config.host.fetch = async () => {
    await opened;
    throw new TypeError("down");
  };
  const later = await elsewhere.Client.discover(config);
  await refuses("userinfo", await later.session());
  open();
});

test("every step can be told to stop, and has a timeout", async () => {
  const { config } = world();
  const tokens = { accessToken: "at", tokenType: "Bearer", scope: "files", refreshToken: "rt" };
  const metadata = { ...METADATA, userinfo_endpoint: `${ISSUER}/me` };
  let seen;
  const never = (_, { signal }) => {
    seen = signal;
    return new Promise(() => {});
  };
  const { transaction, state } = here.beginAuthorization(config, metadata);
  const url = `${REDIRECT_URI}?code=c&state=${state}`;
  const steps = {
    discover: (options) => here.discover(ISSUER, options),
    completeAuthorization: (options) =>
      here.completeAuthorization(config, metadata, transaction, url, options),
    refreshTokens: (options) => here.refreshTokens(config, metadata, tokens, options),
    fetchUserinfo: (options) => here.fetchUserinfo(config, metadata, tokens, options),
    revokeTokens: (options) => here.revokeTokens(config, metadata, tokens, options),
  };
  for (const [name, step] of Object.entries(steps)) {
    await assert.rejects(step({ fetch: never, timeout: 10 }), code("timed_out"), name);
    const controller = new AbortController();
    const waiting = step({ fetch: never, timeout: 500, signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    await assert.rejects(waiting, code("aborted"), name);
    assert.equal(seen.aborted, true, name);
  }
});
