// The whole client: an engine, and what index.d.ts promises around it.
import { bind, exported } from "../dist/client_bg.js";
import { CODES } from "../dist/codes.js";
import { createAsk, createTexts } from "../engine/ask.js";
import { createEngine } from "../engine/engine.js";
import { createPrimitives } from "../engine/primitives.js";
import { createTalkingErrors } from "../engine/sentences.js";
import { createClient } from "./client.js";

/**
 * @param module gives the bytes of the module or of its first half; nothing where the application gives one later
 * @param loadLater gives those of the other half
 */
export const createWhole = (module, loadLater) => {
  const errors = createTalkingErrors(CODES, () => import("../engine/facts.js"));
  const loadTwin = () => import("../dist/client_twin.js");
  const texts = createTexts();
  const state = { module };
  const started = { ...createEngine({ bind, exported, errors, texts, state, loadTwin }), state };
  const asking = createAsk(started, texts, loadLater);
  const engine = { ...started, ...asking };
  // Who awaits it within the package tells its errors too.
  const ready = () => errors.told(asking.ready());
  return { started: engine, ...createPrimitives(engine), ...createClient(engine), ready };
};
