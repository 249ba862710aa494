// pkce-wasm/testing: an honest server is strict, a lying one is caught, and an application is signed in in one line.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "./installed.js";

const { Client } = await load("pkce-wasm");
const { createServer, LIES, signedIn, signIn, turnTime } = await load("pkce-wasm/testing");

const REDIRECT_URI = "https://app.example/callback";
const API = "https://api.example";
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");

/** Asks the authorization endpoint; undefined leaves a parameter out. */
const authorize = async (server, change = {}) => {
  const parameters = {
    response_type: "code",
    client_id: "app",
    redirect_uri: REDIRECT_URI,
    scope: "openid",
    state: "s",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    ...change,
  };
  const url = new URL(server.metadata.authorization_endpoint);
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value);
  const response = await server.fetch(url);
  const location = response.headers.get("location");
  return location === null ? response : Object.fromEntries(new URL(location).searchParams);
};

const post = async (url, server, form) => {
  const response = await server.fetch(url, { method: "POST", body: new URLSearchParams(form) });
  const text = await response.text();
  return { status: response.status, ...(text && JSON.parse(text)) };
};

const redeem = (server, code, change = {}) =>
  post(server.metadata.token_endpoint, server, {
    grant_type: "authorization_code",
    client_id: "app",
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: VERIFIER,
    ...change,
  });

const refresh = (server, refresh_token) =>
  post(server.metadata.token_endpoint, server, {
    grant_type: "refresh_token",
    client_id: "app",
    refresh_token,
  });

const userinfo = (server, token) =>
  server.fetch(server.metadata.userinfo_endpoint, { headers: { Authorization: `Bearer ${token}` } });

test("a session is there in one line, and everything about it is real", async () => {
  const { client, session, server } = await signedIn({
    user: { sub: "grace", name: "Grace" },
    scope: "openid profile",
  });
  assert.equal(session.claims.name, "Grace");
  assert.equal(session.idTokenVerifiedBy, "signature");
  assert.deepEqual(await session.userinfo(), { sub: "grace", name: "Grace" });
  const before = await session.accessToken();
  await session.refresh();
  assert.notEqual(await session.accessToken(), before);
  await client.logout({ revoke: true, endSession: true });
  assert.equal(await client.session(), null);
  const seen = server.requests.map(({ endpoint }) => endpoint);
  assert.deepEqual(seen, [
    "authorize",
    "jwks",
    "token",
    "userinfo",
    "refresh",
    "revoke",
    "revoke",
    "end_session",
  ]);
});

test("every algorithm signs, and the client verifies it", async () => {
  for (const alg of ["RS256", "PS256", "ES256", "EdDSA"]) {
    const server = createServer({ alg, issuer: `https://${alg.toLowerCase()}.example` });
    const { session } = await signedIn({ server });
    assert.equal(session.idTokenVerifiedBy, "signature", alg);
    await session.refresh();
  }
});

test("an issuer with a path, and one with a slash at its end, are discovered", async () => {
  for (const issuer of ["https://login.example/tenant", "https://login.example/realms/one/"]) {
    const server = createServer({ issuer });
    const client = await Client.discover({
      issuer,
      clientId: "app",
      redirectUri: REDIRECT_URI,
      transactionStorage: "memory",
      host: server.host,
    });
    assert.equal((await signIn(client, server)).claims.iss, issuer);
  }
});

test("the authorization endpoint takes S256 alone, and no parameter twice", async () => {
  const server = createServer();
  for (const change of [
    { code_challenge: undefined },
    { code_challenge: "short" },
    { code_challenge_method: undefined },
    { code_challenge_method: "plain" },
  ]) {
    const { error, state, iss, code } = await authorize(server, change);
    assert.deepEqual(
      { error, state, iss, code },
      {
        error: "invalid_request",
        state: "s",
        iss: server.issuer,
        code: undefined,
      },
    );
  }
  assert.equal((await authorize(server, { response_type: "token" })).error, "unsupported_response_type");
  const url = `${server.metadata.authorization_endpoint}?client_id=app&redirect_uri=${REDIRECT_URI}&state=a&state=b`;
  assert.match(await server.visit(url), /error=invalid_request/);
});

test("nobody is sent to a redirect URI that is not registered", async () => {
  const clients = [{ clientId: "app", redirectUris: [REDIRECT_URI] }];
  const server = createServer({ clients });
  assert.equal(typeof (await authorize(server)).code, "string");
  for (const change of [
    { redirect_uri: `${REDIRECT_URI}/` },
    { redirect_uri: undefined },
    { client_id: "other" },
  ]) {
    assert.equal((await authorize(server, change)).status, 400);
  }
  for (const redirect_uri of [
    "javascript:alert(1)",
    "JAVASCRIPT:x",
    "data:text/html,x",
    "/callback",
    "app",
  ]) {
    assert.equal((await authorize(createServer(), { redirect_uri })).status, 400, redirect_uri);
  }
});

test("a code serves once, for one client, one redirect URI and one verifier, for a minute", async () => {
  const server = createServer();
  for (const change of [
    { code_verifier: VERIFIER.replace("d", "e") },
    { client_id: "other" },
    { redirect_uri: `${REDIRECT_URI}/` },
    { code: "another" },
  ]) {
    const { code } = await authorize(server);
    assert.equal((await redeem(server, code, change)).error, "invalid_grant", JSON.stringify(change));
  }
  const { code: malformed } = await authorize(server);
  assert.equal((await redeem(server, malformed, { code_verifier: "" })).error, "invalid_request");

  const { code: late } = await authorize(server);
  server.turnClock(61);
  assert.equal((await redeem(server, late)).error, "invalid_grant");

  const { code } = await authorize(server);
  const tokens = await redeem(server, code);
  assert.equal(tokens.status, 200);
  assert.equal((await userinfo(server, tokens.access_token)).status, 200);
  assert.equal((await redeem(server, code)).error, "invalid_grant");
  assert.equal(
    (await userinfo(server, tokens.access_token)).status,
    401,
    "what was granted on the code is revoked",
  );
});

test("a refresh token serves once, and a second time ends the session", async () => {
  const server = createServer();
  const first = await redeem(server, (await authorize(server)).code);
  const second = await refresh(server, first.refresh_token);
  assert.equal(second.status, 200);
  assert.notEqual(second.refresh_token, first.refresh_token);
  const third = await refresh(server, second.refresh_token);
  assert.equal(third.status, 200);
  assert.equal((await refresh(server, first.refresh_token)).error, "invalid_grant");
  assert.equal((await refresh(server, third.refresh_token)).error, "invalid_grant", "the family has ended");
  assert.equal((await userinfo(server, third.access_token)).status, 401);
});

test("a refresh token that somebody else used ends the session of the application", async () => {
  const { client, session, server } = await signedIn();
  const stolen = server.requests.find(({ endpoint }) => endpoint === "token");
  assert.ok(stolen.form.code_verifier);
  await session.refresh();
  const [{ form }] = server.requests.filter(({ endpoint }) => endpoint === "refresh");
  assert.equal((await refresh(server, form.refresh_token)).error, "invalid_grant");
  await assert.rejects(session.refresh(), { code: "session_expired" });
  assert.equal(await client.session(), null);
});

test("clocks are turned: tokens expire at the server, and at the client", async () => {
  const { session, server } = await signedIn({
    server: createServer({ issuer: "https://clock.example", resources: { [API]: ({ sub }) => ({ sub }) } }),
    resourceOrigins: [API],
  });
  const before = await session.accessToken();
  server.turnClock(301);
  const response = await session.fetch(`${API}/me`);
  assert.deepEqual([response.status, await response.json()], [200, { sub: "ada" }], "refreshed after a 401");
  assert.notEqual(await session.accessToken(), before);

  const fresh = await session.accessToken();
  const setRight = turnTime(400);
  try {
    assert.notEqual(await session.accessToken(), fresh);
  } finally {
    setRight();
  }
});

test("a resource server sends JSON, or what the test makes of it", async () => {
  const answers = ["text", { a: 1 }, [1], null, undefined];
  const response = () => new Response("as it is", { status: 201 });
  const resources = {
    [API]: ({ url }) => (url.pathname === "/own" ? response() : answers[url.pathname.slice(1)]),
  };
  const server = createServer({ issuer: "https://resources.example", resources });
  const { session } = await signedIn({ server, resourceOrigins: [API] });
  for (const [at, answer] of answers.entries()) {
    assert.deepEqual(await (await session.fetch(`${API}/${at}`)).json(), answer ?? null);
  }
  assert.equal(await (await session.fetch(`${API}/own`)).text(), "as it is");
  for (const headers of [
    {},
    { Authorization: "Bearer another" },
    { Authorization: "Bearer constructor" },
    { Authorization: "Basic YTpi" },
  ]) {
    const { status } = await server.fetch(`${API}/1`, { headers });
    assert.equal(status, 401);
  }
});

test("the user declines, fails, or is somebody else", async () => {
  for (const [decide, code, oauthError] of [
    [false, "access_denied", "access_denied"],
    [() => ({ error: "temporarily_unavailable" }), undefined, "temporarily_unavailable"],
    [(request) => request.login_hint === "ada", "access_denied", "access_denied"],
  ]) {
    const error = await signedIn({ server: createServer({ decide }) }).then(assert.fail, (given) => given);
    if (code) assert.equal(error.code, code);
    assert.equal(error.oauthError, oauthError);
  }
  const decide = () => ({ user: { sub: "eve", name: "Eve" }, scope: "openid profile" });
  const { session } = await signedIn({ server: createServer({ decide }) });
  assert.deepEqual([session.claims.sub, session.scope], ["eve", "openid profile"]);
});

test("prompt none signs in who is known, and nobody else", async () => {
  const server = createServer();
  const none = { login: { prompt: "none" } };
  await assert.rejects(signedIn({ server, ...none }), { oauthError: "login_required" });
  const { client } = await signedIn({ server, postLogoutRedirectUri: "https://app.example/" });
  assert.equal((await signedIn({ server, ...none })).session.claims.sub, "ada");
  await client.logout({ endSession: true });
  const { status } = await client.handleRedirect(server.returned);
  assert.equal(status, "signed-out");
  await assert.rejects(signedIn({ server, ...none }), { oauthError: "login_required" });
});

test("max_age, acr_values, resource and authorization_details come to what they ask for", async () => {
  const server = createServer();
  await signedIn({ server });
  server.turnClock(10);
  const { session } = await signedIn({ server, login: { maxAge: 5, acrValues: "phr phrh" } });
  assert.equal(session.claims.acr, "phr");
  assert.ok(server.now - session.claims.auth_time <= 5);
  const details = [{ type: "payment", amount: "5" }];
  await signedIn({ server, login: { resource: API, authorizationDetails: details } });
  await assert.rejects(signedIn({ server, login: { extraParameters: { resource: "no-uri" } } }));
});

test("the next answer is scripted: a status, no network, or one that is held back", async () => {
  const { session, server } = await signedIn({ issuer: "https://scripted.example" });
  server.next("refresh", { status: 503, headers: { "Retry-After": "30" } });
  await assert.rejects(session.refresh(), { code: "server_error" });
  server.next("userinfo", new TypeError("no network"));
  await assert.rejects(session.userinfo(), { code: "network_failed" });
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  server.next("userinfo", async (_, proceed) => {
    await gate;
    return proceed();
  });
  const asked = session.userinfo();
  release();
  assert.equal((await asked).sub, "ada");
});

test("what the server knows outlives it", async () => {
  let saved;
  const keep = (text) => {
    saved = text;
  };
  const issuer = "https://kept.example";
  const first = createServer({ issuer, keep });
  const tokens = await redeem(first, (await authorize(first)).code);
  const second = createServer({ issuer, saved });
  assert.equal((await userinfo(second, tokens.access_token)).status, 200);
  assert.equal((await refresh(second, tokens.refresh_token)).status, 200);
  const keys = async (server) => (await server.fetch(server.metadata.jwks_uri)).json();
  assert.deepEqual(await keys(second), await keys(first));
});

test("it stands in for the fetch of the page, for its own origins alone", async () => {
  const server = createServer({ issuer: "https://instead.example" });
  const before = globalThis.fetch;
  const elsewhere = [];
  globalThis.fetch = async (url) => elsewhere.push(`${url}`);
  try {
    const remove = server.install();
    const client = await Client.discover({
      issuer: server.issuer,
      clientId: "app",
      redirectUri: REDIRECT_URI,
      transactionStorage: "memory",
      host: { open: server.host.open },
    });
    await signIn(client, server);
    await fetch("https://other.example/");
    remove();
    await fetch(server.issuer);
  } finally {
    globalThis.fetch = before;
  }
  assert.deepEqual(elsewhere, ["https://other.example/", server.issuer]);
});

/** The whole way: discovery, login, userinfo, refresh. */
const use = async (server) => {
  const client = await Client.discover({
    issuer: server.issuer,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    transactionStorage: "memory",
    host: server.host,
  });
  const session = await signIn(client, server);
  await session.userinfo();
  await session.refresh();
};

/** What `testing_bound.test.js` holds: lies that are told to a client that pushes its requests or has bound tokens. */
const isForOthers = ({ step }) => ["pushed-request", "dpop"].includes(step);

test("every lie is refused, and without it the same server is believed", async () => {
  const ours = LIES.filter((lie) => !isForOthers(lie));
  assert.ok(ours.length > 150);
  for (const { name } of ours) {
    const server = createServer({ issuer: `https://${name}.example`, lies: [name] });
    await assert.rejects(use(server), undefined, `${name} is believed`);
  }
  const honest = createServer({ issuer: "https://honest.example", lies: ["alg-none"] });
  honest.lie();
  await use(honest);
});

test("each lie is one of the hostile server's or about what that one lacks, has a name of its own and says what it breaks", () => {
  const folder = new URL("../hostile/src/cases/", import.meta.url);
  const cases = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), "utf8"));
  const known = new Set(
    cases.flatMap((text) => [...text.matchAll(/"([a-z0-9-]+)",?\s*&\[/g)].map(([, name]) => name)),
  );
  for (const { name, rule, ...lie } of LIES) {
    assert.ok(known.has(name) || isForOthers(lie), `${name} is none of tests/hostile`);
    assert.match(rule, /section/, name);
  }
  assert.equal(new Set(LIES.map(({ name }) => name)).size, LIES.length);
  assert.throws(() => createServer({ lies: ["no-such-lie"] }), TypeError);
});

test("a script shows a page of its own, and is called again with its form", async () => {
  const visits = [];
  const decide = (request, { method, form, known }) => {
    visits.push([method, known?.sub, request.prompt]);
    if (known && request.prompt !== "login") return true;
    if (method !== "POST") return { headers: { "Content-Type": "text/html" }, body: "<h1>Who is there?" };
    return form.login === "nobody" ? false : { user: { sub: form.login } };
  };
  const server = createServer({ decide });
  const config = {
    issuer: server.issuer,
    clientId: "app",
    redirectUri: "https://app.example/callback",
    transactionStorage: "memory",
  };
  const urls = [];
  const login = async (form, options) => {
    const host = { ...server.host, open: (url) => urls.push(url) };
    new Client({ ...config, host }, server.metadata).login(options);
    const url = urls.at(-1);
    const asked = await server.fetch(url);
    const isPage = asked.status === 200 && (await asked.text()) === "<h1>Who is there?";
    if (!isPage) return new URL(asked.headers.get("location")).searchParams;
    const answer = await server.fetch(url, { method: "POST", body: new URLSearchParams(form) });
    return new URL(answer.headers.get("location")).searchParams;
  };
  assert.equal((await login({ login: "nobody" })).get("error"), "access_denied");
  assert.ok((await login({ login: "grace" })).has("code"));
  assert.ok((await login({})).has("code"));
  assert.ok((await login({ login: "alan" }, { prompt: "login" })).has("code"));
  assert.deepEqual(visits, [
    ["GET", undefined, undefined],
    ["POST", undefined, undefined],
    ["GET", undefined, undefined],
    ["POST", undefined, undefined],
    ["GET", "grace", undefined],
    ["GET", "grace", "login"],
    ["POST", "grace", "login"],
  ]);
});
