/** The page's own origin: the files of the demo, the package beneath them, and two small JSON answers. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findFile, HEADERS, TYPES } from "../../pkg/bin/files.js";

const DEMO = dirname(dirname(fileURLToPath(import.meta.url)));

/** The page's own files lie side by side in one folder; what lies below it is not the page's. */
const PAGE_FILE = /^[a-z0-9][a-z0-9-]*\.(?:html|css|js|svg|png)$/;
const PACKAGE_PREFIX = "/pkce-wasm/";

/** Answers with a short text. */
function sendText(response, status, text) {
  response.writeHead(status, { ...HEADERS, "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}

/** Answers with JSON. */
function sendJson(response, value) {
  response.writeHead(200, { ...HEADERS, "Content-Type": TYPES[".json"] });
  response.end(JSON.stringify(value));
}

/** The folder and the path below it that a request asks for. */
function locate(pathname, packageFolder, pageFolder) {
  if (pathname === "/" || pathname === "/callback") return [pageFolder, "index.html"];
  if (pathname.startsWith(PACKAGE_PREFIX)) return [packageFolder, pathname.slice(PACKAGE_PREFIX.length)];
  return PAGE_FILE.test(pathname.slice(1)) ? [pageFolder, pathname.slice(1)] : null;
}

/**
 * Makes the handler of the page's origin.
 *
 * @param {object} options
 * @param {string} options.packageFolder - The unpacked package, served below `/pkce-wasm/`.
 * @param {string} [options.pageFolder] - The page; the demo's when absent.
 * @param {object[]} options.choices - The authorization servers that the page offers.
 * @param {() => object} options.counters - What the token endpoints answered so far.
 * @returns {import("node:http").RequestListener}
 */
export function makePage({ packageFolder, pageFolder = DEMO, choices, counters }) {
  return async (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD")
      return sendText(response, 405, "Only GET is served.");
    let pathname;
    try {
      pathname = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    } catch {
      return sendText(response, 400, "The path cannot be read.");
    }
    if (pathname === "/config.json") {
      const redirectUri = `http://${request.headers.host}/callback`;
      const version = JSON.parse(await readFile(join(packageFolder, "package.json"), "utf8")).version;
      return sendJson(response, { version, servers: choices.map((choice) => ({ ...choice, redirectUri })) });
    }
    if (pathname === "/test/counters") return sendJson(response, counters());

    const place = locate(pathname, packageFolder, pageFolder);
    const file = place && (await findFile(...place));
    if (!file) return sendText(response, 404, "There is no such file.");
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(200, { ...HEADERS, "Content-Type": type });
    if (request.method === "HEAD") return response.end();
    createReadStream(file)
      .on("error", () => response.destroy())
      .pipe(response);
  };
}
