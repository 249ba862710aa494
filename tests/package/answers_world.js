// An authorization server whose every answer is scripted, through the packed tarball, and a client of it.
import assert from "node:assert/strict";
import { expectedEngine, ISSUER, load, METADATA, playPage, REDIRECT_URI } from "./installed.js";

playPage();
const { Client, engine, isPkceError, ready } = await load("pkce-wasm");
await ready();
assert.equal(engine(), expectedEngine);

export const API = "https://api.example";
export const SERVER = {
  ...METADATA,
  userinfo_endpoint: `${ISSUER}/me`,
  revocation_endpoint: `${ISSUER}/revoke`,
};

export const code = (expected, subject) => (error) => {
  assert.ok(isPkceError(error), `${error?.stack}`);
  assert.deepEqual([error.code, error.subject], [expected, subject]);
  return true;
};
export const answer = (body, { status = 200, type = "application/json" } = {}) =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), {
    status,
    headers: type === null ? {} : { "content-type": type },
  });
/** An answer whose type nobody names: `Response` names one by itself for a text. */
export const untyped = (body, status) =>
  new Response(new TextEncoder().encode(JSON.stringify(body)), status && { status });
export const TOKENS = { access_token: "at-secret", token_type: "Bearer" };
export const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

let number = 0;

/** A client whose server answers by path; a function is called each time. */
export const world = (answers, change = {}, metadata = SERVER) => {
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
