// What a refresh comes to when the server answers in an odd way: which tokens are kept, when a session ends, and what is told of it. The server is a
// stand-in that signs by WebCrypto.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  expectedEngine,
  ISSUER,
  load,
  metadataOf,
  playPage,
  REDIRECT_URI,
  setClockRight,
  wait,
} from "./installed.js";

playPage();
const client = await load("pkce-wasm");
await client.ready();
assert.equal(client.engine(), expectedEngine);

const API = "https://api.example";
const METADATA = {
  ...metadataOf(ISSUER),
  jwks_uri: `${ISSUER}/jwks`,
  revocation_endpoint: `${ISSUER}/revoke`,
};

const code = (expected) => (error) => client.isPkceError(error) && error.code === expected;
const failure = (promise) =>
  promise.then(
    () => assert.fail("it did not fail"),
    (error) => error,
  );

const { subtle } = globalThis.crypto;
const ES256 = { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" };
const [pair, otherPair] = await Promise.all(
  [1, 2].map(() => subtle.generateKey(ES256, true, ["sign", "verify"])),
);
const jwk = { ...(await subtle.exportKey("jwk", pair.publicKey)), kid: "one" };
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const idToken = async (claims, { key = pair.privateKey, header = {} } = {}) => {
  const input = `${b64({ alg: "ES256", kid: "one", ...header })}.${b64(claims)}`;
  return `${input}.${Buffer.from(await subtle.sign(ES256, key, Buffer.from(input))).toString("base64url")}`;
};

let number = 0;

/** Somebody who is signed in at a server. `server.answer` answers a refresh, `server.api` a request of the application. */
const signedIn = async (change = {}) => {
  number += 1;
  const server = { refreshes: [], revocations: [], now: () => Math.floor(Date.now() / 1000) };
  const clientId = `app-${number}`;
  server.claims = (more) => ({
    iss: ISSUER,
    aud: clientId,
    sub: "ada",
    iat: server.now(),
    exp: server.now() + 300,
    ...more,
  });
  server.grant = async (more = {}) => ({
    access_token: `at${server.refreshes.length}`,
    refresh_token: `rt${server.refreshes.length}`,
    token_type: "Bearer",
    expires_in: 3600,
    ...more,
  });
  let opened;
  const fetch = async (url, init) => {
    if (url === METADATA.jwks_uri) return server.keys?.() ?? Response.json({ keys: [jwk] });
    if (url.startsWith(API)) return server.api(init);
    const form = new URLSearchParams(init.body);
    if (url === METADATA.revocation_endpoint) {
      server.revocations.push(form.get("token"));
      return server.revoke(form);
    }
    if (form.get("grant_type") === "refresh_token") {
      server.refreshes.push(form.get("refresh_token"));
      return server.answer(form);
    }
    const nonce = new URL(opened).searchParams.get("nonce");
    server.nonce = nonce;
    const id_token = await idToken(server.claims({ nonce, auth_time: 1_000_000_000, name: "Ada" }));
    return Response.json(await server.grant({ id_token, ...server.first }));
  };
  const open = (url) => {
    opened = url;
  };
  const config = {
    issuer: ISSUER,
    clientId,
    redirectUri: REDIRECT_URI,
    transactionStorage: "memory",
    resourceOrigins: [API],
    host: { fetch, open },
  };
  server.first = change;
  const signing = new client.Client(config, METADATA);
  const events = [];
  for (const type of ["refreshed", "expired", "signed-out"]) signing.on(type, (event) => events.push(event));
  signing.login();
  const { session } = await signing.handleRedirect(
    `${REDIRECT_URI}?code=c&state=${new URL(opened).searchParams.get("state")}`,
  );
  return { server, signing, session, events };
};

afterEach(setClockRight);

test("ID14 a refreshed ID token with another nonce or auth_time is dropped: the tokens are kept, the claims stay, the event says so", async () => {
  for (const more of [
    { nonce: "of another login" },
    { nonce: "" },
    { nonce: 7 },
    { nonce: null },
    { auth_time: 1_100_000_000 },
    { auth_time: "1000000000" },
  ]) {
    const { server, session, events } = await signedIn();
    const { idToken: first } = session;
    server.answer = async () =>
      Response.json(await server.grant({ id_token: await idToken(server.claims({ name: "Eve", ...more })) }));
    wait(3601);
    assert.equal(await session.accessToken(), "at1", JSON.stringify(more));
    assert.deepEqual([session.claims.name, session.idToken], ["Ada", first]);
    assert.deepEqual(events, [
      { type: "refreshed", reason: "expired", elsewhere: false, idTokenDropped: true },
    ]);
    // With the same nonce and time it takes the place of the one before.
    server.answer = async () => {
      const same = server.claims({ name: "Ada Lovelace", nonce: server.nonce, auth_time: 1_000_000_000 });
      return Response.json(await server.grant({ id_token: await idToken(same) }));
    };
    await session.refresh();
    assert.equal(session.claims.name, "Ada Lovelace");
    assert.deepEqual(events.at(-1), { type: "refreshed", reason: "asked", elsewhere: false });
    assert.deepEqual(server.refreshes, ["rt0", "rt1"]);
    setClockRight();
  }
});

test("ID14 SB3 of an answer whose ID token is wrong nothing is used but the new refresh token", async () => {
  const wrong = {
    id_token_signature_invalid: (claims) => idToken(claims, { key: otherPair.privateKey }),
    id_token_audience_mismatch: (claims) => idToken({ ...claims, aud: "another" }),
    id_token_expired: (claims) => idToken({ ...claims, exp: 1 }),
    id_token_hash_mismatch: (claims) => idToken({ ...claims, at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }),
    id_token_invalid: () => "a.b.c",
    token_response_invalid: () => 7,
    // It is another login's as well, which does not make it better.
    signing_key_not_found: (claims) => idToken({ ...claims, nonce: "x" }, { header: { kid: "two" } }),
  };
  for (const [expected, make] of Object.entries(wrong)) {
    const { server, signing, session, events } = await signedIn();
    server.answer = async () => Response.json(await server.grant({ id_token: await make(server.claims()) }));
    wait(3601);
    await assert.rejects(session.accessToken(), code(expected));
    assert.deepEqual([session.claims.name, session.expired, events.length], ["Ada", false, 0], expected);
    assert.notEqual(await signing.session(), null);
    // The next attempt brings the refresh token that came with it.
    server.answer = async () => Response.json(await server.grant());
    wait(60);
    assert.equal(await session.accessToken(), "at2", expected);
    assert.deepEqual(server.refreshes, ["rt0", "rt1"], expected);
    setClockRight();
  }
});

test("ID14 a refreshed ID token of another user or issuer ends the session", async () => {
  for (const [expected, more] of [
    ["id_token_subject_mismatch", { sub: "eve" }],
    ["id_token_issuer_mismatch", { iss: "https://evil.example" }],
    ["id_token_subject_mismatch", { sub: "eve", nonce: "x" }],
  ]) {
    const { server, signing, session, events } = await signedIn();
    server.answer = async () =>
      Response.json(await server.grant({ id_token: await idToken(server.claims(more)) }));
    await assert.rejects(session.refresh(), code(expected));
    assert.equal(session.expired, true);
    assert.equal(await signing.session(), null);
    assert.deepEqual(events, [{ type: "expired", reason: "session_expired", elsewhere: false }]);
    await assert.rejects(session.accessToken(), code("session_expired"));
  }
});

const refusal = (error, status = 400, more = {}) => [
  error,
  () => Response.json({ error, error_description: "in the server's words" }, { status, ...more }),
];
const answered = (name, status, body, type) => [
  name,
  () => new Response(body, { status, headers: type ? { "content-type": type } : {} }),
];

test("SB3 a refresh token that is dead without invalid_grant ends the session at the second refusal, ten minutes later", async () => {
  for (const [name, answer, hasWords] of [
    [...refusal("invalid_request"), true],
    [...refusal("invalid_token", 401), true],
    [...answered("empty 400", 400, ""), false],
    [...answered("empty 401", 401, null), false],
  ]) {
    const { server, signing, session, events } = await signedIn();
    server.answer = answer;
    // While the access token serves nobody is signed out.
    assert.ok(client.isPkceError(await failure(session.refresh())), name);
    wait(700);
    assert.ok(client.isPkceError(await failure(session.refresh())), name);
    assert.equal(await session.accessToken(), "at0");
    wait(3601);
    const error = await failure(session.accessToken());
    assert.equal(error.code, "session_expired", name);
    if (hasWords) {
      const { oauthError, oauthErrorDescription, status } = error;
      assert.deepEqual([oauthError, oauthErrorDescription], [name, "in the server's words"]);
      assert.ok(status === 400 || status === 401);
    }
    assert.equal(await signing.session(), null);
    assert.equal(session.expired, true);
    assert.deepEqual(events, [{ type: "expired", reason: "session_expired", elsewhere: false }]);
    setClockRight();
  }
});

test("SB3 one refusal, or two within ten minutes, end no session", async () => {
  const { server, signing, session } = await signedIn();
  [, server.answer] = refusal("invalid_request");
  wait(3601);
  for (const [seconds, refreshes] of [
    [0, 1],
    [300, 2],
    [290, 3],
  ]) {
    wait(seconds);
    await assert.rejects(session.accessToken(), code("token_refused"));
    assert.equal(server.refreshes.length, refreshes);
    assert.notEqual(await signing.session(), null);
  }
  // Well again: what was before is forgotten.
  server.answer = async () => Response.json(await server.grant());
  wait(60);
  assert.equal(await session.accessToken(), "at4");
  [, server.answer] = refusal("invalid_request");
  wait(3601);
  await assert.rejects(session.accessToken(), code("token_refused"));
  assert.notEqual(await signing.session(), null);
});

test("SB3 what means the server, the client, the request or somebody in between ends no session, however often it comes", async () => {
  const words =
    "temporarily_unavailable server_error slow_down use_dpop_nonce invalid_dpop_proof invalid_client unauthorized_client unsupported_grant_type invalid_scope invalid_target";
  for (const [name, answer] of [
    ...words.split(" ").map((word) => refusal(word)),
    refusal("invalid_client", 401),
    ...[403, 408, 425, 429, 500, 502, 503].map((status) => answered(`${status}`, status, "")),
    refusal("invalid_request", 403),
    refusal("invalid_request", 500),
    answered("a page", 400, "<html>Bad gateway</html>", "text/html"),
    answered("a page", 401, "<html>Log in to the hotel</html>", "text/html"),
    answered("a page", 200, "<html>Log in to the hotel</html>", "text/html"),
    answered("a word", 400, "Bad Request", "text/plain"),
    [
      "offline",
      () => {
        throw new TypeError("offline");
      },
    ],
  ]) {
    const { server, signing, session, events } = await signedIn();
    server.answer = answer;
    for (const seconds of [3601, 700, 700, 86_400]) {
      wait(seconds);
      assert.ok(client.isPkceError(await failure(session.accessToken())), name);
    }
    // One more where the next attempt comes soon.
    assert.ok(server.refreshes.length >= 4, name);
    assert.notEqual(await signing.session(), null, name);
    assert.deepEqual(events, [], name);
    setClockRight();
  }
});

test("SB3 where the server never said when the access token expires, a resource server has to refuse it", async () => {
  const { server, signing, session } = await signedIn({ expires_in: undefined });
  [, server.answer] = answered("empty", 400, "");
  server.api = () => new Response("", { status: 401 });
  await failure(session.refresh());
  wait(700);
  await failure(session.refresh());
  assert.notEqual(await signing.session(), null, "the application wanted fresh ones");
  wait(700);
  await assert.rejects(session.fetch(`${API}/`), code("session_expired"));
  assert.equal(await signing.session(), null);
});

test("SB3 while the next attempt waits the same error is thrown again, whole", async () => {
  const facts = ({ code, blame, retryable, message, status, subject, ...rest }) => [
    code,
    blame,
    retryable,
    message,
    status,
    subject,
    rest.oauthError,
    rest.oauthErrorDescription,
    rest.oauthErrorUri,
  ];
  for (const [name, answer] of [
    refusal("invalid_client", 401),
    [
      "with a link",
      () =>
        Response.json(
          { error: "invalid_scope", error_description: 'ünd "so"', error_uri: "https://as.example/e" },
          { status: 400 },
        ),
    ],
    answered("503", 503, ""),
    answered("a page", 400, "<html></html>", "text/html"),
    ["no type", () => Response.json({ access_token: "at1", token_type: "mac" })],
  ]) {
    const { server, session } = await signedIn();
    server.answer = answer;
    wait(3601);
    const first = await failure(session.accessToken());
    const again = await failure(session.accessToken());
    assert.deepEqual(facts(again), facts(first), name);
    for (const { retryable, retryAfter } of [first, again])
      assert.equal(retryAfter !== undefined, retryable, name);
    setClockRight();
  }
});

test("RV2 RV3 both tokens are revoked, whatever the first one is answered, and the access token may go with it", async () => {
  const said = (status, error) => () =>
    error ? Response.json({ error, error_description: "no" }, { status }) : new Response(null, { status });
  for (const [first, second, expected] of [
    [said(200), said(400, "unsupported_token_type")],
    [said(204), said(400, "invalid_token")],
    [said(202), said(400, "invalid_request")],
    [said(200), said(401)],
    [said(204), said(204)],
    [said(400, "unsupported_token_type"), said(200), "revocation_refused"],
    [said(503), said(200), "server_error"],
    [said(503), said(400, "invalid_token"), "server_error"],
    [said(200), said(503), "server_error"],
  ]) {
    const { server, signing } = await signedIn();
    server.revoke = (form) => (form.get("token") === "rt0" ? first() : second());
    const error = await signing.logout({ revoke: true }).then(
      () => undefined,
      (error) => error,
    );
    assert.equal(error?.code, expected);
    assert.deepEqual(server.revocations, ["rt0", "at0"]);
    assert.equal(await signing.session(), null);
    if (expected === "revocation_refused") {
      assert.deepEqual(
        [error.oauthError, error.oauthErrorDescription, error.status],
        ["unsupported_token_type", "no", 400],
      );
    }
  }
  // A token is in no error, whatever the server repeats.
  const { server, signing } = await signedIn({ refresh_token: "refresh-token-of-ada" });
  server.revoke = () =>
    Response.json({ error: "invalid", error_description: "refresh-token-of-ada" }, { status: 400 });
  const { oauthErrorDescription } = await failure(signing.logout({ revoke: true }));
  assert.equal(oauthErrorDescription, "...");
});

test("BE5 a 401 whose challenge cannot be read is answered by one refresh and one retry", async () => {
  for (const [challenge, refreshes] of [
    ['Bearer scope="" error="invalid_token"', 1],
    ['Bearer error="invalid_token"; scope="x"', 1],
    ["Bearer error='invalid_token'", 1],
    ["Bearer", 1],
    ['Bearer error="token_expired"', 1],
    [undefined, 1],
    ['Basic realm="x"', 0],
    ['Bearer error="invalid_request"', 0],
  ]) {
    const { server, session } = await signedIn();
    const seen = [];
    server.answer = async () => Response.json(await server.grant());
    server.api = ({ headers }) => {
      seen.push(new Headers(headers).get("authorization"));
      const isFresh = seen.at(-1) === "Bearer at1";
      return new Response("", {
        status: isFresh ? 200 : 401,
        headers: isFresh || !challenge ? {} : { "www-authenticate": challenge },
      });
    };
    const { status } = await session.fetch(`${API}/`);
    assert.deepEqual([status, server.refreshes.length], refreshes ? [200, 1] : [401, 0], challenge);
  }
});
