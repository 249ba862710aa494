// What `mcpAuth` gives is what the transports of both generations of the SDK take.
import {
  type AuthProvider,
  type OAuthClientProvider as OAuthClientProvider2,
  StreamableHTTPClientTransport as Transport2,
} from "@modelcontextprotocol/client";
import type { OAuthClientProvider as OAuthClientProvider1 } from "@modelcontextprotocol/sdk/client/auth.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { mcpAuth } from "pkce-wasm/mcp";

const serverUrl = new URL("https://mcp.example.com/mcp");
const auth = mcpAuth({ serverUrl, redirectUri: "https://app.example.com/callback" });

export const first: OAuthClientProvider1 = auth;
export const second: OAuthClientProvider2 = auth;
export const plain: AuthProvider = auth;

new Transport1(serverUrl, { fetch: auth.fetch });
new Transport1(serverUrl, { authProvider: auth });
new Transport2(serverUrl, { fetch: auth.fetch });
new Transport2(serverUrl, { authProvider: auth });
