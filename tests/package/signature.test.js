// Signatures of ID tokens, which the packed tarball verifies by the WebCrypto of Node.
import assert from "node:assert/strict";
import { test } from "node:test";
import { expectedEngine, ISSUER, load, metadataOf } from "./installed.js";

const client = await load("pkce-wasm");
await client.ready();
assert.equal(client.engine(), expectedEngine);

const code = (expected) => (error) => client.isPkceError(error) && error.code === expected;

const b64 = (value) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const { subtle } = globalThis.crypto;
const RSA = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
const ALGORITHMS = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", ...RSA },
  RS384: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384", ...RSA },
  RS512: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512", ...RSA },
  PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32, ...RSA },
  PS384: { name: "RSA-PSS", hash: "SHA-384", saltLength: 48, ...RSA },
  PS512: { name: "RSA-PSS", hash: "SHA-512", saltLength: 64, ...RSA },
  ES256: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
  ES384: { name: "ECDSA", hash: "SHA-384", namedCurve: "P-384" },
  ES512: { name: "ECDSA", hash: "SHA-512", namedCurve: "P-521" },
  EdDSA: { name: "Ed25519", hash: "SHA-512" },
  Ed25519: { name: "Ed25519", hash: "SHA-512" },
};

/** A server in the place of the network: it signs by WebCrypto, and tells how often its keys were fetched. */
const signingServer = async (issuer = ISSUER) => {
  const keys = [];
  for (const [alg, algorithm] of Object.entries(ALGORITHMS)) {
    const pair = await subtle.generateKey(algorithm, true, ["sign", "verify"]);
    // Private members in the set, as a careless server has them, and one kid for all.
    const jwk = await subtle.exportKey("jwk", pair.privateKey);
    keys.push({ alg, algorithm, pair, jwk: { ...jwk, alg, key_ops: ["verify"], kid: "one" } });
  }
  const server = { fetches: 0, clock: 0, date: false, kid: "one", mend: (token) => token, claims: {} };
  const metadata = { ...metadataOf(issuer), jwks_uri: `${issuer}/jwks` };
  const config = {
    issuer,
    clientId: "app",
    redirectUri: "com.example.app:/callback",
    host: {
      fetch: async (url) => {
        if (url.endsWith("/jwks")) {
          server.fetches += 1;
          if (server.down) throw new TypeError("offline");
          if (server.keys) return server.keys();
          return Response.json({ keys: keys.map(({ jwk }) => ({ ...jwk, kid: server.kid })) });
        }
        const headers = server.date ? { date: new Date(Date.now() + server.clock * 1000).toUTCString() } : {};
        return Response.json(
          { access_token: "at", token_type: "Bearer", refresh_token: "rt", id_token: await server.token() },
          { headers },
        );
      },
    },
  };
  server.token = async () => {
    const { algorithm, pair } = keys.find(({ alg }) => alg === server.alg);
    const half = Buffer.from(await subtle.digest(algorithm.hash, Buffer.from("at")));
    const now = Math.floor(Date.now() / 1000) + server.clock;
    const claims = {
      iss: issuer,
      aud: "app",
      sub: "ada",
      exp: now + 300,
      iat: now,
      nonce: server.nonce,
      at_hash: half.subarray(0, half.length / 2).toString("base64url"),
      ...server.claims,
    };
    const input = `${b64({ alg: server.alg, kid: "one" })}.${b64(claims)}`;
    const signature = await subtle.sign(algorithm, pair.privateKey, Buffer.from(input));
    return server.mend(`${input}.${Buffer.from(signature).toString("base64url")}`);
  };
  server.signIn = async (alg, change = {}, module = client) => {
    server.alg = alg;
    const { url, state, transaction } = module.beginAuthorization({ ...config, ...change }, metadata);
    server.nonce = new URL(url).searchParams.get("nonce");
    const callback = `com.example.app:/callback?code=c&state=${state}`;
    return module.completeAuthorization({ ...config, ...change }, metadata, transaction, callback);
  };
  server.refresh = (tokens) => {
    server.nonce = undefined;
    return client.refreshTokens(config, metadata, tokens);
  };
  return server;
};

test("ID5 ID7 ID12 a real signature of every algorithm, by the key that fits among decoys of the same kid", async () => {
  const server = await signingServer();
  for (const alg of Object.keys(ALGORITHMS)) {
    const tokens = await server.signIn(alg);
    assert.equal(tokens.idTokenVerifiedBy, "signature", alg);
    assert.equal(tokens.claims.sub, "ada", alg);
    server.mend = (token) =>
      token.replace(/\.[^.]*$/, (signature) => signature.replace(/[^.]/, (c) => (c === "A" ? "B" : "A")));
    await assert.rejects(server.signIn(alg), code("id_token_signature_invalid"), alg);
    server.mend = (token) => token;
    server.claims = { at_hash: "AAAAAAAAAAAAAAAAAAAAAA" };
    await assert.rejects(server.signIn(alg), code("id_token_hash_mismatch"), alg);
    server.claims = {};
  }
  assert.equal(server.fetches, 1, "the keys are fetched once");
});

test("ID7 ID14 a rotated key is fetched again once; a refresh whose keys cannot be fetched keeps the ID token that it had", async () => {
  const server = await signingServer("https://rotating.example");
  server.kid = "old";
  await assert.rejects(server.signIn("ES256"), code("signing_key_not_found"));
  assert.equal(server.fetches, 2);
  await assert.rejects(server.signIn("ES256"), code("signing_key_not_found"));
  assert.equal(server.fetches, 2, "not again within half a minute");

  const other = await signingServer("https://other.example");
  other.down = true;
  await assert.rejects(other.signIn("ES256"), code("signing_keys_unavailable"));
  other.down = false;
  const tokens = await other.signIn("ES256");
  const refreshed = await other.refresh(tokens);
  assert.notEqual(refreshed.idToken, tokens.idToken);
  assert.equal(refreshed.idTokenVerifiedBy, "signature");
  other.mend = (token) => `${token.slice(0, -4)}AAAA`;
  await assert.rejects(other.refresh(tokens), code("id_token_signature_invalid"));
});

test("ID8 ID9 a clock that is a day wrong refuses no login where the server's Date can be seen", async () => {
  const server = await signingServer("https://clock.example");
  for (const [clock, refusal] of [
    [86_400, "id_token_not_yet_valid"],
    [-86_400, "id_token_expired"],
  ]) {
    server.clock = clock;
    server.date = false;
    await assert.rejects(server.signIn("ES256"), code(refusal));
    server.date = true;
    assert.equal((await server.signIn("ES256")).claims.sub, "ada");
  }
});

test("ID5 without WebCrypto, or without the algorithm, TLS stands for the signature, and over http nothing does", async () => {
  const without = async (value, work) => {
    Object.defineProperty(globalThis.crypto, "subtle", { value, configurable: true });
    try {
      return await work();
    } finally {
      delete globalThis.crypto.subtle;
    }
  };
  const https = await signingServer("https://tls.example");
  const http = await signingServer("http://127.0.0.1:9");
  const signIn = (server, alg, stub, change) => without(stub, () => server.signIn(alg, change));
  const unsupported = {
    digest: (...parameters) => subtle.digest(...parameters),
    importKey: async () => {
      throw new DOMException("no such algorithm", "NotSupportedError");
    },
  };
  assert.equal((await signIn(https, "ES256", undefined)).idTokenVerifiedBy, "tls");
  assert.equal(https.fetches, 0);
  assert.equal((await signIn(https, "EdDSA", unsupported)).idTokenVerifiedBy, "tls");
  // Its at_hash needs SHA-512, which only WebCrypto has.
  await assert.rejects(signIn(https, "EdDSA", undefined), code("id_token_unverifiable"));
  for (const stub of [undefined, unsupported]) {
    await assert.rejects(signIn(http, "ES256", stub), code("id_token_unverifiable"));
    const tokens = await signIn(http, "ES256", stub, { dangerouslyAllowUnverifiedIdToken: true });
    assert.equal(tokens.idTokenVerifiedBy, "nothing");
  }
  assert.equal((await http.signIn("ES256")).idTokenVerifiedBy, "signature");
});

/** Does the work with another WebCrypto. */
const withSubtle = async (change, work) => {
  const value = {
    digest: (...given) => subtle.digest(...given),
    importKey: (...given) => subtle.importKey(...given),
    verify: (...given) => subtle.verify(...given),
    ...change,
  };
  Object.defineProperty(globalThis.crypto, "subtle", { value, configurable: true });
  try {
    return await work();
  } finally {
    delete globalThis.crypto.subtle;
  }
};

/** Does the work without a built-in. */
const withoutBuiltIn = async (owner, name, work) => {
  const there = Object.getOwnPropertyDescriptor(owner, name);
  delete owner[name];
  try {
    return await work();
  } finally {
    Object.defineProperty(owner, name, there);
  }
};

const throwing = (name) => async () => {
  throw name === "TypeError" ? new TypeError("odd") : new DOMException("odd", name);
};

test("ID5 what WebCrypto throws over a key or a signature is a refusal with a code of its own, and nobody vouches for it", async () => {
  const server = await signingServer("https://odd.example");
  for (const name of ["OperationError", "DataError", "InvalidAccessError", "TypeError"]) {
    for (const member of ["importKey", "verify"]) {
      for (const alg of ["RS256", "ES256", "EdDSA"]) {
        const error = await withSubtle({ [member]: throwing(name) }, () => server.signIn(alg)).then(
          () => assert.fail("it did not fail"),
          (error) => error,
        );
        assert.deepEqual(
          [error.code, error.cause.name],
          ["id_token_verification_failed", name],
          `${member} ${alg}`,
        );
      }
    }
  }
  // A key that cannot be taken beside one that did not make the signature.
  let calls = 0;
  const importKey = (...given) => (++calls % 2 ? subtle.importKey(...given) : throwing("DataError")());
  server.mend = (token) => `${token.slice(0, -4)}AAAA`;
  await assert.rejects(
    withSubtle({ importKey }, () => server.signIn("EdDSA")),
    code("id_token_signature_invalid"),
  );
  server.mend = (token) => token;
  assert.equal((await server.signIn("EdDSA")).idTokenVerifiedBy, "signature");
});

test("ID5 TLS stands for a signature only where the platform has not what it takes, whatever the key is", async () => {
  const server = await signingServer("https://partly.example");
  const unsupported = { importKey: throwing("NotSupportedError") };
  const registered = { idTokenSignedResponseAlg: "ES256" };
  assert.equal((await withSubtle(unsupported, () => server.signIn("ES256"))).idTokenVerifiedBy, "tls");
  assert.equal(
    (await withSubtle(unsupported, () => server.signIn("ES256", registered))).idTokenVerifiedBy,
    "tls",
  );
  // The platform has the algorithm that was registered: it is the key or the token that it does not take.
  const odd = { verify: throwing("NotSupportedError") };
  await assert.rejects(
    withSubtle(odd, () => server.signIn("ES256", registered)),
    code("id_token_verification_failed"),
  );
  assert.equal((await withSubtle(odd, () => server.signIn("ES256"))).idTokenVerifiedBy, "tls");
  for (const name of ["atob", "btoa", "TextEncoder"]) {
    const tokens = await withoutBuiltIn(globalThis, name, () => server.signIn("ES256"));
    assert.equal(tokens.idTokenVerifiedBy, "tls", name);
  }
  const tokens = await withoutBuiltIn(String.prototype, "replaceAll", () => server.signIn("RS512"));
  assert.equal(tokens.idTokenVerifiedBy, "signature");
});

test("ID6 an ID token by an HS algorithm says so, and to begin again does not help", async () => {
  const server = await signingServer("https://symmetric.example");
  server.mend = (token) => `${b64({ alg: "HS256" })}${token.slice(token.indexOf("."))}`;
  const error = await server.signIn("RS256").then(
    () => assert.fail("it did not fail"),
    (error) => error,
  );
  assert.deepEqual([error.code, error.subject, error.found], ["id_token_alg_unsupported", "alg", "HS256"]);
  assert.match(error.message, /Register an asymmetric one.*e\.g\. RS256.*\(alg: found HS256\)$/);
  const listing = (...algs) => ({ ...metadataOf(ISSUER), id_token_signing_alg_values_supported: algs });
  const config = { issuer: ISSUER, clientId: "app", redirectUri: "com.example.app:/callback" };
  assert.throws(
    () => new client.Client(config, listing("HS256", "HS512")),
    ({ code, found }) => code === "id_token_alg_unsupported" && found === "HS256 HS512",
  );
  new client.Client({ ...config, scope: "files" }, listing("HS256"));
  new client.Client({ ...config, idTokenSignedResponseAlg: "RS256" }, listing("HS256"));
  new client.Client(config, listing("HS256", "RS256"));
});

test("ID5 keys that cannot be had are told with where they were looked for and what was answered", async () => {
  for (const [answer, status] of [
    [() => new Response("no", { status: 403 }), 403],
    [() => new Response("", { status: 404 }), 404],
    [() => new Response("<html></html>", { headers: { "content-type": "text/html" } }), 200],
    [() => Response.json([]), 200],
  ]) {
    const server = await signingServer("https://keyless.example");
    const { signIn } = server;
    server.keys = answer;
    const error = await signIn("ES256").then(
      () => assert.fail("it did not fail"),
      (error) => error,
    );
    assert.deepEqual(
      [error.code, error.url, error.status],
      ["jwks_invalid", "https://keyless.example/jwks", status],
    );
    assert.ok(error.message.endsWith(`(https://keyless.example/jwks answered ${status})`), error.message);
  }
});
