// Along its documented path, with the application's own storage.
import * as oauth from "oauth4webapi";
import { authorizationUrl, config, metadata } from "../server.js";

export const name = "oauth4webapi";

export const pair = async () => {
  const codeVerifier = oauth.generateRandomCodeVerifier();
  return { codeVerifier, codeChallenge: await oauth.calculatePKCECodeChallenge(codeVerifier) };
};
export const challenge = oauth.calculatePKCECodeChallenge;

export const begin = async () => {
  const { codeVerifier, codeChallenge } = await pair();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  localStorage.setItem(`login ${state}`, JSON.stringify({ codeVerifier, nonce }));
  return authorizationUrl({ state, nonce, code_challenge: codeChallenge });
};

const client = { client_id: config.clientId };

export const finish = async (href) => {
  const url = new URL(href);
  const state = url.searchParams.get("state");
  const { codeVerifier, nonce } = JSON.parse(localStorage.getItem(`login ${state}`));
  localStorage.removeItem(`login ${state}`);
  const parameters = oauth.validateAuthResponse(metadata, client, url, state);
  const response = await oauth.authorizationCodeGrantRequest(
    metadata,
    client,
    oauth.None(),
    parameters,
    config.redirectUri,
    codeVerifier,
  );
  const checks = { expectedNonce: nonce, requireIdToken: true };
  const tokens = await oauth.processAuthorizationCodeResponse(metadata, client, response, checks);
  return oauth.getValidatedIdTokenClaims(tokens).sub;
};
