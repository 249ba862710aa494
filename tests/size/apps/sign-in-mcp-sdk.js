// Signs in to an MCP server by the authorization code of the official SDK. Its transport is not weighed.
import { auth } from "@modelcontextprotocol/sdk/client/auth.js";

const serverUrl = "https://mcp.example.com/mcp";
const redirectUrl = `${location.origin}/callback`;
const kept = (name) => JSON.parse(sessionStorage.getItem(name) ?? "null") ?? undefined;
const keep = (name) => (value) => sessionStorage.setItem(name, JSON.stringify(value));
const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: "My app",
    redirect_uris: [redirectUrl],
    token_endpoint_auth_method: "none",
  },
  state: () => {
    const state = crypto.randomUUID();
    keep("state")(state);
    return state;
  },
  clientInformation: () => kept("client"),
  saveClientInformation: keep("client"),
  tokens: () => kept("tokens"),
  saveTokens: keep("tokens"),
  redirectToAuthorization: (url) => location.assign(url),
  saveCodeVerifier: keep("verifier"),
  codeVerifier: () => kept("verifier"),
};
const { searchParams } = new URL(location.href);
const authorizationCode = searchParams.get("code");
if (authorizationCode && searchParams.get("state") === kept("state")) {
  await auth(provider, { serverUrl, authorizationCode });
}
document.querySelector("#ask").onclick = async () => {
  if ((await auth(provider, { serverUrl })) !== "AUTHORIZED") return;
  await fetch(serverUrl, {
    method: "POST",
    headers: { Authorization: `Bearer ${kept("tokens").access_token}` },
  });
};
