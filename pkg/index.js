import { createClient } from "./client.js";
import glue from "./dist/client_bg.js";
import module from "./dist/client_bytes.js";
import { CODES } from "./dist/codes.js";
import { createEngine } from "./engine.js";
import { createOperate } from "./memory.js";
import { createPrimitives } from "./primitives.js";

export { isPkceError, PkceError } from "./error.js";

const started = /* @__PURE__ */ createEngine({
  glue,
  codes: CODES,
  module,
  loadTwin: () => import("./dist/client_twin.js"),
});

export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } =
  /* @__PURE__ */ createPrimitives(started, glue);

export const {
  discover,
  beginAuthorization,
  completeAuthorization,
  refreshTokens,
  fetchUserinfo,
  revokeTokens,
  Client,
  Session,
} = /* @__PURE__ */ createClient(started, /* @__PURE__ */ createOperate(started, glue), glue);
