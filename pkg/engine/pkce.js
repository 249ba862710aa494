// The primitives alone, around a module that has nothing else.
import { PKCE_CODES } from "../dist/codes_pkce.js";
import glue from "../dist/pkce_bg.js";
import module from "../dist/pkce_bytes.js";
import { createEngine } from "./engine.js";
import { createPrimitives } from "./primitives.js";

const started = /* @__PURE__ */ createEngine({
  glue,
  codes: PKCE_CODES,
  module,
  loadTwin: () => import("../dist/pkce_twin.js"),
});

export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } =
  /* @__PURE__ */ createPrimitives(started, glue);
