// What a page loads keeps to the syntax and the library of Chromium 80, the oldest engine that signs in; `cargo xtask reach --full` does so with a real one. In newer
// engines no other test would see that something newer is used.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
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
