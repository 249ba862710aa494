// What an old engine signs in on: a page with the modules of the package, one with its plain script, and an authorization server, all of one origin.
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };

const PAGE = `<!doctype html><meta charset="utf-8"><title>Floor</title><body>
<script>addEventListener("error", ({ message }) => { document.title = "error: " + message; });</script>
{}
</body>`;
const APP = `
  window.app = { step: "starts" };
  (async () => {
    await pkce.ready();
    app.engine = pkce.engine();
    app.client = await pkce.Client.discover({ issuer: location.origin, clientId: "app", redirectUri: location.origin + location.pathname,
      scope: "openid offline_access", storage: "local", resourceOrigins: [location.origin] });
    const outcome = await app.client.handleRedirect();
    app.status = outcome.status;
    app.code = outcome.error && outcome.error.message;
    const session = await app.client.session();
    if (session) {
      app.sub = session.claims.sub;
      app.verified = session.idTokenVerifiedBy;
      app.token = await session.accessToken();
      await session.refresh();
      app.fresh = await (await session.fetch("/api")).text();
      app.name = (await session.userinfo()).name;
      app.refused = await session.fetch("https://elsewhere.example/").catch((error) => error.code);
    }
    app.step = session ? "signed in" : "signed out";
  })().catch((error) => { app.step = "failed: " + error + " " + (error.cause || ""); });`;
const PAGES = {
  "/module": `<script type="module">import * as pkce from "/pkce-wasm/index.js"; window.pkce = pkce;${APP}</script>`,
  "/script": `<script src="/pkce-wasm/index.iife.js"></script><script>const pkce = pkceWasm;${APP}</script>`,
};

/** A page as the guide has it. Its module is the application: it takes the sentence away that stands in for it here. */
const toldPage = (tarball) => {
  const guide = readFileSync(join(tarball, "guides/content-security.md"), "utf8");
  const [, block] = /## Old browsers[\s\S]*?```html\n([\s\S]*?)```/.exec(guide);
  const app = `import * as pkce from "/pkce-wasm/index.js"; document.body.append("The app runs"); document.title = "read";`;
  const late = `<script>addEventListener("load", function () { document.title = "loaded"; });</script>`;
  return PAGE.replace("{}", block.replace(' src="/app.js">', `>${app}`) + late);
};

const codes = new Map();
let tokens = 0;
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const idToken = (iss, { nonce }) => {
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: "RS256", kid: "1" })}.${part({ iss, aud: "app", sub: "ada", nonce, iat: now, exp: now + 600 })}`;
  return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
};

const answer = async (tarball, { url, headers }, body, origin) => {
  const { pathname, searchParams } = new URL(url, origin);
  const json = (value, status = 200) => ({ status, type: "application/json", body: JSON.stringify(value) });
  if (PAGES[pathname]) return { status: 200, type: "text/html", body: PAGE.replace("{}", PAGES[pathname]) };
  if (pathname === "/told") return { status: 200, type: "text/html", body: toldPage(tarball) };
  if (pathname === "/.well-known/openid-configuration")
    return json({
      issuer: origin,
      authorization_endpoint: `${origin}/auth`,
      token_endpoint: `${origin}/token`,
      jwks_uri: `${origin}/keys`,
      userinfo_endpoint: `${origin}/me`,
      code_challenge_methods_supported: ["S256"],
      id_token_signing_alg_values_supported: ["RS256"],
    });
  if (pathname === "/keys")
    return json({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" }] });
  if (pathname === "/auth") {
    const code = `code${codes.size}`;
    codes.set(code, Object.fromEntries(searchParams));
    const back = new URL(searchParams.get("redirect_uri"));
    for (const [key, value] of Object.entries({ code, state: searchParams.get("state") }))
      back.searchParams.set(key, value);
    return { status: 302, location: back.href };
  }
  if (pathname === "/token") {
    const form = new URLSearchParams(body);
    tokens += 1;
    const fresh = {
      access_token: `at${tokens}`,
      token_type: "Bearer",
      expires_in: 3600,
      refresh_token: "rt",
    };
    if (form.get("grant_type") === "refresh_token") return json(fresh);
    const asked = codes.get(form.get("code"));
    const challenge = createHash("sha256").update(form.get("code_verifier")).digest("base64url");
    if (asked?.code_challenge !== challenge) return json({ error: "invalid_grant" }, 400);
    return json({ ...fresh, id_token: idToken(origin, asked) });
  }
  if (pathname === "/me") return json({ sub: "ada", name: "Ada" });
  if (pathname === "/api") return { status: 200, type: "text/plain", body: headers.authorization };
  if (pathname.startsWith("/pkce-wasm/")) {
    const file = join(tarball, normalize(pathname.slice("/pkce-wasm".length)));
    return { status: 200, type: TYPES[extname(file)], body: await readFile(file) };
  }
  return { status: 404, type: "text/plain", body: "" };
};

/** Serves the unpacked package; gives the origin, and what ends it. */
export const serve = async (tarball) => {
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const bytes of request) parts.push(bytes);
    const origin = `http://${request.headers.host}`;
    const { status, type, location, body } = await answer(
      tarball,
      request,
      `${Buffer.concat(parts)}`,
      origin,
    ).catch(() => ({ status: 404 }));
    response
      .writeHead(status, location ? { Location: location } : { "Content-Type": type ?? "text/plain" })
      .end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { origin, end: () => server.close() };
};
