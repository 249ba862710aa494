// Starts the module at the first call, and again after it trapped: as WebAssembly, or as its JavaScript twin. What it calls is here, too.
// A text goes into the module by its place in a list, and comes out of it in the same way.
/** The place of a printable character, counted from `#`, backslash left out. */
const place = (code) => code - (code > 92 ? 36 : 35);

/** The first bytes of the memory are the stack: see `.cargo/config.toml`. */
const STACK = 8000;

/** The bytes of an inlined module: those below 89 are one character, each other one is two. */
export const decode = (text) => {
  const bytes = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    const value = place(text.charCodeAt(at));
    bytes[length++] = value < 89 ? value : (value - 88) * 89 + place(text.charCodeAt(++at));
  }
  return bytes.subarray(0, length);
};

/**
 * @param bind gives the functions below the names by which the module imports them
 * @param exported the names of what the module exports
 * @param errors makes errors
 * @param texts what a module needs that reads and writes texts: see ask.js
 * @param state what it goes on with: `module`, as a function that gives its bytes, as bytes, compiled, or nothing yet; the `exports` of the running instance, if there is one
 * @param loadTwin loads the twin
 */
export const createEngine = ({ bind, exported, errors, texts, state, loadTwin }) => {
  const { named } = errors;
  let twin;
  // One list for good: SWC's minifier reads it before the call that fills it. A function that says no or yes gives 0 or 1.
  const list = [false, true];

  const part = (start, length) => new Uint8Array(state.exports[exported.memory].buffer, start, length);
  const keep = (text) => list.push(text) - 1;

  const imports = bind({
    length: (at) => list[at].length,
    charCodeAt: (at, place) => list[at].charCodeAt(place),
    fromCharCode: (start, length) => keep(String.fromCharCode.apply(0, part(start, length))),
    number: keep,
    getRandomValues: (start, length) => {
      try {
        globalThis.crypto.getRandomValues(part(start, length));
      } catch {
        state.exports[exported.exn_store](0);
      }
    },
    drop: () => {},
    ...texts?.functions({ text: (at) => list[at], keep, part }),
  });

  /** Which engine runs: it is started unless it runs already. */
  const start = () => {
    try {
      if (twin) state.exports = state.exports ?? twin(imports);
      else if (!state.exports) {
        if (typeof state.module === "function") state.module = state.module();
        if (!(state.module instanceof WebAssembly.Module))
          state.module = new WebAssembly.Module(state.module);
        // WebKit compiles under a policy that forbids it, and refuses only here.
        state.exports = new WebAssembly.Instance(state.module, imports).exports;
      }
    } catch (cause) {
      throw named("engine_not_ready", cause);
    }
    return twin ? "js" : "wasm";
  };

  // In its turn: at once; in the background, for Chromium before 115, which compiles and starts no module above 4 KB at once in a
  // page; the twin.
  const ready = async () => {
    try {
      return start();
    } catch {
      try {
        // Bytes give a module with its instance; a module that is compiled already gives the instance alone.
        const made = await WebAssembly.instantiate(state.module, imports);
        state.exports = (made.instance ?? made).exports;
      } catch (refusal) {
        try {
          twin = (await loadTwin()).default;
          start();
        } catch (cause) {
          throw named("engine_unavailable", Object.assign(Error(refusal), { errors: [refusal, cause] }));
        }
      }
      return start();
    }
  };

  /** A number goes into the module as it is, a text by its place. */
  const give = (value) => (typeof value === "number" ? value : keep(value));

  /** Calls a function of the module with texts and numbers; gives the text or number in the place that it gives. */
  const call = (name, first, second, third, fourth) => {
    start();
    try {
      try {
        return list[state.exports[exported[name]](give(first), give(second), give(third), give(fourth))];
      } finally {
        // No verifier stays on the stack.
        list.length = 2;
        part(0, STACK).fill();
      }
    } catch (trap) {
      // Nothing in the instance can be relied on any more: the next call starts a fresh one.
      state.exports = undefined;
      throw named("internal", trap);
    }
  };

  return { ...errors, call, engine: start, ready };
};
