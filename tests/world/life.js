/**
 * The whole life of a session at a real authorization server, by the packed package in Node. The user is a browser without a window that goes
 * through the server's own pages.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { load } from "../package/installed.js";
import { Browser } from "./browser.js";

const { beginAuthorization, Client, completeAuthorization, isPkceError, refreshTokens } =
  await load("pkce-wasm");

/** Where the application is: nothing listens there, for the browser stops before it asks. */
export const APPLICATION = "http://127.0.0.1:8000";
export const REDIRECT_URI = `${APPLICATION}/callback`;
export const SIGNED_OUT_URI = `${APPLICATION}/signed-out`;

const refusedBy = (code, oauthError) => (error) =>
  isPkceError(error) && error.code === code && error.oauthError === oauthError;

/** An application, its user's browser, and what it asked of the token endpoint: bodies and answers. */
class Application {
  browser = new Browser();
  opened = [];
  exchanges = [];
  /** Changes what is sent to the token endpoint. */
  change = (body) => body;

  constructor({ issuer, clientId, ...more }) {
    this.config = {
      issuer,
      clientId,
      redirectUri: REDIRECT_URI,
      transactionStorage: "memory",
      ...more,
      host: { open: (url) => void this.opened.push(url), fetch: (url, init) => this.#fetch(url, init) },
    };
  }

  /** Discovers the server; `metadata` is what its document lacks. */
  async start(metadata) {
    const { config } = this;
    const client = await Client.discover(config);
    this.client = metadata ? new Client(config, { ...client.metadata, ...metadata }) : client;
    return this;
  }

  async #fetch(url, init) {
    if (url !== this.client?.metadata.token_endpoint) return fetch(url, init);
    const body = this.change(String(init.body));
    const response = await fetch(url, { ...init, body });
    const text = await response.text();
    this.exchanges.push({ url, body, status: response.status, text });
    return new Response(text, { status: response.status, headers: response.headers });
  }

  /** The refresh tokens that the server has given so far. */
  get refreshTokens() {
    return this.exchanges.map(({ text }) => JSON.parse(text).refresh_token);
  }

  /** Takes the user through the server's pages, from the URL that was opened last to the callback. */
  come(fill, back = REDIRECT_URI) {
    return this.browser.visit(this.opened.at(-1), back, fill);
  }
}

/**
 * Tests a server.
 *
 * @param {string} name - Its name.
 * @param {object} server - What it is and does:
 * `start` starts it and gives `config` (issuer, client id, scope), `metadata` (what its document lacks) and `stop`; `allow` and `deny` fill in its forms, `login` is what a login asks for when it is
 * to be denied; `sub` is the user, where it has OpenID; `errors` are the codes with which it refuses, as `[code, oauthError]`; `resource` is a path that wants an access token;
 * `remembers` says that it knows which refresh tokens it gave; `endsSessions` that it has a page for signing out.
 */
export const life = (name, server) =>
  describe(name, { skip: server.skip }, () => {
    let running;
    before(async () => {
      running = await server.start();
    });
    after(() => running?.stop());

    const begin = async (options = { returnTo: "/welcome" }) => {
      const application = await new Application(running.config).start(running.metadata);
      await application.client.login(options);
      return application;
    };
    const signIn = async () => {
      const application = await begin();
      application.callback = await application.come(server.allow);
      const outcome = await application.client.handleRedirect(application.callback);
      assert.equal(outcome.status, "signed-in", outcome.error?.message);
      return { application, session: outcome.session, outcome };
    };

    test("a user signs in and is who they are", async () => {
      const { application, session, outcome } = await signIn();
      assert.equal(outcome.returnTo, "/welcome");
      assert.equal(application.exchanges.length, 1);
      assert.ok(session.expiresAt > Date.now() / 1000);
      if (server.sub) {
        assert.equal(session.claims.sub, server.sub);
        assert.equal(session.claims.iss, running.config.issuer);
        assert.equal(session.idTokenVerifiedBy, "signature");
        assert.equal((await session.userinfo()).sub, server.sub);
      } else {
        assert.equal(session.claims, null);
      }
      if (server.resource) {
        const answer = await session.fetch(running.config.issuer + server.resource);
        assert.equal(answer.status, 200);
      }
    });

    test("a user who declines is not signed in", async () => {
      const application = await begin(server.login);
      const outcome = await application.client.handleRedirect(await application.come(server.deny));
      assert.equal(outcome.status, "refused");
      assert.equal(outcome.error.code, "access_denied");
      assert.equal(outcome.restart, true);
      assert.equal(application.exchanges.length, 0);
      assert.equal(await application.client.session(), null);
    });

    test("two refreshes give new tokens, and an old one is worth nothing", async () => {
      const { application, session } = await signIn();
      const seen = [await session.accessToken()];
      for (let round = 0; round < 2; round++) {
        await session.refresh();
        seen.push(await session.accessToken());
      }
      assert.equal(new Set(application.refreshTokens).size, 3, "each refresh token is new");
      const sent = application.exchanges
        .slice(1)
        .map(({ body }) => new URLSearchParams(body).get("refresh_token"));
      assert.deepEqual(sent, application.refreshTokens.slice(0, 2), "each is sent once");
      if (!server.remembers) return;
      assert.equal(new Set(seen).size, 3);
      const old = { refreshToken: sent[0], accessToken: seen[0], tokenType: "Bearer", scope: session.scope };
      const { config, client } = application;
      await assert.rejects(refreshTokens(config, client.metadata, old), refusedBy(...server.errors.refresh));
    });

    test("revoked tokens are worth nothing", async () => {
      const { application, session } = await signIn();
      const tokens = {
        accessToken: await session.accessToken(),
        refreshToken: application.refreshTokens[0],
        tokenType: "Bearer",
        scope: session.scope,
      };
      await application.client.logout({ revoke: true });
      assert.equal(await application.client.session(), null);
      assert.equal(session.expired, true);
      if (!server.remembers) return;
      const { config, client } = application;
      await assert.rejects(
        refreshTokens(config, client.metadata, tokens),
        refusedBy(...server.errors.refresh),
      );
    });

    test("signing out ends the session here, and at the server where it has a page for that", async () => {
      const { application, session } = await signIn();
      const left = application.client.logout({ endSession: true, returnTo: "/bye" });
      if (!server.endsSessions) {
        await assert.rejects(left, refusedBy("endpoint_missing"));
        assert.equal(await application.client.session(), null);
        assert.equal(session.expired, true);
        return;
      }
      await left;
      const url = await application.come(server.allow, SIGNED_OUT_URI);
      const outcome = await application.client.handleRedirect(url);
      assert.deepEqual([outcome.status, outcome.returnTo], ["signed-out", "/bye"]);
      assert.equal(await application.client.session(), null);
      assert.equal(session.expired, true);
      if (!server.loginPage) return;
      const before = application.browser.shown.filter((path) => path === server.loginPage).length;
      await application.client.login();
      await application.come(server.allow);
      const later = application.browser.shown.filter((path) => path === server.loginPage).length;
      assert.equal(later, before + 1, "the server asks for the password again");
    });

    test("the server refuses another verifier", async () => {
      const application = await begin();
      application.change = (body) => body.replace(/code_verifier=[^&]*/, `code_verifier=${"x".repeat(43)}`);
      const outcome = await application.client.handleRedirect(await application.come(server.allow));
      assert.equal(outcome.status, "refused");
      assert.ok(refusedBy(...server.errors.verifier)(outcome.error), outcome.error.message);
      assert.equal(await application.client.session(), null);
    });

    test("a code is good once: for the client, and for whoever replays it", async () => {
      const { application } = await signIn();
      const again = await application.client.handleRedirect(application.callback);
      assert.equal(again.status, "already-completed");
      assert.equal(application.exchanges.length, 1, "nothing is sent twice");

      const { config, client, browser } = application;
      const { url, transaction } = beginAuthorization(config, client.metadata);
      const callback = await browser.visit(url, REDIRECT_URI, server.allow);
      const redeem = () => completeAuthorization(config, client.metadata, transaction, callback);
      assert.ok((await redeem()).accessToken);
      await assert.rejects(redeem(), refusedBy(...server.errors.replay));
    });
  });
