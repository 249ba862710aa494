// What an application would write by hand where there is no `crypto.subtle`.
import { sha256 } from "@noble/hashes/sha2.js";
import { authorizationUrl } from "../server.js";

export const name = "@noble/hashes";

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

export const challenge = (codeVerifier) => base64url(sha256(new TextEncoder().encode(codeVerifier)));
export const pair = () => {
  const codeVerifier = random();
  return { codeVerifier, codeChallenge: challenge(codeVerifier) };
};

export const begin = () => {
  const { codeVerifier, codeChallenge } = pair();
  const state = random();
  localStorage.setItem(`login ${state}`, codeVerifier);
  return authorizationUrl({ state, code_challenge: codeChallenge });
};
