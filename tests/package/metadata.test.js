// What real servers say of themselves: documents at every place, endpoints that cannot be used, and what the application knows better.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, code, SERVER, TOKENS, world } from "./answers_world.js";
import { ISSUER, load, metadataOf } from "./installed.js";

const { Client, beginAuthorization, discover } = await load("pkce-wasm");

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
