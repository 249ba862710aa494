import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export const name = "pkce-wasm";

const { resolve } = createRequire(join(process.env.PKCE_WASM_INSTALLED, "app.js"));
const pkce = await import(pathToFileURL(resolve(name)).href);
await pkce.ready();

export const login = async ({ issuer, clientId, redirectUri, scope, group, visit }) => {
  const config = { issuer, clientId, redirectUri, scope };
  const metadata = await pkce.discover(issuer);
  const { url, transaction } = pkce.beginAuthorization(config, metadata);
  const tokens = await pkce.completeAuthorization(config, metadata, transaction, await visit(url));
  if (group === "userinfo") await pkce.fetchUserinfo(config, metadata, tokens);
  if (group === "refresh") await pkce.refreshTokens(config, metadata, tokens);
};
