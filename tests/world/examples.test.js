// The examples of servers, as a reader would run them: beside the packed package and express.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { installed, load } from "../package/installed.js";
import { Browser } from "./browser.js";
import { start } from "./start.js";

const { beginAuthorization, completeAuthorization, isPkceError } = await load("pkce-wasm");

const folder = mkdtempSync(join(tmpdir(), "pkce-wasm-examples-"));
cpSync(resolve(import.meta.dirname, "../../www/examples"), folder, {
  recursive: true,
  filter: (path) => !path.includes("node_modules"),
});
mkdirSync(join(folder, "node_modules"));
const link = (name, from) =>
  symlinkSync(join(from, "node_modules", name), join(folder, "node_modules", name), "junction");
link("pkce-wasm", installed);
link("express", import.meta.dirname);
after(() => rmSync(folder, { recursive: true }));

const exampleOf = (path) => import(pathToFileURL(join(folder, path)).href);

/** Answers of a function from Request to Response, where no network is. */
const inProcess = (origin, handler) => ({
  origin,
  ask: (path, init) => handler(new Request(origin + path, init)),
});

/** A program that says where it is. */
const program = async (path, env) => {
  const { url: origin, stop } = await start(process.execPath, [join(folder, path)], env);
  return { origin, stop, ask: (path, init) => fetch(origin + path, { redirect: "manual", ...init }) };
};

describe("a server that signs its users in, with a Client each", () => {
  let provider;
  before(async () => {
    provider = await start(process.execPath, ["servers/oauth2_mock_server.js"]);
  });
  after(() => provider?.stop());

  /** A browser: it has a cookie, and goes to the provider when it is sent there. */
  class Visitor {
    cookie = "";
    constructor(app) {
      this.app = app;
    }

    async ask(path, init) {
      const response = await this.app.ask(path, { ...init, headers: { cookie: this.cookie } });
      const [line] = response.headers.getSetCookie();
      if (line) [this.cookie] = line.split(";");
      return response;
    }

    async signIn() {
      const response = await this.ask("/sign-in", { method: "POST" });
      assert.equal(response.status, 303);
      const location = response.headers.get("location");
      this.callback = (await new Browser().visit(location, `${this.app.origin}/callback`)).replace(
        this.app.origin,
        "",
      );
      return this.ask(this.callback);
    }

    async isSignedIn() {
      return (await (await this.ask("/")).text()).includes("johndoe");
    }
  }

  const life = async (app) => {
    const [ada, bob] = [new Visitor(app), new Visitor(app)];
    const back = await ada.signIn();
    assert.deepEqual([back.status, back.headers.get("location")], [303, "/"]);
    assert.equal(await ada.isSignedIn(), true);
    assert.equal(await bob.isSignedIn(), false, "another browser is nobody");

    // What is one user's is no other's: neither a callback nor a sign-out.
    await bob.ask("/sign-in", { method: "POST" });
    await bob.ask(ada.callback);
    assert.equal(await bob.isSignedIn(), false, "the callback of another is worth nothing");
    await bob.signIn();
    const left = await ada.ask("/sign-out", { method: "POST" });
    assert.ok(left.headers.get("location").startsWith(`${provider.issuer}/endsession?`));
    assert.equal(await ada.isSignedIn(), false);
    assert.equal(await bob.isSignedIn(), true);

    // The cookie of before the sign-in is no key to the session.
    const eve = new Visitor(app);
    await eve.ask("/sign-in", { method: "POST" });
    const known = eve.cookie;
    await eve.signIn();
    eve.cookie = known;
    assert.equal(await eve.isSignedIn(), false);
    return bob;
  };

  test("express", async () => {
    const app = await program("express/app.js", { ISSUER: provider.issuer, CLIENT_ID: "app", PORT: "0" });
    try {
      const user = await life(app);
      assert.equal((await (await user.ask("/profile")).json()).sub, "johndoe");
      assert.equal((await new Visitor(app).ask("/profile")).status, 401);
    } finally {
      app.stop();
    }
  });

  test("a function from Request to Response", async () => {
    const { createApp } = await exampleOf("fetch-server/app.js");
    const origin = "http://127.0.0.1:8000";
    const app = createApp({ issuer: provider.issuer, clientId: "app", origin });
    await life(inProcess(origin, app.fetch));
  });
});

describe("an authorization server that asks for the verifier", () => {
  const redirectUri = "https://app.example.com/callback";

  const life = async ({ origin, ask }) => {
    const metadata = {
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      code_challenge_methods_supported: ["S256"],
    };
    let change = (body) => body;
    const host = {
      fetch: (url, init) => ask(url.replace(origin, ""), { ...init, body: change(`${init.body}`) }),
    };
    const config = { issuer: origin, clientId: "my-app", redirectUri, scope: "files", host };
    const go = async (url) => (await ask(url.replace(origin, ""))).headers.get("location");
    const begin = async () => {
      const { url, transaction } = beginAuthorization(config, metadata);
      const callback = await go(url);
      return { url, redeem: () => completeAuthorization(config, metadata, transaction, callback) };
    };
    const refused = (error) =>
      isPkceError(error) && error.code === "token_refused" && error.oauthError === "invalid_grant";

    const { url, redeem } = await begin();
    assert.equal((await redeem()).tokenType, "Bearer");
    await assert.rejects(redeem(), refused, "a code is good once");

    const attacked = await begin();
    change = (body) => body.replace(/code_verifier=[^&]*/, `code_verifier=${"x".repeat(43)}`);
    await assert.rejects(attacked.redeem(), refused, "another verifier");
    change = (body) => body;
    await assert.rejects(attacked.redeem(), refused, "a guess spends the code");

    const without = await begin();
    change = (body) => body.replace(/&?code_verifier=[^&]*/, "");
    await assert.rejects(without.redeem(), refused, "no verifier");

    const plain = await go(url.replace("code_challenge_method=S256", "code_challenge_method=plain"));
    assert.equal(new URL(plain).searchParams.get("error"), "invalid_request");
    const unknown = await ask(url.replace(origin, "").replace("app.example.com", "evil.example"));
    assert.deepEqual([unknown.status, unknown.headers.get("location")], [400, null]);
  };

  test("express", async () => {
    const server = await program("express/authorization-server.js", { PORT: "0" });
    try {
      await life(server);
    } finally {
      server.stop();
    }
  });

  test("a function from Request to Response", async () => {
    const { createAuthorizationServer } = await exampleOf("fetch-server/authorization-server.js");
    const server = createAuthorizationServer({ clientId: "my-app", redirectUri });
    await life(inProcess("http://127.0.0.1:8080", server.fetch));
  });
});
