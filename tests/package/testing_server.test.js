// The server of pkce-wasm/testing beside plain codes: pushed requests (RFC 9126), tokens bound to a key (RFC 9449), clients that register (RFC 7591), and a request without PKCE.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { load } from "./installed.js";

const { createServer } = await load("pkce-wasm/testing");
const { subtle } = globalThis.crypto;

const REDIRECT_URI = "https://app.example/callback";
const API = "https://api.example";
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const sha256 = (text) => createHash("sha256").update(text).digest("base64url");
const CHALLENGE = sha256(VERIFIER);

const PARAMETERS = {
  response_type: "code",
  client_id: "app",
  redirect_uri: REDIRECT_URI,
  scope: "openid",
  state: "s",
  code_challenge: CHALLENGE,
  code_challenge_method: "S256",
};

/** What is left when what is undefined is left out. */
const given = (members) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

/** Goes to the authorization endpoint as a browser: the parameters of the response, or the status of the page. */
const authorize = async (server, parameters = PARAMETERS) => {
  const url = `${server.metadata.authorization_endpoint}?${new URLSearchParams(given(parameters))}`;
  const response = await server.fetch(url);
  const location = response.headers.get("location");
  return location === null ? response.status : Object.fromEntries(new URL(location).searchParams);
};

const post = async (server, url, form, headers = {}) => {
  const response = await server.fetch(url, {
    method: "POST",
    headers: given(headers),
    body: new URLSearchParams(given(form)),
  });
  const text = await response.text();
  return {
    status: response.status,
    nonce: response.headers.get("dpop-nonce"),
    ...(text && JSON.parse(text)),
  };
};

const push = (server, change, headers) =>
  post(server, server.metadata.pushed_authorization_request_endpoint, { ...PARAMETERS, ...change }, headers);

const redeem = (server, code, { headers, ...change } = {}) =>
  post(
    server,
    server.metadata.token_endpoint,
    {
      grant_type: "authorization_code",
      client_id: "app",
      redirect_uri: REDIRECT_URI,
      code,
      code_verifier: VERIFIER,
      ...change,
    },
    headers,
  );

const refresh = (server, refresh_token, headers) =>
  post(
    server,
    server.metadata.token_endpoint,
    { grant_type: "refresh_token", client_id: "app", refresh_token },
    headers,
  );

const CURVE = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const encode = (value) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** A key of a client: its thumbprint, and proofs by it whose header and claims can be changed. */
const createKey = async () => {
  const { privateKey, publicKey } = await subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const { crv, kty, x, y, d } = { ...(await subtle.exportKey("jwk", privateKey)) };
  assert.equal((await subtle.exportKey("jwk", publicKey)).x, x);
  const jwk = { crv, kty, x, y };
  let number = 0;
  const prove = async (claims, header = {}, change = (proof) => proof) => {
    number += 1;
    const all = { jti: `number-${number}`, iat: Math.floor(Date.now() / 1000), ...claims };
    const input = `${encode({ typ: "dpop+jwt", alg: "ES256", jwk, ...header })}.${encode(given(all))}`;
    const signature = Buffer.from(await subtle.sign(CURVE, privateKey, Buffer.from(input))).toString(
      "base64url",
    );
    return change(`${input}.${signature}`);
  };
  return { jwk, d, jkt: sha256(JSON.stringify(jwk)), prove };
};

/** A server whose client has bound tokens. */
const signedIn = async (options = {}, key = undefined) => {
  const server = createServer({ resources: { [API]: ({ sub, cnf }) => ({ sub, cnf }) }, ...options });
  const own = key ?? (await createKey());
  const { code } = await authorize(server);
  const DPoP = await own.prove({ htm: "POST", htu: server.metadata.token_endpoint });
  const tokens = await redeem(server, code, { headers: { DPoP } });
  return { server, key: own, tokens };
};

const ask = async (server, url, headers) => {
  const response = await server.fetch(url, { headers: given(headers) });
  return {
    status: response.status,
    challenge: response.headers.get("www-authenticate"),
    nonce: response.headers.get("dpop-nonce"),
    body: await response.text(),
  };
};

test("tk1 a request is pushed, and its name leads to a code once, for its own client", async () => {
  const server = createServer();
  const { status, request_uri, expires_in } = await push(server);
  assert.deepEqual([status, expires_in], [201, 60]);
  assert.equal(await authorize(server, { client_id: "other", request_uri }), 400);
  // What else is in the URL is not the request.
  const { code, state } = await authorize(server, { client_id: "app", request_uri, state: "another" });
  assert.equal(state, "s");
  assert.equal((await redeem(server, code)).token_type, "Bearer");
  assert.equal(await authorize(server, { client_id: "app", request_uri }), 400, "a second time");
  assert.equal(await authorize(server, { client_id: "app", request_uri: "constructor" }), 400);
  const names = [(await push(server)).request_uri, (await push(server)).request_uri];
  const both = new URLSearchParams([["client_id", "app"], ...names.map((name) => ["request_uri", name])]);
  const answer = await server.fetch(`${server.metadata.authorization_endpoint}?${both}`);
  assert.equal(answer.status, 400, "two requests");
});

test("tk1 a pushed request expires by the server's clock", async () => {
  const server = createServer({ pushedRequestLifetime: 5 });
  const late = await push(server);
  assert.equal(late.expires_in, 5);
  server.turnClock(6);
  assert.equal(await authorize(server, { client_id: "app", request_uri: late.request_uri }), 400);
});

test("tk1 a request that would be refused is refused when it is pushed", async () => {
  const server = createServer({ clients: [{ clientId: "app", redirectUris: [REDIRECT_URI] }] });
  for (const [change, status, error] of [
    [{ client_id: "other" }, 401, "invalid_client"],
    [{ client_id: undefined }, 401, "invalid_client"],
    [{ redirect_uri: `${REDIRECT_URI}/` }, 400, "invalid_request"],
    [{ redirect_uri: undefined }, 400, "invalid_request"],
    [{ request_uri: "urn:example:1" }, 400, "invalid_request"],
    [{ code_challenge: undefined }, 400, "invalid_request"],
    [{ code_challenge_method: "plain" }, 400, "invalid_request"],
    [{ response_type: "token" }, 400, "unsupported_response_type"],
    [{ dpop_jkt: "short" }, 400, "invalid_request"],
  ]) {
    const answer = await push(server, change);
    assert.deepEqual([answer.status, answer.error], [status, error], JSON.stringify(change));
  }
  const endpoint = server.metadata.pushed_authorization_request_endpoint;
  assert.equal((await server.fetch(endpoint)).status, 405);
});

test("tk1 a server that requires pushed requests takes no other", async () => {
  const server = createServer({ requirePushedAuthorizationRequests: true });
  assert.equal(server.metadata.require_pushed_authorization_requests, true);
  assert.equal((await authorize(server)).error, "invalid_request");
  const { request_uri } = await push(server);
  assert.equal(typeof (await authorize(server, { client_id: "app", request_uri })).code, "string");
});

test("tk1 the page that asks the user comes and goes with the pushed request", async () => {
  const server = createServer({ decide: "ask" });
  const { request_uri } = await push(server);
  const url = `${server.metadata.authorization_endpoint}?${new URLSearchParams({ client_id: "app", request_uri })}`;
  const page = await (await server.fetch(url)).text();
  assert.match(page, /id="allow"/);
  server.turnClock(90);
  const body = new URLSearchParams({ decision: "allow" });
  const answer = await server.fetch(url, { method: "POST", body });
  assert.match(answer.headers.get("location"), /code=/);
  assert.equal((await server.fetch(url, { method: "POST", body })).status, 400);
});

test("tk2 tokens are bound to the key of the proof: userinfo and resource want a proof by it", async () => {
  const { server, key, tokens } = await signedIn();
  assert.equal(tokens.token_type, "DPoP");
  const { access_token: token } = tokens;
  const stranger = await createKey();
  for (const url of [server.metadata.userinfo_endpoint, `${API}/me?a=b`]) {
    const proof = (by, change) => by.prove({ htm: "GET", htu: url, ath: sha256(token), ...change });
    const right = await ask(server, url, { Authorization: `DPoP ${token}`, DPoP: await proof(key) });
    assert.equal(right.status, 200);
    const spaced = { Authorization: `DPoP ${token} ${token}`, DPoP: await proof(key) };
    assert.equal((await ask(server, url, spaced)).status, 401);
    if (url.startsWith(API)) assert.deepEqual(JSON.parse(right.body), { sub: "ada", cnf: { jkt: key.jkt } });
    for (const [headers, expected] of [
      [{ Authorization: `Bearer ${token}`, DPoP: await proof(key) }, /^Bearer error="invalid_token"/],
      [{ Authorization: `Bearer ${token}` }, /^Bearer error="invalid_token"/],
      [{ Authorization: `DPoP ${token}` }, /^DPoP error="invalid_dpop_proof", algs="/],
      [{ Authorization: `DPoP ${token}`, DPoP: await proof(stranger) }, /^DPoP error="invalid_token"/],
      [{ Authorization: `DPoP ${token}`, DPoP: await proof(key, { ath: undefined }) }, /invalid_dpop_proof/],
      [
        { Authorization: `DPoP ${token}`, DPoP: await proof(key, { ath: sha256("other") }) },
        /invalid_dpop_proof/,
      ],
      [{ Authorization: "DPoP constructor", DPoP: await proof(key) }, /invalid_token/],
      [{ Authorization: "Bearer constructor" }, /invalid_token/],
      [{}, /^Bearer, DPoP algs="/],
    ]) {
      const { status, challenge } = await ask(server, url, headers);
      assert.equal(status, 401);
      assert.match(challenge, expected);
    }
  }
  const plain = await redeem(server, (await authorize(server)).code);
  const DPoP = await key.prove({ htm: "GET", htu: `${API}/`, ath: sha256(plain.access_token) });
  const answer = await ask(server, `${API}/`, { Authorization: `DPoP ${plain.access_token}`, DPoP });
  assert.match(answer.challenge, /invalid_token/, "a token that is bound to nothing");
});

test("tk2 a refresh token is bound to the key, and what it brings is too", async () => {
  const { server, key, tokens } = await signedIn();
  const htu = server.metadata.token_endpoint;
  const stranger = await createKey();
  const stolen = { DPoP: await stranger.prove({ htm: "POST", htu }) };
  assert.equal((await refresh(server, tokens.refresh_token, stolen)).error, "invalid_grant");
  assert.equal((await refresh(server, tokens.refresh_token)).error, "invalid_grant");
  const again = await refresh(server, tokens.refresh_token, { DPoP: await key.prove({ htm: "POST", htu }) });
  assert.deepEqual([again.status, again.token_type], [200, "DPoP"]);
});

test("tk2 dpop_jkt binds the code, in the URL and pushed; the key of a push does it too", async () => {
  const [key, stranger] = [await createKey(), await createKey()];
  const server = createServer();
  const htu = server.metadata.token_endpoint;
  const { code } = await authorize(server, { ...PARAMETERS, dpop_jkt: key.jkt });
  assert.equal((await redeem(server, code)).error, "invalid_grant");
  const stolen = { DPoP: await stranger.prove({ htm: "POST", htu }) };
  assert.equal((await redeem(server, code, { headers: stolen })).error, "invalid_grant");
  const own = { DPoP: await key.prove({ htm: "POST", htu }) };
  assert.equal((await redeem(server, code, { headers: own })).token_type, "DPoP");

  const par = server.metadata.pushed_authorization_request_endpoint;
  const proof = async () => ({ DPoP: await key.prove({ htm: "POST", htu: par }) });
  const mixed = await push(server, { dpop_jkt: stranger.jkt }, await proof());
  assert.equal(mixed.error, "invalid_dpop_proof");
  const { request_uri } = await push(server, {}, await proof());
  const response = await authorize(server, { client_id: "app", request_uri });
  assert.equal((await redeem(server, response.code)).error, "invalid_grant");
});

test("tk3 a proof that is wrong in one thing is refused, and spends nothing", async () => {
  const server = createServer();
  const key = await createKey();
  const htu = server.metadata.token_endpoint;
  const now = server.now;
  const right = { htm: "POST", htu };
  const { code } = await authorize(server);
  const pair = await subtle.generateKey({ ...CURVE, namedCurve: "P-384" }, true, ["sign", "verify"]);
  const other = await subtle.exportKey("jwk", pair.publicKey);
  const cases = [
    [right, { typ: "JWT" }],
    [right, { typ: undefined }],
    [right, { alg: "none" }, (proof) => proof.slice(0, proof.lastIndexOf(".") + 1)],
    [right, { alg: "HS256" }],
    [right, { alg: "constructor" }],
    [right, { alg: "RS256" }],
    [right, { crit: ["exp"] }],
    [right, { jwk: undefined }],
    [right, { jwk: { ...key.jwk, d: key.d } }],
    [right, { jwk: { kty: "oct", k: "AAAA" } }],
    [right, { jwk: { kty: other.kty, crv: other.crv, x: other.x, y: other.y } }],
    [right, { jwk: (await createKey()).jwk }],
    [{ ...right, htm: "GET" }],
    [{ ...right, htm: "post" }],
    [{ ...right, htm: undefined }],
    [{ ...right, htu: `${htu}/` }],
    [{ ...right, htu: server.metadata.userinfo_endpoint }],
    [{ ...right, htu: "/token" }],
    [{ ...right, htu: undefined }],
    [{ ...right, jti: undefined }],
    [{ ...right, jti: "" }],
    [{ ...right, jti: 7 }],
    [{ ...right, iat: now - 100 }],
    [{ ...right, iat: now + 100 }],
    [{ ...right, iat: `${now}` }],
    [{ ...right, iat: undefined }],
    [right, {}, (proof) => `${proof}, ${proof}`],
    [right, {}, (proof) => `${proof}=`],
    [right, {}, (proof) => proof.replace(".", "")],
    [right, {}, (proof) => proof.replace(/\.[^.]*\./, `.${encode({ ...right, iat: now, jti: "changed" })}.`)],
    [right, {}, (proof) => proof.replace(/^[^.]*/, encode("[]"))],
    [right, {}, () => ""],
  ];
  for (const [at, given] of cases.entries()) {
    const DPoP = await key.prove(...given);
    const { status, error } = await redeem(server, code, { headers: { DPoP } });
    assert.deepEqual([status, error], [400, "invalid_dpop_proof"], `case ${at}`);
  }
  const DPoP = await key.prove({ ...right, htu: `${htu}?a=b#c` });
  assert.equal(
    (await redeem(server, code, { headers: { DPoP } })).status,
    200,
    "no query, no fragment counts",
  );
});

test("tk3 a proof serves once", async () => {
  const server = createServer();
  const key = await createKey();
  const right = { htm: "POST", htu: server.metadata.token_endpoint };
  const headers = { DPoP: await key.prove(right) };
  assert.equal((await redeem(server, (await authorize(server)).code, { headers })).status, 200);
  const { code } = await authorize(server);
  assert.equal((await redeem(server, code, { headers })).error, "invalid_dpop_proof");
  server.turnClock(30);
  assert.equal((await redeem(server, code, { headers })).error, "invalid_dpop_proof");
  // Another client's proof may have the same number.
  const other = await createKey();
  const DPoP = await other.prove({ ...right, jti: "number-1", iat: server.now });
  assert.equal((await redeem(server, code, { headers: { DPoP } })).status, 200);
});

test("tk3 every algorithm that the metadata name is checked", async () => {
  const server = createServer();
  const htu = server.metadata.token_endpoint;
  const rsa = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-256" };
  const kinds = {
    RS256: [{ name: "RSASSA-PKCS1-v1_5", ...rsa }, ["e", "kty", "n"]],
    PS256: [{ name: "RSA-PSS", ...rsa, saltLength: 32 }, ["e", "kty", "n"]],
    EdDSA: [{ name: "Ed25519" }, ["crv", "kty", "x"]],
    ES256: [CURVE, ["crv", "kty", "x", "y"]],
  };
  assert.deepEqual(new Set(server.metadata.dpop_signing_alg_values_supported), new Set(Object.keys(kinds)));
  for (const [alg, [algorithm, members]] of Object.entries(kinds)) {
    const { privateKey, publicKey } = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const exported = await subtle.exportKey("jwk", publicKey);
    const jwk = Object.fromEntries(members.map((name) => [name, exported[name]]));
    const claims = { jti: alg, htm: "POST", htu, iat: server.now };
    const input = `${encode({ typ: "dpop+jwt", alg, jwk })}.${encode(claims)}`;
    const signature = Buffer.from(await subtle.sign(algorithm, privateKey, Buffer.from(input)));
    const DPoP = `${input}.${signature.toString("base64url")}`;
    const { code } = await authorize(server, { ...PARAMETERS, dpop_jkt: sha256(JSON.stringify(jwk)) });
    assert.equal((await redeem(server, code, { headers: { DPoP } })).token_type, "DPoP", alg);
  }
});

test("tk4 a nonce is wanted where it is to be, of each origin its own, until it is too old", async () => {
  const key = await createKey();
  const server = createServer({ dpopNonceLifetime: 60, resources: { [API]: () => ({}) } });
  const htu = server.metadata.token_endpoint;
  const { code } = await authorize(server);
  const prove = async (nonce, change) => ({
    DPoP: await key.prove({ htm: "POST", htu, nonce, iat: server.now, ...change }),
  });
  const refused = await redeem(server, code, { headers: await prove() });
  assert.deepEqual([refused.status, refused.error], [400, "use_dpop_nonce"]);
  const tokens = await redeem(server, code, { headers: await prove(refused.nonce) });
  assert.equal(tokens.status, 200);
  assert.equal(tokens.nonce, refused.nonce, "it lives");

  const ath = sha256(tokens.access_token);
  const show = async (nonce) => ({
    Authorization: `DPoP ${tokens.access_token}`,
    ...(await prove(nonce, { htm: "GET", htu: `${API}/`, ath })),
  });
  const elsewhere = await ask(server, `${API}/`, await show(tokens.nonce));
  assert.match(elsewhere.challenge, /^DPoP error="use_dpop_nonce"/);
  assert.notEqual(elsewhere.nonce, tokens.nonce);
  assert.equal((await ask(server, `${API}/`, await show(elsewhere.nonce))).status, 200);

  server.turnClock(61);
  const old = await refresh(server, tokens.refresh_token, await prove(tokens.nonce));
  assert.equal(old.error, "use_dpop_nonce");
  assert.equal((await refresh(server, tokens.refresh_token, await prove(old.nonce))).status, 200);
});

test("tk4 a nonce without a lifetime serves once, and each answer brings the next", async () => {
  const key = await createKey();
  const server = createServer({ dpopNonceLifetime: 0 });
  const prove = async (nonce) => ({
    DPoP: await key.prove({ htm: "POST", htu: server.metadata.token_endpoint, nonce }),
  });
  const { code } = await authorize(server);
  const { nonce } = await redeem(server, code, { headers: await prove() });
  const tokens = await redeem(server, code, { headers: await prove(nonce) });
  assert.equal(tokens.status, 200);
  assert.notEqual(tokens.nonce, nonce);
  const stale = await refresh(server, tokens.refresh_token, await prove(nonce));
  assert.equal(stale.error, "use_dpop_nonce");
  assert.equal((await refresh(server, tokens.refresh_token, await prove(stale.nonce))).status, 200);
});

test("tk2 a server that requires proofs gives no token without one, and so for a client that registered so", async () => {
  for (const options of [
    { requireDpop: true },
    { clients: [{ clientId: "app", dpopBoundAccessTokens: true }] },
  ]) {
    const { server, tokens } = await signedIn(options);
    assert.equal(tokens.token_type, "DPoP");
    const { error } = await redeem(server, (await authorize(server)).code);
    assert.equal(error, "invalid_dpop_proof");
  }
});

test("tk5 without PKCE a stolen code is redeemed, where the server was told to allow that; nowhere else, and with PKCE never", async () => {
  const without = { ...PARAMETERS, code_challenge: undefined, code_challenge_method: undefined };
  const server = createServer({ dangerouslyAllowWithoutPkce: true });
  const { code } = await authorize(server, without);
  const stolen = await redeem(server, code, { code_verifier: undefined });
  assert.equal(stolen.status, 200, "the thief has tokens");
  // A verifier where there was no challenge: somebody took it away (RFC 9700 section 4.8.2).
  const { code: stripped } = await authorize(server, without);
  assert.equal((await redeem(server, stripped)).error, "invalid_grant");
  // Who uses PKCE is protected as ever.
  const { code: safe } = await authorize(server);
  assert.equal((await redeem(server, safe, { code_verifier: undefined })).error, "invalid_request");
  assert.equal(
    (await redeem(server, safe, { code_verifier: VERIFIER.replace("d", "e") })).error,
    "invalid_grant",
  );
  assert.equal((await redeem(server, safe)).status, 200);
  for (const half of [
    { ...PARAMETERS, code_challenge: undefined },
    { ...PARAMETERS, code_challenge_method: undefined },
  ]) {
    assert.equal((await authorize(server, half)).error, "invalid_request");
  }
  assert.equal((await authorize(createServer(), without)).error, "invalid_request");
});

test("tk6 a client registers itself, and is known from then on", async () => {
  const server = createServer({ registration: true });
  assert.equal(await authorize(server), 400, "nobody is known");
  const register = async (body) => {
    const response = await server.fetch(server.metadata.registration_endpoint, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    return { status: response.status, ...(await response.json()) };
  };
  const given = { redirect_uris: [REDIRECT_URI], client_name: "An app", dpop_bound_access_tokens: true };
  const { status, client_id, client_id_issued_at, token_endpoint_auth_method, client_name } =
    await register(given);
  assert.deepEqual([status, client_id_issued_at], [201, server.now]);
  assert.deepEqual([token_endpoint_auth_method, client_name], ["none", "An app"]);
  const { code } = await authorize(server, { ...PARAMETERS, client_id });
  assert.equal((await redeem(server, code, { client_id })).error, "invalid_dpop_proof");
  assert.equal(await authorize(server, { ...PARAMETERS, client_id, redirect_uri: API }), 400);
  for (const [body, error] of [
    ["[]", "invalid_client_metadata"],
    ["null", "invalid_client_metadata"],
    ["{", "invalid_client_metadata"],
    [{}, "invalid_redirect_uri"],
    [{ redirect_uris: [] }, "invalid_redirect_uri"],
    [{ redirect_uris: "https://app.example" }, "invalid_redirect_uri"],
    [{ redirect_uris: ["/callback"] }, "invalid_redirect_uri"],
    [{ redirect_uris: [`${REDIRECT_URI}#part`] }, "invalid_redirect_uri"],
    [{ redirect_uris: ["javascript:alert(1)"] }, "invalid_redirect_uri"],
    [{ redirect_uris: [REDIRECT_URI, "DATA:text/html,x"] }, "invalid_redirect_uri"],
    [{ ...given, token_endpoint_auth_method: "client_secret_basic" }, "invalid_client_metadata"],
  ]) {
    const answer = await register(body);
    assert.deepEqual([answer.status, answer.error], [400, error], JSON.stringify(body));
  }
  const kept = createServer({ registration: true, saved: await server.save() });
  assert.equal(typeof (await authorize(kept, { ...PARAMETERS, client_id })).code, "string");
  assert.equal(createServer().metadata.registration_endpoint, undefined);
});

test("tk1 tk2 what was pushed, bound and proved outlives the server", async () => {
  const { server, key, tokens } = await signedIn({
    issuer: "https://kept.example",
    dpopNonceLifetime: undefined,
  });
  const { request_uri } = await push(server);
  const saved = await server.save();
  const later = createServer({ issuer: server.issuer, saved });
  assert.equal(typeof (await authorize(later, { client_id: "app", request_uri })).code, "string");
  const htu = later.metadata.token_endpoint;
  const again = await refresh(later, tokens.refresh_token, { DPoP: await key.prove({ htm: "POST", htu }) });
  assert.equal(again.token_type, "DPoP");
  const used = await key.prove({ htm: "POST", htu, jti: "number-1" });
  assert.equal((await refresh(later, again.refresh_token, { DPoP: used })).error, "invalid_dpop_proof");
});
