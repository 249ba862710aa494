// Starts the module at the first call, and again after it trapped: as WebAssembly, or as its JavaScript twin. What it calls is here, too.
// A text goes into the module by its place in a list, and comes out of it in the same way.
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
 * @param errors makes errors
 * @param texts what a module needs that reads and writes texts: see ask.js
 * @param module the module: its bytes as text, or nothing yet
 * @param loadTwin loads the twin
 */
export const createEngine = ({ bind, exported, errors, texts, module, loadTwin }) => {
  const { named } = errors;
  let exports;
  let twin;
  let running;
  // One list for good: SWC's minifier reads it before the call that fills it.
  const list = [];

  const part = (start, length) => new Uint8Array(exports[exported.memory].buffer, start, length);
  const keep = (text) => list.push(text) - 1;
  const text = (at) => list[at];

  const imports = bind({
    length: (at) => list[at].length,
    charCodeAt: (at, place) => list[at].charCodeAt(place),
    fromCharCode: (start, length) => keep(String.fromCharCode.apply(0, part(start, length))),
    number: keep,
    getRandomValues: (start, length) => {
      try {
        globalThis.crypto.getRandomValues(part(start, length));
      } catch {
        exports[exported.exn_store](0);
      }
    },
    drop: () => {},
    ...texts?.functions({ text, keep, part }),
  });

  const run = (started) => {
    exports = started;
    texts?.begin();
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

  /** A number goes into the module as it is, a text by its place. */
  const give = (value) => (typeof value === "number" ? value : keep(value));

  /** Calls a function of the module with texts and numbers; gives what `read` makes of the number that it gives. */
  const enter = (read, name, first, second, third, fourth) => {
    start();
    try {
      return read(exports[exported[name]](give(first), give(second), give(third), give(fourth)));
    } catch (trap) {
      // Nothing in the instance can be relied on any more: the next call starts a fresh one.
      running = undefined;
      throw named("internal", trap);
    } finally {
      list.length = 0;
    }
  };

  /** The text that a function gives, or the number in its place. */
  const call = (...parameters) => enter(text, ...parameters);

  /** Whether a function says that something is so. */
  const test = (...parameters) => enter((is) => is === 1, ...parameters);

  /** Takes another module, or none. */
  const supply = (given) => {
    module = given;
    running = undefined;
  };

  return { ...errors, call, engine: start, ready, supply, test };
};
