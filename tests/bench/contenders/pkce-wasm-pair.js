// The primitives alone; the rest is the application's.
import { deriveChallenge, engine, generatePair, ready, verifyChallenge } from "pkce-wasm/pkce";
import { authorizationUrl } from "../server.js";

export const name = "pkce-wasm/pkce";
export { engine, ready };

export const pair = () => generatePair();
export const challenge = deriveChallenge;
export const verify = verifyChallenge;

export const begin = () => {
  const { codeVerifier, codeChallenge } = generatePair();
  const state = generatePair().codeVerifier;
  localStorage.setItem(`login ${state}`, codeVerifier);
  return authorizationUrl({ state, code_challenge: codeChallenge });
};
