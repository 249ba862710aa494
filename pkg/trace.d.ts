/**
 * What a client does, as lines in the console.
 *
 * @example
 * ```ts
 * const client = await Client.discover({ ...config, trace: traceToConsole() });
 * ```
 *
 * @module pkce-wasm/trace
 */
import type { TraceEvent } from "./index.js";

/**
 * Makes a function for `trace` of the configuration. Each step is a line; the parameters of a request stand beside it, secrets by their length.
 *
 * @param print - Prints a line; `console.log` when absent.
 */
export function traceToConsole(
  print?: (line: string, parameters?: TraceEvent["parameters"]) => void,
): (event: TraceEvent) => void;
