// The documents of the package: what they link to is there, for those who read them on the package's page and for those who read them in the package.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { installed } from "./installed.js";

const root = join(installed, "node_modules/pkce-wasm");
const { name, version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const documents = readdirSync(root, { recursive: true }).filter((file) => file.endsWith(".md"));

/** The links of a document, without those in blocks of code. */
const links = (file) => {
  const parts = readFileSync(join(root, file), "utf8").split("```");
  const text = parts.filter((_, at) => at % 2 === 0).join("");
  return [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link);
};

test("every link of the README is a whole address, as it is shown where nothing lies beside it", () => {
  const own = `https://unpkg.com/${name}@${version}/`;
  const found = links("README.md");
  assert.ok(found.filter((link) => link.startsWith(own)).length > 20, "most links lead to the guides");
  for (const link of found) {
    assert.match(link, /^(https:|#)/, link);
    const file = link.startsWith(own) && link.slice(own.length).split("#")[0];
    assert.ok(file === false || existsSync(join(root, file)), link);
  }
});

test("every link of another document leads to a file of the package", () => {
  assert.ok(documents.length > 15, `${documents}`);
  for (const file of documents) {
    for (const link of links(file)) {
      const [target] = link.split("#");
      if (/^https:/.test(link) || target === "") continue;
      assert.ok(existsSync(join(root, dirname(file), target)), `${file}: ${link}`);
    }
  }
});
