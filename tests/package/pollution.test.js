// Own members alone count. What `Object.prototype` and the prototypes of arrays, strings, numbers and functions have beside speaks for no
// configuration, option, answer, token or error: requests, outcomes and errors are the same with it as without. In a process of its own,
// for what is changed there is changed for all.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { address, expectedEngine } from "./installed.js";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

test("JS6 no inherited member changes a login, a refusal, a request or an error, and no inherited toJSON is called", () => {
  // The twin is the same JavaScript around: there, all members at once are enough.
  const how = expectedEngine === "js" ? "all" : "every";
  const printed = execFileSync(
    process.execPath,
    [here("polluted.js"), address("pkce-wasm"), here("../../src/tables.rs"), how],
    {
      encoding: "utf8",
      maxBuffer: 1 << 26,
    },
  );
  const { members, lines, differences } = JSON.parse(printed);
  assert.deepEqual(differences, []);
  assert.ok(members > 200, `${members} members were found`);
  assert.ok(lines > 150, `${lines} lines were written`);
});
