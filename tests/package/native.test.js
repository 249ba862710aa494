// The client whose tokens are in Rust, over a scripted native side; the plugin itself is in `plugin/`, and both together in `tests/webview`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, until } from "./installed.js";

const { nativeClient } = await load("pkce-wasm/tauri");
const { isPkceError } = await load("pkce-wasm");

const TOLD = {
  claims: { sub: "ada", name: "Ada" },
  scope: "openid",
  expiresAt: 9_999_999_999,
  idTokenVerifiedBy: "signature",
  renewable: true,
  tokenBinding: { type: "dpop" },
};

/** Rust, as the page sees it. */
const play = (answers = {}) => {
  const native = { asked: [], session: TOLD, tell: undefined };
  class Channel {
    onmessage = () => {};
  }
  const core = {
    Channel,
    invoke: async (command, parameters) => {
      const name = command.replace("plugin:pkce|", "");
      native.asked.push([name, parameters]);
      if (name === "subscribe") native.tell = (event) => parameters.events.onmessage(event);
      if (answers[name]) return answers[name](parameters);
      if (name === "session") return { session: native.session, tier: "keyring" };
      return null;
    },
  };
  return { core, native };
};

const refused = (code) => (error) => isPkceError(error) && error.code === code && error.message !== code;

test("the page gets claims and no token, with the same face", async () => {
  const { core, native } = play();
  const client = await nativeClient({ core, issuer: "https://as.example" });
  const session = await client.session();
  assert.deepEqual(session.claims, TOLD.claims);
  assert.equal(session.scope, "openid");
  assert.equal(session.expiresAt, TOLD.expiresAt);
  assert.equal(session.idTokenVerifiedBy, "signature");
  assert.deepEqual(session.tokenBinding, { type: "dpop" });
  assert.equal(session.expired, false);
  assert.equal(session.idToken, null);
  assert.equal(session.extra, null);
  await assert.rejects(session.accessToken(), refused("token_not_exposed"));
  assert.equal(await client.tier(), "keyring");
  assert.deepEqual(await client.handleRedirect("a:/b"), { status: "none" });
  await client.login({ prompt: "login" });
  await client.logout({ revoke: true });
  const asked = native.asked.filter(([name]) => name === "login" || name === "logout");
  assert.deepEqual(asked, [
    ["login", { options: { prompt: "login" } }],
    ["logout", { options: { revoke: true } }],
  ]);
  native.session = null;
  assert.equal(await client.session(), null);
  assert.equal(session.expired, true);
});

test("two clients of a page share one subscription; outcomes wait for a listener; events reach who wants them", async () => {
  const { core, native } = play();
  const client = await nativeClient({ core });
  const other = await nativeClient({ core });
  assert.equal(native.asked.filter(([name]) => name === "subscribe").length, 1);
  native.tell({ type: "redirect", outcome: { status: "signed-in", returnTo: "/a" } });
  native.tell({
    type: "redirect",
    outcome: {
      status: "refused",
      restart: true,
      error: { code: "access_denied", oauthError: "access_denied" },
    },
  });
  const outcomes = [];
  client.onRedirect((outcome) => outcomes.push(outcome));
  await until(() => outcomes.length === 2);
  assert.equal(outcomes[0].session.claims.sub, "ada");
  assert.equal(outcomes[0].returnTo, "/a");
  assert.ok(isPkceError(outcomes[1].error));
  assert.equal(outcomes[1].error.oauthError, "access_denied");

  const heard = [];
  client.on("refreshed", (event) => heard.push(event));
  other.on("signed-out", (event) => heard.push(event));
  const session = await client.session();
  native.tell({ type: "refreshed", reason: "ageing", session: { ...TOLD, expiresAt: 10_000_000_000 } });
  assert.equal(session.expiresAt, 10_000_000_000);
  native.tell({ type: "signed-out", reason: "logout" });
  assert.equal(session.expired, true);
  await assert.rejects(session.fetch("https://api.example/"), refused("session_expired"));
  other.close();
  native.tell({ type: "signed-out", reason: "logout" });
  assert.deepEqual(heard, [
    { type: "refreshed", reason: "ageing", elsewhere: false },
    { type: "signed-out", reason: "logout", elsewhere: false },
  ]);
});

test("a request goes to Rust without a token, and its answer is streamed back", async () => {
  let wanted;
  const fetch = ({ request, body }) => {
    wanted = request;
    const bytes = (text) => new TextEncoder().encode(text).buffer;
    body.onmessage(bytes("one "));
    setTimeout(() => {
      body.onmessage(bytes("two"));
      body.onmessage(null);
    }, 20);
    return { status: 201, url: request.url, headers: [["x-a", "b"]] };
  };
  const { core } = play({ fetch });
  const session = await (await nativeClient({ core })).session();
  const response = await session.fetch("https://api.example/things", {
    method: "POST",
    headers: { Authorization: "Bearer mine", "X-C": "d" },
    body: "häh",
    redirect: "manual",
    timeout: 5,
  });
  assert.equal(response.status, 201);
  assert.equal(response.url, "https://api.example/things");
  assert.equal(response.headers.get("x-a"), "b");
  assert.equal(await response.text(), "one two");
  assert.equal(wanted.method, "POST");
  assert.equal(Buffer.from(wanted.body, "base64").toString(), "häh");
  assert.equal(wanted.manual, true);
  assert.equal(wanted.timeout, 5);
  assert.equal(wanted.subject, "ada");
  const headers = Object.fromEntries(wanted.headers);
  assert.equal(headers["x-c"], "d");
  assert.equal(headers.authorization, undefined);
});

test("a request can be aborted before its answer and while it is read", async () => {
  const heads = [];
  const { core, native } = play({
    fetch: ({ request, body }) =>
      new Promise((done) => {
        heads.push({ body, answer: () => done({ status: 200, url: request.url, headers: [] }) });
      }),
  });
  const session = await (await nativeClient({ core })).session();
  const first = new AbortController();
  const waiting = session.fetch("https://api.example/", { signal: first.signal });
  await until(() => heads.length === 1);
  first.abort();
  await assert.rejects(waiting, refused("aborted"));
  const second = new AbortController();
  const answered = session.fetch("https://api.example/", { signal: second.signal });
  await until(() => heads.length === 2);
  heads[1].answer();
  const response = await answered;
  second.abort();
  await assert.rejects(response.text());
  assert.deepEqual(
    native.asked.filter(([name]) => name === "cancel").map(([, { id }]) => id),
    [0, 1],
  );
});

test("what Rust refuses is an error of this package, whoever refuses it", async () => {
  const { core } = play({
    fetch: () => Promise.reject({ code: "origin_refused", subject: "url" }),
    login: () => Promise.reject("Command plugin:pkce|login not allowed by ACL"),
    logout: () => Promise.reject({ code: "a_code_of_tomorrow" }),
  });
  const client = await nativeClient({ core });
  const session = await client.session();
  await assert.rejects(session.fetch("https://evil.example/"), refused("origin_refused"));
  await assert.rejects(session.fetch("no address"), refused("origin_refused"));
  await assert.rejects(client.login(), refused("config_invalid"));
  await assert.rejects(client.logout(), refused("config_invalid"));
  await assert.rejects(nativeClient({}), refused("config_invalid"));
});
