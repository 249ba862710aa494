// The packed tarball, installed as a user would, in Node.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, resolve as resolvePath } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import {
  expectedEngine,
  ISSUER,
  installed,
  load,
  METADATA,
  metadataOf,
  REDIRECT_URI,
  resolve,
  until,
} from "./installed.js";

const pkce = await load("pkce-wasm/pkce");
const client = await load("pkce-wasm");

const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const code = (expected) => (error) => client.isPkceError(error) && error.code === expected;

await Promise.all([pkce.ready(), client.ready()]);

/**
 * The source of a function that makes this engine as strict as a page in Chromium before 115: it compiles and starts no module
 * above so many bytes at once, or does only one of the two not.
 */
const refusing = `
  const { Module, Instance, compile, instantiate } = WebAssembly;
  function refuse(bytes, what = "compiles starts") {
    const large = new WeakSet();
    const no = () => {
      throw new RangeError("disallowed on the main thread, if the buffer size is larger than 4KB");
    };
    const weigh = (module, source) => {
      if (source.byteLength > bytes || large.has(source)) large.add(module);
      return module;
    };
    WebAssembly.Module = class {
      static [Symbol.hasInstance](value) { return value instanceof Module; }
      constructor(source) {
        if (source.byteLength > bytes && what.includes("compiles")) no();
        return weigh(new Module(source), source);
      }
    };
    WebAssembly.Module.customSections = Module.customSections;
    WebAssembly.Instance = function (module, imports) {
      if (large.has(module) && what.includes("starts")) no();
      return new Instance(module, imports);
    };
    WebAssembly.compile = async (source) => weigh(await compile(source), source);
    WebAssembly.instantiate = async (source, imports) => {
      const made = await instantiate(source, imports);
      if (made.module) weigh(made.module, source);
      return made;
    };
  }
`;

/** Runs a module of its own, so that what it breaks stays broken for it alone. */
const run = (source) =>
  execFileSync(process.execPath, ["--input-type=module", "-e", source], {
    cwd: installed,
    encoding: "utf8",
  }).trim();

test("the tarball holds exactly the files that package.json names", () => {
  const root = join(installed, "node_modules/pkce-wasm");
  const { files } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const found = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
  assert.deepEqual(found.sort(), [...files, "README.md", "package.json"].sort());
});

test("the guides are in the package, and name no entry that there is not", () => {
  for (const shell of ["capacitor", "cordova", "electron", "tauri"]) {
    const text = readFileSync(
      resolvePath(resolve("pkce-wasm/package.json"), `../shells/${shell}.md`),
      "utf8",
    );
    assert.match(text, new RegExp(`from "pkce-wasm/${shell}"`));
    for (const heading of ["Where records rest", "What was run"])
      assert.ok(text.includes(heading), `${shell}: ${heading}`);
  }
});

test("a whole login where there is no WebAssembly, or none that is allowed, in the tick of the click and after it", () => {
  for (const obstacle of [
    "delete globalThis.WebAssembly;",
    "WebAssembly.Module = () => { throw 0; }; WebAssembly.instantiate = () => Promise.reject(0);",
  ]) {
    const printed = run(`
      // Node's own fetch has WebAssembly too: it is started before.
      const server = (await import("node:http")).createServer((_, response) => response.end());
      await new Promise((done) => server.listen(0, "127.0.0.1", done));
      await (await fetch("http://127.0.0.1:" + server.address().port)).text();
      server.close();
      ${obstacle}
      const { Client, ready, engine } = await import("pkce-wasm");
      await ready();
      const opened = [];
      const tokens = { access_token: "at", refresh_token: "rt", token_type: "Bearer", expires_in: 3600 };
      const config = { issuer: "${ISSUER}", clientId: "app", redirectUri: "${REDIRECT_URI}", scope: "files", transactionStorage: "memory",
        host: { open: (url) => void opened.push(url), fetch: async () => Response.json(tokens) } };
      const client = new Client(config, ${JSON.stringify(METADATA)});
      client.login();
      const state = new URL(opened[0]).searchParams.get("state");
      const { status, session } = await client.handleRedirect("${REDIRECT_URI}?code=c&state=" + state);
      await session.refresh();
      console.log(status, await session.accessToken(), engine());
      await client.logout();
      console.log(await client.session());
    `);
    assert.equal(printed, "signed-in at js\nnull", obstacle);
  }
});

for (const [entry, module] of [
  ["pkce-wasm/pkce", pkce],
  ["pkce-wasm", client],
]) {
  test(`${entry}: PK3 the vector of RFC 7636 appendix B`, () => {
    assert.equal(module.deriveChallenge(VERIFIER), CHALLENGE);
    assert.equal(module.verifyChallenge(VERIFIER, CHALLENGE), true);
    assert.equal(module.verifyChallenge(`${VERIFIER}x`, CHALLENGE), false);
    assert.equal(module.engine(), expectedEngine);
  });

  test(`${entry}: PK1 PK2 verifiers of every length, each new, each with the challenge that node:crypto derives`, () => {
    const seen = new Set();
    for (let length = 43; length <= 128; length++) {
      const { codeVerifier, codeChallenge, codeChallengeMethod } = module.generatePair(length);
      assert.match(codeVerifier, /^[A-Za-z0-9._~-]+$/);
      assert.equal(codeVerifier.length, length);
      assert.equal(codeChallenge, createHash("sha256").update(codeVerifier).digest("base64url"));
      assert.equal(codeChallengeMethod, "S256");
      seen.add(codeVerifier);
    }
    assert.equal(seen.size, 86);
    assert.equal(module.generateVerifier().length, 43);
  });

  test(`${entry}: PK7 ten thousand pairs are distinct and correct, however often the memory grew`, () => {
    const seen = new Set();
    for (let round = 0; round < 10_000; round++) {
      const { codeVerifier, codeChallenge } = module.generatePair(43 + (round % 86));
      assert.equal(codeChallenge, createHash("sha256").update(codeVerifier).digest("base64url"));
      // A long argument makes the memory grow, at first.
      if (round % 1000 === 0)
        assert.equal(module.verifyChallenge("x".repeat(round * 200), codeChallenge), false);
      seen.add(codeVerifier);
    }
    assert.equal(seen.size, 10_000);
  });

  test(`${entry}: PK1 PK4 what is refused`, () => {
    for (const length of [42, 129, 0, -1, Number.NaN, "many", "50", null, 50n, [50], Symbol("50")]) {
      assert.throws(() => module.generateVerifier(length), code("verifier_length_invalid"));
    }
    for (const verifier of [
      "a".repeat(42),
      "a".repeat(129),
      `${"a".repeat(42)}!`,
      `${"a".repeat(42)}é`,
      undefined,
    ]) {
      assert.throws(() => module.deriveChallenge(verifier), code("verifier_invalid"));
      assert.equal(module.verifyChallenge(verifier, CHALLENGE), false);
    }
    assert.throws(
      () => module.verifyChallenge(VERIFIER, VERIFIER, "plain"),
      code("challenge_method_refused"),
    );
    assert.throws(() => module.verifyChallenge(VERIFIER, VERIFIER, "S512"), code("challenge_method_refused"));
    assert.equal(module.verifyChallenge(VERIFIER, VERIFIER, "plain", { dangerouslyAllowPlain: true }), true);
  });

  test(`${entry}: nothing runs at import; where WebAssembly is missing or blocked the twin is loaded on demand`, () => {
    for (const obstacle of [
      "delete globalThis.WebAssembly;",
      `WebAssembly.Module = () => { throw new WebAssembly.CompileError("blocked by CSP"); };
       WebAssembly.compile = WebAssembly.instantiate = async () => WebAssembly.Module();`,
    ]) {
      const printed = run(`
        ${obstacle}
        const { generatePair, verifyChallenge, ready, engine } = await import("${entry}");
        try { generatePair(); } catch (error) { console.log(error.name, error.code, error.blame); }
        console.log(await ready(), engine());
        const { codeVerifier, codeChallenge } = generatePair();
        console.log(verifyChallenge(codeVerifier, codeChallenge));
      `);
      assert.equal(printed, "PkceError engine_not_ready caller\njs js\ntrue");
    }
  });

  test(`${entry}: an engine that compiles or starts nothing at once does it in the background`, () => {
    for (const limit of ["compiles", "starts"]) {
      const printed = run(`
        ${refusing}
        refuse(0, "${limit}");
        const { generateVerifier, ready } = await import("${entry}");
        try { generateVerifier(); } catch (error) { console.log(error.code, error.cause.name); }
        console.log(await Promise.all([ready(), ready()]), await ready(), generateVerifier().length);
      `);
      assert.equal(printed, "engine_not_ready RangeError\n[ 'wasm', 'wasm' ] wasm 43");
    }
  });

  test(`${entry}: after a trap the instance is discarded and the next call starts a fresh one`, async () => {
    // What the module calls for a character fails: as after an instruction that it cannot carry out, the call does not come back.
    const { charCodeAt } = String.prototype;
    String.prototype.charCodeAt = () => {
      throw new Error("unreachable");
    };
    try {
      assert.throws(() => module.deriveChallenge(VERIFIER), code("internal"));
    } finally {
      String.prototype.charCodeAt = charCodeAt;
    }
    assert.equal(module.deriveChallenge(VERIFIER), CHALLENGE);
    assert.equal(module.engine(), expectedEngine);
  });

  test(`${entry}: PK2 without randomness there is no verifier`, () => {
    const printed = run(`
      Object.defineProperty(globalThis, "crypto", { value: undefined });
      Math.random = () => { throw new Error("never"); };
      const { generatePair } = await import("${entry}");
      try { console.log(generatePair()); } catch (error) { console.log(error.code, error.blame); }
    `);
    assert.equal(printed, "randomness_unavailable environment");
  });
}

test("a page in Chromium before 115: the primitives start at once, the client in the background, and again after a trap", () => {
  const printed = run(`
    ${refusing}
    refuse(4096);
    const pkce = await import("pkce-wasm/pkce");
    console.log(pkce.deriveChallenge("${VERIFIER}"), pkce.engine());
    const client = await import("pkce-wasm");
    const attempt = () => {
      try { return client.deriveChallenge("${VERIFIER}"); } catch (error) { return error.code; }
    };
    console.log(attempt(), await client.ready(), attempt());
    const { charCodeAt } = String.prototype;
    String.prototype.charCodeAt = () => { throw new Error("unreachable"); };
    const trapped = attempt();
    String.prototype.charCodeAt = charCodeAt;
    console.log(trapped, attempt(), await client.ready(), attempt());
    const slim = await import("pkce-wasm/slim");
    const { readFileSync } = await import("node:fs");
    const bytes = readFileSync(${JSON.stringify(resolve("pkce-wasm/client.wasm"))});
    console.log(await slim.initialize(bytes), slim.deriveChallenge("${VERIFIER}"));
    console.log(await slim.initialize(await WebAssembly.compile(bytes)), slim.deriveChallenge("${VERIFIER}"));
  `);
  assert.deepEqual(printed.split("\n"), [
    `${CHALLENGE} wasm`,
    `engine_not_ready wasm ${CHALLENGE}`,
    `internal engine_not_ready wasm ${CHALLENGE}`,
    `wasm ${CHALLENGE}`,
    `wasm ${CHALLENGE}`,
  ]);
});

for (const what of ["compiles starts", "compiles", "starts"]) {
  test(`a page in Chromium before 115: what comes later is started in the background too, and again after a trap (${what})`, () => {
    const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files" };
    const printed = run(`
      ${refusing}
      refuse(4096, ${JSON.stringify(what)});
      const { beginAuthorization, completeAuthorization, deriveChallenge, ready } = await import("pkce-wasm");
      const fetch = async () => Response.json({ access_token: "at", token_type: "Bearer" });
      const config = { ...${JSON.stringify(config)}, host: { fetch } };
      const metadata = ${JSON.stringify(METADATA)};
      const signIn = async () => {
        const { state, transaction } = beginAuthorization(config, metadata);
        const url = config.redirectUri + "?code=c&state=" + state;
        return (await completeAuthorization(config, metadata, transaction, url)).accessToken;
      };
      console.log(await ready(), await signIn(), await signIn());
      const { charCodeAt } = String.prototype;
      String.prototype.charCodeAt = () => { throw new Error("unreachable"); };
      try { deriveChallenge("${VERIFIER}"); } catch ({ code }) { console.log(code); }
      String.prototype.charCodeAt = charCodeAt;
      try { beginAuthorization(config, metadata); } catch ({ code }) { console.log(code); }
      console.log(await ready(), await signIn());
    `);
    assert.equal(printed, "wasm at at\ninternal\nengine_not_ready\nwasm at");
  });
}

test("the halves of the module are in their scripts byte for byte, and each is decoded into one array", () => {
  const printed = run(`
    const { Module } = WebAssembly;
    const given = [];
    WebAssembly.Module = class { static [Symbol.hasInstance](value) { return value instanceof Module; }
      constructor(bytes) { given.push(bytes); return new Module(bytes); } };
    const { from } = Uint8Array;
    Uint8Array.from = () => { throw new Error("a list of numbers is made first"); };
    const { completeAuthorization } = await import("pkce-wasm");
    await completeAuthorization(${JSON.stringify({ issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI })},
      ${JSON.stringify(METADATA)}, "", "").catch(() => {});
    Uint8Array.from = from;
    console.log(given.map(({ constructor, byteOffset }) => constructor.name + byteOffset).join());
    // The printable characters from "#" on, backslash left out.
    const characters = [...Array(92)].map((_, place) => String.fromCharCode(35 + place)).filter((it) => it !== "\\\\");
    const encode = (byte) => (byte < 89 ? "" : characters[88 + Math.floor(byte / 89)]) + characters[byte % 89];
    // Before each of them is the module that decodes it.
    for (const [place, half] of ["decoder", "start", "decoder", "later"].entries()) {
      const { default: text } = await import(${JSON.stringify(pathToFileURL(join(installed, "node_modules/pkce-wasm/dist/")).href)} + half + "_bytes.js");
      console.log([...given[place]].map(encode).join("") === text);
    }
  `);
  assert.equal(printed, "Uint8Array0,Uint8Array0,Uint8Array0,Uint8Array0\ntrue\ntrue\ntrue\ntrue");
});

test("an error says who must act, what to do and whether to try again, and crosses copies of the package", async () => {
  const refusal = ({ generateVerifier }) => {
    try {
      generateVerifier(1);
    } catch (error) {
      return error;
    }
  };
  for (const copy of [client, pkce]) {
    const error = refusal(copy);
    assert.ok(error instanceof Error && error instanceof copy.PkceError);
    assert.deepEqual(
      [error.name, error.code, error.blame, error.retryable],
      ["PkceError", "verifier_length_invalid", "caller", false],
    );
    // The client loads its sentences with the first error: until then the code stands in their place.
    assert.match(error.message, /43 to 128|^verifier_length_invalid$/);
    await until(() => /43 to 128/.test(error.message));
    assert.ok(pkce.isPkceError(structuredClone({ ...error, name: error.name, code: error.code })));
  }
  assert.match(refusal(client).message, /43 to 128/);
});

test("an error that is waited for has its sentence, also the first one", () => {
  const printed = run(`
    const { discover } = await import("pkce-wasm");
    await discover("no URL").catch(({ code, message }) => console.log(code, message));
  `);
  assert.match(printed, /^config_invalid config_invalid: The configuration .* \(issuer\)$/);
});

test("the stateless steps against a server of this process", async (context) => {
  const server = createServer(async (request, response) => {
    const origin = `http://127.0.0.1:${server.address().port}`;
    const answer = (status, body) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    if (request.url.startsWith("/.well-known/")) {
      answer(200, {
        ...metadataOf(origin),
        userinfo_endpoint: `${origin}/me`,
        revocation_endpoint: `${origin}/revoke`,
      });
      return;
    }
    let body = "";
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    if (request.url === "/me") answer(200, { sub: "ada", authorization: request.headers.authorization });
    else if (request.url === "/revoke") answer(200, {});
    else if (form.get("grant_type") === "refresh_token")
      answer(200, { access_token: "at2", token_type: "Bearer" });
    else if (form.get("code") === "moved") response.writeHead(307, { location: `${origin}/elsewhere` }).end();
    else if (pkce.deriveChallenge(form.get("code_verifier")) === challenge) {
      answer(200, { access_token: "at", token_type: "bearer", expires_in: 60, refresh_token: "rt" });
    } else answer(400, { error: "invalid_grant", error_description: "the verifier is not the one" });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  context.after(() => server.close());
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const config = { issuer, clientId: "app", redirectUri: "com.example.app:/callback", scope: "files" };

  let challenge;
  const begin = (metadata) => {
    const request = client.beginAuthorization(config, metadata);
    challenge = new URL(request.url).searchParams.get("code_challenge");
    return request;
  };

  const metadata = await client.discover(issuer);
  const { state, transaction } = begin(metadata);
  const callback = `com.example.app:/callback?code=c&state=${state}`;
  const tokens = await client.completeAuthorization(config, metadata, transaction, callback);
  assert.equal(tokens.accessToken, "at");
  assert.equal(tokens.scope, "files");
  assert.ok(Math.abs(tokens.expiresAt - Date.now() / 1000 - 60) < 5);

  const refreshed = await client.refreshTokens(config, metadata, tokens);
  assert.deepEqual([refreshed.accessToken, refreshed.refreshToken], ["at2", "rt"]);
  const claims = await client.fetchUserinfo(config, metadata, refreshed);
  assert.deepEqual(claims, { sub: "ada", authorization: "Bearer at2" });
  await client.revokeTokens(config, metadata, refreshed);

  const another = begin(metadata);
  const swapped = client.completeAuthorization(
    config,
    metadata,
    transaction,
    `com.example.app:/callback?code=c&state=${another.state}`,
  );
  await assert.rejects(swapped, code("state_mismatch"));
  const thief = begin(metadata);
  challenge = CHALLENGE;
  const stolen = `com.example.app:/callback?code=c&state=${thief.state}`;
  await assert.rejects(client.completeAuthorization(config, metadata, thief.transaction, stolen), (error) => {
    assert.equal(error.code, "token_refused");
    assert.equal(error.status, 400);
    assert.equal(error.oauthError, "invalid_grant");
    assert.equal(error.oauthErrorDescription, "the verifier is not the one");
    return true;
  });
  const moved = begin(metadata);
  await assert.rejects(
    client.completeAuthorization(
      config,
      metadata,
      moved.transaction,
      `com.example.app:/callback?code=moved&state=${moved.state}`,
    ),
    code("redirect_not_followed"),
  );
});

test("nothing of an operation stays in the memory, which does not grow", async () => {
  const folder = pathToFileURL(join(installed, "node_modules/pkce-wasm/")).href;
  const load = (file) => import(`${folder}${file}`);
  const [{ createEngine, decode }, { createAsk, createTexts }, { createTalkingErrors }, { createClient }] = [
    await load("engine/engine.js"),
    await load("engine/ask.js"),
    await load("engine/sentences.js"),
    await load("client/client.js"),
  ];
  const [{ bind, exported }, { CODES }] = [await load("dist/client_bg.js"), await load("dist/codes.js")];
  const half = async (name) => decode((await load(`dist/${name}_bytes.js`)).default);
  const bytes = await half("start");
  const { default: twin } = await load("dist/client_twin.js");
  let exports;
  const texts = createTexts();
  const state = { module: expectedEngine === "wasm" ? bytes : undefined };
  const started = createEngine({
    bind,
    exported,
    errors: createTalkingErrors(CODES, () => load("dist/sentences.js")),
    texts,
    state,
    loadTwin: async () => ({
      default: (imports) => {
        exports = twin(imports);
        return exports;
      },
    }),
  });
  const { Instance } = WebAssembly;
  // biome-ignore lint/complexity/useArrowFunction: it is called with `new`
  WebAssembly.Instance = function (module, imports) {
    const instance = new Instance(module, imports);
    exports = instance.exports;
    return instance;
  };
  try {
    assert.equal(await started.ready(), expectedEngine);
  } finally {
    WebAssembly.Instance = Instance;
  }
  const memory = () => Buffer.from(exports[exported.memory].buffer);
  const { beginAuthorization, completeAuthorization } = createClient({
    ...started,
    ...createAsk({ ...started, state }, texts, () => half("later")),
  });
  let accessToken;
  const fetch = async () => Response.json({ access_token: accessToken, token_type: "Bearer" });
  const config = {
    issuer: ISSUER,
    clientId: "app",
    redirectUri: "com.example.app:/callback",
    scope: "files",
    host: { fetch },
  };
  const { length } = memory();
  for (let round = 0; round < 500; round++) {
    accessToken = `the-access-token-${round}`;
    const code = `the-code-${round}`;
    const { transaction, state } = beginAuthorization(config, METADATA);
    const callback = `com.example.app:/callback?code=${code}&state=${state}`;
    const tokens = await completeAuthorization(config, METADATA, transaction, callback);
    assert.equal(tokens.accessToken, accessToken);
    const verifier = transaction.split("\n").find((line) => line.length === 43 && line !== state);
    for (const secret of [verifier, state, code, accessToken])
      assert.equal(memory().includes(secret), false, secret);
    assert.equal(memory().length, length);
  }
});
