// An authorization server and a resource server that take tokens with proofs alone (RFC 9449), and look at every one of them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ISSUER, METADATA, REDIRECT_URI } from "./installed.js";

export const API = "https://api.example";
export const SERVER = {
  ...METADATA,
  userinfo_endpoint: `${ISSUER}/me`,
  revocation_endpoint: `${ISSUER}/revoke`,
  pushed_authorization_request_endpoint: `${ISSUER}/par`,
};

const hash = (text) => createHash("sha256").update(text).digest("base64url");
const parse = (part) => JSON.parse(Buffer.from(part, "base64url").toString());

/** What a proof says, when every check of RFC 9449 section 4.3 is passed but that of the nonce; the thumbprint of its key. */
export const readProof = async (proof, { method, url, token }) => {
  assert.match(proof, /^[\w-]+\.[\w-]+\.[\w-]{86}$/);
  const [head, body, signature] = proof.split(".");
  const [header, claims] = [parse(head), parse(body)];
  assert.deepEqual(Object.keys(header), ["typ", "alg", "jwk"]);
  assert.deepEqual([header.typ, header.alg], ["dpop+jwt", "ES256"]);
  const { crv, kty, x, y, ...others } = header.jwk;
  assert.deepEqual([crv, kty, others], ["P-256", "EC", {}], "the public members alone");
  const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", header.jwk, curve, false, ["verify"]);
  const isValid = await crypto.subtle.verify(
    curve,
    key,
    Buffer.from(signature, "base64url"),
    Buffer.from(`${head}.${body}`),
  );
  assert.ok(isValid, "the signature");
  assert.equal(claims.htm, method);
  const { origin, pathname } = new URL(url);
  assert.equal(claims.htu, origin + pathname, "without query and fragment");
  assert.equal(claims.ath, token === undefined ? undefined : hash(token));
  assert.equal(Buffer.from(claims.jti, "base64url").length, 16, "128 random bits");
  return { ...claims, jkt: hash(JSON.stringify({ crv, kty, x, y })) };
};

let number = 0;

/**
 * A world with a client of its own. `server` says how strict both are: `nonce` is the current one of each origin, where there is one; `rotates` makes another of it with each
 * answer; `spends` takes a code or a refresh token before it looks at the nonce, as a hasty server does.
 */
export const bound = ({ Client }, change = {}, metadata = SERVER) => {
  number += 1;
  const server = {
    nonces: {},
    rotates: false,
    spends: false,
    type: "DPoP",
    generation: 0,
    lifetime: 3600,
    refreshes: 0,
    primed: 0,
    asked: [],
    replayed: 0,
    lost: 0,
    seen: new Set(),
    headers: () => ({}),
    before: () => undefined,
    ahead: 0,
  };
  let jkt;
  let counter = 0;
  const rotate = (origin) => {
    if (server.nonces[origin] === undefined) return;
    counter += 1;
    if (server.rotates) server.nonces[origin] = `${new URL(origin).hostname}-${counter}`;
  };
  const told = (origin, body, status, more = {}) => {
    const headers = { ...server.headers(origin), ...more };
    if (server.nonces[origin] !== undefined) headers["DPoP-Nonce"] ??= server.nonces[origin];
    return Response.json(body, { status, headers });
  };
  /** The proof of a request; an answer where it is refused. */
  const prove = async (url, init, token) => {
    const { origin } = new URL(url);
    const headers = new Headers(init.headers);
    // As the platform sends it.
    const method = init.method.toUpperCase();
    const claims = await readProof(headers.get("dpop"), { method, url, token });
    if (server.seen.has(claims.jti)) server.replayed += 1;
    server.seen.add(claims.jti);
    const isApi = token !== undefined;
    const wanted = server.nonces[origin];
    const isOld = Math.abs(claims.iat - server.ahead - Date.now() / 1000) > 30;
    const error =
      wanted !== undefined && claims.nonce !== wanted ? "use_dpop_nonce" : isOld ? "invalid_dpop_proof" : "";
    rotate(origin);
    if (error)
      return {
        refusal: isApi
          ? told(origin, {}, 401, { "www-authenticate": `DPoP error="${error}", algs="ES256"` })
          : told(origin, { error }, 400),
      };
    return claims;
  };
  const tokens = () => ({
    access_token: `at${server.generation}`,
    token_type: server.type,
    expires_in: server.lifetime,
    refresh_token: `rt${server.generation}`,
  });
  const api = async (url, init) => {
    const headers = new Headers(init.headers);
    const token = `at${server.generation}`;
    if (server.type !== "DPoP") {
      assert.equal(headers.get("authorization"), `Bearer ${token}`);
      return Response.json({ sub: "ada", name: "Ada" });
    }
    assert.equal(headers.get("authorization"), `DPoP ${token}`);
    const { refusal, ...claims } = await prove(url, init, token);
    if (refusal) return refusal;
    if (claims.jkt !== jkt) {
      const challenge = 'DPoP error="invalid_token", algs="ES256"';
      return told(new URL(url).origin, {}, 401, { "www-authenticate": challenge });
    }
    return told(new URL(url).origin, { sub: "ada", name: "Ada" }, 200);
  };
  const opened = [];
  const config = {
    issuer: ISSUER,
    clientId: `bound-${number}`,
    redirectUri: REDIRECT_URI,
    scope: "files",
    transactionStorage: "memory",
    resourceOrigins: [API],
    dpop: "required",
    ...change,
    host: {
      open: (url) => void opened.push(url),
      fetch: async (url, init) => {
        const { origin, pathname } = new URL(url);
        server.asked.push(`${init.method ?? "GET"} ${pathname}`);
        const given = await server.before(url, init);
        if (given) return given;
        if (origin === API || pathname === "/me") return api(url, { method: "GET", ...init });
        const form = new URLSearchParams(init.body);
        if (pathname === "/revoke") return new Response("");
        const isProven = new Headers(init.headers).has("dpop");
        if (pathname === "/par") {
          const { refusal, ...claims } = await prove(url, init);
          if (refusal) return refusal;
          assert.equal(form.get("dpop_jkt"), claims.jkt);
          server.pushed = form;
          return told(origin, { request_uri: "urn:example:1", expires_in: 60 }, 201);
        }
        const isRefresh = form.get("grant_type") === "refresh_token";
        const isPriming = form.get("refresh_token") === "none";
        if (isPriming) server.primed += 1;
        const { refusal, ...claims } = isProven ? await prove(url, init) : {};
        if (refusal) {
          if (server.spends && !isPriming) server.lost += 1;
          return refusal;
        }
        if (isPriming) return told(origin, { error: "invalid_grant" }, 400);
        if (server.lost > 0) return told(origin, { error: "invalid_grant" }, 400);
        if (!isRefresh) {
          jkt = server.type === "DPoP" ? claims.jkt : undefined;
          return told(origin, tokens(), 200);
        }
        server.refreshes += 1;
        if (claims.jkt !== jkt || form.get("refresh_token") !== `rt${server.generation}`)
          return told(origin, { error: "invalid_grant" }, 400);
        server.generation += 1;
        return told(origin, tokens(), 200);
      },
      ...change.host,
    },
  };
  const signIn = async (options = undefined) => {
    const client = new Client(config, metadata);
    await client.login(options);
    const request = server.pushed ?? new URL(opened.at(-1)).searchParams;
    const outcome = await client.handleRedirect(`${REDIRECT_URI}?code=c&state=${request.get("state")}`);
    return { client, request, outcome, session: outcome.session };
  };
  /** Binds the tokens to another key than the one that asked for them. */
  const bindTo = (other) => {
    jkt = other;
  };
  return { server, config, opened, signIn, keyOf: () => jkt, bindTo };
};
