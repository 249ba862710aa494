// The errors of the adapters: those of the client, with its codes and sentences.
import { CODES } from "../dist/codes.js";
import { createTalkingErrors } from "../engine/sentences.js";

export const { failed, named, place, told } = /* @__PURE__ */ createTalkingErrors(
  CODES,
  () => import("../engine/facts.js"),
);
