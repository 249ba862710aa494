// The authorization server's half of PKCE as a function from Request to Response: keep the challenge with the code, ask for the verifier when the code is
// redeemed.
import { verifyChallenge } from "pkce-wasm/pkce";

const LIFETIME = 60_000;

const json = (body, status = 200) =>
  Response.json(body, { status, headers: { "Cache-Control": "no-store" } });

/**
 * The server, with one client.
 *
 * @param {{ clientId: string, redirectUri: string }} options - The client's registration.
 */
export function createAuthorizationServer({ clientId, redirectUri }) {
  const codes = new Map();

  function authorize(parameters) {
    // To a place that nobody registered nothing is sent, no error either (RFC 6749 section 4.1.2.1).
    if (parameters.get("client_id") !== clientId || parameters.get("redirect_uri") !== redirectUri) {
      return new Response("Unknown client or redirect URI", { status: 400 });
    }
    const back = new URL(redirectUri);
    if (parameters.has("state")) back.searchParams.set("state", parameters.get("state"));
    const codeChallenge = parameters.get("code_challenge");
    const asked = codeChallenge && parameters.get("code_challenge_method") === "S256";
    if (parameters.get("response_type") === "code" && asked) {
      // Here your server asks who the user is, and whether they agree.
      const code = `${crypto.randomUUID()}${crypto.randomUUID()}`;
      codes.set(code, { codeChallenge, until: Date.now() + LIFETIME });
      back.searchParams.set("code", code);
    } else {
      back.searchParams.set("error", "invalid_request");
    }
    return Response.redirect(back, 302);
  }

  function redeem(parameters) {
    if (parameters.get("grant_type") !== "authorization_code")
      return json({ error: "unsupported_grant_type" }, 400);
    // A code is good once, right or wrong (RFC 6749 section 4.1.2, RFC 7636 section 4.6).
    const code = parameters.get("code");
    const kept = codes.get(code);
    codes.delete(code);
    const good =
      kept &&
      kept.until > Date.now() &&
      parameters.get("client_id") === clientId &&
      parameters.get("redirect_uri") === redirectUri &&
      verifyChallenge(parameters.get("code_verifier") ?? "", kept.codeChallenge);
    if (!good) return json({ error: "invalid_grant" }, 400);
    return json({ access_token: crypto.randomUUID(), token_type: "Bearer", expires_in: 600 });
  }

  return {
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      if (request.method === "GET" && pathname === "/authorize") return authorize(searchParams);
      if (request.method === "POST" && pathname === "/token")
        return redeem(new URLSearchParams(await request.text()));
      return new Response("Not found", { status: 404 });
    },
  };
}
