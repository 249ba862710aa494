// Starts the module at the first call, and again after it trapped: as WebAssembly, or as its JavaScript twin. What it calls is here, too.
// A text goes into the module by its place in a list, and comes out of it in the same way.
import { own } from "../platform/own.js";
import { decodeText, encodeText } from "../platform/text.js";
import { createErrors } from "./error.js";

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
 * @param bind gives the functions below the names by which the module imports them
 * @param exported the names of what the module exports
 * @param codes the table of error codes
 * @param load loads what the errors say
 * @param sentences the same, where it is at hand
 * @param module the module: its bytes as text, or nothing yet
 * @param loadTwin loads the twin
 */
export const createEngine = ({ bind, exported, codes, load, sentences, module, loadTwin }) => {
  const errors = createErrors(codes, load, sentences);
  const { named, failed } = errors;
  let exports;
  let image;
  let twin;
  let running;
  let texts;
  let bytes;

  const part = (start, length) => new Uint8Array(exports[exported.memory].buffer, start, length);
  const keep = (text) => texts.push(text) - 1;

  const imports = bind({
    size: (at) => {
      bytes = encodeText(texts[at] ?? "");
      return bytes.length;
    },
    read: (start, length) => part(start, length).set(bytes),
    write: (start, length) => keep(decodeText(part(start, length))),
    length: (at) => texts[at].length,
    charCodeAt: (at, place) => texts[at].charCodeAt(place),
    fromCharCode: (start, length) => keep(String.fromCharCode.apply(0, part(start, length))),
    number: keep,
    now: () => Date.now(),
    getRandomValues: (start, length) => {
      try {
        globalThis.crypto.getRandomValues(part(start, length));
      } catch {
        exports[exported.__wbindgen_exn_store](0);
      }
    },
    drop: () => {},
    fail: () => {
      throw new Error("unreachable");
    },
  });

  const run = (started) => {
    exports = started;
    image = undefined;
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
          throw await errors.told(
            Promise.reject(named("engine_unavailable", new AggregateError([refusal, cause]))),
          );
        }
      }
    }
  };

  /** A number goes into the module as it is, a text by its place. */
  const give = (value) => (typeof value === "number" ? value : keep(value));

  const enter = (name, first, second, third, fourth) => {
    start();
    texts = [];
    try {
      return exports[exported[name]](give(first), give(second), give(third), give(fourth));
    } catch (trap) {
      // Nothing in the instance can be relied on any more: the next call starts a fresh one.
      running = undefined;
      throw named("internal", trap);
    }
  };

  /** Calls a function of the module with texts and numbers; gives its text, or the number that it gives in its place. */
  const call = (...parameters) => {
    try {
      const at = enter(...parameters);
      return texts[at];
    } finally {
      texts = bytes = undefined;
    }
  };

  /** The same for a function that says whether something is so. */
  const test = (...parameters) => {
    try {
      return enter(...parameters) === 1;
    } finally {
      texts = bytes = undefined;
    }
  };

  /**
   * Asks the module for an object. It allocates and never frees: afterwards the memory is put back to what it was at the start, so that it
   * does not grow, and no verifier, code or token stays in it.
   */
  const ask = (name, ...parameters) => {
    start();
    image ??= part(0).slice();
    let text;
    try {
      text = call(name, ...parameters);
    } finally {
      part(0).fill(0, image.length);
      part(0).set(image);
    }
    const result = own(JSON.parse(text));
    if (result.error) throw failed(result.error);
    return result;
  };

  /** Takes another module, or none. */
  const supply = (given) => {
    module = given;
    running = undefined;
  };

  return { ...errors, ask, call, engine: start, ready, supply, test };
};
