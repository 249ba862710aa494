// The primitives alone, around a module that has nothing else.
import { CODES, SENTENCES } from "../dist/codes_pkce.js";
import { bind, exported } from "../dist/pkce_bg.js";
import { createEngine } from "./engine.js";
import { createPrimitives } from "./primitives.js";

/** @param module the module as text */
export const createPkce = (module) =>
  createPrimitives(
    createEngine({
      bind,
      exported,
      codes: CODES,
      sentences: SENTENCES,
      module,
      loadTwin: () => import("../dist/pkce_twin.js"),
    }),
  );
