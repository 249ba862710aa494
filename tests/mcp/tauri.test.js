// The code of Tauri's guide at a real MCP server that allows no other origin: every request goes by the plugin, and none by the page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as client from "@modelcontextprotocol/sdk/client/index.js";
import * as transport from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { blocksOf, runBlock } from "../package/blocks.js";
import { load, pageStorage } from "../package/installed.js";
import { stub } from "../package/shells.js";
import { Browser } from "../world/browser.js";
import { start } from "../world/start.js";

const entries = {};
for (const entry of ["pkce-wasm/mcp", "pkce-wasm/tauri"]) entries[entry] = await load(entry);

const block = blocksOf("shells/tauri.md").find((code) => code.includes("pkce-wasm/mcp"));

test("Tauri: the code of the guide signs in by the system's browser, and asks by the plugin alone", async (context) => {
  const server = await start(process.execPath, [
    `${import.meta.dirname}/server.js`,
    JSON.stringify({ cors: false }),
  ]);
  context.after(() => server.stop());
  const { fetch: byRust } = globalThis;
  const [asked, shown, browser] = [[], [], new Browser()];
  stub(context, {
    window: globalThis,
    location: new URL("tauri://localhost/"),
    localStorage: pageStorage(),
    sessionStorage: pageStorage(),
    fetch: async () => {
      throw new TypeError("CORS");
    },
  });
  let hear;
  const modules = {
    ...entries,
    "@modelcontextprotocol/sdk/client/index.js": client,
    "@modelcontextprotocol/sdk/client/streamableHttp.js": transport,
    "@tauri-apps/plugin-deep-link": {
      getCurrent: async () => null,
      onOpenUrl: async (listener) => {
        hear = listener;
        return () => {};
      },
    },
    "@tauri-apps/plugin-http": {
      fetch: (url, { maxRedirections, ...init }) => {
        assert.equal(maxRedirections, 0);
        asked.push(new URL(url).pathname);
        // As the plugin does it with the feature unsafe-headers.
        const headers = new Headers(init.headers);
        const origin = headers.get("origin") ?? "tauri://localhost";
        headers.delete("origin");
        if (origin) headers.set("origin", origin);
        return byRust(url, { ...init, headers });
      },
    },
    "@tauri-apps/plugin-opener": {
      openUrl: async (url) => {
        const back = new URL(url).searchParams.get("redirect_uri");
        assert.equal(back, "com.example.app:/callback");
        // The browser is another program.
        const page = globalThis.fetch;
        globalThis.fetch = byRust;
        const callback = await browser.visit(url, back, ({ fields }) =>
          fields.includes("login") ? { login: "ada" } : {},
        );
        globalThis.fetch = page;
        hear([callback]);
      },
    },
  };
  await runBlock(block, modules, { serverUrl: server.resource, showTools: (tools) => shown.push(...tools) });
  assert.deepEqual(
    shown.map(({ name }) => name),
    ["list_notes", "add_note"],
  );
  for (const path of ["/mcp", "/reg", "/token"]) assert.ok(asked.includes(path), path);
});

test("Tauri: the example has the host of the guide", () => {
  const app = `${import.meta.dirname}/../../www/examples/mcp/tauri/app.js`;
  const [host] = /^const http = \{\n.*?^const host = .*?$/ms.exec(readFileSync(app, "utf8"));
  assert.ok(block.includes(host), "the guide shows something else");
});
