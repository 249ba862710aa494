import pkceChallenge, { generateChallenge, verifyChallenge } from "pkce-challenge";
import { authorizationUrl } from "../server.js";

export const name = "pkce-challenge";

export const pair = () => pkceChallenge();
export const challenge = generateChallenge;
export const verify = verifyChallenge;

export const begin = async () => {
  const { code_verifier, code_challenge } = await pkceChallenge();
  const state = crypto.randomUUID();
  localStorage.setItem(`login ${state}`, code_verifier);
  return authorizationUrl({ state, code_challenge });
};
