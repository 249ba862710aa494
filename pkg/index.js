import { whole } from "./client/page.js";

export { isPkceError, PkceError } from "./engine/error.js";

export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } = whole;
export const { discover, beginAuthorization, completeAuthorization, refreshTokens } = whole;
export const { fetchUserinfo, revokeTokens, Client, Session } = whole;
