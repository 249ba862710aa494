/**
 * The demo's servers: the page and two authorization servers, all on loopback and in memory.
 *
 *     node main.js --package DIR [--page DIR] [--port N]
 *
 * When everything listens, one line of JSON goes to standard output; nothing else ever does. The process ends on SIGTERM
 * and SIGINT, and when its standard input closes, so that a parent that dies leaves nothing behind.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const USAGE = `usage: node main.js --package DIR [--page DIR] [--port N]

  --package DIR   the unpacked npm package of pkce-wasm: the folder that holds its package.json
  --page DIR      a page to serve in place of the demo's
  --port N        the port of the page on localhost; any free one when absent

Runs until SIGTERM, SIGINT, or the end of its standard input.
`;

/** Ends the process with a sentence that says what to do. */
function refuse(sentence) {
  process.stderr.write(`${sentence}\n\n${USAGE}`);
  process.exit(2);
}

/** Reads the command line. */
function readArguments() {
  let values;
  try {
    const text = { type: "string" };
    const options = { package: text, page: text, port: text, help: { type: "boolean" } };
    ({ values } = parseArgs({ options }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    process.stderr.write(USAGE);
    process.exit(0);
  }
  if (!values.package) refuse("--package is missing.");
  const packageFolder = resolve(values.package);
  if (!existsSync(join(packageFolder, "package.json"))) {
    refuse(`${values.package} holds no package.json: build and unpack the package first.`);
  }
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65535) refuse("--port is a number from 0 to 65535.");
  return { packageFolder, pageFolder: values.page && resolve(values.page), port };
}

const { packageFolder, pageFolder, port } = readArguments();

// The authorization server library speaks of its own defaults through the console: that belongs to standard error.
console.log = console.error;
console.info = console.error;
if (typeof URL.parse !== "function")
  refuse(`Node ${process.version} is too old for oidc-provider: use Node 22.`);

const { startServers } = await import("./servers.js");

let servers;
let stopping = false;

/** Closes every socket and ends the process. */
function stop() {
  if (stopping) return;
  stopping = true;
  servers?.close();
  process.exit(0);
}

process.on("SIGTERM", stop);
process.on("SIGINT", stop);
process.stdin.on("end", stop);
process.stdin.on("close", stop);
process.stdin.on("error", stop);
process.stdin.resume();

try {
  servers = await startServers({ packageFolder, pageFolder, port });
  process.stdout.write(`${JSON.stringify(servers.addresses)}\n`);
} catch (error) {
  process.stderr.write(
    error.code === "EADDRINUSE"
      ? `Port ${port} is in use: choose another with --port, or leave it out.\n`
      : `${error.stack}\n`,
  );
  process.exit(1);
}
