// What a hostile or broken server does. Each lie has a name and the rule that it breaks; an honest client refuses all of them.
// A lie changes one thing that an honest server says; the server asks it at that place.
import { hmacOf, publicJwk, signatureOf } from "./keys.js";
import { base64url, json64 } from "./platform.js";

const DISCOVERY = "OpenID Connect Discovery 1.0 section 3";
const METADATA = "RFC 8414 section 2";
const PKCE = "RFC 9700 section 2.1.1";
const CALLBACK = "RFC 6749 section 4.1.2";
const ISSUER = "RFC 9207 section 2.4";
const TOKENS = "RFC 6749 section 5.1";
const ID_TOKEN = "OpenID Connect Core 1.0 section 3.1.3.7";
const CLAIMS = "OpenID Connect Core 1.0 section 2";
const JWT = "RFC 7519 section 7.2";
const ALGORITHM = "RFC 8725 section 3.1";
const KEYS = "OpenID Connect Core 1.0 section 10.1";
const USERINFO = "OpenID Connect Core 1.0 section 5.3.2";
const REFRESHED = "OpenID Connect Core 1.0 section 12.2";
const REDIRECTED = "RFC 9700 section 4.12";
const PUSHED = "RFC 9126 section 2.2";
const BOUND = "RFC 9449 section 5";
const NONCE = "RFC 9449 section 8";

const ELSEWHERE = "https://elsewhere.example";
const DAY = 86_400;

/** A change that sets a member; the value may be made of what is known. */
const set = (member, value) => (object, context) => ({
  ...object,
  [member]: typeof value === "function" ? value(context, object) : value,
});
const drop = (member) => (object) => {
  const { [member]: _, ...rest } = object;
  return rest;
};

/** A change of the parameters of an authorization response. */
const parameters = (change) => (response, context) => {
  change(response.parameters, context);
  return response;
};
const setParameter = (name, value) =>
  parameters((given, context) => given.set(name, typeof value === "function" ? value(context) : value));
const dropParameter = (name) => parameters((given) => given.delete(name));
const addParameter = (name, value) => parameters((given) => given.append(name, value));

/** A change of what arrives: status, headers and text. */
const reply = (change) => (answer) => ({ ...answer, ...change });
const page = (status) => () => ({
  status,
  headers: { "Content-Type": "text/html" },
  body: "<!doctype html><title>Welcome</title><p>Nothing to see here.",
});
const moved = (status) => () => ({ status, headers: { Location: `${ELSEWHERE}/moved` }, body: "" });
const halved = (answer) => ({ ...answer, body: answer.body.slice(0, answer.body.length / 2) });
const swollen = (answer) => ({
  ...answer,
  body: answer.body.replace("{", `{"filling":"${"x".repeat(5e6)}",`),
});
const cut = () => new TypeError("the connection was cut");

const at = (step, hook) => (name, rule, change) => ({ name, step, rule, [hook]: change });
const document = at("metadata", "metadata");
const response = at("authorization-response", "response");
const tokens = at("token-response", "tokens");
const claims = at("id-token", "claims");
const header = at("id-token", "header");
const token = at("id-token", "token");
const signature = at("signature", "sign");
const keys = at("signature", "keys");
const userinfo = at("userinfo", "userinfo");
const refreshed = at("refresh", "refreshed");
const refreshedClaims = at("refresh", "refreshedClaims");
const pushed = at("pushed-request", "pushed");
const pushedDocument = at("pushed-request", "metadata");
const boundTokens = at("dpop", "tokens");
const boundRefreshed = at("dpop", "refreshed");

/** A lie in how an answer of an endpoint arrives. */
const arriving = (step, endpoint) => (name, rule, change) => ({ name, step, rule, endpoint, reply: change });
const metadataArrives = arriving("metadata", "metadata");
const tokensArrive = arriving("token-response", "token");
const keysArrive = arriving("signature", "jwks");
const userinfoArrives = arriving("userinfo", "userinfo");
const refreshArrives = arriving("refresh", "refresh");
const pushArrives = arriving("pushed-request", "par");

/** A lie in the nonce that an answer brings to a client that has to have one. */
const nonce = (name, rule, change) => ({ name, step: "dpop", rule, nonces: true, nonce: change });

/** A refusal of every proof, at the token endpoint. */
const unproven = (name, rule, headers = {}) => ({
  name,
  step: "dpop",
  rule,
  endpoint: "token",
  reply: (answer) => ({
    status: 400,
    headers: { ...answer.headers, ...headers },
    body: '{"error":"invalid_dpop_proof"}',
  }),
});

const signWith = (alg, owner) => (input) => signatureOf(input, alg, owner);

/** Members that stand in the text twice: the second counts for most readers. */
const again = (text) => (object) => `${JSON.stringify(object).slice(0, -1)},${text}}`;

/** Every lie: `{ name, step, rule }` and how the server tells it. */
export const LIES = Object.freeze([
  document("issuer-of-another", DISCOVERY, set("issuer", "https://login.example")),
  document(
    "issuer-with-trailing-slash",
    DISCOVERY,
    set("issuer", ({ issuer }) => `${issuer}/`),
  ),
  document(
    "issuer-in-other-case",
    DISCOVERY,
    set("issuer", ({ issuer }) => issuer.toUpperCase()),
  ),
  document(
    "issuer-with-query",
    METADATA,
    set("issuer", ({ issuer }) => `${issuer}?`),
  ),
  document("issuer-missing", METADATA, drop("issuer")),
  document("issuer-number", METADATA, set("issuer", 1)),
  document("authorization-endpoint-missing", METADATA, drop("authorization_endpoint")),
  document(
    "authorization-endpoint-http",
    METADATA,
    set("authorization_endpoint", "http://login.example/authorize"),
  ),
  document("authorization-endpoint-script", METADATA, set("authorization_endpoint", "javascript:alert(1)//")),
  document(
    "authorization-endpoint-data",
    METADATA,
    set("authorization_endpoint", "data:text/html,<p>sign in"),
  ),
  document(
    "authorization-endpoint-with-fragment",
    "RFC 6749 section 3.1",
    set("authorization_endpoint", (_, { authorization_endpoint }) => `${authorization_endpoint}#part`),
  ),
  document(
    "authorization-endpoint-sets-state",
    "RFC 6749 section 3.1",
    set("authorization_endpoint", (_, { authorization_endpoint }) => `${authorization_endpoint}?state=fixed`),
  ),
  document(
    "authorization-endpoint-sets-plain",
    PKCE,
    set(
      "authorization_endpoint",
      (_, { authorization_endpoint }) => `${authorization_endpoint}?code_challenge_method=plain`,
    ),
  ),
  document("token-endpoint-missing", METADATA, drop("token_endpoint")),
  document(
    "token-endpoint-http",
    "RFC 6749 section 3.2",
    set("token_endpoint", "http://login.example/token"),
  ),
  document(
    "token-endpoint-almost-loopback",
    "RFC 6749 section 3.2",
    set("token_endpoint", "http://127.0.0.1.login.example/token"),
  ),
  document("token-endpoint-relative", METADATA, set("token_endpoint", "/token")),
  document(
    "token-endpoint-with-user",
    METADATA,
    set("token_endpoint", "https://127.0.0.1@login.example/token"),
  ),
  document("token-endpoint-number", METADATA, set("token_endpoint", 7)),
  document("pkce-not-mentioned", PKCE, drop("code_challenge_methods_supported")),
  document("pkce-plain-only", PKCE, set("code_challenge_methods_supported", ["plain"])),
  document("pkce-no-method", PKCE, set("code_challenge_methods_supported", [])),
  document("keys-nowhere", METADATA, drop("jwks_uri")),
  document("keys-over-http", METADATA, set("jwks_uri", "http://login.example/jwks")),
  metadataArrives("metadata-html", METADATA, page(200)),
  metadataArrives("metadata-array", METADATA, (answer) => ({ ...answer, body: `[${answer.body}]` })),
  metadataArrives("metadata-empty", METADATA, reply({ body: "" })),
  metadataArrives("metadata-halved", METADATA, halved),
  metadataArrives("metadata-not-found", METADATA, page(404)),
  metadataArrives("metadata-under-503", METADATA, reply({ status: 503 })),
  metadataArrives("metadata-moved-to-another-origin", REDIRECTED, moved(302)),
  metadataArrives("metadata-too-large", METADATA, swollen),
  metadataArrives("metadata-cut", METADATA, cut),

  response("iss-of-another-server", ISSUER, setParameter("iss", ELSEWHERE)),
  response(
    "iss-with-trailing-slash",
    ISSUER,
    setParameter("iss", ({ issuer }) => `${issuer}/`),
  ),
  response(
    "iss-in-other-case",
    ISSUER,
    setParameter("iss", ({ issuer }) => issuer.toUpperCase()),
  ),
  response("iss-missing", ISSUER, dropParameter("iss")),
  response("iss-empty", ISSUER, setParameter("iss", "")),
  response("iss-twice", CALLBACK, addParameter("iss", ELSEWHERE)),
  response("state-of-another-login", CALLBACK, setParameter("state", "another-login")),
  response("state-missing", CALLBACK, dropParameter("state")),
  response("state-empty", CALLBACK, setParameter("state", "")),
  response(
    "state-shortened",
    CALLBACK,
    setParameter("state", ({ state }) => state.slice(1)),
  ),
  response(
    "state-prolonged",
    CALLBACK,
    setParameter("state", ({ state }) => `${state}x`),
  ),
  response("state-twice", "RFC 6749 section 3.1", addParameter("state", "another")),
  response("code-twice", "RFC 6749 section 3.1", addParameter("code", "injected")),
  response("code-missing", CALLBACK, dropParameter("code")),
  response("code-empty", CALLBACK, setParameter("code", "")),
  response("error-beside-a-code", "RFC 6749 section 4.1.2.1", addParameter("error", "access_denied")),
  response("error-of-another-server", ISSUER, (given) => {
    given.parameters.delete("code");
    given.parameters.set("error", "access_denied");
    given.parameters.set("iss", ELSEWHERE);
    return given;
  }),
  response("code-in-the-fragment", "RFC 6749 section 4.1.2", (given) => ({ ...given, mark: "#" })),
  response("token-in-the-fragment", "RFC 9700 section 2.1.2", (given) => ({
    ...given,
    fragment: "#access_token=x&token_type=bearer",
  })),
  response("returned-to-another-path", CALLBACK, (given) => ({
    ...given,
    redirectUri: `${given.redirectUri}/x`,
  })),

  tokens("access-token-missing", TOKENS, drop("access_token")),
  tokens("access-token-empty", TOKENS, set("access_token", "")),
  tokens("access-token-number", TOKENS, set("access_token", 7)),
  tokens("access-token-with-a-line-break", TOKENS, set("access_token", "a\r\nX: b")),
  tokens("token-type-missing", TOKENS, drop("token_type")),
  tokens("token-type-empty", TOKENS, set("token_type", "")),
  tokens("token-type-number", TOKENS, set("token_type", 7)),
  tokens("token-type-mac", "RFC 6749 section 7.1", set("token_type", "mac")),
  tokens("token-type-twice-the-last-wrong", TOKENS, again('"token_type":"mac"')),
  tokens("access-token-twice-the-last-empty", TOKENS, again('"access_token":""')),
  tokens("refresh-token-number", TOKENS, set("refresh_token", 7)),
  tokens("refresh-token-with-a-line-break", TOKENS, set("refresh_token", "a\nb")),
  tokens("scope-number", TOKENS, set("scope", 7)),
  tokens("id-token-missing", "OpenID Connect Core 1.0 section 3.1.3.3", drop("id_token")),
  tokens("id-token-empty", "OpenID Connect Core 1.0 section 3.1.3.3", set("id_token", "")),
  tokens("id-token-number", "OpenID Connect Core 1.0 section 3.1.3.3", set("id_token", 7)),
  tokensArrive("tokens-html", TOKENS, page(200)),
  tokensArrive("tokens-array", TOKENS, (answer) => ({ ...answer, body: `[${answer.body}]` })),
  tokensArrive("tokens-empty", TOKENS, reply({ body: "" })),
  tokensArrive("tokens-halved", TOKENS, halved),
  tokensArrive("tokens-too-large", TOKENS, swollen),
  tokensArrive("tokens-moved-307", REDIRECTED, moved(307)),
  tokensArrive("tokens-moved-302", REDIRECTED, moved(302)),
  tokensArrive("tokens-under-400", "RFC 6749 section 5.2", reply({ status: 400 })),
  tokensArrive("tokens-under-500", TOKENS, reply({ status: 500 })),
  tokensArrive("tokens-cut", TOKENS, cut),
  tokensArrive(
    "tokens-refused",
    "RFC 6749 section 5.2",
    reply({ status: 400, body: '{"error":"invalid_grant"}' }),
  ),

  claims("iss-wrong", ID_TOKEN, set("iss", "https://login.example")),
  claims(
    "iss-claim-with-trailing-slash",
    ID_TOKEN,
    set("iss", ({ issuer }) => `${issuer}/`),
  ),
  claims("iss-claim-missing", CLAIMS, drop("iss")),
  claims("sub-missing", CLAIMS, drop("sub")),
  claims("sub-empty", CLAIMS, set("sub", "")),
  claims("sub-number", CLAIMS, set("sub", 7)),
  claims("sub-of-256-characters", CLAIMS, set("sub", "s".repeat(256))),
  claims("aud-missing", CLAIMS, drop("aud")),
  claims("aud-of-another", ID_TOKEN, set("aud", "another")),
  claims(
    "aud-begins-alike",
    ID_TOKEN,
    set("aud", ({ clientId }) => `${clientId}2`),
  ),
  claims("aud-empty", ID_TOKEN, set("aud", [])),
  claims(
    "aud-with-a-second",
    ID_TOKEN,
    set("aud", ({ clientId }) => [clientId, "another"]),
  ),
  claims("azp-of-another", ID_TOKEN, set("azp", "another")),
  claims("exp-missing", CLAIMS, drop("exp")),
  claims(
    "exp-past",
    ID_TOKEN,
    set("exp", ({ now }) => now - 3600),
  ),
  claims(
    "exp-text",
    CLAIMS,
    set("exp", ({ now }) => `${now + 300}`),
  ),
  claims("iat-missing", CLAIMS, drop("iat")),
  claims("iat-future", ID_TOKEN, (given, { now }) => ({ ...given, iat: now + DAY, exp: now + 2 * DAY })),
  claims(
    "nbf-future",
    "RFC 7519 section 4.1.5",
    set("nbf", ({ now }) => now + DAY),
  ),
  claims("nonce-wrong", ID_TOKEN, set("nonce", "another")),
  claims("nonce-missing", ID_TOKEN, drop("nonce")),
  claims("nonce-empty", ID_TOKEN, set("nonce", "")),
  claims("nonce-twice-the-last-wrong", "RFC 7519 section 4", again('"nonce":"another"')),
  claims("claims-array", JWT, (given) => [given]),
  header("crit", "RFC 7515 section 4.1.11", (given) => ({ ...given, crit: ["exp"], exp: 0 })),
  header("alg-missing", "RFC 7515 section 4.1.1", drop("alg")),
  header("alg-unknown", ALGORITHM, set("alg", "RS257")),
  token("id-token-encrypted", JWT, (text) => `${text}.AAAA.AAAA`),
  token("id-token-of-two-parts", JWT, (text) => text.slice(0, text.lastIndexOf("."))),
  token("id-token-padded", "RFC 7515 section 2", (text) => `${text}==`),
  claims(
    "at-hash-of-another-token",
    "OpenID Connect Core 1.0 section 3.1.3.8",
    set("at_hash", ({ otherHash }) => otherHash),
  ),
  claims("at-hash-empty", "OpenID Connect Core 1.0 section 3.1.3.8", set("at_hash", "")),

  {
    ...signature("alg-none", ALGORITHM, () => ""),
    header: (given) => ({ ...given, alg: "none" }),
  },
  {
    ...signature("alg-none-with-a-signature", ALGORITHM, (input, { alg }) => signatureOf(input, alg)),
    header: (given) => ({ ...given, alg: "none" }),
  },
  {
    ...signature(
      "alg-hs256-with-the-public-key",
      "RFC 8725 section 2.1",
      async (input, { alg, kid, owner }) => hmacOf(input, JSON.stringify(await publicJwk(alg, kid, owner))),
    ),
    header: (given) => ({ ...given, alg: "HS256" }),
  },
  {
    ...signature("alg-of-another-key", ALGORITHM, signWith("ES256")),
    header: (given) => ({ ...given, alg: given.alg === "ES256" ? "RS256" : "ES256" }),
  },
  signature("signature-of-another-key", ID_TOKEN, (input, { alg }) => signatureOf(input, alg, "stranger")),
  signature("signature-of-zeros", ID_TOKEN, () => base64url(new Uint8Array(64))),
  signature("signature-empty", ID_TOKEN, () => ""),
  signature("signature-shortened", ID_TOKEN, async (input, { alg }) =>
    (await signatureOf(input, alg)).slice(0, -40),
  ),
  {
    name: "claims-changed-after-signing",
    step: "signature",
    rule: ID_TOKEN,
    token: (text, { honestClaims }) => {
      const [first, , last] = text.split(".");
      return `${first}.${json64({ ...honestClaims, sub: "another" })}.${last}`;
    },
  },
  {
    ...signature("key-brought-along", "RFC 8725 section 3.10", (input, { alg }) =>
      signatureOf(input, alg, "stranger"),
    ),
    header: async (given, { alg, kid }) => ({ ...given, jwk: await publicJwk(alg, kid, "stranger") }),
  },
  {
    ...signature("key-pointed-to", "RFC 8725 section 3.10", (input, { alg }) =>
      signatureOf(input, alg, "stranger"),
    ),
    header: (given) => ({ ...given, kid: "new", jku: `${ELSEWHERE}/jwks`, x5u: `${ELSEWHERE}/jwks` }),
  },
  {
    ...signature("kid-unknown", KEYS, (input, { alg }) => signatureOf(input, alg, "stranger")),
    header: (given) => ({ ...given, kid: "unknown" }),
  },
  keys("keys-decoys-only", KEYS, async (_, { alg, kid }) => ({
    keys: [await publicJwk(alg, kid, "stranger")],
  })),
  keys("keys-none", KEYS, () => ({ keys: [] })),
  keys("keys-array", KEYS, ({ keys: given }) => given),
  keys("key-for-encryption", "RFC 7517 section 4.2", ({ keys: given }) => ({
    keys: given.map((key) => ({ ...key, use: "enc" })),
  })),
  keys("key-for-other-operations", "RFC 7517 section 4.3", ({ keys: given }) => ({
    keys: given.map((key) => ({ ...key, key_ops: ["encrypt"] })),
  })),
  keys("key-symmetric", KEYS, (_, { kid }) => ({ keys: [{ kty: "oct", kid, k: "AAAA" }] })),
  keysArrive("keys-html", KEYS, page(200)),
  keysArrive("keys-not-found", KEYS, page(404)),
  keysArrive("keys-moved", REDIRECTED, moved(302)),
  keysArrive("keys-under-503", KEYS, page(503)),
  keysArrive("keys-cut", KEYS, cut),

  userinfo("userinfo-of-another", USERINFO, set("sub", "another")),
  userinfo(
    "userinfo-in-other-case",
    USERINFO,
    set("sub", (_, { sub }) => sub.toUpperCase()),
  ),
  userinfo("userinfo-of-nobody", USERINFO, drop("sub")),
  userinfo("userinfo-sub-empty", USERINFO, set("sub", "")),
  userinfo(
    "userinfo-sub-array",
    USERINFO,
    set("sub", (_, { sub }) => [sub]),
  ),
  userinfoArrives("userinfo-html", USERINFO, page(200)),
  userinfoArrives("userinfo-array", USERINFO, (answer) => ({ ...answer, body: `[${answer.body}]` })),
  userinfoArrives("userinfo-halved", USERINFO, halved),
  userinfoArrives("userinfo-under-401", "RFC 6750 section 3.1", reply({ status: 401 })),
  userinfoArrives("userinfo-under-500", USERINFO, reply({ status: 500 })),
  userinfoArrives("userinfo-moved", REDIRECTED, moved(307)),
  userinfoArrives("userinfo-too-large", USERINFO, swollen),
  userinfoArrives("userinfo-cut", USERINFO, cut),

  refreshedClaims("refresh-iss-wrong", REFRESHED, set("iss", "https://login.example")),
  refreshedClaims("refresh-sub-of-another", REFRESHED, set("sub", "another")),
  refreshedClaims("refresh-sub-missing", REFRESHED, drop("sub")),
  refreshedClaims("refresh-aud-of-another", REFRESHED, set("aud", "another")),
  refreshedClaims("refresh-azp-of-another", REFRESHED, set("azp", "another")),
  refreshedClaims("refresh-iat-missing", REFRESHED, drop("iat")),
  refreshedClaims(
    "refresh-iat-future",
    REFRESHED,
    set("iat", ({ now }) => now + DAY),
  ),
  refreshedClaims(
    "refresh-exp-past",
    REFRESHED,
    set("exp", ({ now }) => now - 3600),
  ),
  refreshed("refresh-id-token-broken", REFRESHED, set("id_token", "a.b.c")),
  refreshed("refresh-access-token-missing", TOKENS, drop("access_token")),
  refreshed("refresh-refresh-token-number", TOKENS, set("refresh_token", 7)),
  refreshed("refresh-token-type-mac", TOKENS, set("token_type", "mac")),
  refreshArrives("refresh-html", TOKENS, page(200)),
  refreshArrives(
    "refresh-refused",
    "RFC 6749 section 5.2",
    reply({ status: 400, body: '{"error":"invalid_grant"}' }),
  ),
  refreshArrives("refresh-under-500", TOKENS, reply({ status: 500 })),
  refreshArrives("refresh-moved", REDIRECTED, moved(307)),
  refreshArrives("refresh-cut", TOKENS, cut),

  pushedDocument(
    "pushing-required-nowhere",
    "RFC 9126 section 5",
    drop("pushed_authorization_request_endpoint"),
  ),
  pushedDocument(
    "pushing-over-http",
    "RFC 9126 section 2",
    set("pushed_authorization_request_endpoint", "http://login.example/par"),
  ),
  pushedDocument(
    "pushing-endpoint-relative",
    "RFC 9126 section 5",
    set("pushed_authorization_request_endpoint", "/par"),
  ),
  pushed("request-uri-missing", PUSHED, drop("request_uri")),
  pushed("request-uri-empty", PUSHED, set("request_uri", "")),
  pushed("request-uri-number", PUSHED, set("request_uri", 7)),
  pushed("request-uri-list", PUSHED, set("request_uri", ["urn:example:1"])),
  pushed("request-uri-with-a-line-break", PUSHED, set("request_uri", "urn:example:1\r\nX: b")),
  pushed("request-uri-with-a-space", PUSHED, set("request_uri", "urn:example:1 2")),
  pushed("request-uri-unknown", "RFC 9126 section 4", set("request_uri", "urn:example:another")),
  pushed("request-uri-twice-the-last-empty", PUSHED, again('"request_uri":""')),
  pushed("pushed-lifetime-missing", PUSHED, drop("expires_in")),
  pushed("pushed-lifetime-zero", PUSHED, set("expires_in", 0)),
  pushed("pushed-lifetime-negative", PUSHED, set("expires_in", -60)),
  pushed("pushed-lifetime-text", PUSHED, set("expires_in", "soon")),
  pushed("pushed-request-expired", "RFC 9126 section 4", (body, { kept, now }) => {
    kept.expires = now - 1;
    return body;
  }),
  pushed("pushed-request-of-another-client", "RFC 9126 section 4", (body, { kept }) => {
    kept.clientId = "another";
    return body;
  }),
  pushed("pushed-request-of-another-login", CALLBACK, (body, { kept }) => {
    kept.parameters.set("state", "another-login");
    return body;
  }),
  pushed("pushed-challenge-of-another", PKCE, (body, { kept }) => {
    kept.parameters.set("code_challenge", "A".repeat(43));
    return body;
  }),
  pushed("pushed-nonce-of-another", ID_TOKEN, (body, { kept }) => {
    kept.parameters.set("nonce", "another");
    return body;
  }),
  pushed("pushed-redirect-to-another-path", CALLBACK, (body, { kept }) => {
    kept.parameters.set("redirect_uri", `${kept.parameters.get("redirect_uri")}/x`);
    return body;
  }),
  pushArrives("pushed-html", PUSHED, page(201)),
  pushArrives("pushed-array", PUSHED, (answer) => ({ ...answer, body: `[${answer.body}]` })),
  pushArrives("pushed-empty", PUSHED, reply({ body: "" })),
  pushArrives("pushed-halved", PUSHED, halved),
  pushArrives("pushed-too-large", PUSHED, swollen),
  pushArrives("pushed-without-content", PUSHED, reply({ status: 204, body: "" })),
  pushArrives("pushed-moved-307", REDIRECTED, moved(307)),
  pushArrives("pushed-moved-302", REDIRECTED, moved(302)),
  pushArrives(
    "pushed-refused",
    "RFC 9126 section 2.3",
    reply({ status: 400, body: '{"error":"invalid_request"}' }),
  ),
  pushArrives("pushed-under-400", "RFC 9126 section 2.3", reply({ status: 400 })),
  pushArrives("pushed-under-503", PUSHED, reply({ status: 503 })),
  pushArrives("pushed-cut", PUSHED, cut),

  boundTokens("bearer-where-dpop-was-asked", BOUND, set("token_type", "Bearer")),
  boundTokens("bearer-in-other-case-where-dpop-was-asked", BOUND, set("token_type", "bEARER")),
  boundTokens("dpop-type-begins-alike", BOUND, set("token_type", "DPoP2")),
  boundTokens("dpop-type-missing", TOKENS, drop("token_type")),
  boundRefreshed("refresh-bearer-where-dpop-was-asked", BOUND, set("token_type", "Bearer")),
  {
    name: "tokens-bound-to-another-key",
    step: "dpop",
    rule: "RFC 9449 section 6.1",
    bound: () => "A".repeat(43),
  },
  nonce("dpop-nonce-with-a-line-break", NONCE, () => "a\r\nX: b"),
  nonce("dpop-nonce-of-two-lines", NONCE, (value) => `${value}\n${value}`),
  nonce("dpop-nonce-with-a-space", NONCE, (value) => `${value} ${value}`),
  nonce("dpop-nonce-with-a-quote", NONCE, () => 'a","htm":"GET'),
  nonce("dpop-nonce-twice", NONCE, (value) => `${value}, ${value}`),
  nonce("dpop-nonce-too-long", NONCE, () => "n".repeat(1e5)),
  nonce("dpop-nonce-empty", NONCE, () => ""),
  nonce("dpop-nonce-missing", NONCE, () => undefined),
  nonce("dpop-nonce-never-good", NONCE, () => "another"),
  nonce("dpop-nonce-of-another-origin", "RFC 9449 section 9", (value, { endpoint }) =>
    endpoint === "resource" ? undefined : value,
  ),
  unproven("proofs-never-good", "RFC 9449 section 4.3"),
  unproven("proofs-by-a-clock-of-long-ago", "RFC 9449 section 11.1", {
    Date: "Thu, 01 Jan 1970 00:00:00 GMT",
  }),
  unproven("proofs-by-a-clock-that-is-none", "RFC 9449 section 11.1", { Date: "yesterday" }),
]);
