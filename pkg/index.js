import { createClient } from "./client.js";
import * as glue from "./dist/client_bg.js";
import bytes from "./dist/client_bytes.js";
import { CODES } from "./dist/codes.js";
import { createEngine } from "./engine.js";
import { createPrimitives } from "./primitives.js";

export { isPkceError, PkceError } from "./error.js";

const module = /* @__PURE__ */ createEngine(glue, "./client_bg.js", bytes, CODES);

export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } =
  /* @__PURE__ */ createPrimitives(module, glue);

export const {
  discover,
  beginAuthorization,
  completeAuthorization,
  refreshTokens,
  fetchUserinfo,
  revokeTokens,
  Client,
  Session,
} = /* @__PURE__ */ createClient(module, glue);
