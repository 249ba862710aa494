// Tokens that are bound to a key, by the packed tarball in Node, at servers that look at every proof (RFC 9449).
import assert from "node:assert/strict";
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { API, bound, SERVER } from "./bound.js";
import { createIndexedDb } from "./indexed_db.js";
import {
  address,
  ISSUER,
  load,
  pageStorage,
  playLocks,
  playPage,
  REDIRECT_URI,
  setClockRight,
  until,
  wait,
} from "./installed.js";

playPage();
playLocks();
const here = await load("pkce-wasm");
const elsewhere = address("pkce-wasm");
const { isPkceError, ready } = here;

/** A page that shares nothing with this one but the origin: a copy of the package. */
const openPage = async () => {
  const folder = mkdtempSync(join(tmpdir(), "pkce-wasm-"));
  cpSync(dirname(fileURLToPath(elsewhere)), folder, { recursive: true });
  const page = await import(pathToFileURL(join(folder, "index.js")).href);
  await page.ready();
  return page;
};
await ready();

const code = (expected) => (error) => isPkceError(error) && error.code === expected;

const { subtle } = globalThis.crypto;
const generate = subtle.generateKey;

afterEach(() => {
  setClockRight();
  subtle.generateKey = generate;
  delete globalThis.indexedDB;
  delete globalThis.window;
  delete globalThis.localStorage;
});

/** A page with storages; the keys that are on its disk. */
const playBrowser = () => {
  globalThis.indexedDB = createIndexedDb();
  globalThis.localStorage = pageStorage();
  globalThis.window = { localStorage: globalThis.localStorage };
  return () => globalThis.indexedDB.databases.get("pkce-wasm-keys") ?? new Map();
};

test("dp1 every request of a life has a proof of its own, by one key that is in the authorization request", async () => {
  const { server, signIn, keyOf } = bound(here);
  const { client, request, session } = await signIn();
  assert.equal(request.get("dpop_jkt"), keyOf());
  assert.deepEqual(session.tokenBinding, { type: "dpop" });
  assert.equal((await session.userinfo()).name, "Ada");
  const answer = await session.fetch(`${API}/files?a=b#c`, {
    method: "post",
    body: "x",
    headers: { A: "b" },
  });
  assert.equal((await answer.json()).name, "Ada");
  await session.refresh();
  assert.equal(await session.accessToken(), "at1");
  await session.fetch(`${API}/x|y`);
  await client.logout({ revoke: true });
  assert.equal(server.replayed, 0);
  assert.equal(server.seen.size, 6, "code and the request before it, userinfo, two of the API, refresh");
});

test("dp1 the key cannot be taken along, and each login has one of its own", async () => {
  const made = [];
  subtle.generateKey = async (...given) => {
    const pair = await generate.apply(subtle, given);
    made.push(pair.privateKey);
    return pair;
  };
  const { signIn } = bound(here);
  const first = await signIn();
  const second = await signIn();
  assert.notEqual(first.request.get("dpop_jkt"), second.request.get("dpop_jkt"));
  assert.deepEqual(
    made.map(({ extractable, usages }) => [extractable, usages]),
    [
      [false, ["sign"]],
      [false, ["sign"]],
    ],
  );
  await assert.rejects(subtle.exportKey("jwk", made[0]));
});

test("dp1 a login that was made ready leaves in the tick of the click; with a pushed request too", async () => {
  const { config, opened, server } = bound(here);
  const client = new here.Client(config, SERVER);
  await client.prepare();
  assert.equal(client.login(), undefined);
  assert.ok(new URL(opened[0]).searchParams.get("dpop_jkt"));
  const pushing = new here.Client({ ...config, pushedAuthorizationRequests: true }, SERVER);
  server.nonces[ISSUER] = "n";
  await pushing.prepare();
  assert.equal(pushing.login(), undefined);
  assert.match(opened[1], /\?client_id=bound-\d+&request_uri=/);
});

test("dp2 a downgrade is refused where a key is required, and reported where it is preferred", async () => {
  for (const type of ["Bearer", "bearer", "N_A", "mac"]) {
    const { server, signIn } = bound(here);
    server.type = type;
    const { outcome } = await signIn();
    assert.deepEqual([outcome.status, outcome.error?.code], ["refused", "token_type_unsupported"], type);
  }
  const { server, signIn } = bound(here, { dpop: "preferred" });
  server.type = "Bearer";
  const { session } = await signIn();
  assert.deepEqual(session.tokenBinding, { type: "bearer", reason: "server" });
  assert.equal((await session.fetch(`${API}/x`)).status, 200);
  await session.refresh();
  assert.deepEqual(session.tokenBinding, { type: "bearer", reason: "server" });
});

test("dp8 a server that takes no proof by ES256 is refused where a key is required, and gets none where it is preferred", async () => {
  playBrowser();
  for (const algs of [["RS256", "EdDSA"], ["es256"], []]) {
    const server = { ...SERVER, dpop_signing_alg_values_supported: algs };
    assert.throws(
      () => new here.Client(bound(here).config, server),
      ({ code, subject, found }) => {
        assert.deepEqual([code, subject], ["server_unsupported", "dpop_signing_alg_values_supported"]);
        assert.equal(found, algs.length > 0 ? algs.join(" ") : undefined);
        return true;
      },
    );
    const { signIn, config, opened, server: asked } = bound(here, { dpop: "preferred" }, server);
    asked.type = "Bearer";
    asked.before = (_, { headers }) => assert.equal(new Headers(headers).has("dpop"), false);
    const ready = new here.Client(config, server);
    await ready.prepare();
    assert.equal(ready.login(), undefined);
    assert.equal(new URL(opened[0]).searchParams.get("dpop_jkt"), null);
    for (const pushedAuthorizationRequests of [false, true]) {
      const client = new here.Client({ ...config, pushedAuthorizationRequests }, server);
      asked.before = (url, { headers, body }) => {
        assert.equal(new Headers(headers).has("dpop"), false);
        if (!url.endsWith("/par")) return;
        const pushed = new URLSearchParams(body);
        assert.equal(pushed.get("dpop_jkt"), null);
        asked.state = pushed.get("state");
        return Response.json({ request_uri: "urn:example:1", expires_in: 60 }, { status: 201 });
      };
      await client.login();
      const state = new URL(opened.at(-1)).searchParams.get("state") ?? asked.state;
      const { session } = await client.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}`);
      assert.deepEqual(session.tokenBinding, { type: "bearer", reason: "unavailable" });
      assert.equal((await session.fetch(`${API}/x`)).status, 200);
      await session.refresh();
      assert.deepEqual(session.tokenBinding, { type: "bearer", reason: "unavailable" });
      asked.generation = 0;
    }
    await signIn();
  }
  for (const algs of [["RS256", "ES256"], undefined, null]) {
    const { signIn } = bound(here, {}, { ...SERVER, dpop_signing_alg_values_supported: algs });
    const { session } = await signIn();
    assert.deepEqual(session.tokenBinding, { type: "dpop" });
  }
});

test("dp2 a session that is bound stays so: a refresh that brings another type is refused, and nobody is signed out", async () => {
  const { server, signIn } = bound(here);
  const { session } = await signIn();
  server.type = "Bearer";
  await assert.rejects(session.refresh(), code("token_type_unsupported"));
  assert.deepEqual(session.tokenBinding, { type: "dpop" });
});

test("dp2 a token that is bound is refused where nobody asked for one", async () => {
  const { signIn } = bound(here, { dpop: false });
  const { outcome, request } = await signIn();
  assert.equal(request.get("dpop_jkt"), null);
  assert.equal(outcome.error.code, "token_type_unsupported");
});

test("dp3 without WebCrypto or a place for the key: refused where it is required, and else reported", async () => {
  const { indexedDB: _ } = globalThis;
  const failing = () => Promise.reject(new Error("none"));
  for (const [change, generateKey] of [
    [{}, failing],
    // The session outlives the page, and there is no IndexedDB.
    [{ storage: "local" }, generate],
  ]) {
    if (change.storage) {
      playBrowser();
      delete globalThis.indexedDB;
    }
    subtle.generateKey = generateKey;
    const { signIn } = bound(here, change);
    await assert.rejects(signIn(), code("dpop_unavailable"));
    const lenient = bound(here, { ...change, dpop: "preferred" });
    lenient.server.type = "Bearer";
    const { request, session } = await lenient.signIn();
    assert.equal(request.get("dpop_jkt"), null);
    assert.deepEqual(session.tokenBinding, { type: "bearer", reason: "unavailable" });
  }
});

test("dp3 the setting is one of three, and the steps make no key", () => {
  const { config } = bound(here);
  for (const dpop of [true, "", "yes", 1, {}, "Required"])
    assert.throws(
      () => new here.Client({ ...config, dpop }, SERVER),
      (error) => code("config_invalid")(error) && error.subject === "dpop",
      `${dpop}`,
    );
  for (const dpop of [false, null, undefined]) new here.Client({ ...config, dpop }, SERVER);
  assert.throws(() => here.beginAuthorization(config, SERVER), code("dpop_unavailable"));
});

test("dp4 a refusal for want of a nonce is repaired once, at the server and at the API, and the nonce is used from then on", async () => {
  const { server, signIn } = bound(here);
  server.nonces = { [ISSUER]: "as-1", [API]: "api-1" };
  const { session } = await signIn();
  assert.deepEqual(server.asked.splice(0), ["POST /token", "POST /token"]);
  assert.equal((await session.fetch(`${API}/x`)).status, 200);
  assert.equal((await session.fetch(`${API}/y`)).status, 200);
  assert.deepEqual(server.asked.splice(0), ["GET /x", "GET /x", "GET /y"]);
  await session.userinfo();
  assert.deepEqual(server.asked.splice(0), ["GET /me"], "that nonce is known");
  // It is another one suddenly.
  server.nonces[API] = "api-2";
  assert.equal((await session.fetch(`${API}/z`)).status, 200);
  assert.deepEqual(server.asked.splice(0), ["GET /z", "GET /z"]);
  assert.equal(server.replayed, 0);
});

test("dp4 rotated nonces: the one of the last answer counts", async () => {
  const { server, signIn } = bound(here);
  server.nonces = { [ISSUER]: "as", [API]: "api" };
  server.rotates = true;
  const { session } = await signIn();
  for (let round = 0; round < 5; round++) {
    assert.equal((await session.fetch(`${API}/${round}`)).status, 200);
    await session.refresh();
  }
  assert.equal(server.refreshes, 5);
  assert.equal(server.asked.length, 2 + 1 + 5 + 5);
});

test("dp4 a server that always wants another nonce is asked twice, and no more", async () => {
  const { server, signIn } = bound(here);
  const { session } = await signIn();
  server.nonces[API] = "a";
  let round = 0;
  server.before = (url) => {
    if (!url.startsWith(API)) return;
    round += 1;
    return new Response("", {
      status: 401,
      headers: { "www-authenticate": 'DPoP error="use_dpop_nonce"', "dpop-nonce": `n${round}` },
    });
  };
  assert.equal((await session.fetch(`${API}/x`)).status, 401);
  assert.ok(round <= 4, "twice, and twice with fresh tokens");
});

test("dp5 a refresh token is never spent for want of a nonce: it is asked for before, where none is known or it may be old", async () => {
  const { server, signIn } = bound(here);
  const { session } = await signIn();
  server.spends = true;
  // It had none at the login, and has from now on: nobody could know.
  server.nonces[ISSUER] = "as-1";
  await session.userinfo();
  assert.equal(server.primed, 0);
  await session.refresh();
  assert.deepEqual([server.refreshes, server.primed, server.lost], [1, 0, 0], "the nonce is fresh");
  // The nonce ends after five minutes.
  wait(301);
  server.nonces[ISSUER] = "as-2";
  await session.refresh();
  assert.deepEqual([server.refreshes, server.primed, server.lost], [2, 1, 0]);
  assert.equal(await session.accessToken(), "at2");
});

test("dp5 what cannot be asked for before spends nothing, and is tried again", async () => {
  const { server, signIn } = bound(here);
  server.nonces[ISSUER] = "as-1";
  const { session } = await signIn();
  wait(301);
  server.before = () => {
    throw new TypeError("offline");
  };
  await assert.rejects(session.refresh(), code("network_failed"));
  assert.equal(server.refreshes, 0);
  server.before = () => undefined;
  wait(60);
  await session.refresh();
  assert.deepEqual([server.refreshes, server.lost], [1, 0]);
});

test("dp5 an answer without a nonce leaves the one that is known, and a server without nonces is not asked for one", async () => {
  const { server, signIn } = bound(here);
  server.nonces[ISSUER] = "as-1";
  const { session } = await signIn();
  server.primed = 0;
  server.headers = () => ({ "DPoP-Nonce": "" });
  await session.userinfo();
  await session.refresh();
  assert.deepEqual([server.refreshes, server.primed], [1, 0]);
  const other = bound(await openPage());
  const plain = await other.signIn();
  assert.equal(other.server.primed, 1, "nobody could know");
  wait(3600);
  await plain.session.refresh();
  await plain.session.refresh();
  await other.signIn();
  assert.deepEqual([other.server.refreshes, other.server.primed], [2, 1]);
});

test("dp5 a code is never spent for want of a nonce: it is asked for before, where none is known or it may be old", async () => {
  // A page that knows of no server yet.
  const page = await openPage();
  const { server, signIn } = bound(page);
  server.spends = true;
  server.nonces[ISSUER] = "as-1";
  const { outcome } = await signIn();
  assert.deepEqual([outcome.status, server.primed, server.lost], ["signed-in", 1, 0]);
  assert.deepEqual(server.asked, ["POST /token", "POST /token"]);
  // The nonce of a request that was pushed in this page serves, unless the user takes long.
  for (const [seconds, nonce, primed] of [
    [30, "as-1", 0],
    [90, "as-2", 1],
  ]) {
    const { config, server } = bound(page, { pushedAuthorizationRequests: true });
    server.nonces[ISSUER] = "as-1";
    const client = new page.Client(config, SERVER);
    await client.login();
    server.spends = true;
    wait(seconds);
    server.nonces[ISSUER] = nonce;
    const state = server.pushed.get("state");
    const { status } = await client.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}`);
    assert.deepEqual([status, server.primed, server.lost], ["signed-in", primed, 0]);
  }
});

test("dp6 a nonce stays with its origin, and what could not be one is no nonce", async () => {
  const { server, signIn } = bound(here);
  server.nonces[ISSUER] = "as-1";
  const { session } = await signIn();
  server.primed = 0;
  const proofs = [];
  for (const nonce of ["as\r\nX: y", "a b", 'a"b', "a\\b", "é", "a".repeat(5000)]) {
    server.before = (url, init) => {
      if (!url.startsWith(API)) return;
      proofs.push(new Headers(init.headers).get("dpop"));
      const headers = { get: (name) => (name === "dpop-nonce" ? nonce : null) };
      return { status: 200, headers, redirected: false, type: "basic" };
    };
    await session.fetch(`${API}/x`);
  }
  server.before = () => undefined;
  await session.fetch(`${API}/x`);
  for (const proof of proofs) {
    const claims = JSON.parse(Buffer.from(proof.split(".")[1], "base64url"));
    assert.equal(claims.nonce, undefined);
  }
  // The API has poisoned nothing of the server.
  server.before = () => undefined;
  await session.userinfo();
  await session.refresh();
  assert.equal(server.asked.at(-1), "POST /token");
  assert.deepEqual([server.refreshes, server.primed], [1, 0]);
});

test("dp6 the answer of another address, to which a bridge was led, brings neither a nonce nor a time", async () => {
  const { server, signIn } = bound(here);
  server.nonces[ISSUER] = "as-1";
  const { session } = await signIn();
  server.primed = 0;
  let isFirst = true;
  server.before = (url) => {
    if (!url.endsWith("/me") || !isFirst) return;
    isFirst = false;
    const headers = { "DPoP-Nonce": "poison", date: new Date(0).toUTCString() };
    const answer = Response.json({ sub: "ada" }, { headers });
    return Object.defineProperty(answer, "url", { value: "https://evil.example/" });
  };
  await assert.rejects(session.userinfo(), code("redirect_not_followed"));
  server.asked.length = 0;
  await session.refresh();
  assert.deepEqual(server.asked, ["POST /token"], "the nonce and the clock are as before");
});

test("dp6 tokens of another key are worth nothing here, and nobody goes round in circles", async () => {
  const { bindTo, server, signIn } = bound(here);
  const { session } = await signIn();
  bindTo("another");
  server.asked.length = 0;
  const ask = async () => (await session.fetch(`${API}/x`).catch(({ code }) => code)).status;
  await ask();
  await ask();
  assert.ok(server.asked.length <= 6, `${server.asked}`);
  assert.equal(server.replayed, 0);
});

test("dp6 a proof is of one URL as the platform reads it, and says nothing of its query", async () => {
  const { server, signIn } = bound(here);
  const { session } = await signIn();
  for (const url of [
    `${API}/a/../b?x=https://evil.example`,
    `${API}/%2e%2e/c#/d`,
    `${API}/a;b=c`,
    `${API}//e`,
  ])
    assert.equal((await session.fetch(url)).status, 200, url);
  for (const url of [
    "https://api.example.evil.example/",
    "https://api.example@evil.example/",
    "//evil.example/",
  ])
    await assert.rejects(session.fetch(url), code("origin_refused"), url);
  assert.equal(server.replayed, 0);
});

test("dp6 proofs are dated by the server's clock, where that is shown", async () => {
  const { server, signIn } = bound(here);
  server.ahead = 3600;
  server.headers = () => ({ date: new Date(Date.now() + 3_600_000).toUTCString() });
  const { session } = await signIn();
  await session.refresh();
  assert.equal(server.refreshes, 1);
  assert.equal(server.asked.length, 3, "the first proof had the time of this machine");
});

test("dp7 the key is on the disk as long as the session, and not longer", async () => {
  const keys = playBrowser();
  const world = bound(here, { storage: "local", transactionStorage: "local" });
  const { client, request } = await world.signIn();
  const jkt = request.get("dpop_jkt");
  assert.deepEqual([...keys().keys()], [jkt]);
  const [row] = keys().values();
  assert.equal(row.privateKey.extractable, false);
  // Another page of the origin has it too.
  const other = await openPage();
  const session = await new other.Client(world.config, SERVER).session();
  assert.equal((await session.fetch(`${API}/x`)).status, 200);
  // Another login takes its place.
  const again = await world.signIn();
  assert.deepEqual([...keys().keys()], [again.request.get("dpop_jkt")]);
  await client.logout({ revoke: true });
  assert.deepEqual([...keys().keys()], []);
});

test("dp7 SE1 tokens that were kept after a sign-out are revoked with a proof where the server wants one, and their key goes then", async () => {
  const keys = playBrowser();
  const world = bound(here, { storage: "local", transactionStorage: "local" });
  const { client } = await world.signIn();
  const { items } = globalThis.localStorage;
  const record = [...items].find(([, item]) => /\nat\d+\n/.test(item));
  const row = [...keys()][0];
  await client.logout({ revoke: true });
  assert.equal(keys().size, 0);
  // A page that did not see that has written both again.
  items.set(...record);
  keys().set(...row);
  const revoked = [];
  world.server.before = (url, { headers, body }) => {
    if (!url.endsWith("/revoke")) return;
    if (!new Headers(headers).has("dpop"))
      return Response.json({ error: "invalid_dpop_proof" }, { status: 400 });
    revoked.push(new URLSearchParams(body).get("token").slice(0, 2));
  };
  const other = await openPage();
  assert.equal(await new other.Client(world.config, SERVER).session(), null);
  assert.equal(items.has(record[0]), false);
  await until(() => keys().size === 0);
  assert.deepEqual(revoked, ["rt", "at"]);
});

test("dp7 the memory keeps the key of a session in the memory; keys of logins that nobody finished go", async () => {
  const keys = playBrowser();
  const world = bound(here, { transactionStorage: "local" });
  const { session } = await world.signIn();
  assert.equal(keys().size, 0);
  await session.refresh();
  const client = new here.Client(world.config, SERVER);
  await client.login();
  await client.login();
  assert.equal(keys().size, 2);
  wait(87_001);
  await client.login();
  assert.equal(keys().size, 1);
});

test("dp7 a key that is gone, or another one in its place, ends the session and shows the tokens to nobody", async () => {
  for (const change of [
    (rows) => rows.clear(),
    (rows, other) => {
      const [[jkt, row]] = rows;
      rows.set(jkt, { ...row, ...other });
    },
    (rows, other) => {
      const [[jkt, row]] = rows;
      rows.set(jkt, { ...row, jwk: { ...other.jwk, kty: "RSA" } });
    },
    // The public half is right.
    (rows, { privateKey }) => {
      const [[jkt, row]] = rows;
      rows.set(jkt, { ...row, privateKey });
    },
    (rows) => {
      const [[jkt, row]] = rows;
      rows.set(jkt, { ...row, privateKey: {} });
    },
  ]) {
    const keys = playBrowser();
    const world = bound(here, { storage: "local", transactionStorage: "local" });
    await world.signIn();
    const pair = await generate.call(subtle, { name: "ECDSA", namedCurve: "P-256" }, false, [
      "sign",
      "verify",
    ]);
    const { kty, crv, x, y } = await subtle.exportKey("jwk", pair.publicKey);
    change(keys(), { jwk: { kty, crv, x, y }, privateKey: pair.privateKey });
    world.server.asked.length = 0;
    // A page that did not make the key.
    const other = await openPage();
    const client = new other.Client(world.config, SERVER);
    const session = await client.session();
    await assert.rejects(session.fetch(`${API}/x`), code("dpop_key_missing"));
    await assert.rejects(session.refresh(), code("dpop_key_missing"));
    assert.deepEqual(world.server.asked, []);
    assert.equal(await client.session(), null);
  }
});

test("dp1 a refusal of the API is read in the scheme of the token: fresh tokens where it is invalid, a login where its scope is too small", async () => {
  const { server, signIn } = bound(here);
  const { session } = await signIn();
  const refuse = (challenge, status = 401) => {
    let isFirst = true;
    server.before = (url) => {
      if (!url.startsWith(API) || !isFirst) return;
      isFirst = false;
      return new Response("", { status, headers: { "www-authenticate": challenge } });
    };
  };
  refuse('DPoP error="invalid_token", algs="ES256"');
  assert.equal((await session.fetch(`${API}/x`)).status, 200);
  assert.equal(server.refreshes, 1);
  refuse('Bearer error="invalid_token"');
  assert.equal((await session.fetch(`${API}/x`)).status, 401, "that is for others");
  refuse('DPoP error="insufficient_scope", scope="more"', 403);
  await assert.rejects(session.fetch(`${API}/x`), code("insufficient_scope"));
  assert.equal(server.refreshes, 1);
});

test("dp7 the key is gone before the page leaves for the sign-out at the server", async () => {
  const keys = playBrowser();
  const world = bound(
    here,
    { storage: "local", transactionStorage: "local" },
    { ...SERVER, end_session_endpoint: `${ISSUER}/end` },
  );
  const { client } = await world.signIn();
  assert.equal(keys().size, 1);
  let left;
  world.config.host.open = (url) => {
    left = [url, keys().size];
  };
  await client.logout({ endSession: true });
  assert.match(left[0], /\/end\?/);
  assert.equal(left[1], 0);
});

test("dp7 the key goes with the session where the options of a sign-out are wrong, or the server has no place for it", async () => {
  const keys = playBrowser();
  for (const [options, expected] of [
    [{ nonsense: true }, "member_unknown"],
    [{ endSession: true }, "endpoint_missing"],
  ]) {
    const { client } = await bound(here, { storage: "local", transactionStorage: "local" }).signIn();
    assert.equal(keys().size, 1);
    await assert.rejects(client.logout(options), code(expected));
    assert.equal(keys().size, 0);
  }
});

test("dp7 a key that was removed by another page is not used on by one that has it in its memory", async () => {
  const keys = playBrowser();
  const load = async () => {
    const folder = mkdtempSync(join(tmpdir(), "pkce-wasm-"));
    cpSync(dirname(fileURLToPath(elsewhere)), folder, { recursive: true });
    return import(pathToFileURL(join(folder, "platform", "dpop_key.js")).href);
  };
  const [one, other] = [await load(), await load()];
  const key = await one.make();
  const later = Date.now() + 60_000;
  await one.add("a", key, "owner", later, true);
  await one.add("b", await one.make(), "owner", later, false);
  assert.ok(await other.load("a"));
  const { get } = keys().constructor.prototype;
  keys().get = () => assert.fail("it is in the memory");
  assert.ok(await other.load("a"));
  keys().get = get;
  await one.forget("a");
  for (let round = 0; (await other.load("a")) && round < 400; round++)
    await new Promise((done) => setTimeout(done, 10));
  assert.equal(await other.load("a"), undefined);
  // What is nowhere else stays.
  await other.forget("c");
  await new Promise((done) => setTimeout(done, 50));
  assert.ok(await one.load("b"));
});

test("dp1 a signature that fails for once ends no session", async () => {
  const { signIn } = bound(here);
  const { client, session } = await signIn();
  const { sign } = subtle;
  subtle.sign = async () => {
    throw new DOMException("busy", "OperationError");
  };
  try {
    await assert.rejects(session.fetch(`${API}/x`), code("dpop_unavailable"));
    await assert.rejects(session.refresh(), code("dpop_unavailable"));
  } finally {
    subtle.sign = sign;
  }
  assert.equal((await session.fetch(`${API}/x`)).status, 200);
  assert.ok(await client.session());
});

/** Rounds of refreshes by twenty pages; with `--soak` more. */
const ROUNDS = process.env.PKCE_SOAK ? 100 : 10;

test("dp5 twenty pages that share a session refresh it at once, with nonces that rotate: as many refreshes as rounds, and none lost", async () => {
  playBrowser();
  const world = bound(here, { storage: "local", transactionStorage: "local" });
  const { server } = world;
  server.nonces[ISSUER] = "as";
  server.rotates = true;
  await world.signIn();
  server.spends = true;
  const pages = await Promise.all(Array.from({ length: 20 }, openPage));
  const sessions = await Promise.all(pages.map(({ Client }) => new Client(world.config, SERVER).session()));
  for (let round = 1; round <= ROUNDS; round++) {
    // The access token has expired, for everybody.
    wait(3601);
    const tokens = await Promise.all(sessions.map((session) => session.accessToken()));
    assert.deepEqual(new Set(tokens), new Set([`at${round}`]));
  }
  assert.deepEqual([server.refreshes, server.lost, server.replayed], [ROUNDS, 0, 0]);
});
