// The whole client: an engine, and what index.d.ts promises around it.
import glue from "../dist/client_bg.js";
import { CODES } from "../dist/codes.js";
import { createEngine } from "../engine/engine.js";
import { createOperate } from "../engine/memory.js";
import { createPrimitives } from "../engine/primitives.js";
import { createClient } from "./client.js";

/** @param module the module as text, or nothing where the application gives one later */
export const createWhole = (module) => {
  const started = createEngine({
    glue,
    codes: CODES,
    module,
    loadTwin: () => import("../dist/client_twin.js"),
  });
  const operate = createOperate(started, glue);
  return { started, ...createPrimitives(started, glue), ...createClient(started, operate, glue) };
};
