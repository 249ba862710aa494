import module from "./dist/pkce_bytes.js";
import { createPkce } from "./engine/pkce.js";

export { isPkceError, PkceError } from "./engine/error.js";
export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } =
  /* @__PURE__ */ createPkce(module);
