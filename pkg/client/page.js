// The client of a page, which loads its module in parts: what the entries share.
import { loadLater, start } from "../engine/halves.js";
import { createWhole } from "./whole.js";

export const whole = /* @__PURE__ */ createWhole(start, loadLater);
