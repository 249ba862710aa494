// What real servers answer, through the packed tarball: refusals in every dress, successes in odd ones, members that nobody reads, documents
// at every place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { expectedEngine, ISSUER, load, METADATA, metadataOf, playPage, REDIRECT_URI } from "./installed.js";

playPage();
const { Client, completeAuthorization, beginAuthorization, discover, engine, isPkceError, ready, ...steps } =
  await load("pkce-wasm");
await ready();
assert.equal(engine(), expectedEngine);

const API = "https://api.example";
const SERVER = {
  ...METADATA,
  userinfo_endpoint: `${ISSUER}/me`,
  revocation_endpoint: `${ISSUER}/revoke`,
};

const code = (expected, subject) => (error) => {
  assert.ok(isPkceError(error), `${error?.stack}`);
  assert.deepEqual([error.code, error.subject], [expected, subject]);
  return true;
};
const answer = (body, { status = 200, type = "application/json" } = {}) =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), {
    status,
    headers: type === null ? {} : { "content-type": type },
  });
/** An answer whose type nobody names: `Response` names one by itself for a text. */
const untyped = (body, status) =>
  new Response(new TextEncoder().encode(JSON.stringify(body)), status && { status });
const TOKENS = { access_token: "at-secret", token_type: "Bearer" };
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

let number = 0;

/** A client whose server answers by path; a function is called each time. */
const world = (answers, change = {}, metadata = SERVER) => {
  number += 1;
  const seen = { opened: [], asked: [] };
  const config = {
    issuer: metadata?.issuer ?? ISSUER,
    clientId: `answers-${number}`,
    // Servers that do not promise `iss` have one each.
    redirectUri:
      (metadata?.issuer ?? ISSUER) === ISSUER
        ? REDIRECT_URI
        : `${REDIRECT_URI}/${encodeURIComponent(metadata.issuer)}`,
    scope: "files",
    transactionStorage: "memory",
    resourceOrigins: [API],
    host: {
      open: (url) => void seen.opened.push(url),
      fetch: async (url, init) => {
        seen.asked.push(url);
        const { pathname } = new URL(url);
        const given = answers[pathname] ?? answers["*"];
        const made = typeof given === "function" ? await given(init) : given;
        return made?.clone() ?? answer("", { status: 404, type: "text/html" });
      },
    },
    ...change,
  };
  const client = () => new Client(config, metadata);
  const signIn = async (signing = client(), options = undefined) => {
    await signing.login(options);
    const url = new URL(seen.opened.at(-1));
    const outcome = await signing.handleRedirect(
      `${config.redirectUri}?code=a-code&state=${url.searchParams.get("state")}`,
    );
    return { ...outcome, client: signing, url };
  };
  return { config, seen, client, signIn };
};

test("an error refuses whatever the status, the type, and all that stands beside it", async () => {
  const github = {
    error: "bad_verification_code",
    error_description: "The code is wrong",
    error_uri: `${ISSUER}/e`,
  };
  for (const [said, shown] of [
    [answer(github), github],
    [answer({ ...TOKENS, ...github }), github],
    [answer(github, { status: 201 }), github],
    [answer({ ok: false, error: "invalid_code" }), { error: "invalid_code" }],
    [answer({ error: "invalid_grant" }, { status: 400, type: "text/plain" }), { error: "invalid_grant" }],
    [
      answer({ error: "invalid_grant" }, { status: 400, type: "text/html; charset=utf-8" }),
      { error: "invalid_grant" },
    ],
    [
      answer({ error: "invalid_request" }, { status: 400, type: "application/problem+json" }),
      { error: "invalid_request" },
    ],
    [untyped({ error: "invalid_client" }, 401), { error: "invalid_client" }],
    [answer({ error: "invalid_target" }, { status: 403, type: "text/plain" }), { error: "invalid_target" }],
    [
      answer(
        { error: { message: "This code has been used", type: "OAuthException", code: 100 } },
        { status: 400 },
      ),
      { error: "OAuthException", error_description: "This code has been used" },
    ],
    [
      answer({ error: { message: "It has expired" } }),
      { error: undefined, error_description: "It has expired" },
    ],
  ]) {
    const { status, error, restart } = await world({ "/token": said }).signIn();
    assert.equal(status, "refused");
    assert.deepEqual(
      [error.code, error.oauthError, error.oauthErrorDescription, error.oauthErrorUri],
      ["token_refused", shown.error, shown.error_description, shown.error_uri],
    );
    assert.equal(error.status, said.status === 200 ? undefined : said.status);
    assert.equal(restart, shown.error === "invalid_grant");
  }
});

test("an error that says nothing refuses nothing, and no error is found where there is no JSON", async () => {
  for (const error of ["", null, false, 0, [], {}, { code: 1 }]) {
    const { status } = await world({ "/token": answer({ ...TOKENS, error }) }).signIn();
    assert.equal(status, "signed-in", JSON.stringify(error));
  }
  for (const body of ["error=invalid_grant", "<p>invalid_grant</p>", '"invalid_grant"', '["error"]', ""]) {
    const { error } = await world({ "/token": answer(body, { status: 400, type: "text/plain" }) }).signIn();
    assert.deepEqual(
      [error.code, error.status, error.oauthError],
      ["token_response_invalid", 400, undefined],
    );
  }
});

test("a server that failed is asked again, with its words, and a grant does not end by them", async () => {
  for (const [status, error] of [
    [500, "server_error"],
    [503, "temporarily_unavailable"],
    [502, "invalid_grant"],
    [429, "slow_down"],
  ]) {
    let failing = answer({ error, error_description: "later" }, { status, type: "text/html" });
    const tokens = { ...TOKENS, refresh_token: "rt", expires_in: 1 };
    const { signIn, client } = world({
      "/token": ({ body }) =>
        failing ?? answer(new URLSearchParams(body).has("code") ? tokens : { ...TOKENS, expires_in: 60 }),
    });
    const signing = client();
    signing.login();
    const first = await signIn(signing);
    assert.deepEqual(
      [
        first.status,
        first.error.code,
        first.error.status,
        first.error.oauthError,
        first.error.oauthErrorDescription,
      ],
      ["refused", "server_error", status, error, "later"],
    );
    assert.equal(first.error.retryable, true);
    const refused = failing;
    failing = undefined;
    const { session } = await signIn(signing);
    failing = refused;
    await assert.rejects(session.refresh(), (thrown) => {
      assert.deepEqual([thrown.code, thrown.status, thrown.oauthError], ["server_error", status, error]);
      return true;
    });
    assert.ok(await signing.session(), `${status} ${error}`);
  }
});

test("a JSON object is tokens whatever its type, under 200, 201 and 202, over TLS or within the machine", async () => {
  const local = metadataOf("http://127.0.0.1:9000");
  for (const metadata of [SERVER, local]) {
    for (const said of [
      answer(TOKENS, { type: "text/plain" }),
      answer(TOKENS, { type: "text/html" }),
      answer(TOKENS, { type: "text/javascript" }),
      untyped(TOKENS),
      answer(TOKENS, { status: 201 }),
      answer(TOKENS, { status: 202, type: "text/plain" }),
      answer(` \n${JSON.stringify(TOKENS)}\n`, { type: "" }),
    ]) {
      const { status, session, error } = await world({ "/token": said }, {}, metadata).signIn();
      assert.equal(status, "signed-in", `${error}`);
      assert.equal(await session.accessToken(), "at-secret");
    }
  }
  for (const [said, subject] of [
    [answer(TOKENS, { status: 203 }), undefined],
    [answer(TOKENS, { status: 206 }), undefined],
    [answer(TOKENS, { status: 404 }), undefined],
    [answer([TOKENS]), undefined],
    [answer("access_token=at&token_type=bearer", { type: "text/plain" }), undefined],
    [answer("<!doctype html>", { type: "text/html" }), undefined],
    [answer({ access_token: "at" }, { type: "text/plain" }), "token_type"],
    [answer({ ...TOKENS, token_type: "mac" }, { type: "text/plain" }), "token_type"],
    [answer({ token_type: "Bearer" }, { type: "text/plain" }), "access_token"],
    [answer({ ...TOKENS, access_token: ["at"] }), "access_token"],
  ]) {
    const { status, error } = await world({ "/token": said }).signIn();
    assert.deepEqual([status, error.subject], ["refused", subject]);
  }
});

test("beyond TLS and this machine, success is as the specification has it", async () => {
  const far = metadataOf("http://192.168.1.9");
  const change = { dangerouslyAllowHttp: true };
  assert.equal((await world({ "/token": answer(TOKENS) }, change, far).signIn()).status, "signed-in");
  for (const said of [
    answer(TOKENS, { type: "text/plain" }),
    answer(TOKENS, { type: "text/html" }),
    untyped(TOKENS),
    answer(TOKENS, { status: 201 }),
    answer(TOKENS, { status: 202 }),
  ]) {
    const { error } = await world({ "/token": said }, change, far).signIn();
    assert.equal(error.code, "token_response_invalid");
  }
});

test("scopes come in a list too, and odd lifetimes are as if they were missing", async () => {
  for (const [scope, expected] of [
    [["user:read:email", "chat:read"], "user:read:email chat:read"],
    [["one"], "one"],
    [[], ""],
    [[""], ""],
    ["a b", "a b"],
    ["", ""],
    [null, "files"],
    [undefined, "files"],
  ]) {
    const { session } = await world({ "/token": answer({ ...TOKENS, scope }) }).signIn();
    assert.equal(session.scope, expected, JSON.stringify(scope));
  }
  for (const scope of [7, {}, true, ["a", 1], [["a"]]]) {
    const { error } = await world({ "/token": answer({ ...TOKENS, scope }) }).signIn();
    code("token_response_invalid", "scope")(error);
  }
  const now = () => Math.floor(Date.now() / 1000);
  for (const [lifetime, seconds] of [
    ["3599.99", 3599],
    ["3600", 3600],
    ["3.6e3", 3600],
    [3600.7, 3600],
    [-1, 0],
    ["-1", 0],
    [-1e300, 0],
    ["-0.5", 0],
    ["", null],
    ["soon", null],
    ["3600s", null],
    ["0x10", null],
    [true, null],
    [[3600], null],
    [{ seconds: 1 }, null],
    [1e300, null],
    ["1e400", null],
    ["NaN", null],
    ["Infinity", null],
  ]) {
    const before = now();
    const body = { ...TOKENS, refresh_token: "rt", expires_in: lifetime };
    const { session, error } = await world({ "/token": answer(body) }).signIn();
    assert.ok(session, `${JSON.stringify(lifetime)} ${error}`);
    if (seconds === null) assert.equal(session.expiresAt, null, JSON.stringify(lifetime));
    else
      assert.ok(
        session.expiresAt >= before + seconds && session.expiresAt <= now() + seconds,
        JSON.stringify(lifetime),
      );
  }
});

test("no lifetime that was accepted makes a later call fail", async () => {
  for (const expires_in of [
    3_153_600_000,
    4_294_967_296,
    9e15,
    9_007_197_454_740_990,
    "31536000000",
    0.5,
    1e300,
  ]) {
    const tokens = { ...TOKENS, refresh_token: "rt", expires_in };
    const { signIn, config } = world({
      "/token": answer(tokens),
      "/me": answer({ sub: "ada" }),
      "/revoke": answer(""),
      "/403": answer("", { status: 403, type: "text/plain" }),
      "/401": answer("", { status: 401, type: "text/plain" }),
    });
    const { session, client } = await signIn();
    await session.accessToken();
    assert.equal((await session.userinfo()).sub, "ada");
    assert.equal((await session.fetch(`${API}/403`)).status, 403);
    assert.equal((await session.fetch(`${API}/401`)).status, 401);
    await session.refresh();
    assert.ok(await client.session());
    await client.logout({ revoke: true });
    // The same by the stateless steps, which give the tokens to the application and take them back.
    const { url, transaction } = beginAuthorization(config, SERVER);
    const state = new URL(url).searchParams.get("state");
    const set = await completeAuthorization(
      config,
      SERVER,
      transaction,
      `${REDIRECT_URI}?code=c&state=${state}`,
    );
    const fresh = await steps.refreshTokens(config, SERVER, set);
    await steps.fetchUserinfo(config, SERVER, fresh);
    await steps.revokeTokens(config, SERVER, JSON.parse(JSON.stringify(fresh)));
  }
});

test("members that nobody reads are given, bounded, and those of a refresh take their place", async () => {
  const extra = {
    patient: "123",
    instance_url: "https://eu1.example/",
    need_patient_banner: true,
    id: null,
    sub: "did:plc:x",
    nested: { a: [1, 1.5, "é\n\u2028", {}], "": 0 },
    __proto__: null,
  };
  let refreshed = { ...TOKENS, access_token: "at2" };
  const { signIn, config } = world({
    "/token": ({ body }) =>
      answer(
        new URLSearchParams(body).has("code")
          ? { ...extra, ...TOKENS, refresh_token: "rt", expires_in: 3600, scope: "files" }
          : refreshed,
      ),
  });
  const { session, client } = await signIn();
  assert.deepEqual({ ...session.extra }, { ...extra });
  assert.deepEqual({ ...(await client.session()).extra }, { ...extra });
  await session.refresh();
  assert.deepEqual({ ...session.extra }, { ...extra }, "a refresh that brings none leaves them");
  refreshed = { ...TOKENS, access_token: "at3", patient: "456" };
  await session.refresh();
  assert.deepEqual({ ...session.extra }, { patient: "456" });

  const { url, transaction } = beginAuthorization(config, SERVER);
  const state = new URL(url).searchParams.get("state");
  const tokens = await completeAuthorization(
    config,
    SERVER,
    transaction,
    `${REDIRECT_URI}?code=c&state=${state}`,
  );
  assert.deepEqual({ ...tokens.extra }, { ...extra });
  refreshed = { ...TOKENS };
  assert.deepEqual({ ...(await steps.refreshTokens(config, SERVER, tokens)).extra }, { ...extra });
  for (const wrong of ["{}", 1, []]) {
    await assert.rejects(
      steps.refreshTokens(config, SERVER, { ...tokens, extra: wrong }),
      code("config_invalid", "extra"),
    );
  }
  const without = await world({ "/token": answer({ ...TOKENS, expires_in: 60 }) }).signIn();
  assert.equal(without.session.extra, null);
});

test("what nobody reads is at most 4096 bytes, and each member is whole", async () => {
  for (const length of [100, 4083, 4084, 4085, 5000, 100_000]) {
    const body = `{"big":"${"é".repeat(length / 2)}${"x".repeat(length % 2)}","access_token":"at","token_type":"Bearer","small":1}`;
    const { session } = await world({ "/token": answer(body) }).signIn();
    const { big, small } = session.extra;
    assert.ok(Buffer.byteLength(JSON.stringify(session.extra)) <= 4096);
    if (length <= 4083) assert.equal(Buffer.byteLength(big), length);
    if (length > 4086) assert.deepEqual([big, small], [undefined, 1]);
  }
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`m${at}`, at]));
  const { session } = await world({ "/token": answer({ ...many, ...TOKENS }) }).signIn();
  assert.ok(JSON.stringify(session.extra).length <= 4096);
  assert.equal(session.extra.m0, 0);
});

test("what nobody reads is in no error", async () => {
  const secret = "device-secret-9c1f";
  const { signIn, client } = world({
    "/token": ({ body }) =>
      new URLSearchParams(body).has("code")
        ? answer({ ...TOKENS, device_secret: secret, refresh_token: "rt" })
        : answer({ device_secret: secret }, { status: 400 }),
  });
  const { session } = await signIn(client());
  await assert.rejects(session.refresh(), (error) => {
    assert.ok(!JSON.stringify({ ...error, message: error.message, stack: error.stack }).includes(secret));
    return error.code === "token_response_invalid";
  });
});

test("an ID token that nobody asked for is dropped when it is not right, and never half believed", async () => {
  const now = Math.floor(Date.now() / 1000);
  const token = (header, claims) =>
    `${base64url(header)}.${base64url({ iss: ISSUER, aud: "app", sub: "ada", iat: now, exp: now + 60, ...claims })}.c2ln`;
  for (const id_token of [
    "",
    null,
    7,
    {},
    "a.b.c",
    token({ alg: "HS256" }),
    token({ alg: "none" }),
    token({ alg: "RS256" }, { iss: "https://evil.example" }),
    token({ alg: "RS256" }, { exp: 1 }),
    // The server has no keys, or they cannot be fetched, or none of them fits.
    token({ alg: "RS256" }, {}),
  ]) {
    for (const keys of [
      undefined,
      answer("", { status: 404 }),
      answer("", { status: 503 }),
      answer({ keys: [] }),
    ]) {
      const metadata = keys ? { ...SERVER, jwks_uri: `${ISSUER}/jwks` } : SERVER;
      const body = { ...TOKENS, refresh_token: "rt", expires_in: 3600, scope: "openid files", id_token };
      const { signIn } = world(
        { "/token": answer(body), "/jwks": keys, "/me": answer({ sub: "grace" }) },
        { clientId: "app" },
        metadata,
      );
      const { session, error } = await signIn();
      assert.ok(session, `${JSON.stringify(id_token)} ${error}`);
      assert.deepEqual([session.claims, session.idToken, session.idTokenVerifiedBy], [null, null, null]);
      await session.refresh();
      assert.deepEqual([session.claims, session.idToken, session.idTokenVerifiedBy], [null, null, null]);
      assert.equal((await session.userinfo()).sub, "grace");
      if (id_token === null || id_token === "") break;
    }
  }
});

test("with openid the same is refused", async () => {
  for (const id_token of ["", "a.b.c", `${base64url({ alg: "HS256" })}.${base64url({})}.c2ln`]) {
    const said = answer({ ...TOKENS, scope: "files", id_token });
    const { status } = await world({ "/token": said }, { scope: "openid" }).signIn();
    assert.equal(status, "refused");
    const { signIn, client } = world({ "/token": said }, { scope: "" });
    assert.equal((await signIn(client(), { scope: "openid" })).status, "refused");
    assert.equal((await signIn(client())).status, "signed-in");
  }
});

test("an empty scope is not sent, and absent it is openid", async () => {
  for (const [scope, options, sent] of [
    ["", undefined, null],
    [null, undefined, null],
    [undefined, undefined, "openid"],
    ["files", { scope: "" }, null],
    ["files", { scope: null }, null],
    ["", { scope: "files" }, "files"],
    [null, { scope: undefined }, null],
  ]) {
    const { signIn, client } = world({ "/token": answer({ ...TOKENS, refresh_token: "rt" }) }, { scope });
    const { url, status, session } = await signIn(client(), options);
    assert.equal(url.searchParams.get("scope"), sent, JSON.stringify([scope, options]));
    assert.equal(url.searchParams.has("nonce"), sent === "openid");
    assert.equal(status, sent === "openid" ? "refused" : "signed-in");
    if (session) {
      assert.equal(session.scope, sent ?? "");
      await session.refresh();
      assert.equal(session.scope, sent ?? "");
    }
  }
  const asking = answer("", { status: 403, type: "text/plain" });
  asking.headers.set("www-authenticate", 'Bearer error="insufficient_scope", scope="more"');
  const { session } = await world({ "/token": answer(TOKENS), "/x": asking }, { scope: "" }).signIn();
  await assert.rejects(session.fetch(`${API}/x`), ({ loginOptions }) => loginOptions.scope === "more");
  assert.throws(() => world({}, { scope: " " }).client(), code("config_invalid", "scope"));
});

test("why there was no connection is told", async () => {
  const cause = Object.assign(new TypeError("fetch failed"), {
    cause: Object.assign(new AggregateError([], ""), { code: "ECONNREFUSED" }),
  });
  const lost = () => Promise.reject(cause);
  const { client } = world({ "*": lost, "/token": lost });
  const { error } = await (async () => {
    const { signIn } = world({ "/token": lost });
    return signIn();
  })();
  assert.deepEqual(
    [error.code, error.cause.message, error.cause.cause.code],
    ["network_failed", "fetch failed", "ECONNREFUSED"],
  );
  await assert.rejects(
    Client.discover(client().metadata && { ...world({ "*": lost }).config }),
    (thrown) => thrown.code === "network_failed" && thrown.cause.cause.code === "ECONNREFUSED",
  );
});

const TENANT = `${ISSUER}/t`;
const OPENID = "/t/.well-known/openid-configuration";
const OAUTH = "/.well-known/oauth-authorization-server/t";
const INSERTED = "/.well-known/openid-configuration/t";
const KEYS = { jwks_uri: `${TENANT}/jwks` };
const nothing = answer("", { status: 404, type: "text/html" });

const NO_DOCUMENT = [
  ...[400, 401, 403, 404, 405, 406, 410, 418, 500, 502, 503, 429].map((status) =>
    answer("", { status, type: "text/html" }),
  ),
  answer({ error: "not found" }, { status: 404 }),
  answer("<!doctype html><title>Shell</title>", { type: "text/html" }),
  answer("<!doctype html>"),
  answer(""),
  answer({}),
  answer([]),
  answer({ message: "no such tenant" }),
  answer({ issuer: 1 }),
  Response.redirect("https://login.example/", 302),
  () => Promise.reject(new TypeError("Failed to fetch")),
];

test("wherever the document is, it is found", async () => {
  for (const missing of NO_DOCUMENT) {
    for (const place of [OAUTH, INSERTED]) {
      const document = { ...metadataOf(TENANT), ...KEYS };
      const { config, seen } = world(
        { "*": missing, [place]: answer(document) },
        { issuer: TENANT, scope: "openid" },
      );
      const client = await Client.discover(config);
      assert.deepEqual(client.metadata, document);
      const asked = [OPENID, OAUTH, INSERTED].slice(0, place === OAUTH ? 2 : 3);
      assert.deepEqual(
        seen.asked,
        asked.map((path) => ISSUER + path),
      );
    }
  }
});

test("where there is none, the first fault is told, and where it was looked for", async () => {
  const { config, seen } = world(
    { [OPENID]: answer("", { status: 403 }), "*": answer("", { status: 500 }) },
    { issuer: TENANT },
  );
  await assert.rejects(discover(TENANT, { fetch: config.host.fetch }), (error) => {
    assert.deepEqual([error.code, error.status], ["metadata_invalid", 403]);
    assert.deepEqual(
      error.places,
      [OPENID, OAUTH, INSERTED].map((path) => ISSUER + path),
    );
    assert.deepEqual(error.places, seen.asked);
    return true;
  });
  const bare = world({});
  await assert.rejects(Client.discover(bare.config), code("metadata_not_found"));
  assert.equal(bare.seen.asked.length, 2);
});

test("a document of another issuer ends the search, and so does the caller", async () => {
  for (const issuer of [ISSUER, `${TENANT}/`, "https://evil.example"]) {
    const { config, seen } = world(
      { [OPENID]: answer(metadataOf(issuer)), "*": answer({ ...metadataOf(TENANT), ...KEYS }) },
      { issuer: TENANT },
    );
    await assert.rejects(Client.discover(config), code("issuer_mismatch", "issuer"));
    assert.equal(seen.asked.length, 1);
  }
  const controller = new AbortController();
  const { config, seen } = world({ "*": () => new Promise(() => controller.abort()) }, { issuer: TENANT });
  await assert.rejects(Client.discover(config, { signal: controller.signal }), code("aborted"));
  assert.equal(seen.asked.length, 1);
});

test("a lesser document is not taken while the OpenID place may have another one", async () => {
  const lesser = metadataOf(TENANT);
  const found = async (failing, scope, at = OPENID) => {
    const { config } = world(
      { "*": nothing, [OAUTH]: answer(lesser), [at]: failing },
      { issuer: TENANT, scope },
    );
    return (await Client.discover(config)).metadata;
  };
  const mayPass = [
    answer("", { status: 503 }),
    answer("", { status: 429 }),
    () => Promise.reject(new TypeError("x")),
  ];
  for (const failing of mayPass) {
    for (const at of [OPENID, INSERTED]) {
      for (const scope of ["openid", undefined, "openid files"]) {
        await assert.rejects(found(failing, scope, at), ({ retryable }) => at === INSERTED || retryable);
      }
      assert.deepEqual(await found(failing, "files", at), lesser);
      assert.deepEqual(await found(failing, "", at), lesser);
    }
  }
  assert.deepEqual(await found(answer("", { status: 403 }), "openid"), lesser);
  assert.deepEqual(await found(answer({ ...lesser, ...KEYS }), "openid", INSERTED), { ...lesser, ...KEYS });
});

test("an optional endpoint that cannot be used is refused when it is used", async () => {
  for (const [wrong, expected] of [
    ["", "metadata_invalid"],
    [{}, "metadata_invalid"],
    [7, "metadata_invalid"],
    ["/relative", "metadata_invalid"],
    ["javascript:alert(1)", "metadata_invalid"],
    [`${ISSUER}/x#y`, "metadata_invalid"],
    ["http://as.example/x", "endpoint_insecure"],
    ["http://localhost/x", "endpoint_insecure"],
  ]) {
    for (const [endpoint, use] of [
      ["userinfo_endpoint", ({ session }) => session.userinfo()],
      ["revocation_endpoint", ({ client }) => client.logout({ revoke: true })],
      ["end_session_endpoint", ({ client }) => client.logout({ endSession: true })],
    ]) {
      const document = { ...metadataOf(ISSUER), ...SERVER, [endpoint]: wrong };
      const { config, seen, signIn } = world({
        "/.well-known/openid-configuration": answer(document),
        "/token": answer(TOKENS),
      });
      const signedIn = await signIn(await Client.discover(config));
      assert.equal(signedIn.status, "signed-in");
      const before = seen.asked.length;
      await assert.rejects(use(signedIn), code(expected, endpoint), `${endpoint} ${JSON.stringify(wrong)}`);
      assert.equal(seen.asked.length, before);
    }
    const keys = { ...SERVER, jwks_uri: wrong };
    assert.throws(() => world({}, { scope: "openid" }, keys).client(), code(expected, "jwks_uri"));
    assert.throws(
      () => world({}, { scope: "files" }, keys).client().login({ scope: "openid" }),
      code(expected, "jwks_uri"),
    );
    assert.equal((await world({ "/token": answer(TOKENS) }, {}, keys).signIn()).status, "signed-in");
    for (const endpoint of ["authorization_endpoint", "token_endpoint"]) {
      assert.throws(() => world({}, {}, { ...SERVER, [endpoint]: wrong }).client(), code(expected, endpoint));
    }
  }
});

test("a server at which no login can succeed is refused before the user is sent there", async () => {
  const refused = (change, scope) => () =>
    world({}, { scope, ...change.config }, { ...SERVER, ...change.metadata }).client();
  for (const [member, wrong, right] of [
    ["require_pushed_authorization_requests", [true], [false, undefined, null, "true"]],
    [
      "response_types_supported",
      [["token"], ["code id_token", "id_token"], []],
      [["code"], ["id_token", "code"], undefined, null, "code"],
    ],
  ]) {
    for (const value of wrong)
      assert.throws(refused({ metadata: { [member]: value } }), code("server_unsupported", member));
    for (const value of right) assert.ok(refused({ metadata: { [member]: value } })());
  }
  const member = "id_token_signing_alg_values_supported";
  for (const [value, expected] of [
    [["HS256"], "id_token_alg_unsupported"],
    [["none"], "id_token_alg_unsupported"],
    [["HS256", "HS512", "none"], "id_token_alg_unsupported"],
    [["ES256K"], "server_unsupported"],
  ]) {
    const metadata = { [member]: value };
    for (const scope of ["openid", undefined])
      assert.throws(refused({ metadata }, scope), code(expected, member));
    for (const scope of ["files", ""]) assert.ok(refused({ metadata }, scope)());
    assert.ok(refused({ metadata, config: { idTokenSignedResponseAlg: "ES256" } }, "openid")());
  }
  for (const value of [["HS256", "RS256"], ["EdDSA"], [], undefined, null]) {
    assert.ok(refused({ metadata: { [member]: value } }, "openid")());
  }
});

test("what the application knows better takes the place of what the server says", async () => {
  const document = { ...metadataOf(ISSUER), require_pushed_authorization_requests: true };
  delete document.code_challenge_methods_supported;
  const metadata = {
    revocation_endpoint: `${ISSUER}/revoke`,
    code_challenge_methods_supported: ["S256"],
    require_pushed_authorization_requests: false,
  };
  const revoked = [];
  const { config, signIn } = world(
    {
      "/.well-known/openid-configuration": answer(document),
      "/token": answer({ ...TOKENS, refresh_token: "rt" }),
      "/revoke": ({ body }) => {
        revoked.push(new URLSearchParams(body).get("token"));
        return answer("");
      },
    },
    { metadata },
  );
  const client = await Client.discover(config);
  assert.deepEqual(client.metadata, { ...document, ...metadata });
  await signIn(client);
  await client.logout({ revoke: true });
  assert.deepEqual(revoked, ["rt", "at-secret"]);

  // The whole of it, and no document.
  const { issuer, ...whole } = SERVER;
  const alone = world({ "/token": answer(TOKENS) }, { metadata: whole }, undefined);
  const own = new Client(alone.config);
  assert.equal((await alone.signIn(own)).status, "signed-in");
  assert.deepEqual(own.metadata, { issuer, ...whole });
  const { url } = beginAuthorization(
    { ...config, metadata: { authorization_endpoint: `${ISSUER}/own` } },
    SERVER,
  );
  assert.ok(url.startsWith(`${ISSUER}/own?`));
});

test("what the application knows stands the same checks, and is no other issuer", async () => {
  const client = (metadata, more = {}) => {
    const { config } = world({ "/.well-known/openid-configuration": answer(SERVER) }, { metadata, ...more });
    return Client.discover(config);
  };
  for (const [metadata, expected, subject] of [
    [{ issuer: "https://evil.example" }, "config_invalid", "metadata"],
    [{ issuer: ISSUER }, "config_invalid", "metadata"],
    [{ token_endpoint: "http://as.example/token" }, "endpoint_insecure", "token_endpoint"],
    [{ token_endpoint: "" }, "metadata_invalid", "token_endpoint"],
    [{ token_endpoint: 7 }, "config_invalid", "token_endpoint"],
    [{ code_challenge_methods_supported: ["plain"] }, "pkce_unsupported", "code_challenge_methods_supported"],
    [
      { require_pushed_authorization_requests: true },
      "server_unsupported",
      "require_pushed_authorization_requests",
    ],
    ["{}", "config_invalid", "metadata"],
    [[], "config_invalid", "metadata"],
  ]) {
    await assert.rejects(client(metadata), code(expected, subject), JSON.stringify(metadata));
  }
  const { config } = world({}, { metadata: { userinfo_endpoint: `${ISSUER}/me` } });
  assert.throws(() => new Client(config, SERVER), code("config_invalid", "metadata"));
  assert.throws(
    () => new Client({ ...config, metadata: {} }),
    code("metadata_invalid", "authorization_endpoint"),
  );
  // Its issuer is that of the document alone.
  const other = world(
    { "*": answer(metadataOf("https://evil.example")) },
    { metadata: { revocation_endpoint: `${ISSUER}/r` } },
  );
  await assert.rejects(Client.discover(other.config), code("issuer_mismatch", "issuer"));
});

test("what the application knows is applied to what was kept, and not kept", async () => {
  const items = new Map();
  const storage = { getItem: (name) => items.get(name), setItem: (name, item) => void items.set(name, item) };
  const { config, seen, signIn } = world(
    {
      "/.well-known/openid-configuration": answer(SERVER),
      "/token": answer({ ...TOKENS, refresh_token: "rt" }),
    },
    { storage: "host", metadata: { revocation_endpoint: `${ISSUER}/own` } },
  );
  config.host.storage = storage;
  const { client } = await signIn(await Client.discover(config));
  assert.equal(client.metadata.revocation_endpoint, `${ISSUER}/own`);
  const asked = seen.asked.length;
  const { metadata, ...plain } = config;
  assert.equal((await Client.discover(config)).metadata.revocation_endpoint, metadata.revocation_endpoint);
  assert.equal((await Client.discover(plain)).metadata.revocation_endpoint, SERVER.revocation_endpoint);
  assert.equal(seen.asked.length, asked, "what was kept needs no network");
});

test("the address of a document is no issuer, and that is said at once", async () => {
  for (const issuer of [
    `${ISSUER}/.well-known/openid-configuration`,
    `${ISSUER}/t/.well-known/openid-configuration`,
    `${ISSUER}/.well-known/oauth-authorization-server/t`,
    `${ISSUER}/.well-known/openid-configuration/`,
  ]) {
    const { config, seen } = world({ "*": answer({ ...SERVER, issuer }) }, { issuer });
    await assert.rejects(Client.discover(config), code("config_invalid", "issuer"));
    await assert.rejects(discover(issuer, { fetch: config.host.fetch }), code("config_invalid", "issuer"));
    assert.throws(() => new Client(config, { ...SERVER, issuer }), code("config_invalid", "issuer"));
    assert.equal(seen.asked.length, 0);
  }
  assert.ok(
    new Client(
      { ...world({}).config, issuer: `${ISSUER}/well-known/x` },
      metadataOf(`${ISSUER}/well-known/x`),
    ),
  );
});
