// The plain scripts of the packed tarball: their hashes for pages, and the way back from them to their sources.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { resolve } from "./installed.js";

const folder = dirname(resolve("pkce-wasm/package.json"));
const read = (name) => readFileSync(join(folder, name), "utf8");
const { name, version } = JSON.parse(read("package.json"));
const scripts = ["index.iife.js", "pkce.iife.js"];

test("integrity.json has the hash of each plain script, and the line for a page", () => {
  const integrity = JSON.parse(read("integrity.json"));
  assert.deepEqual(Object.keys(integrity), scripts);
  for (const file of scripts) {
    const hash = `sha384-${createHash("sha384").update(read(file)).digest("base64")}`;
    assert.equal(integrity[file].integrity, hash);
    const address = `https://unpkg.com/${name}@${version}/${file}`;
    const line = `<script src="${address}" integrity="${hash}" crossorigin="anonymous"></script>`;
    assert.equal(integrity[file].script, line);
  }
});

test("a plain script names its map, whose sources are in the package", () => {
  for (const file of scripts) {
    assert.match(read(file), new RegExp(`\\n//# sourceMappingURL=${file}\\.map\\s*$`));
    const { sources, sourcesContent, mappings, names } = JSON.parse(read(`${file}.map`));
    assert.equal(sourcesContent, undefined);
    assert.ok(mappings.length > 1000 && names.includes("codeVerifier"), file);
    for (const source of sources) assert.ok(existsSync(join(folder, source)), source);
  }
});
