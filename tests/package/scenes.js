// Logins and refusals whose every request, outcome and error is written down. Time and randomness are set: the same scenes are written down in
// the same words, however often they are played. pollution.test.js plays them while something is wrong with the objects of JavaScript.
import { createHash } from "node:crypto";

const ISSUER = "https://as.example";
const REDIRECT_URI = "https://app.example/callback";
const API = "https://api.example";
const NOW = 1_800_000_000_000;

/** What is taken before anything is wrong with it. */
const { keys, getOwnPropertyDescriptor } = Object;
const { isArray } = Array;
const { subtle } = globalThis.crypto;
const { importKey } = subtle;
const { stringify } = JSON;
const platform = { fetch: globalThis.fetch, Response: globalThis.Response, Headers: globalThis.Headers };

/** A value by its own members. */
const show = (value, depth = 0) => {
  if (typeof value === "function") return "function";
  if (typeof value !== "object" || value === null) return `${stringify(value)}`;
  if (depth > 6) return "...";
  let shown = "";
  for (const name of keys(value)) {
    const { value: member } = getOwnPropertyDescriptor(value, name);
    if (member !== undefined) shown += `${isArray(value) ? "" : `${name}:`}${show(member, depth + 1)},`;
  }
  return isArray(value) ? `[${shown}]` : `{${shown}}`;
};

const own = (members) => ({ __proto__: null, ...members });

/** JSON without `JSON.stringify`, which calls what is polluted. */
const json = (value) => {
  if (typeof value !== "object" || value === null) return `${stringify(value)}`;
  if (isArray(value)) return `[${value.map(json).join()}]`;
  return `{${keys(value)
    .map((name) => `${stringify(name)}:${json(value[name])}`)
    .join()}}`;
};

const base64url = (value) => Buffer.from(value).toString("base64url");

const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  userinfo_endpoint: `${ISSUER}/me`,
  revocation_endpoint: `${ISSUER}/revoke`,
  end_session_endpoint: `${ISSUER}/end`,
  jwks_uri: `${ISSUER}/jwks`,
  code_challenge_methods_supported: ["S256"],
};

/** Its signatures are the same each time. */
const RS256 = own({
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
});
const pair = await subtle.generateKey(RS256, true, ["sign", "verify"]);
const { kty, n, e } = await subtle.exportKey("jwk", pair.publicKey);
const key = { kty, n, e, kid: "one" };

/** A page of its own: the package is loaded afresh, so that nothing of the last time is left. */
let page = 0;

/**
 * Plays the scenes with the package at that path. `during` is told when they begin, and given what ends it: what is done before and afterwards
 * is the stage's.
 */
export const play = async (path, during = () => () => {}) => {
  page += 1;
  const { whole: client } = await import(new URL(`client/page.js?page=${page}`, path).href);
  await client.ready();
  const { whole: inPopup } = await import(new URL(`client/page.js?popup=${page}`, path).href);
  await inPopup.ready();

  const lines = [];
  let isOver = false;
  /** What a page does later, because the next one signs out, is in no scene of its own. */
  const write = (text) => void (isOver || lines.push(text));
  const { date, random } = { date: Date.now, random: globalThis.crypto.getRandomValues };
  let drawn = 0;
  Date.now = () => NOW;
  globalThis.crypto.getRandomValues = (bytes) => {
    drawn += 1;
    bytes.set(createHash("shake256", { outputLength: bytes.length }).update(`${drawn}`).digest());
    return bytes;
  };

  /** What the server says; scenes change it. */
  let answers;
  let nonce;
  const told = (status, body, given = {}) => {
    const headers = own({ "content-type": "application/json", ...given });
    try {
      return new platform.Response(body, own({ status, headers }));
    } catch {
      // The platform's own cannot be made while every object has a member `get` or `set`.
      const get = (name) => headers[name] ?? null;
      return own({ status, redirected: false, body: null, headers: own({ get }), text: async () => body });
    }
  };
  const idToken = async (change) => {
    const { header, claims } = own(change);
    const all = {
      iss: ISSUER,
      sub: "ada",
      aud: "app",
      exp: NOW / 1000 + 300,
      iat: NOW / 1000,
      nonce,
      ...claims,
    };
    for (const name of keys(all)) if (all[name] === undefined) delete all[name];
    const alg = { alg: "RS256", kid: "one", ...header };
    for (const name of keys(alg)) if (alg[name] === undefined) delete alg[name];
    const input = `${base64url(json(alg))}.${base64url(json(all))}`;
    const signature = await subtle.sign(RS256, pair.privateKey, Buffer.from(input));
    return `${input}.${base64url(signature)}`;
  };
  /** The server, in the place of the network. It writes down what would be sent, as the platform would read it. */
  const fetch = async (url, init) => {
    const seen = {};
    for (const name of "method body redirect credentials referrerPolicy cache mode integrity keepalive duplex".split(
      " ",
    ))
      seen[name] = init?.[name];
    const headers = [...new platform.Headers(init?.headers)].map((header) => header.join("=")).join();
    write(`fetch ${url} ${show(seen)} ${headers} aborted:${init?.signal?.aborted}`);
    const { pathname } = new URL(url);
    const given = answers[pathname];
    if (given) return given(init);
    if (pathname.endsWith("openid-configuration")) {
      // Longer than a timeout that nobody set.
      await new Promise((done) => setTimeout(done, 5));
      return told(200, json(METADATA));
    }
    if (pathname === "/jwks") return told(200, json({ keys: [{ kty: "EC" }, key] }));
    if (pathname === "/me") return told(200, json({ sub: "ada", name: "Ada" }));
    if (pathname === "/token") {
      const isRefresh = `${init.body}`.includes("grant_type=refresh_token");
      const tokens = {
        access_token: isRefresh ? "at2" : "at",
        token_type: "Bearer",
        expires_in: 3600,
        refresh_token: "rt",
      };
      return told(200, json(isRefresh ? tokens : { ...tokens, id_token: await idToken() }));
    }
    return told(200, "{}");
  };

  const opened = (url) => {
    write(`open ${url}`);
    nonce = new URL(url).searchParams.get("nonce");
    return new URL(url).searchParams.get("state");
  };

  /** Writes down how something ends. */
  const scene = async (name, work) => {
    answers = own({});
    try {
      write(`${name}: ${show(await work())}`);
    } catch (error) {
      write(`${name}: throws ${error.code} ${show(error)}`);
    }
  };

  const host = (state = {}) => ({
    fetch,
    open: (url) => {
      state.value = opened(url);
    },
  });
  const config = (change = {}) => ({
    issuer: ISSUER,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    transactionStorage: "memory",
    resourceOrigins: [API],
    ...change,
  });

  /** The outcome of a login with a client; a session by what it shows. */
  const signIn = async (change, metadata = METADATA, options = undefined, answer = "code=c") => {
    const state = {};
    const signing = new client.Client(
      config({ ...change, host: { ...host(state), ...own(change).host } }),
      metadata,
    );
    const went = signing.login(options);
    if (went) await went;
    const outcome = await signing.handleRedirect(
      `${REDIRECT_URI}?${answer}&state=${state.value}&iss=${ISSUER}`,
    );
    const { session, ...rest } = own(outcome);
    write(`outcome ${show(rest)}`);
    if (session)
      write(
        `session ${show({ ...session.claims })} ${session.scope} ${session.idTokenVerifiedBy} ${session.expiresAt}`,
      );
    return { signing, session };
  };

  /** The stateless steps of a login. */
  const step = async (change = {}, metadata = METADATA, options = undefined, answer = "code=c") => {
    const given = config({ ...change });
    const { url, transaction } = client.beginAuthorization(given, metadata, options);
    const callback = `${REDIRECT_URI}?${answer}&state=${opened(url)}`;
    return client.completeAuthorization(given, metadata, transaction, callback, { fetch });
  };

  const globals = own({});
  for (const name of [
    "fetch",
    "location",
    "history",
    "open",
    "close",
    "document",
    "Document",
    "addEventListener",
    "removeEventListener",
    "BroadcastChannel",
  ]) {
    globals[name] = getOwnPropertyDescriptor(globalThis, name);
  }
  const define = (name, value) =>
    Object.defineProperty(globalThis, name, own({ value, configurable: true, writable: true }));
  define("fetch", fetch);
  const location = { href: "https://app.example/", assign: (url) => (location.state = opened(url)) };
  define("location", location);
  // Node's own cannot read a key either while every object has a member `get` or `set`.
  subtle.importKey = async (...given) => {
    try {
      return await importKey.apply(subtle, given);
    } catch (error) {
      if (/Getter|Setter|descriptor/.test(error.message) && given[1].n === n) return pair.publicKey;
      throw error;
    }
  };

  const end = during();
  try {
    await scene("a client with a host", async () => {
      const { session, signing } = await signIn({});
      write(`token ${await session.accessToken()}`);
      await session.refresh();
      write(`token ${await session.accessToken({})}`);
      write(`user ${show(await session.userinfo())}`);
      write(`api ${(await session.fetch(`${API}/a`)).status}`);
      write(
        `api ${(await session.fetch(new URL(`${API}/b`), { method: "PUT", body: "x", headers: { "X-Own": "1" } })).status}`,
      );
      await signing.logout({ revoke: true, endSession: true });
      return signing.storage;
    });
    await scene("a client of a page", async () => {
      const signing = new client.Client(config(), METADATA);
      signing.login();
      const url = `${REDIRECT_URI}?code=c&state=${location.state}`;
      const { status, session } = await signing.handleRedirect(url, {});
      const again = own(await signing.handleRedirect(url));
      const nothing = own(await signing.handleRedirect("https://app.example/"));
      await signing.logout();
      const code = await session.accessToken().catch((error) => error.code);
      return [status, code, show(again.status), show(nothing), await signing.session()];
    });
    await scene("a client that asks its server", async () => {
      const found = await client.Client.discover(config({ host: { fetch } }));
      return [show(found.metadata), show(found.storage)];
    });
    await scene("a client that asks its server, of a page", async () => {
      const asking = await client.Client.discover(config());
      asking.login();
      const { status } = await asking.handleRedirect(`${REDIRECT_URI}?code=c&state=${location.state}`);
      return status;
    });
    await scene("a foreign origin", async () => {
      const { session } = await signIn({});
      const codes = [];
      for (const url of [
        "https://evil.example/",
        new URL("https://evil.example/x"),
        "http://api.example/",
        ISSUER,
      ]) {
        codes.push(await session.fetch(url).catch(({ code }) => code));
      }
      return codes;
    });
    await scene("an API that refuses the token", async () => {
      const { session } = await signIn({});
      answers["/"] = () => told(401, "", { "www-authenticate": 'Bearer error="invalid_token"' });
      const { status } = await session.fetch(`${API}/`);
      answers["/"] = () =>
        told(403, "", { "www-authenticate": 'Bearer error="insufficient_scope", scope="more"' });
      return [status, await session.fetch(`${API}/`)];
    });
    await scene("a session without refresh token and ID token", async () => {
      answers["/token"] = () => told(200, json({ access_token: "at", token_type: "Bearer" }));
      const { session } = await signIn({ scope: "files" });
      answers["/"] = () => told(401, "", { "www-authenticate": 'Bearer error="invalid_token"' });
      write(`api ${(await session.fetch(`${API}/`)).status}`);
      write(`${await session.refresh().catch(({ code }) => code)}`);
      return [session.claims, session.expiresAt, session.idTokenVerifiedBy];
    });
    await scene("a refresh that fails", async () => {
      const { session } = await signIn({});
      answers["/token"] = () => told(429, "{}", { "retry-after": "100" });
      await session.refresh().catch((error) => write(`${error.code} ${show(error)}`));
      answers["/token"] = () => told(400, json({ error: "invalid_grant" }));
      return session.refresh();
    });
    await scene("a refresh that is refused", async () => {
      const { session, signing } = await signIn({});
      answers["/token"] = () => told(400, json({ error: "invalid_grant" }));
      write(`${await session.refresh().catch((error) => `${error.code} ${show(error)}`)}`);
      return signing.session();
    });
    await scene("a host that keeps records", async () => {
      const items = new Map();
      const storage = {
        getItem: async (name) => items.get(name),
        setItem: async (name, item) => void items.set(name, item),
      };
      const { signing, session } = await signIn({
        storage: "host",
        transactionStorage: undefined,
        host: { storage },
      });
      await session.refresh();
      write(show(await (await signing.session()).accessToken()));
      await signing.logout();
      return [...items];
    });
    await scene("the steps", async () => {
      const tokens = await step({ resourceOrigins: undefined });
      write(show(tokens));
      const refreshed = await client.refreshTokens(config(), METADATA, tokens, { fetch });
      write(show(refreshed));
      write(show(await client.fetchUserinfo(config(), METADATA, refreshed, { fetch })));
      await client.revokeTokens(config(), METADATA, refreshed, { fetch });
      // Without options.
      write(show(await client.fetchUserinfo(config(), METADATA, refreshed)));
      return client.discover(ISSUER);
    });
    for (const claim of ["iss", "sub", "aud", "exp", "iat", "nonce"]) {
      await scene(`an ID token without ${claim}`, () => {
        answers["/token"] = async () => {
          const id_token = await idToken({ claims: { [claim]: undefined } });
          return told(200, json({ access_token: "at", token_type: "Bearer", id_token }));
        };
        return step();
      });
    }
    for (const [name, token] of [
      ["without an algorithm", { header: { alg: undefined } }],
      ["of the algorithm none", { header: { alg: "none" } }],
      ["of an unknown key", { header: { kid: "two" } }],
      ["of another audience", { claims: { aud: ["app", "other"] } }],
      ["that is old", { claims: { exp: 1 } }],
    ]) {
      await scene(`an ID token ${name}`, () => {
        answers["/token"] = async () =>
          told(200, json({ access_token: "at", token_type: "Bearer", id_token: await idToken(token) }));
        return step();
      });
    }
    for (const [name, status, body] of [
      ["no access token", 200, { token_type: "Bearer" }],
      ["no type", 200, { access_token: "at" }],
      ["no ID token", 200, { access_token: "at", token_type: "Bearer" }],
      ["nothing", 200, {}],
      ["a refusal", 400, { error: "invalid_grant", error_description: "no" }],
      ["a refusal without a reason", 400, {}],
      ["an error", 503, {}],
    ]) {
      await scene(`an answer with ${name}`, () => {
        answers["/token"] = () => told(status, json(body));
        return step();
      });
      await scene(`the same for a client: ${name}`, async () => {
        answers["/token"] = () => told(status, json(body));
        await signIn({});
      });
    }
    await scene("a set without keys", () => {
      answers["/none"] = () => told(200, "{}");
      return step({}, { ...METADATA, jwks_uri: `${ISSUER}/none` });
    });
    await scene("userinfo without sub", async () => {
      const tokens = await step();
      answers["/me"] = () => told(200, "{}");
      return client.fetchUserinfo(config(), METADATA, tokens, { fetch });
    });
    await scene("a refusal in the callback", () => signIn({}, METADATA, undefined, "error=access_denied"));
    await scene("a callback without code", () => step({}, METADATA, undefined, "x=1"));
    await scene("a login without prompt", () =>
      signIn({}, METADATA, { prompt: "none" }, "error=login_required"),
    );
    for (const name of ["issuer", "clientId", "redirectUri"]) {
      await scene(`no ${name}`, () => client.beginAuthorization(config({ [name]: undefined }), METADATA).url);
    }
    for (const name of [
      "issuer",
      "authorization_endpoint",
      "token_endpoint",
      "code_challenge_methods_supported",
      "jwks_uri",
    ]) {
      await scene(`a server without ${name}`, () => {
        const { [name]: _, ...metadata } = METADATA;
        return step({}, metadata);
      });
    }
    await scene("a server over http", () =>
      step({ issuer: "http://as.example" }, { ...METADATA, issuer: "http://as.example" }),
    );
    await scene("to ask a server over http", () => client.discover("http://as.example", { fetch }));
    await scene("an embedded browser", () => {
      globalThis.__TAURI_INTERNALS__ = { invoke: () => {} };
      try {
        return new client.Client(config(), METADATA).login();
      } finally {
        delete globalThis.__TAURI_INTERNALS__;
      }
    });
    await scene(
      "a parameter of the request",
      () => client.beginAuthorization(config(), METADATA, { extraParameters: { state: "mine" } }).url,
    );
    await scene("a login in a pop-up", async () => {
      const channels = new Set();
      define(
        "BroadcastChannel",
        class {
          constructor(name) {
            this.name = name;
            channels.add(this);
          }
          postMessage(data) {
            for (const other of channels)
              if (other !== this && other.name === this.name)
                setTimeout(() => other.onmessage?.(own({ data })), 0);
          }
          close() {
            channels.delete(this);
          }
        },
      );
      for (const name of ["addEventListener", "removeEventListener"]) define(name, () => {});
      define("document", own({ hasFocus: () => false }));
      define("Document", own({ prototype: own({ hasFocus: () => false }) }));
      define("close", () => write("the pop-up closes"));
      define("history", own({ state: null, replaceState: (...entry) => write(`address ${show(entry)}`) }));
      let state;
      define("open", (url, ...how) => {
        write(`pop-up ${show(how)}`);
        state = opened(url);
        return own({ closed: false, close: () => write("closed") });
      });
      const opener = new client.Client(config({ host: { fetch } }), METADATA);
      await opener
        .loginWithPopup({ features: "popup,noopener" })
        .catch(({ code, subject }) => write(`${code} ${subject}`));
      const outcome = opener.loginWithPopup();
      while (channels.size === 0) await new Promise((done) => setImmediate(done));
      location.href = `${REDIRECT_URI}?code=c&state=${state}`;
      const handed = await new inPopup.Client(config({ host: { fetch } }), METADATA).handleRedirect();
      const { status, session } = await outcome;
      return [show(own(handed)), status, await session.accessToken()];
    });
    await scene("plain", () => client.verifyChallenge("a".repeat(43), "a".repeat(43), "plain"));
    await scene("plain with options", () =>
      client.verifyChallenge("a".repeat(43), "a".repeat(43), "plain", {}),
    );
    await scene("S256", () => {
      const challenge = base64url(createHash("sha256").update("a".repeat(43)).digest());
      return client.verifyChallenge("a".repeat(43), challenge);
    });
  } finally {
    end();
    isOver = true;
    Date.now = date;
    globalThis.crypto.getRandomValues = random;
    delete subtle.importKey;
    for (const name of keys(globals)) {
      if (globals[name]) Object.defineProperty(globalThis, name, globals[name]);
      else delete globalThis[name];
    }
  }
  return lines;
};
