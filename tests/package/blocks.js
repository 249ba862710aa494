// The code of the guides, as it stands there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { resolve } from "./installed.js";

/** The blocks of JavaScript of a guide of the package. */
export const blocksOf = (guide) => {
  const text = readFileSync(join(dirname(resolve("pkce-wasm/package.json")), guide), "utf8");
  return [...text.matchAll(/^```js\n(.*?)^```/gms)].map(([, block]) => block);
};

/** Runs a block with those modules in the place of what it imports, and those names. */
export const runBlock = async (block, modules, names) => {
  const given = { ...names };
  const body = block
    .replace(/^import (.*?) from "(.*?)";$/gm, (_, what, from) => {
      const module = modules[from] ?? assert.fail(`${from} is imported`);
      if (what.startsWith("* as ")) given[what.slice(5)] = module;
      else for (const name of what.replace(/[{}\s]/g, "").split(",")) given[name] = module[name];
      return "";
    })
    .replaceAll("import.meta.resolve", "String");
  const work = Object.getPrototypeOf(async () => {}).constructor;
  await new work(...Object.keys(given), body)(...Object.values(given));
};
