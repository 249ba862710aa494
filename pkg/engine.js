// Starts the module at the first call, and again after it trapped: as WebAssembly, or as its JavaScript twin.
import { PkceError } from "./error.js";

/** The place of a printable character, quote and backslash left out. */
const place = (code) => code - 32 - (code > 34) - (code > 92);

/** The bytes of an inlined module: those below 91 are one character, each other one is two. */
const decode = (text) => {
  const bytes = [];
  for (let at = 0; at < text.length; at++) {
    const value = place(text.charCodeAt(at));
    bytes.push(value < 91 ? value : (value - 90) * 91 + place(text.charCodeAt(++at)));
  }
  return Uint8Array.from(bytes);
};

/**
 * @param glue the bindings that wasm-bindgen made
 * @param name the name under which the module imports them
 * @param codes the table of error codes
 * @param module the module: its bytes as text, or what `slim` was given, or nothing yet
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
    if (typeof module === "string") module = decode(module);
    return module;
  };

  const compile = () => {
    try {
      if (!(decoded() instanceof WebAssembly.Module)) module = new WebAssembly.Module(module);
    } catch (cause) {
      throw named("engine_not_ready", cause);
    }
  };

  const instantiate = () => {
    if (twin) return twin(imports);
    compile();
    try {
      const { exports } = new WebAssembly.Instance(module, imports);
      if (exports.generateVerifier) return exports;
    } catch (cause) {
      // WebKit compiles under a policy that forbids it, and refuses only here.
      throw named(cause instanceof WebAssembly.CompileError ? "engine_not_ready" : "module_invalid", cause);
    }
    throw named("module_invalid");
  };

  const start = () => {
    if (!running) {
      glue.__wbg_set_wasm(instantiate());
      running = twin ? "js" : "wasm";
    }
    return running;
  };

  // In its turn: at once; compiled in the background, where an engine refuses a module of this size in one step; the twin.
  const ready = async () => {
    try {
      return start();
    } catch (error) {
      if (error.code === "module_invalid") throw error;
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

  /** Takes the module from the caller, for `slim`. */
  const initialize = async (source) => {
    let given = await source;
    if (typeof given === "string" || given instanceof URL) given = await fetch(given);
    if (globalThis.Response && given instanceof Response) given = await given.arrayBuffer();
    const { Module, validate } = globalThis.WebAssembly ?? {};
    if (Module && !(given instanceof Module)) {
      if (!(given instanceof ArrayBuffer || ArrayBuffer.isView(given)) || !validate(given))
        throw named("module_invalid");
    }
    module = given;
    running = undefined;
    try {
      return await ready();
    } catch (error) {
      module = undefined;
      throw error;
    }
  };

  return { call, engine: start, failed, named, ready, initialize };
};
