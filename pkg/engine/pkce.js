// The primitives alone, around a module that has nothing else.
import { CODES, SENTENCES } from "../dist/codes_pkce.js";
import { bind, exported } from "../dist/pkce_bg.js";
import module from "../dist/pkce_bytes.js";
import { createEngine, decode } from "./engine.js";
import { createErrors, say } from "./error.js";
import { createPrimitives } from "./primitives.js";

const started = /* @__PURE__ */ createEngine({
  bind,
  exported,
  errors: /* @__PURE__ */ createErrors(CODES, (error, place) => say(error, SENTENCES[place])),
  state: { module: () => decode(module) },
  loadTwin: () => import("../dist/pkce_twin.js"),
});

export const { generateVerifier, deriveChallenge, generatePair, verifyChallenge, engine, ready } =
  /* @__PURE__ */ createPrimitives(started);
