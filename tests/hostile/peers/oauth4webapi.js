import * as oauth from "oauth4webapi";

export const name = "oauth4webapi";

// The server is on the loopback interface, without TLS; everything else is as it comes.
const options = { [oauth.allowInsecureRequests]: true };

export const login = async ({ issuer, clientId, redirectUri, scope, group, visit }) => {
  const client = { client_id: clientId };
  const identifier = new URL(issuer);
  const server = await oauth.processDiscoveryResponse(
    identifier,
    await oauth.discoveryRequest(identifier, options),
  );

  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const url = new URL(server.authorization_endpoint);
  const request = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  for (const [member, value] of Object.entries(request)) url.searchParams.set(member, value);

  const callback = new URL(await visit(url));
  const parameters = oauth.validateAuthResponse(server, client, callback, state);
  const authentication = oauth.None();
  const tokens = await oauth.processAuthorizationCodeResponse(
    server,
    client,
    await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      parameters,
      redirectUri,
      verifier,
      options,
    ),
    { expectedNonce: nonce, requireIdToken: true },
  );
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);

  if (group === "userinfo") {
    const response = await oauth.userInfoRequest(server, client, tokens.access_token, options);
    await oauth.processUserInfoResponse(server, client, sub, response);
  }
  if (group === "refresh") {
    const response = await oauth.refreshTokenGrantRequest(
      server,
      client,
      authentication,
      tokens.refresh_token,
      options,
    );
    await oauth.processRefreshTokenResponse(server, client, response);
  }
};
