/** Runs the conformance suite of the Model Context Protocol against a client, and reads what it says. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const SUITE = join(
  dirname(require.resolve("@modelcontextprotocol/conformance/package.json")),
  "dist/index.js",
);

/** How long a run may take. One takes five seconds on an idle machine. */
const LIMIT = 150_000;

/** How long the suite waits for one client. */
const LIMIT_OF_A_CLIENT = 60_000;

/** How often the suite is started before it has failed. */
const ATTEMPTS = 3;

const SCENARIO = /^[✓✗] (\S+): (\d+) passed, (\d+) failed/gmu;

/** One run: what the suite printed, and whether it came to its end. */
const run = (suite, command) =>
  new Promise((done, fail) => {
    const words = ["client", "--suite", suite, "--timeout", `${LIMIT_OF_A_CLIENT}`, "--command", command];
    const child = spawn(process.execPath, [SUITE, ...words], {
      cwd: import.meta.dirname,
      // In a group of its own: it starts each client by a shell.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const printed = { output: "", errors: "" };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      process.kill(-child.pid, "SIGKILL");
    }, LIMIT);
    child.stdout.setEncoding("utf8").on("data", (text) => {
      printed.output += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      printed.errors += text;
    });
    child.once("error", fail);
    child.once("close", () => {
      clearTimeout(timer);
      done({ ...printed, isLate });
    });
  });

/**
 * Takes a client through all scenarios of a suite.
 *
 * @param {string} suite - The suite's name.
 * @param {string} command - The client, as a line for the shell. The URL of the server is added to it.
 * @returns {Promise<{ scenarios: Map<string, { passed: number, failed: number }>, log: string }>} Checks by scenario.
 */
export const takeThrough = async (suite, command) => {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { output, errors, isLate } = await run(suite, command);
    const found = [...output.matchAll(SCENARIO)];
    const scenarios = new Map(
      found.map(([, name, passed, failed]) => [name, { passed: Number(passed), failed: Number(failed) }]),
    );
    if (!isLate && scenarios.size > 0) return { scenarios, log: `${output}${errors}` };
    console.error(`the conformance suite did not come to its end (attempt ${attempt} of ${ATTEMPTS})`);
    if (attempt === ATTEMPTS) throw new Error(`the conformance suite did not run: ${output}${errors}`);
  }
};
