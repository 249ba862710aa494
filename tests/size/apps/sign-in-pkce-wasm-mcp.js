// Signs in to an MCP server that it meets for the first time.
import { mcpAuth } from "pkce-wasm/mcp";

const auth = mcpAuth({
  serverUrl: "https://mcp.example.com/mcp",
  redirectUri: `${location.origin}/callback`,
  clientMetadata: { client_name: "My app" },
});
const outcome = await auth.handleRedirect();
if (outcome.status === "refused") alert(outcome.error.message);
document.querySelector("#ask").onclick = () => auth.fetch(auth.serverUrl, { method: "POST" });
