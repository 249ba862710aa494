import { createWhole } from "./client/whole.js";
import { HASH, MARK } from "./dist/client_bg.js";
import { createInitialize } from "./engine/supply.js";

export { isPkceError, PkceError } from "./engine/error.js";

const whole = /* @__PURE__ */ createWhole();
export const initialize = /* @__PURE__ */ createInitialize(whole.started, MARK, HASH);
export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } = whole;
export const { discover, beginAuthorization, completeAuthorization, refreshTokens } = whole;
export const { fetchUserinfo, revokeTokens, Client, Session } = whole;
