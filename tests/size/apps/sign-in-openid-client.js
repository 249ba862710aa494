// Storage and navigation are the application's own with this library.
import * as client from "openid-client";

const config = await client.discovery(
  new URL("https://login.example.com"),
  "my-app",
  undefined,
  client.None(),
);

const finish = async () => {
  const { verifier, state, nonce } = JSON.parse(sessionStorage.pending ?? "{}");
  delete sessionStorage.pending;
  const tokens = await client.authorizationCodeGrant(config, new URL(location.href), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  history.replaceState(null, "", "/");
  return tokens.claims();
};

const login = async () => {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  sessionStorage.pending = JSON.stringify({ verifier, state, nonce });
  location.assign(
    client.buildAuthorizationUrl(config, {
      redirect_uri: `${location.origin}/callback`,
      scope: "openid profile",
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    }),
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
