// Signs in to an MCP server that the application meets for the first time.
import { mcpAuth } from "pkce-wasm/mcp";

const serverUrl = "https://mcp.example.com/mcp";
const auth = mcpAuth({ serverUrl, redirectUri: `${location.origin}/callback` });
const outcome = await auth.handleRedirect();
if (outcome.status === "refused") alert(outcome.error.message);
const session = await auth.session();
if (session) document.body.append(await (await auth.fetch(serverUrl)).text());
else document.querySelector("#sign-in").onclick = () => auth.login();
