// The authorization server's half of PKCE in Node: keep the challenge with the code, ask for the verifier when it is redeemed.
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { verifyChallenge } from "pkce-wasm/pkce";

const codes = new Map();

/** Answers `/authorize` with a code. Who the user is, the client and the redirect URI are left to the rest of your server. */
function authorize(parameters) {
  const codeChallenge = parameters.get("code_challenge");
  const method = parameters.get("code_challenge_method");
  if (!codeChallenge || method !== "S256") return [400, { error: "invalid_request" }];
  const code = randomBytes(32).toString("base64url");
  codes.set(code, codeChallenge);
  return [200, { code }];
}

/** Answers `/token`: a code is good once, and only with the verifier of its challenge (RFC 7636 section 4.6). */
function redeem(parameters) {
  const code = parameters.get("code");
  const codeChallenge = codes.get(code);
  codes.delete(code);
  const verified = codeChallenge && verifyChallenge(parameters.get("code_verifier") ?? "", codeChallenge);
  if (!verified) return [400, { error: "invalid_grant" }];
  return [200, { access_token: randomBytes(32).toString("base64url"), token_type: "Bearer" }];
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const [status, body] =
    pathname === "/authorize" ? authorize(searchParams) : redeem(new URLSearchParams(await text(request)));
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(body));
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
