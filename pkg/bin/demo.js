// Serves the demo page and the package beside it, on loopback alone. The authorization server of the page is a service worker.
import { createReadStream } from "node:fs";
import http from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFile, HEADERS, TYPES } from "./files.js";

const PACKAGE = dirname(dirname(fileURLToPath(import.meta.url)));
const BESIDE = "pkce-wasm/";

const locate = (path) => {
  if (path.startsWith(BESIDE)) return findFile(PACKAGE, path.slice(BESIDE.length));
  return findFile(join(PACKAGE, "demo"), path || "index.html");
};

const answer = (hosts) => async (request, response) => {
  const refuse = (status, sentence) => {
    response.writeHead(status, { ...HEADERS, "Content-Type": "text/plain; charset=utf-8" });
    response.end(`${sentence}\n`);
  };
  // A page elsewhere whose name was pointed at this machine reaches nothing.
  if (!hosts.includes(request.headers.host))
    return refuse(421, "This server answers at its own address only.");
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "Only GET is served.");
  let path;
  try {
    path = decodeURIComponent(new URL(request.url, "http://localhost").pathname.slice(1));
  } catch {
    return refuse(400, "The path cannot be read.");
  }
  const file = await locate(path);
  const type = file && TYPES[extname(file)];
  if (!type) return refuse(404, "There is no such file.");
  response.writeHead(200, { ...HEADERS, "Content-Type": type });
  if (request.method === "HEAD") return response.end();
  createReadStream(file)
    .on("error", () => response.destroy())
    .pipe(response);
};

/** The port that the arguments name; 0, any free one, when they name none; undefined when they are wrong. */
const portOf = (given) => {
  const [name, value = "", ...more] = given.flatMap((text) => text.split("="));
  if (name === undefined) return 0;
  const port = Number(value);
  const isPort = /^\d+$/.test(value) && port < 65_536;
  return name === "--port" && isPort && more.length === 0 ? port : undefined;
};

/** Runs until it is stopped. Gives the exit code where it cannot. */
export const run = (given) =>
  new Promise((resolve) => {
    const port = portOf(given);
    if (port === undefined) {
      console.error("npx pkce-wasm demo [--port N], where N is a number from 0 to 65535");
      return resolve(2);
    }
    const hosts = [];
    const server = http.createServer(answer(hosts));
    server.on("error", ({ code, message }) => {
      console.error(
        code === "EADDRINUSE" ? `Port ${port} is in use. Choose another one with --port.` : message,
      );
      resolve(1);
    });
    server.listen(port, "127.0.0.1", () => {
      const chosen = server.address().port;
      hosts.push(`localhost:${chosen}`, `127.0.0.1:${chosen}`);
      console.log(`The demo is at http://127.0.0.1:${chosen}/`);
      console.log("Open it in your browser. Ctrl-C stops it.");
    });
  });
