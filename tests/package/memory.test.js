// What stays in memory after a call: nothing of it in the module's, nothing that grows with the calls in JavaScript's.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import {
  address,
  expectedEngine,
  ISSUER,
  installed,
  load,
  METADATA,
  pageOf,
  REDIRECT_URI,
  until,
} from "./installed.js";

const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const MEBIBYTE = 1 << 20;

let copy = 0;

/** An entry of its own, and the memories of the instances that it starts: as they are when they are started, and now. */
const watched = async (entry) => {
  const memories = [];
  const { Instance, instantiate } = WebAssembly;
  const watch = ({ exports }) => {
    const memory = Object.values(exports).find((each) => each instanceof WebAssembly.Memory);
    // What comes later has the memory of what is there at the start, and none of its own.
    if (memory)
      memories.push({ before: Buffer.from(memory.buffer.slice(0)), now: () => Buffer.from(memory.buffer) });
  };
  // biome-ignore lint/complexity/useArrowFunction: it is called with `new`
  WebAssembly.Instance = function (module, imports) {
    const instance = new Instance(module, imports);
    // What decodes the module at its start imports nothing, and never sees a text of the caller's.
    if (imports) watch(instance);
    return instance;
  };
  WebAssembly.instantiate = async (source, imports) => {
    const made = await instantiate(source, imports);
    watch(made.instance ?? made);
    return made;
  };
  // The twin has its memory in an ArrayBuffer, and in a larger one when it grows.
  const Plain = globalThis.ArrayBuffer;
  if (expectedEngine === "js") {
    globalThis.ArrayBuffer = class extends Plain {
      constructor(length) {
        super(length);
        if (length < 65536) return;
        memories.push({ now: () => Buffer.from(this) });
      }
    };
  }
  copy += 1;
  const name = `memory=${copy}`;
  const module = entry === "pkce-wasm" ? await pageOf(name) : await import(`${address(entry)}?${name}`);
  await module.ready();
  const last = () => memories.at(-1);
  last().before ??= Buffer.from(last().now());
  const restore = () => {
    Object.assign(WebAssembly, { Instance, instantiate });
    globalThis.ArrayBuffer = Plain;
  };
  return { module, memories, last, restore };
};

for (const entry of ["pkce-wasm/pkce", "pkce-wasm"]) {
  test(`${entry}: EN1 neither verifier nor randomness stays in the module's memory, whatever a call came to`, async (context) => {
    const { module, last, restore } = await watched(entry);
    context.after(restore);
    const calls = {
      generatePair: () => module.generatePair(128),
      generateVerifier: () => module.generateVerifier(),
      deriveChallenge: () => module.deriveChallenge(VERIFIER),
      "an invalid verifier": () => module.deriveChallenge(`${VERIFIER}!`),
      "a verifier that is too long": () => module.deriveChallenge(VERIFIER.repeat(100)),
      verifyChallenge: () => module.verifyChallenge(VERIFIER, CHALLENGE),
      "another challenge": () => module.verifyChallenge(VERIFIER, VERIFIER),
      plain: () => module.verifyChallenge(VERIFIER, VERIFIER, "plain", { dangerouslyAllowPlain: true }),
    };
    for (const [name, call] of Object.entries(calls)) {
      try {
        call();
      } catch (error) {
        assert.equal(error.code, "verifier_invalid", name);
      }
      const { before, now } = last();
      assert.equal(Buffer.compare(now(), before), 0, name);
    }
  });
}

/** The bytes by which the heap is larger after calls than before, in a process of its own. */
const growth = (prepare, call) =>
  Number(
    execFileSync(
      process.execPath,
      [
        "--expose-gc",
        "--input-type=module",
        "-e",
        `import ${JSON.stringify(new URL("forbid.js", import.meta.url).href)};
        ${prepare}
        const call = ${call};
        const held = () => {
          for (let round = 0; round < 3; round++) gc();
          const { heapUsed, external, arrayBuffers } = process.memoryUsage();
          return heapUsed + external;
        };
        for (let round = 0; round < 20; round++) await call(round);
        const before = held();
        for (let round = 0; round < 2000; round++) await call(round);
        console.log(held() - before);`,
      ],
      { cwd: installed, encoding: "utf8" },
    ),
  );

for (const entry of ["pkce-wasm/pkce", "pkce-wasm"]) {
  test(`${entry}: EN2 nothing is kept of what was refused`, () => {
    const prepare = `
      const module = await import("${entry}");
      await module.ready();
      const text = (round) => String(round).repeat(100_000 / String(round).length);
      const attempt = (call) => { try { call(); } catch {} };`;
    for (const call of [
      "(round) => attempt(() => module.deriveChallenge(text(round)))",
      "(round) => attempt(() => module.verifyChallenge(text(round), text(round)))",
      'async (round) => attempt(() => module.verifyChallenge("a", text(round), text(round)))',
      "(round) => attempt(() => module.generatePair(text(round)))",
    ]) {
      const bytes = growth(prepare, call);
      assert.ok(bytes < 8 * MEBIBYTE, `${bytes} bytes: ${call}`);
    }
  });
}

test("EN2 nothing is kept of a callback that is refused, of options, or of metadata", () => {
  const prepare = `
    const module = await import("pkce-wasm");
    await module.ready();
    const config = ${JSON.stringify({ issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files", transactionStorage: "memory" })};
    const metadata = ${JSON.stringify(METADATA)};
    const text = (round) => String(round).repeat(50_000 / String(round).length);
    const client = new module.Client(config, metadata);
    // An error that waits for its sentence still has its stack, and that holds what was called: until the sentences are loaded.
    await module.discover("").catch(() => {});
    const attempt = (call) => { try { call(); } catch {} };`;
  for (const call of [
    `(round) => client.handleRedirect("${REDIRECT_URI}?code=" + text(round) + "&state=none")`,
    "(round) => attempt(() => module.beginAuthorization(config, metadata, { scope: text(round) + '\\n' }))",
    "(round) => attempt(() => module.beginAuthorization(config, { ...metadata, issuer: text(round) }))",
  ]) {
    const bytes = growth(prepare, call);
    assert.ok(bytes < 8 * MEBIBYTE, `${bytes} bytes: ${call}`);
  }
});

/** A client, and a call that makes its module's memory grow far. */
const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files" };
const grow = (module) =>
  module.beginAuthorization(config, { ...METADATA, vendor: "x".repeat(4 * MEBIBYTE) }, {});
const begin = (module) => module.beginAuthorization(config, METADATA).url;

test("EN3 an instance that has grown far is dropped, and a fresh one goes on at once", async (context) => {
  const { module, memories, last, restore } = await watched("pkce-wasm");
  context.after(restore);
  begin(module);
  const { length } = last().now();
  grow(module);
  begin(module);
  assert.equal(last().now().length, length);
  assert.equal(module.deriveChallenge(VERIFIER), CHALLENGE);
  assert.equal(module.engine(), expectedEngine);
  if (expectedEngine === "wasm") assert.equal(memories.length, 2);
  // What is left of the one that was dropped holds nothing.
  const metadata = { ...METADATA, vendor: "the-vendor-text ".repeat(MEBIBYTE / 4) };
  module.beginAuthorization(config, metadata, {});
  for (const { now } of memories) assert.equal(now().includes("the-vendor-text"), false);
});

test("EN3 where no instance starts at once the one that has grown serves until there is another, and also when there is none", async (context) => {
  if (expectedEngine === "js") return;
  const { module, memories, last, restore } = await watched("pkce-wasm");
  context.after(restore);
  const { length } = last().now();
  const { Instance, instantiate } = WebAssembly;
  WebAssembly.Instance = () => {
    throw new RangeError("disallowed on the main thread, if the buffer size is larger than 4KB");
  };
  const served = async () => {
    grow(module);
    for (let round = 0; round < 3; round++) {
      assert.match(begin(module), /^https:/);
      assert.equal(module.deriveChallenge(VERIFIER), CHALLENGE);
      if (round === 0) await until(() => last().now().length === length);
    }
  };
  await served();
  assert.equal(memories.length, 2);
  // Where none starts in the background either, the twin goes on.
  WebAssembly.instantiate = async () => {
    throw new WebAssembly.RuntimeError("out of memory");
  };
  grow(module);
  for (let round = 0; round < 3; round++) {
    assert.match(begin(module), /^https:/);
    assert.equal(module.deriveChallenge(VERIFIER), CHALLENGE);
    await new Promise((done) => setTimeout(done, 50));
  }
  Object.assign(WebAssembly, { Instance, instantiate });
});

test("EN4 an address of more than a mebibyte is no callback, and does not enter the module", async (context) => {
  const { module, last, restore } = await watched("pkce-wasm");
  context.after(restore);
  const { length } = last().now();
  const opened = [];
  const client = new module.Client(
    {
      ...config,
      transactionStorage: "memory",
      host: { open: (url) => opened.push(url), fetch: () => assert.fail("something is sent") },
    },
    METADATA,
  );
  client.login();
  const state = new URL(opened[0]).searchParams.get("state");
  const long = `${REDIRECT_URI}?state=${state}&code=${"c".repeat(30 * MEBIBYTE)}`;
  assert.deepEqual(await client.handleRedirect(long), { status: "none" });
  assert.equal(last().now().length, length);
  const { transaction } = module.beginAuthorization(config, METADATA);
  await assert.rejects(module.completeAuthorization(config, METADATA, transaction, long), {
    code: "callback_invalid",
  });
  assert.equal(last().now().length, length);
});

test("EN2 the randomness of a login leaves nothing behind", async (context) => {
  const { module, last, restore } = await watched("pkce-wasm");
  const drawn = [];
  const { getRandomValues } = globalThis.crypto;
  globalThis.crypto.getRandomValues = (bytes) => {
    bytes.set(createHash("shake256", { outputLength: bytes.length }).update(`${drawn.length}`).digest());
    drawn.push(Buffer.from(bytes));
    return bytes;
  };
  context.after(() => {
    globalThis.crypto.getRandomValues = getRandomValues;
    restore();
  });
  begin(module);
  assert.ok(drawn.length > 0);
  for (const bytes of drawn) assert.equal(last().now().includes(bytes), false);
  assert.equal(Buffer.compare(last().now(), last().before), 0);
});

test("the deepest JSON that is read fits on the stack", async () => {
  const { beginAuthorization, completeAuthorization, ready } = await load("pkce-wasm");
  await ready();
  /** An object, so many levels deep. */
  const nested = (levels) => {
    let value = {};
    for (let level = 1; level < levels; level++) value = level % 2 ? [value] : { value };
    return { deep: value };
  };
  const metadata = { ...METADATA, ...nested(63) };
  const { transaction, state } = beginAuthorization(config, metadata, { claims: nested(62) });
  const answer = { access_token: "a", token_type: "Bearer", ...nested(63) };
  answer.authorization_details = [{ type: "t", ...nested(61) }];
  const host = { fetch: async () => Response.json(answer) };
  const url = `${REDIRECT_URI}?code=c&state=${state}`;
  const tokens = await completeAuthorization({ ...config, host }, metadata, transaction, url);
  assert.equal(tokens.accessToken, "a");
  const deeper = { ...METADATA, ...nested(64) };
  assert.throws(() => beginAuthorization(config, deeper), { code: "metadata_invalid" });
});
