// The module that an application supplies to pkce-wasm/slim: that of this version, byte for byte.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { address, expectedEngine, load, resolve } from "./installed.js";

const bytes = readFileSync(resolve("pkce-wasm/client.wasm"));
const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const { isPkceError } = await load("pkce-wasm/slim");

let copy = 0;
const fresh = () => {
  copy += 1;
  return import(`${address("pkce-wasm/slim")}?${copy}`);
};
const refused = (code) => (error) => isPkceError(error) && error.code === code;

/** The same module with one byte changed that leaves it sound: the value of a constant. */
const altered = () => {
  for (let at = bytes.length - 100; at > 8; at--) {
    const other = Uint8Array.from(bytes);
    other[at] ^= 1;
    if (WebAssembly.validate(other)) return other;
  }
};

test("EN11 a module that was altered is refused, however it is supplied, and the right one is taken", async (context) => {
  const served = new Map([
    ["/client.wasm", bytes],
    ["/altered.wasm", expectedEngine === "wasm" ? altered() : bytes],
  ]);
  const server = createServer(({ url }, response) => {
    if (served.has(url)) response.writeHead(200, { "content-type": "application/wasm" }).end(served.get(url));
    else response.writeHead(404).end("not found");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  context.after(() => server.close());
  const origin = `http://127.0.0.1:${server.address().port}`;
  const buffer = (view) => Uint8Array.from(view).buffer;

  const sources = (path, view) => ({
    bytes: view,
    "a buffer": buffer(view),
    "a view of a part": new Uint8Array(
      Buffer.concat([Buffer.alloc(7), view, Buffer.alloc(9)]).buffer.slice(0),
      0,
    ).slice(7, 7 + view.length),
    "a DataView": new DataView(buffer(view)),
    "shared memory": (() => {
      const shared = new Uint8Array(new SharedArrayBuffer(view.length));
      shared.set(view);
      return shared;
    })(),
    "an address": `${origin}${path}`,
    "a URL": new URL(path, origin),
    "an answer": fetch(`${origin}${path}`),
    "a promise": Promise.resolve(view),
  });
  for (const [name, source] of Object.entries(sources("/client.wasm", bytes))) {
    const slim = await fresh();
    assert.equal(await slim.initialize(source), expectedEngine, name);
    assert.equal(slim.deriveChallenge(VERIFIER), CHALLENGE, name);
  }
  if (expectedEngine === "js") return;
  const slim = await fresh();
  assert.equal(await slim.initialize(await WebAssembly.compile(bytes)), "wasm");
  for (const [name, source] of Object.entries(sources("/altered.wasm", altered()))) {
    const slim = await fresh();
    await assert.rejects(slim.initialize(source), refused("module_invalid"), name);
    assert.throws(() => slim.deriveChallenge(VERIFIER), refused("engine_not_ready"), name);
    assert.equal(await slim.initialize(bytes), "wasm", name);
  }
});

test("EN11 what is no module is refused by a PkceError", async () => {
  if (expectedEngine === "js") return;
  for (const source of [
    new Uint8Array(),
    bytes.subarray(0, 1000),
    Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
    await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)),
    new Response("not found", { status: 404 }),
    undefined,
    null,
    5,
    {},
    [],
    Symbol("module"),
  ]) {
    const slim = await fresh();
    await assert.rejects(slim.initialize(source), refused("module_invalid"));
  }
  const slim = await fresh();
  await assert.rejects(slim.initialize("http://127.0.0.1:1/client.wasm"), refused("network_failed"));
  await assert.rejects(slim.initialize(Promise.reject(new Error("gone"))), isPkceError);
});

test("EN11 without crypto.subtle the mark alone tells the version", async (context) => {
  const { subtle } = globalThis.crypto;
  Object.defineProperty(globalThis.crypto, "subtle", { value: undefined, configurable: true });
  context.after(() => {
    delete globalThis.crypto.subtle;
    assert.equal(globalThis.crypto.subtle, subtle);
  });
  const slim = await fresh();
  assert.equal(await slim.initialize(bytes), expectedEngine);
});
