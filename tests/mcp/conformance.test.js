// The conformance suite of the Model Context Protocol, with the example in a terminal as the client. The guide has the table of its scenarios.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { installed, load } from "../package/installed.js";
import { place } from "./place.js";
import { takeThrough } from "./suite.js";

await load("pkce-wasm");
const GUIDE = new URL("../../pkg/guides/mcp.md", import.meta.url);

/** The suites that the table is about: that of the specification in force, and that of its next edition. */
const SUITES = ["auth", "draft"];

/** A row of the table: what the scenario is, and how many checks there are. */
const ROW = /^\| `(auth\/[^`]+)` \| ([^|]+) \| (\d+) of (\d+) \|$/gm;
const rows = [...readFileSync(GUIDE, "utf8").matchAll(ROW)];

const { folder, remove } = place(installed);
after(remove);

describe("every scenario of the conformance suite passes", () => {
  const seen = new Map();
  let log = "";

  before(async () => {
    const words = [process.execPath, join(import.meta.dirname, "client.js"), folder];
    const command = words.map((word) => `"${word}"`).join(" ");
    for (const suite of SUITES) {
      const { scenarios, ...said } = await takeThrough(suite, command);
      for (const [name, checks] of scenarios) seen.set(name, checks);
      log += said.log;
    }
    const sum = (member) => [...seen.values()].reduce((total, checks) => total + checks[member], 0);
    console.log(`conformance checks: ${sum("passed")} passed, ${sum("failed")} failed`);
  });

  for (const [, name] of rows) {
    test(name, () => {
      const checks = seen.get(name);
      assert.ok(checks, `the suite does not run ${name}`);
      assert.equal(checks.failed, 0, log);
      assert.ok(checks.passed > 0);
    });
  }

  test("the guide's table has all of them, with their checks", () => {
    const told = rows.map(([, name, , passed, all]) => `${name}: ${passed} of ${all}`);
    const found = [...seen].map(([name, { passed, failed }]) => `${name}: ${passed} of ${passed + failed}`);
    assert.deepEqual(told.sort(), found.sort());
  });
});
