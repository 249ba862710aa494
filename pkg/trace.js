export { traceToConsole } from "./engine/console.js";
