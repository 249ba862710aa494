import { createWhole } from "./client/whole.js";
import module from "./dist/start_bytes.js";

export { isPkceError, PkceError } from "./engine/error.js";

const whole = /* @__PURE__ */ createWhole(module, () => import("./dist/later_bytes.js"));
export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } = whole;
export const { discover, beginAuthorization, completeAuthorization, refreshTokens } = whole;
export const { fetchUserinfo, revokeTokens, Client, Session } = whole;
