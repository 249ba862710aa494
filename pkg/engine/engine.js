// Starts the module at the first call, and again after it trapped: as WebAssembly, or as its JavaScript twin.
import { PkceError } from "./error.js";

/** The place of a printable character, quote and backslash left out. */
const place = (code) => code - 32 - (code > 34) - (code > 92);

/** The bytes of an inlined module: those below 91 are one character, each other one is two. */
const decode = (text) => {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const value = place(text.charCodeAt(at));
    bytes[length++] = value < 91 ? value : (value - 90) * 91 + place(text.charCodeAt(++at));
  }
  return bytes.subarray(0, length);
};

/**
 * @param glue the bindings that wasm-bindgen made
 * @param codes the table of error codes
 * @param module the module: its bytes as text, or nothing yet
 * @param loadTwin loads the twin
 */
export const createEngine = ({ glue, codes, module, loadTwin }) => {
  const imports = { a: glue };
  let twin;
  let running;

  const named = (code, cause, subject) =>
    new PkceError(
      codes.find(([name]) => name === code),
      cause && (subject ? { cause, subject } : { cause }),
    );

  const run = (exports) => {
    glue.__wbg_set_wasm(exports);
    running = twin ? "js" : "wasm";
    return running;
  };

  const start = () => {
    if (running) return running;
    if (twin) return run(twin(imports));
    try {
      if (typeof module === "string") module = decode(module);
      if (!(module instanceof WebAssembly.Module)) module = new WebAssembly.Module(module);
      // WebKit compiles under a policy that forbids it, and refuses only here.
      return run(new WebAssembly.Instance(module, imports).exports);
    } catch (cause) {
      throw named("engine_not_ready", cause);
    }
  };

  // In its turn: at once; in the background, for Chromium before 115, which compiles and starts no module above 4 KB at once in a
  // page; the twin.
  const ready = async () => {
    try {
      return start();
    } catch {
      try {
        // Bytes give a module with its instance; a module that is compiled already gives the instance alone.
        const made = await WebAssembly.instantiate(module, imports);
        return running ?? run((made.instance ?? made).exports);
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

  /** Takes another module, or none. */
  const supply = (given) => {
    module = given;
    running = undefined;
  };

  return { call, engine: start, failed, named, ready, supply };
};
