// Two versions in two tabs of one origin: 0.1.0, and this one. They share locks and news, and not the names of records. What 0.1.0 kept is
// written here as it wrote it; where the runner sets PKCE_WASM_BEFORE to a folder in which 0.1.0 is installed, it runs itself.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import {
  gate,
  ISSUER,
  load,
  metadataOf,
  pageStorage,
  playLocks,
  playPage,
  REDIRECT_URI,
  setClockRight,
  wait,
} from "./installed.js";

playPage();
/** The storage, and what the module of 0.1.0 takes for a window. */
globalThis.localStorage = pageStorage();
const { items } = globalThis.localStorage;
globalThis.window = globalThis;
globalThis.Window = { [Symbol.hasInstance]: (value) => value === globalThis };

playLocks();

const version = async (folder) => {
  const loaded = await load("pkce-wasm", folder);
  await loaded.ready();
  return loaded;
};
const now = await version();
const folder = process.env.PKCE_WASM_BEFORE;
const before = folder && (await version(folder));
const withBefore = { skip: before ? false : "0.1.0 is not here: this clone does not have its commit" };

const METADATA = { ...metadataOf(ISSUER), revocation_endpoint: `${ISSUER}/revoke` };

/** The names that 0.1.0 gives: of the client `app` at this issuer, and of a login by its state. */
const OWNER = "UWAnlVUKo3Iz-owSBBHgwOqL02WW3Id0o_jfLmphhi8";
const LOGIN = "jCR6m9uBfPaqBJEwz-f8VhlTyZ14r6el-EjbEKHk2fE";
const STATE = "tjgn-rf3CPJxj7azpYEup8b1PZmGkYy0FxbauxMYK_w";
const SESSION = `pkce-wasm:s:${OWNER}`;
/** Of what kind the records are that this version wrote. */
const kinds = (records) =>
  Object.keys(records)
    .map((name) => /^pkce-wasm:2:(.):/.exec(name)?.[1] ?? name)
    .sort();

const seconds = () => Math.floor(Date.now() / 1000);

/** The session that 0.1.0 kept, word for word but for the times, of a login with every member that a record can have. */
const keptSession = (more = "", left = 3600) =>
  `v=1&access_token=at0&token_type=Bearer&expires_at=${seconds() + left}&expires_in=3600&scope=openid%20files&refresh_token=rt0&id_token=\
eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUiLCJzdWIiOiJhZGEiLCJhdWQiOiJhcHAiLCJleHAiOjQwMDAwMDAwMDAsImlhdCI6MTc5NTYzNTQxNywibm9\
uY2UiOiJINlU2RHRwNmRMTm5JcWM0bGlyUXFHUnZWX0xYLVZtTGJPOUpGNG5LbkdVIn0.AA&id_token_verified_by=tls&authorization_details=\
%5B%7B%22type%22%3A%22a%20b%22%2C%22n%22%3A1%7D%5D${more}`;

/** Its pending login, and what remains of it. */
const pendingLogin = (left = 600) =>
  `v=1&state=${STATE}&code_verifier=Uzh3rv3YMrdMomQZ_H47LNwmIdGxEw9YcuB8g6ec-CM&nonce=H6U6Dtp6dLNnIqc4lirQqGRvV_LX-VmLbO9JF4nKnGU&created_at=\
${seconds() + left - 600}&expires_at=${seconds() + left}&issuer=https%3A%2F%2Fas.example&client_id=app&redirect_uri=\
https%3A%2F%2Fapp.example%2Fcallback&token_endpoint=https%3A%2F%2Fas.example%2Ftoken&scope=openid%20files&return_to=%2Fdocs%3Fa%3D1%26b%3D2`;
const remains = (left) =>
  `v=1&outcome=completed&return_to=%2Fdocs%3Fa%3D1%26b%3D2&owner=${OWNER}&created_at=${seconds() + left - 86_400}&expires_at=${seconds() + left}`;

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** An authorization server that rotates refresh tokens and ends what is used twice, and an application of each version. */
const world = (storage = "local") => {
  const server = { refreshes: 0, codes: 0, reused: 0, generation: 0, ended: false, hold: undefined };
  const tokens = (nonce) => ({
    access_token: `at${server.generation}`,
    token_type: "Bearer",
    expires_in: 3600,
    refresh_token: `rt${server.generation}`,
    ...(nonce && {
      id_token: `${base64url({ alg: "ES256" })}.${base64url({ iss: ISSUER, sub: "ada", aud: "app", exp: seconds() + 300, iat: seconds(), nonce })}.AA`,
    }),
  });
  let opened;
  const host = {
    open: (url) => {
      opened = new URL(url).searchParams;
    },
    fetch: async (_, init) => {
      const form = new URLSearchParams(init.body);
      if (form.has("code")) {
        server.codes += 1;
        server.generation = 10 * server.codes;
        return Response.json(tokens(opened.get("nonce")));
      }
      if (!form.has("grant_type")) return Response.json({});
      server.refreshes += 1;
      const { generation } = server;
      if (server.ended || form.get("refresh_token") !== `rt${generation}`) {
        server.reused += 1;
        server.ended = true;
        return Response.json({ error: "invalid_grant" }, { status: 400 });
      }
      server.generation += 1;
      const answer = Response.json(tokens());
      await server.hold?.();
      return answer;
    },
    ...(storage === "host" && {
      storage: {
        getItem: async (name) => items.get(name),
        setItem: async (name, item) => void items.set(name, item),
      },
    }),
  };
  const config = {
    issuer: ISSUER,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    scope: "openid files",
    storage,
    transactionStorage: storage,
    host,
  };
  const client = (version) => new version.Client(config, METADATA);
  const callback = () => `${REDIRECT_URI}?code=c&state=${opened.get("state")}`;
  const signIn = async (version) => {
    const signing = client(version);
    await signing.login();
    const { session, error } = await signing.handleRedirect(callback());
    assert.equal(error, undefined);
    return session;
  };
  /** All records, wherever they are. */
  const records = () =>
    storage === "host" ? JSON.parse(items.get("pkce-wasm") ?? "{}") : Object.fromEntries(items);
  const put = (name, record) => {
    if (storage === "host") items.set("pkce-wasm", JSON.stringify({ ...records(), [name]: record }));
    else items.set(name, record);
  };
  return { server, client, callback, signIn, records, put };
};

const code = (expected) => (error) => now.isPkceError(error) && error.code === expected;

beforeEach(() => {
  items.clear();
  // TLS stands for the signature: there are no keys here.
  Object.defineProperty(globalThis.crypto, "subtle", { value: undefined, configurable: true });
});

afterEach(() => {
  delete globalThis.crypto.subtle;
  setClockRight();
});

for (const storage of ["local", "host"]) {
  test(`${storage}: a session of 0.1.0 stays signed in, and its refresh token is used once`, async () => {
    const { server, client, records, put } = world(storage);
    put(SESSION, keptSession());
    const session = await client(now).session();
    assert.deepEqual(
      [session.claims.sub, session.scope, session.idTokenVerifiedBy, await session.accessToken()],
      ["ada", "openid files", "tls", "at0"],
    );
    assert.deepEqual(Object.keys(records()), [SESSION], "a tab with 0.1.0 still needs it");
    wait(3601);
    assert.equal(await session.accessToken(), "at1");
    assert.deepEqual(kinds(records()), ["e", "s", "s"], "moved, not copied: its epoch, its name, and itself");
    assert.equal(await (await client(now).session()).accessToken(), "at1");
    assert.deepEqual([server.refreshes, server.reused], [1, 0]);
  });
}

test("how the attempts of 0.1.0 to refresh it went is remembered", async () => {
  const { server, client, put } = world();
  put(SESSION, keptSession("&attempts=1", -1));
  server.ended = true;
  const interrupted = await client(now).session();
  await assert.rejects(interrupted.accessToken(), code("refresh_interrupted"));

  put(SESSION, keptSession(`&attempts=1&failed=0&retry_at=${seconds() + 60}`, -1));
  const waiting = await client(now).session();
  await assert.rejects(waiting.accessToken(), ({ retryAfter }) => retryAfter > 50);
  assert.equal(server.refreshes, 1, "not asked again before its time");
});

test("a record that nobody can read is no session, and in nobody's way", async () => {
  for (const record of [
    "",
    "v=1",
    "v=2&access_token=a",
    "%",
    "{}",
    "null",
    "v=1&authorization_details=%5B",
    "v=1&expires_at=x&access_token=a&token_type=b&scope=c",
  ]) {
    items.clear();
    const { client, signIn, records, put } = world();
    put(SESSION, record);
    assert.equal(await client(now).session(), null, record);
    const session = await signIn(now);
    assert.equal(await session.accessToken(), "at10");
    assert.equal(await (await client(now).session()).accessToken(), "at10", record);
    assert.equal(SESSION in records(), false);
  }
});

test("a login with this version replaces the session of 0.1.0", async () => {
  const { client, signIn, put } = world();
  put(SESSION, keptSession());
  await signIn(now);
  assert.equal(await (await client(now).session()).accessToken(), "at10");
});

test("a sign-out with this version ends the session of 0.1.0", async () => {
  const { client, records, put } = world();
  put(SESSION, keptSession());
  await client(now).logout();
  assert.deepEqual(kinds(records()), ["e"], "the end of the session is kept, and nothing else");
  assert.equal(await client(now).session(), null);
  // A page with 0.1.0 that was refreshing it meanwhile.
  put(SESSION, keptSession());
  assert.equal(await client(now).session(), null);
});

test("a pending login of 0.1.0 is refused with the advice to begin again, and begins again", async () => {
  const { client, records, put, signIn, server } = world();
  put(`pkce-wasm:t:${LOGIN}`, pendingLogin());
  const url = `${REDIRECT_URI}?code=c&state=${STATE}`;
  const outcome = await client(now).handleRedirect(url);
  assert.deepEqual(
    [outcome.status, outcome.restart, outcome.error.code],
    ["refused", true, "transaction_invalid"],
  );
  assert.equal((await client(now).handleRedirect(url)).restart, true, "also after a reload");
  assert.equal(server.codes, 0);
  assert.equal(await (await signIn(now)).accessToken(), "at10");
  wait(600);
  await signIn(now);
  assert.equal(`pkce-wasm:t:${LOGIN}` in records(), false, "its verifier is gone when it can serve nobody");
});

test("what nobody will finish any more of 0.1.0 is forgotten, and nothing else", async () => {
  const { client, signIn, records, put } = world();
  put("pkce-wasm:t:old", pendingLogin(-1));
  put("pkce-wasm:t:none", "v=1");
  put("pkce-wasm:t:pending", pendingLogin());
  put("pkce-wasm:d:old", remains(-1));
  put("pkce-wasm:d:new", remains(1000));
  put("pkce-wasm", "news");
  put("another", "expires_at=1");
  const written = records();
  client(now);
  assert.deepEqual(records(), written, "a client that begins no login forgets nothing");
  await signIn(now);
  const left = Object.keys(records()).filter((name) => !name.startsWith("pkce-wasm:2:"));
  assert.deepEqual(left.sort(), ["another", "pkce-wasm", "pkce-wasm:d:new", "pkce-wasm:t:pending"]);
});

test("0.1.0 writes what is written here", withBefore, async () => {
  const { signIn, records, client } = world();
  const members = (record) => [...new URLSearchParams(record).keys()].join();
  await client(before).login({ returnTo: "/docs?a=1&b=2" });
  const [pending] = Object.values(records());
  assert.equal(members(pending), members(pendingLogin()));
  items.clear();
  await signIn(before);
  assert.equal(members(records()[SESSION]), members(keptSession()).replace(",authorization_details", ""));
});

for (const storage of ["local", "host"]) {
  test(
    `${storage}: the tabs of both versions have one session until this one refreshes it; then 0.1.0 says that it has expired`,
    withBefore,
    async () => {
      const { server, client, signIn } = world(storage);
      const old = await signIn(before);
      const session = await client(now).session();
      const both = () => Promise.all([old.accessToken(), session.accessToken()]);
      assert.deepEqual(await both(), ["at10", "at10"]);
      wait(3601);
      assert.equal(await old.accessToken(), "at11");
      assert.deepEqual(await both(), ["at11", "at11"]);
      wait(3601);
      assert.equal(await session.accessToken(), "at12");
      await assert.rejects(
        old.accessToken(),
        (error) => before.isPkceError(error) && error.code === "session_expired",
      );
      await assert.rejects(old.refresh(), ({ code }) => code === "session_expired");
      assert.equal(await client(before).session(), null);
      assert.equal(await session.accessToken(), "at12");
      // Whoever signs in there again is signed in here.
      await signIn(before);
      assert.equal(await session.accessToken(), "at20");
      assert.deepEqual([server.refreshes, server.reused], [2, 0]);
    },
  );

  test(`${storage}: both versions ask at once, and one refresh is made`, withBefore, async () => {
    for (const order of ["old first", "new first"]) {
      items.clear();
      const { server, client, signIn } = world(storage);
      const old = await signIn(before);
      const session = await client(now).session();
      wait(3601);
      const pages = Array.from({ length: 10 }, (_, place) =>
        (place % 2 === 0) === (order === "old first") ? old : session,
      );
      const given = await Promise.allSettled(pages.map((page) => page.accessToken()));
      pages.forEach((page, place) => {
        const { value, reason } = given[place];
        if (page === session) assert.equal(value, "at11", order);
        else assert.ok(value === "at11" || reason.code === "session_expired", order);
      });
      assert.deepEqual([server.refreshes, server.reused], [1, 0], order);
    }
  });

  test(
    `${storage}: while one version waits for the answer to a refresh, the other one sends none`,
    withBefore,
    async () => {
      for (const [first, second] of [
        [before, now],
        [now, before],
      ]) {
        items.clear();
        const { server, client, signIn } = world(storage);
        const there = await signIn(before);
        const here = await client(now).session();
        const [one, other] = first === before ? [there, here] : [here, there];
        wait(3601);
        const [asked, answered] = [gate(), gate()];
        server.hold = () => {
          asked.open();
          return answered.opened;
        };
        const waiting = one.accessToken();
        await asked.opened;
        // A page is opened, and one asks for a token.
        const opened = await client(second).session();
        const also = [other, ...(opened ? [opened] : [])].map((session) => session.accessToken());
        for (const promise of also) promise.catch(() => {});
        await new Promise((done) => setTimeout(done, 50));
        assert.equal(server.refreshes, 1);
        answered.open();
        assert.equal(await waiting, "at11");
        for (const { value, reason } of await Promise.allSettled(also)) {
          if (second === now) assert.equal(value, "at11");
          else assert.equal(reason.code, "session_expired");
        }
        assert.deepEqual([server.refreshes, server.reused], [1, 0]);
        server.hold = undefined;
        wait(3601);
        assert.equal(await (await client(now).session()).accessToken(), "at12");
        assert.equal(server.reused, 0);
      }
    },
  );
}

test(
  "a login that 0.1.0 began is refused here, and one that began here is unknown there: neither crashes, no code is sent",
  withBefore,
  async () => {
    const { server, client, callback, records } = world();
    await client(before).login();
    const refused = await client(now).handleRedirect(callback());
    assert.deepEqual([refused.status, refused.restart], ["refused", true]);
    await client(now).login();
    const unknown = await client(before).handleRedirect(callback());
    assert.deepEqual([unknown.status, unknown.error.code], ["other-login", "transaction_not_found"]);
    assert.equal(server.codes, 0);
    assert.equal((await client(now).handleRedirect(callback())).status, "signed-in");
    assert.equal(SESSION in records(), false);
  },
);

test("a sign-out in either version reaches the other", withBefore, async () => {
  for (const [one, other] of [
    [before, now],
    [now, before],
  ]) {
    items.clear();
    const { client, signIn } = world();
    await signIn(before);
    const heard = new Promise((done) => client(other).on("signed-out", done));
    const session = await client(other).session();
    assert.equal(await session.accessToken(), "at10");
    await client(one).logout();
    assert.equal((await heard).reason, "logout");
    await assert.rejects(session.accessToken(), ({ code }) => code === "session_expired");
    assert.equal(await client(other).session(), null);
  }
});
