// Connects a program in a terminal to an MCP server. The user signs in with the system's browser, which comes back to a port of this machine.
import { createServer } from "node:http";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { mcpAuth } from "pkce-wasm/mcp";

/**
 * @param {string} serverUrl - The URL of the MCP server.
 * @param {{ open: (url: string) => void }} options - `open` shows a URL to the user; the rest is for `mcpAuth`.
 * @returns {Promise<{ client: Client, auth: import("pkce-wasm/mcp").McpAuth, close: () => Promise<void> }>}
 */
export const connect = async (serverUrl, { open, ...options }) => {
  const listener = createServer(async (request, response) => {
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    response.setHeader("Referrer-Policy", "no-referrer");
    const outcome = await auth.handleRedirect(`${origin}${request.url}`);
    // Every program of this machine can ask here: only the answer to this login counts.
    const isOurs = outcome.status !== "none" && outcome.status !== "other-login";
    response.statusCode = isOurs ? 200 : 404;
    response.end(isOurs ? "You can close this page and go back to the program." : "There is nothing here.");
  });
  await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));
  const origin = `http://127.0.0.1:${listener.address().port}`;
  const auth = mcpAuth({
    serverUrl,
    redirectUri: `${origin}/callback`,
    clientMetadata: { client_name: "MCP example in a terminal" },
    host: { open },
    ...options,
  });
  const client = new Client({ name: "pkce-wasm-example", version: "1.0.0" });
  const close = async () => {
    await client.close();
    auth.close();
    listener.close();
    listener.closeAllConnections();
  };
  try {
    const transport = new StreamableHTTPClientTransport(new URL(serverUrl), { fetch: auth.fetch });
    // The SDK would give up after a minute. A login may take ten.
    await client.connect(transport, { timeout: 600_000 });
  } catch (error) {
    await close();
    throw error;
  }
  return { client, auth, close };
};
