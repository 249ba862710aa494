// The primitives alone, around a module that has nothing else.
import { PKCE_CODES } from "../dist/codes_pkce.js";
import glue from "../dist/pkce_bg.js";
import { createEngine } from "./engine.js";
import { createPrimitives } from "./primitives.js";

/** @param module the module as text */
export const createPkce = (module) => {
  const loadTwin = () => import("../dist/pkce_twin.js");
  return createPrimitives(createEngine({ glue, codes: PKCE_CODES, module, loadTwin }), glue);
};
