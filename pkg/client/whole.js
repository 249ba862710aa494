// The whole client: an engine, and what index.d.ts promises around it.
import { bind, exported } from "../dist/client_bg.js";
import { CODES } from "../dist/codes.js";
import { createEngine } from "../engine/engine.js";
import { createPrimitives } from "../engine/primitives.js";
import { createClient } from "./client.js";

/** @param module the module as text, or nothing where the application gives one later */
export const createWhole = (module) => {
  const started = createEngine({
    bind,
    exported,
    codes: CODES,
    load: () => import("../dist/sentences.js"),
    module,
    loadTwin: () => import("../dist/client_twin.js"),
  });
  return { started, ...createPrimitives(started), ...createClient(started) };
};
