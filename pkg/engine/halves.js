// The module as text, in two halves: what a page asks at its start, and what is loaded with the parts that need it.
import start from "../dist/start_bytes.js";

export { start };
export const loadLater = () => import("../dist/later_bytes.js");
