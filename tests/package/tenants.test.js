// Servers that know the issuer only after the sign-in, tokens for several audiences, and ways of authentication that are asked for or required. The
// server is a stand-in that signs by WebCrypto.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import {
  expectedEngine,
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

const ISSUER = "https://login.example/common/v2.0";
const PATTERN = "https://login.example/{tenantid}/v2.0";
const ADA = "11111111-2222-3333-4444-555555555555";
const EVE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const of = (tenant) => PATTERN.replace("{tenantid}", tenant);
const claimsOf = (tenant) => ({ iss: of(tenant), tid: tenant });

const code = (expected) => (error) => client.isPkceError(error) && error.code === expected;
const failure = (promise) =>
  promise.then(
    () => assert.fail("it did not fail"),
    (error) => error,
  );

const { subtle } = globalThis.crypto;
const ES256 = { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" };
const pair = await subtle.generateKey(ES256, true, ["sign", "verify"]);
const jwk = await subtle.exportKey("jwk", pair.publicKey);
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const signed = async (claims) => {
  const input = `${b64({ alg: "ES256" })}.${b64(claims)}`;
  return `${input}.${Buffer.from(await subtle.sign(ES256, pair.privateKey, Buffer.from(input))).toString("base64url")}`;
};

let number = 0;

/** A server whose document names every tenant, and an application. */
const world = (change = {}, document = { issuer: PATTERN }) => {
  number += 1;
  const server = { claims: claimsOf(ADA), key: {}, callback: {}, asked: [] };
  const metadata = {
    ...metadataOf("https://login.example/common"),
    jwks_uri: `https://login.example/keys/${number}`,
    ...document,
  };
  let opened;
  const fetch = async (url, init) => {
    server.asked.push(url);
    if (url.endsWith("/.well-known/openid-configuration")) return Response.json(metadata);
    if (url === metadata.jwks_uri) return Response.json({ keys: [{ ...jwk, ...server.key }] });
    const isLogin = new URLSearchParams(init.body).get("grant_type") === "authorization_code";
    const now = Math.floor(Date.now() / 1000);
    const nonce = isLogin ? new URL(opened).searchParams.get("nonce") : undefined;
    const claims = { aud: config.clientId, sub: "ada", iat: now, exp: now + 300, nonce, ...server.claims };
    return Response.json({
      access_token: isLogin ? "at0" : "at1",
      refresh_token: isLogin ? "rt0" : "rt1",
      token_type: "Bearer",
      expires_in: 3600,
      id_token: await signed(claims),
    });
  };
  const open = (url) => {
    opened = url;
  };
  const config = {
    issuer: ISSUER,
    clientId: `app-${number}`,
    redirectUri: REDIRECT_URI,
    transactionStorage: "memory",
    ...change,
    host: { fetch, open },
  };
  /** Whatever comes of a login. */
  const signIn = async (options, client_) => {
    const signing = client_ ?? (await client.Client.discover(config));
    signing.login(options);
    const state = new URL(opened).searchParams.get("state");
    const query = new URLSearchParams({ code: "c", state, ...server.callback });
    return {
      signing,
      asked: new URL(opened).searchParams,
      ...(await signing.handleRedirect(`${REDIRECT_URI}?${query}`)),
    };
  };
  return { server, config, metadata, signIn };
};

afterEach(setClockRight);

test("MD3 the document of a server of many tenants is refused with the ways out, and accepted by name", async () => {
  const { config, metadata, signIn } = world();
  for (const error of [
    await failure(client.Client.discover(config)),
    await failure(client.discover(ISSUER, config.host)),
  ]) {
    assert.deepEqual([error.code, error.found], ["issuer_mismatch", PATTERN]);
    assert.match(error.message, /acceptIssuer.*new Client\(config, metadata\).*\(issuer: found https:/);
  }
  assert.throws(() => new client.Client(config, metadata), code("issuer_mismatch"));
  for (const acceptIssuer of [PATTERN, [PATTERN], ["https://other.example", PATTERN]]) {
    const accepting = await client.Client.discover({ ...config, acceptIssuer });
    assert.equal(accepting.metadata.issuer, PATTERN);
    const { status, session } = await signIn(
      undefined,
      new client.Client({ ...config, acceptIssuer }, metadata),
    );
    assert.equal(status, "signed-in");
    assert.deepEqual([session.claims.iss, session.claims.tid], [of(ADA), ADA]);
  }
  assert.equal((await client.discover(ISSUER, { ...config.host, acceptIssuer: PATTERN })).issuer, PATTERN);
  for (const acceptIssuer of [
    "",
    "*",
    [1],
    {},
    7,
    "https://login.example/{tenant}/v2.0",
    "http://login.example/",
  ]) {
    assert.throws(() => new client.Client({ ...config, acceptIssuer }, metadata), code("config_invalid"));
    await assert.rejects(client.discover(ISSUER, { ...config.host, acceptIssuer }), code("config_invalid"));
  }
});

test("ID2 MD8 the tenant is the tid, and callback and ID token name the same one", async () => {
  for (const [claims, callback, expected] of [
    [claimsOf(ADA), {}],
    [claimsOf(ADA), { iss: of(ADA) }],
    [{ iss: of(ADA) }, {}, "id_token_issuer_mismatch"],
    [{ iss: of(ADA), tid: EVE }, {}, "id_token_issuer_mismatch"],
    [{ iss: of("common"), tid: "common" }, { iss: ISSUER }],
    [{ iss: of("organizations"), tid: "organizations" }, {}, "id_token_issuer_mismatch"],
    [{ iss: PATTERN, tid: "{tenantid}" }, {}, "id_token_issuer_mismatch"],
    [{ iss: "https://evil.example", tid: ADA }, {}, "id_token_issuer_mismatch"],
    [claimsOf(ADA), { iss: of(EVE) }, "id_token_issuer_mismatch"],
    [claimsOf(ADA), { iss: ISSUER }, "id_token_issuer_mismatch"],
    [claimsOf(ADA), { iss: PATTERN }, "response_issuer_mismatch"],
    [claimsOf(ADA), { iss: "https://evil.example" }, "response_issuer_mismatch"],
  ]) {
    const { server, signIn } = world({ acceptIssuer: PATTERN });
    Object.assign(server, { claims, callback });
    const { status, error } = await signIn();
    const shown = JSON.stringify([claims, callback]);
    assert.deepEqual(
      [status, error?.code],
      expected ? ["refused", expected] : ["signed-in", undefined],
      shown,
    );
    if (expected === "id_token_issuer_mismatch" && error.subject === "iss")
      assert.equal(error.found, claims.iss);
  }
});

test("MD8 ID14 another tenant at a refresh ends the session", async () => {
  const { server, signIn } = world({ acceptIssuer: PATTERN });
  const { session, signing } = await signIn();
  wait(3601);
  assert.equal(await session.accessToken(), "at1");
  server.claims = claimsOf(EVE);
  await assert.rejects(session.refresh(), code("id_token_issuer_mismatch"));
  assert.equal(await signing.session(), null);
  assert.equal(session.expired, true);
});

test("SB9 a session of a tenant that is not accepted any more is none", async () => {
  const { config, metadata, signIn } = world({ acceptIssuer: PATTERN });
  await signIn();
  const session = (acceptIssuer) =>
    new client.Client({ ...config, acceptIssuer }, { ...metadata, issuer: ISSUER }).session();
  assert.equal((await session(PATTERN)).claims.tid, ADA);
  assert.equal((await session(of(ADA))).claims.tid, ADA);
  assert.equal(await session(of(EVE)), null);
  assert.equal(await session(undefined), null);
});

test("ID7 a key of one tenant verifies no token of another", async () => {
  for (const [issuer, expected] of [
    [PATTERN],
    [of(ADA)],
    [of(EVE), "signing_key_not_found"],
    [ISSUER, "signing_key_not_found"],
    [7, "signing_key_not_found"],
  ]) {
    const { server, signIn } = world({ acceptIssuer: PATTERN });
    server.key = { issuer };
    const { error } = await signIn();
    assert.equal(error?.code, expected, issuer);
  }
});

test("ID3 ID4 audiences that are trusted by name may stand beside the client, with azp", async () => {
  for (const [aud, azp, trustedAudiences, subject] of [
    [["app", "project"], "app", undefined, "aud"],
    [["app", "project"], "app", ["project"]],
    [["project", "app", "other"], "app", ["project", "other"]],
    [["app", "project"], undefined, ["project"], "azp"],
    [["app", "project"], "project", ["project"], "azp"],
    [["app", "project", "evil"], "app", ["project"], "aud"],
    [["project"], "app", ["project"], "aud"],
  ]) {
    // Each has a client of its own: what was kept of the server of another one would count here, too.
    const { config, server, signIn } = world({ acceptIssuer: PATTERN, trustedAudiences });
    const named = (name) => (name === "app" ? config.clientId : name);
    Object.assign(server.claims, { aud: aud.map(named), azp: named(azp) });
    const { status, error } = await signIn();
    assert.equal(status, subject ? "refused" : "signed-in", error?.message);
    if (!subject) continue;
    assert.deepEqual([error.code, error.subject], ["id_token_audience_mismatch", subject]);
    if (subject === "aud") {
      assert.equal(error.found, JSON.stringify(aud.map(named)));
      assert.match(error.message, /also for others.*trustedAudiences/);
    }
  }
  const { config, metadata } = world({ acceptIssuer: PATTERN });
  for (const trustedAudiences of ["project", [""], [1], {}]) {
    assert.throws(() => new client.Client({ ...config, trustedAudiences }, metadata), code("config_invalid"));
  }
});

test("ID11 acrValues asks, requireAcr and an essential acr require", async () => {
  const essential = { id_token: { acr: { essential: true, values: ["phr"] } } };
  for (const [options, acr, isEnough] of [
    [{ acrValues: "tenant:acme idp:x" }, undefined, true],
    [{ acrValues: "phr" }, "0", true],
    [{ acrValues: "phr", requireAcr: false }, undefined, true],
    [{ acrValues: "phr", requireAcr: true }, "phr", true],
    [{ acrValues: "phr", requireAcr: true }, "0", false],
    [{ acrValues: "phr", requireAcr: true }, undefined, false],
    [{ claims: essential }, "phr", true],
    [{ claims: essential }, "0", false],
    [{ claims: { id_token: { acr: { values: ["phr"] } } } }, "0", true],
  ]) {
    const { server, signIn } = world({ acceptIssuer: PATTERN });
    server.claims = { ...claimsOf(ADA), acr };
    const { status, error, asked } = await signIn(options);
    assert.equal(asked.get("acr_values"), options.acrValues ?? null);
    assert.equal(asked.has("require_acr") || asked.has("requireAcr"), false);
    const expected = isEnough ? ["signed-in", undefined] : ["refused", "insufficient_user_authentication"];
    assert.deepEqual([status, error?.code], expected, JSON.stringify([options, acr]));
  }
  const { config, metadata } = world({ acceptIssuer: PATTERN });
  assert.throws(
    () => new client.Client(config, metadata).login({ requireAcr: true }),
    code("config_invalid"),
  );
});
