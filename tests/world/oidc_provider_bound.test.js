// oidc-provider with pushed requests, bound tokens and nonces required: the whole life of a session.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { load } from "../package/installed.js";
import { Browser } from "./browser.js";
import { start } from "./start.js";

const { Client } = await load("pkce-wasm");
const REDIRECT_URI = "http://127.0.0.1:8000/callback";
const SIGNED_OUT_URI = "http://127.0.0.1:8000/";

/** Rounds of refreshes; with `--soak` more. */
const ROUNDS = process.env.PKCE_SOAK ? 100 : 10;

const allow = ({ fields }) => (fields.includes("login") ? { login: "ada" } : {});

let server;
before(async () => {
  server = await start(process.execPath, ["servers/oidc_provider_bound.js"]);
});
after(() => server?.stop());

/** An application, the requests that it makes, and what they were answered. */
const application = (change = {}) => {
  const app = { opened: [], asked: [], browser: new Browser() };
  app.config = {
    issuer: server.issuer,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    postLogoutRedirectUri: SIGNED_OUT_URI,
    transactionStorage: "memory",
    dpop: "required",
    ...change,
    host: {
      open: (url) => void app.opened.push(url),
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const { pathname } = new URL(url);
        const isPriming = /refresh_token=none/.test(`${init?.body}`);
        app.asked.push(`${pathname} ${response.status}${isPriming ? " primed" : ""}`);
        return response;
      },
    },
  };
  return app;
};

const signIn = async (change) => {
  const app = application(change);
  const client = await Client.discover(app.config);
  await client.prepare();
  assert.equal(client.login(), undefined, "in the tick of the click");
  const callback = await app.browser.visit(app.opened[0], REDIRECT_URI, allow);
  const outcome = await client.handleRedirect(callback);
  assert.equal(outcome.status, "signed-in", `${outcome.error?.message}`);
  return { app, client, session: outcome.session };
};

const counters = async () => (await fetch(`${server.issuer}/test/counters`)).json();

test("the whole life: pushed, signed in, refreshed, asked, signed out", async () => {
  const { app, client, session } = await signIn();
  assert.deepEqual(session.tokenBinding, { type: "dpop" });
  assert.match(app.opened[0], /\/auth\?client_id=app&request_uri=urn/);
  assert.equal((await session.userinfo()).sub, "ada");
  const seen = new Set([await session.accessToken()]);
  const before = await counters();
  for (let round = 0; round < ROUNDS; round++) {
    await session.refresh();
    seen.add(await session.accessToken());
    assert.equal((await session.userinfo()).sub, "ada");
  }
  const later = await counters();
  assert.equal(later.token_ok - before.token_ok, ROUNDS, "as many refreshes as rounds");
  assert.equal(later.token_refused, before.token_refused, "none was refused");
  assert.equal(seen.size, ROUNDS + 1);
  const answer = await session.fetch(client.metadata.userinfo_endpoint, { method: "POST" });
  assert.equal((await answer.json()).sub, "ada");
  const token = await session.accessToken();
  for (const scheme of ["Bearer", "DPoP"]) {
    const stolen = await fetch(client.metadata.userinfo_endpoint, {
      headers: { Authorization: `${scheme} ${token}` },
    });
    assert.ok(stolen.status === 400 || stolen.status === 401, "a stolen token is worth nothing");
  }
  await client.logout({ revoke: true, endSession: true });
  const back = await app.browser.visit(app.opened.at(-1), SIGNED_OUT_URI, () => ({ logout: "yes" }));
  assert.equal((await client.handleRedirect(back)).status, "signed-out");
  assert.equal(await client.session(), null);
  assert.equal(session.expired, true);
  assert.equal(
    app.asked.filter((asked) => asked.startsWith("/request 400")).length,
    1,
    "one for the first nonce",
  );
  assert.equal(app.asked.filter((asked) => asked.endsWith("primed")).length, 0, "each nonce was fresh");
});

test("a refresh with an old nonce asks for another one first, and sends the refresh token once", async (context) => {
  const { app, session } = await signIn();
  const { now } = Date;
  app.asked.length = 0;
  // The nonce is of no use to this page any more: as if it were loaded afresh after a while.
  context.mock.method(Date, "now", () => now() + 61_000);
  await session.refresh();
  assert.deepEqual(app.asked, ["/token 400 primed", "/token 200"]);
});

test("a request that is not pushed is refused by this server, and never sent by this client", async () => {
  const app = application();
  const client = await Client.discover(app.config);
  assert.equal(client.metadata.require_pushed_authorization_requests, true);
  await client.login();
  assert.equal(new URL(app.opened[0]).searchParams.has("redirect_uri"), false);
});
