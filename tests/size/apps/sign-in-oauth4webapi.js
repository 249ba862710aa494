// Storage and navigation are the application's own with this library.
import * as oauth from "oauth4webapi";

const issuer = new URL("https://login.example.com");
const client = { client_id: "my-app" };
const redirectUri = `${location.origin}/callback`;
const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer));

const finish = async () => {
  const { verifier, state, nonce } = JSON.parse(sessionStorage.pending ?? "{}");
  delete sessionStorage.pending;
  const parameters = oauth.validateAuthResponse(server, client, new URL(location.href), state);
  history.replaceState(null, "", "/");
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    parameters,
    redirectUri,
    verifier,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  return oauth.getValidatedIdTokenClaims(tokens);
};

const login = async () => {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  sessionStorage.pending = JSON.stringify({ verifier, state, nonce });
  location.assign(
    `${server.authorization_endpoint}?${new URLSearchParams({
      response_type: "code",
      client_id: client.client_id,
      redirect_uri: redirectUri,
      scope: "openid profile",
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    })}`,
  );
};

let claims;
try {
  if (/[?&](code|error)=/.test(location.search)) claims = await finish();
} catch (error) {
  alert(error.message);
}
if (claims) document.body.append(`Hello ${claims.name}`);
else document.querySelector("#sign-in").onclick = login;
