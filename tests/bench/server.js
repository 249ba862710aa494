// The application and the authorization server that all contenders are given. The server is a stub in the same page: its answers
// are ready before anything is timed.

const ISSUER = "https://as.example";

export const config = {
  issuer: ISSUER,
  clientId: "app",
  redirectUri: "https://app.example/callback",
  scope: "openid profile",
};

export const metadata = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  jwks_uri: `${ISSUER}/jwks`,
  response_types_supported: ["code"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["ES256"],
  code_challenge_methods_supported: ["S256"],
  authorization_response_iss_parameter_supported: true,
};

// That of the platform, also when another one stands in for it later.
const { subtle } = globalThis.crypto;
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const encode = (text) => new TextEncoder().encode(text);
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** Puts itself in the place of `fetch`. Logins are prepared and answered one after the other. */
export const startServer = async () => {
  const { publicKey, privateKey } = await subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const { kty, crv, x, y } = await subtle.exportKey("jwk", publicKey);
  const keys = JSON.stringify({ keys: [{ kty, crv, x, y, kid: "1", alg: "ES256", use: "sig" }] });
  const header = base64url(encode(JSON.stringify({ alg: "ES256", kid: "1" })));
  let answer;

  const server = {
    /** When the token request arrived, and when its answer left. */
    asked: undefined,
    answered: undefined,

    /** What the user comes back with from an authorization URL, and what the token endpoint will say. */
    async prepare(authorizationUrl) {
      const { searchParams } = new URL(authorizationUrl);
      const now = Math.floor(Date.now() / 1000);
      const nonce = searchParams.get("nonce") ?? undefined;
      const claims = { iss: ISSUER, sub: "ada", aud: config.clientId, iat: now, exp: now + 3600, nonce };
      const input = `${header}.${base64url(encode(JSON.stringify(claims)))}`;
      const signature = await subtle.sign(ALGORITHM, privateKey, encode(input));
      const tokens = {
        access_token: base64url(crypto.getRandomValues(new Uint8Array(32))),
        token_type: "Bearer",
        expires_in: 3600,
        refresh_token: base64url(crypto.getRandomValues(new Uint8Array(32))),
        id_token: `${input}.${base64url(new Uint8Array(signature))}`,
      };
      const response = new URLSearchParams({
        code: base64url(crypto.getRandomValues(new Uint8Array(32))),
        state: searchParams.get("state"),
        iss: ISSUER,
      });
      return { url: `${config.redirectUri}?${response}`, answer: JSON.stringify(tokens) };
    },

    /** Lets the token endpoint say this. */
    expect(login) {
      server.asked = undefined;
      answer = login.answer;
    },
  };

  globalThis.fetch = async (request) => {
    const url = String(request?.url ?? request);
    const headers = { "content-type": "application/json" };
    if (url === metadata.jwks_uri) return new Response(keys, { headers });
    if (url !== metadata.token_endpoint) throw new TypeError(`nobody asked for ${url}`);
    server.asked ??= performance.now();
    const response = new Response(answer, { headers });
    server.answered = performance.now();
    return response;
  };
  return server;
};

/** The URL that begins a login, for those that leave it to the application. */
export const authorizationUrl = (more) => {
  const url = new URL(metadata.authorization_endpoint);
  const request = {
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    scope: config.scope,
    code_challenge_method: "S256",
    ...more,
  };
  for (const [name, value] of Object.entries(request)) url.searchParams.set(name, value);
  return url.href;
};
