import { PKCE_CODES } from "./dist/codes_pkce.js";
import * as glue from "./dist/pkce_bg.js";
import bytes from "./dist/pkce_bytes.js";
import { createEngine } from "./engine.js";
import { createPrimitives } from "./primitives.js";

export { isPkceError, PkceError } from "./error.js";

export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } =
  /* @__PURE__ */ createPrimitives(/* @__PURE__ */ createEngine(glue, "./pkce_bg.js", bytes, PKCE_CODES), glue);
