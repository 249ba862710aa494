// What a page loads keeps to the syntax and the library of Chromium 80, the oldest engine that signs in with the modules; `cargo xtask reach --full` does so with a real
// one. In newer engines no other test would see that something newer is used. The plain scripts can be read by older ones, which are told that they are too old.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { resolve } from "./installed.js";

const folder = dirname(resolve("pkce-wasm/package.json"));

/** In Electron's main process and in its preload script, whose engine is that of Electron; the program in Node and its demo page. */
const OUTSIDE = /electron_(main|store|urls|preload)|loopback|^(bin|demo)\b/;

/** What came later, with the release that has it. */
const LATER = {
  "logical assignment (85)": /(\?\?|\|\||&&)=(?!=)/,
  "private methods (84)": /^\s*(static\s+)?(async\s+)?(get\s+|set\s+)?#\w+\s*\([^)]*\)\s*\{/m,
  "static blocks (94)": /\bstatic\s*\{/,
  "private names in `in` (91)": /#\w+\s+in\s/,
  "replaceAll (85)": /\.replaceAll\(/,
  "at (92)": /\.at\(/,
  "findLast (97)": /\.findLast(Index)?\(/,
  "Object.hasOwn (93)": /Object\.hasOwn\(/,
  "AggregateError and Promise.any (85)": /AggregateError|Promise\.any\(/,
  "structuredClone (98)": /\bstructuredClone\(/,
  "Array.prototype.toSorted and its like (110)": /\.to(Sorted|Reversed|Spliced)\(|\.with\(/,
  "Object.groupBy (117)": /groupBy\(/,
  "Promise.withResolvers (119)": /withResolvers/,
  "top-level await (89)": /^await /m,
  "WeakRef (84)": /\bWeakRef\b/,
};

/** What a plain script has not, because Chromium 63 cannot read it, with the release that can. */
const UNREADABLE = {
  "optional chaining (80)": /\?\.(?!\d)/,
  "nullish coalescing (80)": /\?\?/,
  "private members (74)": /\bthis\.#|[;{]#\w/,
  "public fields (72)": /class( \w+)?( extends [^{]+)?\{\w+[;=]/,
  "optional catch binding (66)": /catch\{/,
};

/** Without comments, and with nothing in its strings. */
const code = (source) =>
  source
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/"(\\.|[^"\\\n])*"/g, '""');

const files = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((file) => /\.js$/.test(file) && !OUTSIDE.test(file) && !file.includes("node_modules"));

test("SH9 what a page loads keeps to what Chromium 80 knows", () => {
  assert.ok(files.length > 40, `${files}`);
  const faults = [];
  for (const file of files) {
    const source = code(readFileSync(join(folder, file), "utf8"));
    // The modules are text there, in which anything may stand.
    if (/_bytes\.js$/.test(file)) continue;
    const isMinified = /\.iife\.js$/.test(file);
    for (const [what, pattern] of Object.entries(LATER)) {
      // A minified script holds a module as text, and names of one letter.
      if (isMinified && !/assignment|replaceAll|AggregateError/.test(what)) continue;
      const found = (isMinified ? source.replace(/`[^`]*`/g, "``") : source).match(pattern);
      if (found) faults.push(`${file}: ${what}: ${found[0]}`);
    }
  }
  assert.deepEqual(faults, []);
});

test("SH9 what is newer is seen", () => {
  for (const [source, what] of [
    ["a ??= b;", "logical assignment"],
    ["a ||= b;", "logical assignment"],
    ["class A {\n  #b(c) {\n  }\n}", "private methods"],
    ["class A {\n  get #b() {\n  }\n}", "private methods"],
    ["class A {\n  static async #b({ c }) {\n  }\n}", "private methods"],
    ["[1].at(-1)", "at"],
    ['"a".replaceAll("a", "b")', "replaceAll"],
  ]) {
    const seen = Object.entries(LATER).filter(([, pattern]) => pattern.test(code(source)));
    assert.ok(
      seen.some(([name]) => name.includes(what)),
      source,
    );
  }
  for (const source of ["a ?? b", "a?.b", "class A { #b = (c) => {} }", "a === b || c == d", "a != b"]) {
    assert.deepEqual(
      Object.entries(LATER).filter(([, pattern]) => pattern.test(code(source))),
      [],
      source,
    );
  }
});

const SCRIPTS = ["index.iife.js", "pkce.iife.js"];
const textOf = (file) => readFileSync(join(folder, file), "utf8");

test("SH9 a plain script has the syntax of Chromium 63", () => {
  for (const script of SCRIPTS) {
    // What comes of a bundle holds modules and sentences as text.
    const source = code(textOf(script))
      .replace(/`[^`]*`/g, "``")
      .replace(/'[^'\n]*'/g, "''");
    const found = Object.entries(UNREADABLE).filter(([, pattern]) => pattern.test(source));
    assert.deepEqual(
      found.map(([what]) => what),
      [],
      script,
    );
  }
  const seen = (source) => Object.values(UNREADABLE).some((pattern) => pattern.test(source));
  const newer = [
    "a?.b",
    "a??b",
    "class a{#b;c(){}}",
    "this.#b",
    "class a{b=1}",
    "class extends a{b;}",
    "try{}catch{}",
  ];
  for (const source of newer) assert.ok(seen(source), source);
  for (const source of ["a?.5:b", "class a extends b{c(){}}", "catch(a){}"]) assert.ok(!seen(source), source);
});

/** Runs a plain script where these are missing; gives what it throws, or what it makes. */
const runWithout = (script, missing) => {
  const context = createContext({ queueMicrotask, crypto: globalThis.crypto });
  runInContext(missing.map((what) => `delete ${what};`).join(""), context);
  try {
    runInContext(textOf(script), context);
  } catch (error) {
    return { error };
  }
  return { made: runInContext("pkceWasm", context) };
};

test("SH9 an engine that lacks what a plain script needs is told in a sentence", () => {
  for (const script of SCRIPTS) {
    for (const missing of ["queueMicrotask", "Object.fromEntries", "globalThis.globalThis"]) {
      const { error } = runWithout(script, [missing]);
      const { name, message, code, blame, retryable } = error;
      assert.deepEqual(
        { name, code, blame, retryable },
        { name: "PkceError", code: "engine_unsupported", blame: "environment", retryable: false },
        `${script} without ${missing}: ${error}`,
      );
      assert.match(message, /^engine_unsupported: This browser .* too old .* update it\.$/);
    }
    assert.equal(typeof runWithout(script, []).made.generatePair, "function");
  }
});
