// What real servers answer: refusals in every dress, successes in odd ones, members that nobody reads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { API, answer, base64url, code, SERVER, TOKENS, untyped, world } from "./answers_world.js";
import { ISSUER, load, metadataOf, REDIRECT_URI } from "./installed.js";

const { Client, completeAuthorization, beginAuthorization, ...steps } = await load("pkce-wasm");

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
