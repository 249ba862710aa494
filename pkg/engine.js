// Starts the module at the first call, and again after it trapped: as WebAssembly, or as its JavaScript twin.
import { PkceError } from "./error.js";

/**
 * @param glue the bindings that wasm-bindgen made
 * @param name the name under which the module imports them
 * @param codes the table of error codes
 * @param module the module: base64, or what `slim` was given, or nothing yet
 * @param loadTwin loads the twin, where there is one
 */
export const createEngine = ({ glue, name, codes, module, loadTwin }) => {
  const imports = { [name]: glue };
  let twin;
  let running;

  const named = (code, cause) =>
    new PkceError(
      codes.find((row) => row[0] === code),
      undefined,
      cause,
    );

  const decoded = () => {
    if (typeof module === "string") module = Uint8Array.from(atob(module), (byte) => byte.charCodeAt(0));
    return module;
  };

  const start = () => {
    if (running) return running;
    try {
      if (twin) {
        glue.__wbg_set_wasm(twin(imports));
      } else {
        if (!(decoded() instanceof WebAssembly.Module)) module = new WebAssembly.Module(module);
        glue.__wbg_set_wasm(new WebAssembly.Instance(module, imports).exports);
      }
    } catch (cause) {
      throw named("engine_not_ready", cause);
    }
    running = twin ? "js" : "wasm";
    return running;
  };

  // In its turn: at once; compiled in the background, where an engine refuses a module of this size in one step; the twin.
  const ready = async () => {
    try {
      return start();
    } catch {
      try {
        module = await WebAssembly.compile(decoded());
        return start();
      } catch (refusal) {
        try {
          twin = (await loadTwin()).default;
          return start();
        } catch (cause) {
          throw named("engine_unavailable", new AggregateError([refusal, cause]));
        }
      }
    }
  };

  // What the module throws is a place in the table of codes, or an object that holds one. Anything else is a trap, after
  // which nothing in the instance can be relied on: the next call starts a fresh one.
  const failed = (thrown) => {
    const row = thrown instanceof Error ? undefined : codes[thrown?.code ?? thrown];
    if (row) return new PkceError(row, thrown);
    running = undefined;
    return named("internal", thrown);
  };

  const call = (function_, ...parameters) => {
    start();
    try {
      return function_(...parameters);
    } catch (thrown) {
      throw failed(thrown);
    }
  };

  /** Gives the module, for `slim`. */
  const use = (given) => {
    module = given;
    running = undefined;
  };

  return { call, engine: start, failed, named, ready, use };
};
