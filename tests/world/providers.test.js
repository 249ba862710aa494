/**
 * The guide to providers: each block is run as a reader would paste it, against metadata and token answers in the shape that the provider documents
 * (`providers/`), with real keys. What the guide says does not work fails as it says.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { load, resolve } from "../package/installed.js";

const pkce = await load("pkce-wasm");

const CODE = "SplxlOBeZQQYbYS6WxSbIA";

const folder = new URL("providers/", import.meta.url);
const providers = readdirSync(folder).map((file) => ({
  name: file.replace(".json", ""),
  ...JSON.parse(readFileSync(new URL(file, folder), "utf8")),
}));

/** The sections of the guide, by heading, with their block of code. */
const guide = new Map(
  readFileSync(resolve("pkce-wasm/package.json").replace("package.json", "guides/providers.md"), "utf8")
    .split("\n## ")
    .slice(1)
    .map((section) => [section.split("\n", 1)[0], /```js\n(.*?)```/s.exec(section)?.[1]]),
);

/** What a block does: the configuration, the metadata that it gives, and the options of its calls. */
const run = async (block = "") => {
  const seen = {};
  const note = (name) => (options) => {
    seen[name] = options;
  };
  class Client {
    constructor(config, given) {
      Object.assign(seen, { config, given });
    }
    static discover = async (config) => new Client(config);
    login = note("login");
    logout = note("logout");
  }
  const AsyncFunction = (async () => {}).constructor;
  await new AsyncFunction("Client", "location", "host", block)(Client, { origin: "https://app.example" }, {});
  return seen;
};

const encode = (bytes) => Buffer.from(bytes).toString("base64url");
const digest = async (text) => new Uint8Array(await crypto.subtle.digest("SHA-256", Buffer.from(text)));

const { privateKey, publicKey } = await crypto.subtle.generateKey(
  {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
  true,
  ["sign", "verify"],
);
const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

const idToken = async (claims, alg) => {
  const signed = [{ alg, kid: "k", typ: "JWT" }, claims]
    .map((part) => encode(JSON.stringify(part)))
    .join(".");
  const key = alg === "HS256" ? hmac : privateKey;
  return `${signed}.${encode(await crypto.subtle.sign(key.algorithm.name, key, Buffer.from(signed)))}`;
};

/** The provider: answers as documented, and checks what a provider checks. */
class Provider {
  asked = [];
  revoked = [];

  constructor(provider, config, metadata) {
    Object.assign(this, { provider, config, metadata });
  }

  /** The user signs in and comes back. */
  authorize(url) {
    const { callback } = this.provider;
    this.request = new URL(url).searchParams;
    const parameters = new URLSearchParams({ code: CODE, state: this.request.get("state"), ...callback });
    return `${this.config.redirectUri}?${parameters}`;
  }

  fetch = async (url, init) => {
    const { provider, config, metadata } = this;
    const document = `${config.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    if (url === document && provider.metadata) return Response.json(metadata);
    if (url === metadata.jwks_uri) {
      const jwk = await crypto.subtle.exportKey("jwk", publicKey);
      return Response.json({ keys: [{ ...jwk, kid: "k", alg: "RS256", use: "sig", ...provider.jwk }] });
    }
    const form = new URLSearchParams(init.body);
    if (url === metadata.token_endpoint) return this.#token(form);
    if (url === provider.revoked) {
      this.revoked.push(form.get("token"));
      return new Response();
    }
    return new Response("", { status: 404 });
  };

  async #token(form) {
    const { provider, request } = this;
    const { access_token, ...answer } = provider.token;
    this.asked.push(form.get("grant_type"));
    assert.equal(form.get("client_id"), this.config.clientId);
    assert.equal(form.get("client_secret"), this.config.publicClientSecret ?? null);
    if (form.get("grant_type") === "refresh_token") {
      assert.equal(form.get("refresh_token"), answer.refresh_token);
      const { without_id_token, ...refresh } = provider.refresh;
      const id_token = without_id_token ? undefined : await this.#idToken("refreshed");
      const fresh = { token_type: "Bearer", expires_in: 3600, access_token: "refreshed" };
      return Response.json({ ...fresh, ...refresh, id_token });
    }
    assert.equal(form.get("code"), CODE);
    assert.equal(request.get("code_challenge_method"), "S256");
    assert.equal(encode(await digest(form.get("code_verifier"))), request.get("code_challenge"));
    return Response.json(
      { access_token, ...answer, id_token: await this.#idToken(access_token) },
      { status: provider.status ?? 200 },
    );
  }

  async #idToken(accessToken) {
    const { provider, config, metadata, request } = this;
    if (!provider.claims || !request.get("scope").includes("openid")) return undefined;
    const now = Math.floor(Date.now() / 1000);
    const { at_hash, ...claims } = provider.claims;
    const always = { iss: metadata.issuer, aud: config.clientId, sub: "ada", iat: now, exp: now + 3600 };
    const half = at_hash && { at_hash: encode((await digest(accessToken)).slice(0, 16)) };
    return idToken({ ...always, nonce: request.get("nonce"), ...claims, ...half }, provider.alg ?? "RS256");
  }
}

/** What became of a sign-in: the step that it ended at, with its error or its session. */
const signIn = async (provider) => {
  const seen = await run(guide.get(provider.guide));
  const config = { ...seen.config, ...provider.config, storage: "memory", transactionStorage: "memory" };
  const given = provider.given ?? seen.given;
  const server = new Provider(provider, config, provider.metadata ?? given);
  const opened = [];
  config.host = { open: (url) => void opened.push(url), fetch: server.fetch };
  let client;
  try {
    await pkce.ready();
    client = given ? new pkce.Client(config, given) : await pkce.Client.discover(config);
    await client.login({ ...seen.login, returnTo: "/" });
  } catch (error) {
    return { at: "discover", error };
  }
  const outcome = await client.handleRedirect(server.authorize(opened[0]));
  if (outcome.status !== "signed-in") return { at: "callback", error: outcome.error };
  return { session: outcome.session, client, server, opened, seen };
};

test("every provider of the guide has a fixture, and every fixture a place in the guide", () => {
  assert.deepEqual(new Set(providers.map((provider) => provider.guide)), new Set(guide.keys()));
  const tried = new Set(providers.filter(({ fails }) => !fails).map((provider) => provider.guide));
  const shown = [...guide].filter(([, block]) => block).map(([heading]) => heading);
  assert.deepEqual(new Set(shown), tried, "every block signs in somewhere");
});

/** What has to be true of each fixture. */
const refused = async (provider) => {
  const { fails } = provider;
  const { at, error } = await signIn(provider);
  assert.ok(pkce.isPkceError(error), "the sign-in is refused");
  if (fails.at === "anywhere") return;
  assert.deepEqual([at, error.code, error.oauthError], [fails.at, fails.code, fails.oauthError]);
};

const used = async (provider) => {
  const { at, error, session, client, server, opened, seen } = await signIn(provider);
  assert.ok(session, `${at}: ${error?.code} ${error?.message}`);
  for (const [parameter, value] of Object.entries(provider.asked ?? {})) {
    assert.equal(server.request.get(parameter), value);
  }
  if (provider.claims && server.request.get("scope").includes("openid")) {
    assert.equal(session.idTokenVerifiedBy, "signature");
    assert.equal(session.claims.sub, provider.claims.sub ?? "ada");
  }
  if (provider.refresh) {
    await session.refresh();
    assert.equal(await session.accessToken(), "refreshed");
    assert.deepEqual(server.asked, ["authorization_code", "refresh_token"]);
  }
  if (provider.revoked) {
    await client.logout({ revoke: true });
    assert.ok(server.revoked.length > 0);
  } else if (client.metadata.end_session_endpoint) {
    await client.logout({ endSession: true, ...seen.logout });
    const left = new URL(opened.at(-1));
    assert.equal(left.origin + left.pathname, client.metadata.end_session_endpoint);
    for (const [parameter, value] of Object.entries(provider.left ?? {})) {
      assert.equal(left.searchParams.get(parameter), value);
    }
  } else {
    await client.logout();
  }
  assert.equal(await client.session(), null);
};

const told = async (provider) => {
  const { session } = await signIn(provider);
  for (const member of provider.extra) assert.equal(session.extra?.[member], provider.token[member]);
};

const checks = providers.flatMap((provider) => {
  const { name, fails, extra } = provider;
  const main = fails
    ? { title: `${name} is refused as the guide says`, check: refused }
    : { title: `${name} signs in, refreshes and signs out`, check: used };
  const more = { title: `${name}: what it tells beside the tokens is in extra`, check: told };
  return (extra ? [main, more] : [main]).map(({ check, ...one }) => ({ ...one, run: () => check(provider) }));
});

for (const { title, run } of checks) {
  test(title, run);
}
