// The module in two halves, each as a function that gives its bytes: what a page asks at its start, and what is loaded with the parts that need it.
import text from "../dist/start_bytes.js";
import { decodeLong } from "./decoder.js";

export const start = () => decodeLong(text);
export const loadLater = async () => decodeLong((await import("../dist/later_bytes.js")).default);
