// The whole client: an engine, and what index.d.ts promises around it.
import { bind, exported } from "../dist/client_bg.js";
import { CODES } from "../dist/codes.js";
import { createAsk, createTexts } from "../engine/ask.js";
import { createEngine } from "../engine/engine.js";
import { createPrimitives } from "../engine/primitives.js";
import { createTalkingErrors } from "../engine/sentences.js";
import { createClient } from "./client.js";

/** @param module the module as text, or nothing where the application gives one later */
export const createWhole = (module) => {
  const errors = createTalkingErrors(CODES, () => import("../engine/facts.js"));
  const loadTwin = () => import("../dist/client_twin.js");
  const texts = createTexts();
  const state = { module };
  const started = { ...createEngine({ bind, exported, errors, texts, state, loadTwin }), state };
  const ready = () => errors.told(started.ready());
  const engine = { ...started, ready, ask: createAsk(started, texts) };
  return { started: engine, ...createPrimitives(engine), ...createClient(engine) };
};
