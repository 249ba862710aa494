// Whatever a function is given, it gives a result, false, or a PkceError: no value makes it throw anything else because of its type.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ISSUER, load, METADATA, REDIRECT_URI } from "./installed.js";

const pkce = await load("pkce-wasm/pkce");
const client = await load("pkce-wasm");
await Promise.all([pkce.ready(), client.ready()]);

const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

const fail = () => {
  throw new TypeError("a trap of the test");
};
const trap = new Proxy({}, { __proto__: null, get: () => fail });
/** Each trap throws. */
const hostile = () => new Proxy(fail, trap);
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const circle = () => {
  const value = { issuer: ISSUER };
  value.self = value;
  return value;
};
/** As the events of a framework: they lead to the whole page, and back. */
const event = () => {
  const target = { children: [], style: {} };
  for (let child = 0; child < 50; child++) target.children.push({ parent: target, child });
  return { target, view: globalThis, type: "click", preventDefault: fail };
};

/** Values that are no texts, by what they are. */
const values = () => ({
  undefined,
  null: null,
  true: true,
  false: false,
  0: 0,
  "not a number": Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  "a bigint": 10n,
  "a symbol": Symbol("text"),
  "a function": () => VERIFIER,
  "a class": class {},
  "an array of the text": [VERIFIER],
  "an array of arrays": [[[VERIFIER]]],
  "a String": new String(VERIFIER),
  "an object": {},
  "an object without prototype": { __proto__: null },
  "toString is no function": { toString: 1 },
  "toString throws": { toString: fail, valueOf: fail },
  "toString gives an object": { toString: () => ({}), valueOf: () => ({}) },
  "toPrimitive throws": { [Symbol.toPrimitive]: fail },
  "a getter that throws": Object.defineProperty({}, "scope", { enumerable: true, get: fail }),
  "a member of a bigint": { scope: 10n, issuer: 1n },
  "a member of a symbol": { scope: Symbol("scope"), issuer: Symbol("issuer") },
  "a proxy": new Proxy({}, {}),
  "a proxy that throws": hostile(),
  "a revoked proxy": revoked(),
  "a circle": circle(),
  "an event": event(),
  "a date": new Date(Number.NaN),
  "a map": new Map([["scope", 1]]),
  bytes: new Uint8Array(43),
  "a promise": Promise.resolve(VERIFIER),
  "a regular expression": /a/,
});

for (const [entry, module] of [
  ["pkce-wasm/pkce", pkce],
  ["pkce-wasm", client],
]) {
  test(`${entry}: EN5 verifyChallenge says false to what is no text, and takes no other value for it`, () => {
    const allow = { dangerouslyAllowPlain: true };
    for (const [name, value] of Object.entries(values())) {
      assert.equal(module.verifyChallenge(value, CHALLENGE), false, name);
      assert.equal(module.verifyChallenge(VERIFIER, value), false, name);
      assert.equal(module.verifyChallenge(value, value, "plain", allow), false, name);
      const isAbsent = value === undefined || value === null;
      assert.equal(module.verifyChallenge(VERIFIER, CHALLENGE, value), isAbsent, name);
      assert.equal(module.verifyChallenge(VERIFIER, VERIFIER, value, allow), false, name);
    }
    assert.equal(module.verifyChallenge(VERIFIER, CHALLENGE, ""), true);
    assert.equal(module.verifyChallenge(VERIFIER, VERIFIER, ""), false);
    assert.equal(module.verifyChallenge(VERIFIER, VERIFIER, ["plain"], allow), false);
    for (const options of [undefined, null, {}, 1, "plain", { dangerouslyAllowPlain: 1 }, [true]]) {
      assert.throws(() => module.verifyChallenge(VERIFIER, VERIFIER, "plain", options), {
        code: "challenge_method_refused",
      });
    }
  });

  test(`${entry}: EN5 deriveChallenge and generatePair refuse what is no text, and no number`, () => {
    for (const [name, value] of Object.entries(values())) {
      assert.throws(() => module.deriveChallenge(value), { code: "verifier_invalid" }, name);
      if (value === undefined) continue;
      for (const length of [value, [50], "50", 50n, { valueOf: () => 50 }]) {
        assert.throws(() => module.generatePair(length), { code: "verifier_length_invalid" }, name);
        assert.throws(() => module.generateVerifier(length), { code: "verifier_length_invalid" }, name);
      }
    }
  });
}

const config = {
  issuer: ISSUER,
  clientId: "app",
  redirectUri: REDIRECT_URI,
  scope: "files",
  transactionStorage: "memory",
  resourceOrigins: ["https://api.example"],
};
const fetch = async () => Response.json({ access_token: "at", token_type: "Bearer" });
const host = { open: () => {}, fetch };

/** How a call ends: nothing when it is a result or a PkceError. */
const foreign = async (call) => {
  try {
    const outcome = await call();
    if (outcome?.error && !client.isPkceError(outcome.error)) return outcome.error;
  } catch (error) {
    if (!client.isPkceError(error)) return error;
  }
};

test("EN5 every function of the client gives a result or a PkceError, whatever it is given", async () => {
  const opened = [];
  const given = { ...config, host: { open: (url) => opened.push(url), fetch } };
  const app = new client.Client(given, METADATA);
  app.login();
  const state = new URL(opened[0]).searchParams.get("state");
  const { session } = await app.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}`);
  const { transaction } = client.beginAuthorization(config, METADATA);
  const tokens = { accessToken: "at", tokenType: "Bearer", scope: "files", refreshToken: "rt" };
  const through = { fetch };
  const more = { ...METADATA, userinfo_endpoint: `${ISSUER}/me`, revocation_endpoint: `${ISSUER}/revoke` };
  const calls = {
    "new Client(config)": (value) => new client.Client(value, METADATA),
    "new Client(host)": (value) => new client.Client({ ...config, host: value }, METADATA).storage,
    "new Client(metadata)": (value) => new client.Client(config, value),
    "Client.discover(config)": (value) => client.Client.discover(value, through),
    "Client.discover(options)": (value) =>
      client.Client.discover({ ...config, host: { fetch: async () => Response.json(METADATA) } }, value),
    "login(options)": (value) => new client.Client(given, METADATA).login(value),
    "loginWithPopup(options)": (value) => app.loginWithPopup(value),
    "handleRedirect(url)": (value) => app.handleRedirect(value),
    "handleRedirect(options)": (value) => app.handleRedirect(REDIRECT_URI, value),
    "logout(options)": (value) => new client.Client({ ...given, clientId: "other" }, METADATA).logout(value),
    "accessToken(options)": (value) => session.accessToken(value),
    "fetch(input)": (value) => session.fetch(value),
    "fetch(init)": (value) => session.fetch("https://api.example/", value),
    "fetch(headers)": (value) => session.fetch("https://api.example/", { headers: value }),
    "fetch(signal)": (value) => session.fetch("https://api.example/", { signal: value }),
    "userinfo(options)": (value) => session.userinfo(value),
    "refresh(options)": (value) => session.refresh(value),
    "discover(issuer)": (value) => client.discover(value, through),
    "discover(options)": (value) => client.discover(ISSUER, { ...through, dangerouslyAllowHttp: value }),
    "discover(signal)": (value) => client.discover(ISSUER, { ...through, signal: value }),
    "discover(timeout)": (value) => client.discover(ISSUER, { ...through, timeout: value }),
    "discover(fetch)": (value) => client.discover("https://127.0.0.1:1", { fetch: value, timeout: 200 }),
    "beginAuthorization(config)": (value) => client.beginAuthorization(value, METADATA),
    "beginAuthorization(metadata)": (value) => client.beginAuthorization(config, value),
    "beginAuthorization(options)": (value) => client.beginAuthorization(config, METADATA, value),
    "completeAuthorization(config)": (value) =>
      client.completeAuthorization(value, METADATA, transaction, REDIRECT_URI, through),
    "completeAuthorization(transaction)": (value) =>
      client.completeAuthorization(config, METADATA, value, REDIRECT_URI, through),
    "completeAuthorization(url)": (value) =>
      client.completeAuthorization(config, METADATA, transaction, value, through),
    "refreshTokens(tokens)": (value) => client.refreshTokens(config, METADATA, value, through),
    "fetchUserinfo(tokens)": (value) => client.fetchUserinfo(config, more, value, through),
    "revokeTokens(tokens)": (value) => client.revokeTokens(config, more, value, through),
    "refreshTokens(metadata)": (value) => client.refreshTokens(config, value, tokens, through),
  };
  const found = [];
  for (const [name, call] of Object.entries(calls)) {
    for (const [what, value] of Object.entries(values())) {
      const error = await foreign(() => call(value));
      if (error) found.push(`${name}, ${what}: ${error}`);
    }
  }
  assert.equal(found.join("\n"), "");
});

test("EN5 options that lead back to themselves, and those of an event, are refused", () => {
  for (const options of [circle(), event()]) {
    assert.throws(() => client.beginAuthorization(config, METADATA, options), { code: "config_invalid" });
    assert.throws(() => new client.Client({ ...config, host }, METADATA).login(options), {
      code: "config_invalid",
    });
    assert.throws(() => client.beginAuthorization({ ...config, ...options }, METADATA), {
      code: "config_invalid",
    });
  }
});
