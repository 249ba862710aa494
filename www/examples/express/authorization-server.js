// The authorization server's half of PKCE with express: keep the challenge with the code, ask for the verifier when the code is redeemed.
import { randomBytes } from "node:crypto";
import express from "express";
import { verifyChallenge } from "pkce-wasm/pkce";

const { CLIENT_ID = "my-app", REDIRECT_URI = "https://app.example.com/callback", PORT = 8080 } = process.env;
const LIFETIME = 60_000;

const random = () => randomBytes(32).toString("base64url");
const codes = new Map();

const app = express();

app.get("/authorize", (request, response) => {
  const { client_id, redirect_uri, response_type, state, code_challenge, code_challenge_method } =
    request.query;
  // To a place that nobody registered nothing is sent, no error either (RFC 6749 section 4.1.2.1).
  if (client_id !== CLIENT_ID || redirect_uri !== REDIRECT_URI) return response.status(400).end();
  const back = new URL(redirect_uri);
  if (typeof state === "string") back.searchParams.set("state", state);
  const asked = typeof code_challenge === "string" && code_challenge && code_challenge_method === "S256";
  if (response_type !== "code" || !asked) {
    back.searchParams.set("error", "invalid_request");
    return response.redirect(back.href);
  }
  // Here your server asks who the user is, and whether they agree.
  const code = random();
  codes.set(code, { codeChallenge: code_challenge, redirectUri: redirect_uri, until: Date.now() + LIFETIME });
  back.searchParams.set("code", code);
  response.redirect(back.href);
});

app.post("/token", express.urlencoded({ extended: false }), (request, response) => {
  const { grant_type, client_id, redirect_uri, code, code_verifier } = request.body ?? {};
  response.set("Cache-Control", "no-store");
  if (grant_type !== "authorization_code")
    return response.status(400).json({ error: "unsupported_grant_type" });
  // A code is good once, right or wrong (RFC 6749 section 4.1.2, RFC 7636 section 4.6).
  const kept = codes.get(code);
  codes.delete(code);
  const good =
    kept &&
    kept.until > Date.now() &&
    client_id === CLIENT_ID &&
    redirect_uri === kept.redirectUri &&
    verifyChallenge(`${code_verifier}`, kept.codeChallenge);
  if (!good) return response.status(400).json({ error: "invalid_grant" });
  response.json({ access_token: random(), token_type: "Bearer", expires_in: 600 });
});

const server = app.listen(PORT, "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
