/** The examples for MCP, as a reader would have them: beside the packed package and the SDK. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Makes a folder with the examples; gives it, and what removes it. */
export const place = (installed) => {
  const folder = mkdtempSync(join(tmpdir(), "pkce-wasm-mcp-"));
  const examples = resolve(import.meta.dirname, "../../www/examples");
  cpSync(join(examples, "mcp"), folder, { recursive: true });
  cpSync(join(examples, "package.json"), join(folder, "package.json"));
  mkdirSync(join(folder, "node_modules"));
  const link = (name, from) =>
    symlinkSync(join(from, "node_modules", name), join(folder, "node_modules", name), "junction");
  link("pkce-wasm", installed);
  link("@modelcontextprotocol", import.meta.dirname);
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
};
