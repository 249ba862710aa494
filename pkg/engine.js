// Starts the WebAssembly module at the first call, and again after it trapped.
import { PkceError } from "./error.js";

/**
 * @param glue the bindings that wasm-bindgen made
 * @param name the name under which the module imports them
 * @param bytes the module, in base64
 * @param codes the table of error codes
 */
export const createEngine = (glue, name, bytes, codes) => {
  let running = false;

  const named = (code, cause) =>
    new PkceError(
      codes.find((row) => row[0] === code),
      undefined,
      cause,
    );

  const start = () => {
    try {
      const module = new WebAssembly.Module(Uint8Array.from(atob(bytes), (byte) => byte.charCodeAt(0)));
      glue.__wbg_set_wasm(new WebAssembly.Instance(module, { [name]: glue }).exports);
      running = true;
    } catch (cause) {
      throw named("engine_unavailable", cause);
    }
  };

  // What the module throws is a place in the table of codes, or an object that holds one. Anything else is a trap, after
  // which nothing in the instance can be relied on: the next call starts a fresh one.
  const failed = (thrown) => {
    const row = thrown instanceof Error ? undefined : codes[thrown?.code ?? thrown];
    if (row) {
      return new PkceError(row, thrown);
    }
    running = false;
    return named("internal", thrown);
  };

  const call = (function_, ...parameters) => {
    if (!running) start();
    let result;
    try {
      result = function_(...parameters);
    } catch (thrown) {
      throw failed(thrown);
    }
    return result instanceof Promise
      ? result.catch((thrown) => {
          throw failed(thrown);
        })
      : result;
  };

  const engine = () => {
    if (!running) start();
    return "wasm";
  };

  return { call, engine, failed, named, ready: async () => engine() };
};
