import { createWhole } from "./client/whole.js";
import { loadLater, start } from "./engine/halves.js";

export { isPkceError, PkceError } from "./engine/error.js";

const whole = /* @__PURE__ */ createWhole(start, loadLater);
export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } = whole;
export const { discover, beginAuthorization, completeAuthorization, refreshTokens } = whole;
export const { fetchUserinfo, revokeTokens, Client, Session } = whole;
