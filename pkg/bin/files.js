// What the servers of the demo have in common: which file a path names, and what goes with it. Both serve on loopback alone.
import { realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

export const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".cjs": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".ts": "text/plain; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
};

export const HEADERS = {
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src *",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
};

/** The file below a folder that a path names, or undefined: no hidden name, and nothing outside, also when links are followed. */
export const findFile = async (folder, path) => {
  const names = path.split("/");
  if (names.some((name) => name === "" || name.startsWith(".") || /[\\\0]/.test(name))) return undefined;
  try {
    const file = await realpath(join(folder, ...names));
    const isInside = file.startsWith((await realpath(folder)) + sep);
    return isInside && (await stat(file)).isFile() ? file : undefined;
  } catch {
    return undefined;
  }
};
