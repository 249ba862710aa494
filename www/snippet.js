/** The code that signs in as the page is set. */

/**
 * @param {object} options
 * @param {{ issuer: string, clientId: string, redirectUri: string, scope: string } | null} options.server
 * @param {boolean} options.pkce
 * @param {boolean} options.dpop
 * @returns {string}
 */
export function snippetFor({ server, pkce, dpop }) {
  const text = JSON.stringify;
  const named = server ?? {
    issuer: "https://auth.example.com",
    clientId: "my-app",
    redirectUri: "https://app.example.com/callback",
    scope: "openid profile email",
  };
  const lines = [
    ...(pkce ? [] : ["// pkce-wasm always uses PKCE: this is the sign-in with PKCE on."]),
    'import { Client } from "pkce-wasm";',
    "",
    "const client = await Client.discover({",
    `  issuer: ${text(named.issuer)},`,
    `  clientId: ${text(named.clientId)},`,
    `  redirectUri: ${text(named.redirectUri)},`,
    `  scope: ${text(named.scope)},`,
    ...(dpop ? ['  dpop: "required", // the tokens serve only this browser'] : []),
    "});",
    "",
    "// On every page: finishes the sign-in that led here.",
    "const outcome = await client.handleRedirect();",
    "const session = outcome.session ?? (await client.session());",
    "",
    "if (session) {",
    "  greet(session.claims.name);",
    "} else {",
    ...(dpop ? ["  await client.prepare(); // makes the key before the click"] : []),
    "  button.onclick = () => client.login();",
    "}",
  ];
  return lines.join("\n");
}

/** Copies a text; false where the browser does not let the page. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
