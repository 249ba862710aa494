// Its protocol part, without the user manager around it.
import { OidcClient, SigninState, WebStorageStateStore } from "oidc-client-ts";
import { config, metadata } from "../server.js";

export const name = "oidc-client-ts";

/** Its way to a pair. */
export const pair = async () => {
  const { code_verifier, code_challenge } = await SigninState.create({
    authority: config.issuer,
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    scope: config.scope,
    code_verifier: true,
  });
  return { codeVerifier: code_verifier, codeChallenge: code_challenge };
};

let client;

export const prepare = () => {
  client = new OidcClient({
    authority: config.issuer,
    client_id: config.clientId,
    redirect_uri: config.redirectUri,
    scope: config.scope,
    metadata,
    stateStore: new WebStorageStateStore({ prefix: "oidc.", store: localStorage }),
  });
};

export const begin = async () => {
  if (!client) prepare();
  return (await client.createSigninRequest({})).url;
};

export const finish = async (url) => (await client.processSigninResponse(url)).profile.sub;
