// What an error says: its code, a sentence, and facts by which a developer can mend it in a minute; and that a member which does not exist is
// told at once, with the one that is meant.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { inspect } from "node:util";
import { ISSUER, installed, load, METADATA, REDIRECT_URI } from "./installed.js";

const client = await load("pkce-wasm");
const pkce = await load("pkce-wasm/pkce");
await Promise.all([client.ready(), pkce.ready()]);

const CONFIG = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, transactionStorage: "memory" };

/** The error of a call, with its sentence. */
const failure = async (work) => {
  try {
    await work();
  } catch (error) {
    // Whoever does not wait gets the code first, and the sentence as soon as it is loaded.
    for (let round = 0; round < 400 && error.message === error.code; round++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    return error;
  }
  assert.fail("it did not fail");
};

const discoverAt = (answer) => failure(() => client.discover(ISSUER, { fetch: async (url) => answer(url) }));

test("EN12 a message has the code, the sentence and the facts: the member, expected and found", async () => {
  const other = await discoverAt(() => Response.json({ ...METADATA, issuer: "https://evil.example" }));
  assert.match(
    other.message,
    /^issuer_mismatch: The metadata names .* \(issuer: found https:\/\/evil\.example\)$/,
  );

  const opened = [];
  const app = new client.Client({ ...CONFIG, host: { open: (url) => void opened.push(url) } }, METADATA);
  app.login();
  const state = new URL(opened[0]).searchParams.get("state");
  const { error } = await app.handleRedirect(`https://app.example/other?code=secret-code&state=${state}`);
  assert.equal(
    error.message.replace(/: [A-Z].*\. \(/, ": ... ("),
    `redirect_uri_mismatch: ... (path: expected ${REDIRECT_URI}, found https://app.example/other)`,
  );
  const refused = await app.handleRedirect(
    `${REDIRECT_URI}?error=invalid_scope&error_description=No%20such%20scope&state=${state}`,
  );
  assert.match(
    refused.error.message,
    /^authorization_refused: .*\(the server said invalid_scope: No such scope\)$/,
  );
});

test("EN12 a message names a member as JavaScript spells it, and its own spelling where that is the server's", async () => {
  const wrong = await failure(() => new client.Client({ ...CONFIG, clientId: 5 }, METADATA));
  assert.match(wrong.message, /^config_invalid: .* \(clientId\)$/);
  const uri = await failure(() => new client.Client({ ...CONFIG, redirectUri: "/callback" }, METADATA));
  assert.match(uri.message, /^redirect_uri_invalid: .* \(redirectUri\)$/);
  const lacking = await discoverAt(() => Response.json({ issuer: ISSUER }));
  assert.match(lacking.message, /^metadata_invalid: .* \(authorization_endpoint; looked for at .*\)$/);
});

test("EN12 a message says who did not answer, with which status, and where metadata were looked for", async () => {
  const places = ["openid-configuration", "oauth-authorization-server"].map(
    (name) => `${ISSUER}/.well-known/${name}`,
  );
  const away = await discoverAt(() => Promise.reject(new TypeError("Failed to fetch")));
  assert.deepEqual([away.code, away.url, away.places], ["network_failed", places[0], places]);
  const looked = `looked for at ${places.join(", ")}`;
  assert.ok(away.message.endsWith(` (${places[0]} answered nothing; ${looked})`), away.message);
  const busy = await discoverAt(() => new Response("busy", { status: 503 }));
  assert.equal(busy.code, "server_error");
  assert.ok(busy.message.endsWith(` (status 503; ${looked})`), busy.message);

  const opened = [];
  const host = {
    open: (url) => void opened.push(url),
    fetch: () => Promise.reject(new TypeError("Failed to fetch")),
  };
  const token_endpoint = `${ISSUER}/token?tenant=a`;
  const app = new client.Client({ ...CONFIG, scope: "files", host }, { ...METADATA, token_endpoint });
  app.login();
  const state = new URL(opened[0]).searchParams.get("state");
  const { error } = await app.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}`);
  assert.deepEqual([error.code, error.url], ["network_failed", `${ISSUER}/token`]);
  assert.ok(error.message.endsWith(` (${ISSUER}/token answered nothing)`), error.message);
});

test("EN13 a timeout that is no time, and a trace that is no function, are refused", async () => {
  for (const timeout of [0, -5, Number.NaN, "soon"]) {
    const fetch = () => assert.fail("nothing is sent");
    const refused = await failure(() => client.discover(ISSUER, { fetch, timeout }));
    assert.deepEqual([refused.code, refused.subject], ["config_invalid", "timeout"], `${timeout}`);
  }
  const metadata = await client.discover(ISSUER, {
    fetch: async () => Response.json(METADATA),
    timeout: Number.POSITIVE_INFINITY,
  });
  assert.equal(metadata.issuer, ISSUER);
  const traced = await failure(() => client.Client.discover({ ...CONFIG, trace: "yes" }));
  assert.equal(traced.code, "config_invalid");
  assert.match(`${traced.cause}`, /trace is no function/);
});

test("EN12 JSON of an error has its message and its facts, and the console shows the code", async () => {
  const error = await discoverAt(() => Response.json({ ...METADATA, issuer: "https://evil.example" }));
  const { message, code, subject, found, blame, retryable } = JSON.parse(JSON.stringify(error));
  assert.deepEqual(
    { message, code, subject, found, blame, retryable },
    {
      message: error.message,
      code: "issuer_mismatch",
      subject: "issuer",
      found: "https://evil.example",
      blame: "peer",
      retryable: false,
    },
  );
  assert.ok(error.stack.startsWith(`PkceError: ${error.message}\n`), error.stack);
  assert.match(inspect(error), /issuer_mismatch: The metadata/);
  const short = await failure(() => pkce.generateVerifier(1));
  assert.match(short.message, /^verifier_length_invalid: A code_verifier/);
  assert.equal(JSON.parse(JSON.stringify(short)).message, short.message);
});

test("EN12 the words of a server are bounded, and no secret is told", async () => {
  const opened = [];
  const config = { ...CONFIG, scope: "files", host: { open: (url) => void opened.push(url) } };
  let sent;
  config.host.fetch = async (_, { body }) => {
    sent = new URLSearchParams(body);
    const said = `the code ${sent.get("code")} and the verifier ${sent.get("code_verifier")} ${"x".repeat(9000)}`;
    return Response.json({ error: "invalid_grant", error_description: said }, { status: 400 });
  };
  const app = new client.Client(config, METADATA);
  app.login();
  const state = new URL(opened[0]).searchParams.get("state");
  const { error } = await app.handleRedirect(`${REDIRECT_URI}?code=SplxlOBeZQQYbYS6WxSbIA&state=${state}`);
  assert.match(
    error.message,
    /^token_refused: .*the server said invalid_grant: the code \.\.\. and the verifier \.\.\. x/,
  );
  assert.ok(error.message.length < 600, `${error.message.length}`);
  for (const secret of ["SplxlOBeZQQYbYS6WxSbIA", sent.get("code_verifier"), state])
    for (const text of [error.message, error.stack, JSON.stringify(error)]) assert.ok(!text.includes(secret));
});

test("EN13 a member that does not exist is an error, which names the one that is meant", async () => {
  for (const [name, right] of [
    ["client_id", "clientId"],
    ["clientID", "clientId"],
    ["clientid", "clientId"],
    ["scopes", "scope"],
    ["redirectURI", "redirectUri"],
    ["redirect_uri", "redirectUri"],
    ["redirectUrl", "redirectUri"],
    ["authority", "issuer"],
    ["clientSecret", "none: a public client has no secret"],
    ["audience", "resource, or extraParameters"],
    ["post_logout_redirect_uri", "postLogoutRedirectUri"],
    ["postLogoutRedirectUris", "postLogoutRedirectUri"],
    ["constructor", undefined],
    ["fetch", undefined],
    ["zzzzzzzzzz", undefined],
    ["", undefined],
    ["a\nb\u00ff\u{1F600}", undefined],
  ]) {
    const error = await failure(() => new client.Client({ ...CONFIG, [name]: "x" }, METADATA));
    assert.deepEqual([error.code, error.subject ?? ""], ["member_unknown", name], name);
    const meant = /meant is (.*)\)$/.exec(error.message)?.[1];
    assert.equal(meant, right, `${name}: ${error.message}`);
    const early = await failure(() => client.Client.discover({ ...CONFIG, [name]: "x" }));
    assert.equal(early.code, "member_unknown", name);
  }
  // What says nothing is not there.
  for (const nothing of [undefined, null])
    assert.ok(new client.Client({ ...CONFIG, clientID: nothing }, METADATA));
});

test("EN13 an option of a login that does not exist is an error, before anybody is sent away", async () => {
  const opened = [];
  const app = new client.Client({ ...CONFIG, host: { open: (url) => void opened.push(url) } }, METADATA);
  for (const [name, right] of [
    ["login_hint", "loginHint"],
    ["returnto", "returnTo"],
    ["max_age", "maxAge"],
    ["acr_values", "acrValues"],
    ["extraParams", "extraParameters"],
    ["endSession", undefined],
  ]) {
    const error = await failure(() => app.login({ [name]: "x" }));
    assert.deepEqual([error.code, error.subject], ["member_unknown", name]);
    assert.equal(/meant is (.*)\)$/.exec(error.message)?.[1], right, error.message);
  }
  assert.deepEqual(opened, []);
  const error = await failure(() => client.beginAuthorization(CONFIG, METADATA, { loginhint: "x" }));
  assert.equal(error.code, "member_unknown");
});

test("EN13 an event that does not exist, and no configuration at all, are a PkceError", async () => {
  const app = new client.Client(CONFIG, METADATA);
  for (const type of ["signedin", "sign-out", "failed", "", undefined, null, 1, {}, "toString"]) {
    const error = await failure(() => app.on(type, () => {}));
    assert.deepEqual([error.code, error.subject], ["config_invalid", "type"]);
  }
  for (const type of ["signed-in", "refreshed", "signed-out", "expiring", "expired"])
    app.on(type, () => {})();
  app.close();
  for (const work of [() => client.Client.discover(), () => new client.Client(), () => client.discover()]) {
    const error = await failure(work);
    assert.equal(error.code, "config_invalid");
    assert.match(error.message, /\(issuer\)$/);
  }
});

test("NA11 a public client's secret is sent from where a host opens the browser, and refused in a page", async () => {
  const publicClientSecret = "GOCSPX-not-confidential";
  const forms = [];
  const opened = [];
  const host = {
    open: (url) => void opened.push(url),
    fetch: async (_, { body }) => {
      forms.push(new URLSearchParams(body));
      return Response.json({ access_token: "a", refresh_token: "r", token_type: "Bearer", expires_in: 3600 });
    },
  };
  const metadata = { ...METADATA, revocation_endpoint: `${ISSUER}/revoke` };
  const config = { ...CONFIG, clientId: "installed", scope: "files", storage: "memory", publicClientSecret };
  const app = new client.Client({ ...config, host }, metadata);
  app.login();
  assert.ok(!opened[0].includes("GOCSPX"), "it is no parameter of the authorization request");
  const state = new URL(opened[0]).searchParams.get("state");
  const { session } = await app.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}`);
  await session.refresh();
  await app.logout({ revoke: true });
  assert.ok(forms.length >= 3);
  for (const form of forms) assert.equal(form.get("client_secret"), publicClientSecret);

  for (const host of [undefined, {}, { fetch() {} }]) {
    const error = await failure(() => new client.Client({ ...config, host }, metadata));
    assert.deepEqual([error.code, error.subject], ["config_invalid", "public_client_secret"]);
    assert.match(error.message, /\(publicClientSecret\)$/);
  }
});

test("EN12 a message that nobody waits for has the facts, too", () => {
  const program = `
    const { Client, ready } = await import("pkce-wasm");
    await ready();
    try {
      new Client({ client_id: "app" }, {});
    } catch (error) {
      while (error.message === error.code) await new Promise((resolve) => setTimeout(resolve, 10));
      console.error(error);
    }`;
  const { stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: installed,
    encoding: "utf8",
  });
  assert.match(stderr, /^PkceError: member_unknown: .* \(client_id; meant is clientId\)$/m);
});
