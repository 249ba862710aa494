import * as client from "openid-client";

export const name = "openid-client";

// The server is on the loopback interface, without TLS; everything else is as it comes.
const options = { execute: [client.allowInsecureRequests] };

export const login = async ({ issuer, clientId, redirectUri, scope, group, visit }) => {
  const config = await client.discovery(new URL(issuer), clientId, undefined, client.None(), options);
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope,
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });

  const tokens = await client.authorizationCodeGrant(config, new URL(await visit(url)), {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  if (group === "userinfo") await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  if (group === "refresh") await client.refreshTokenGrant(config, tokens.refresh_token);
};
