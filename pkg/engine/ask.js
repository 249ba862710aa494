// Asks the module for objects. Texts go in as UTF-8.
import { own } from "../platform/own.js";
import { decodeText, encodeText } from "../platform/text.js";

/** Bytes of a memory that has grown far: what honest answers take is much less. */
const LARGE = 1 << 20;

/** What a module needs that reads and writes texts. */
export const createTexts = () => {
  let part;
  let image;
  let bytes;
  return {
    /** The functions that it calls. Texts are kept in a list, of which `text` gives one and to which `keep` adds one. */
    functions({ text, keep, ...rest }) {
      part = rest.part;
      return {
        size: (at) => {
          bytes = encodeText(text(at) ?? "");
          return bytes.length;
        },
        read: (start, length) => {
          part(start, length).set(bytes);
          bytes.fill();
          bytes = undefined;
        },
        write: (start, length) => keep(decodeText(part(start, length))),
        now: () => Date.now(),
      };
    },
    /** Before the first call: what the memory is then. */
    begin() {
      image = image ?? part(0).slice();
      bytes = undefined;
    },
    /** Puts the memory back to what it was then; gives whether it has grown far. */
    wipe() {
      const memory = part(0);
      memory.fill(0, image.length);
      memory.set(image);
      return memory.length > LARGE;
    },
  };
};

/**
 * An operation allocates and never frees: afterwards the memory is wiped, so that no verifier, code or token stays in it. A memory that
 * has grown far does not shrink: another instance takes its place, in the background where an engine starts none at once.
 *
 * @param loadLater gives the bytes of the other half of a module of which the engine has the first one. It has no memory and no helpers but those of the parts before it, which are its `b`: so there
 * is one memory, and one instance to be thrown away. The twin is in one piece
 */
export const createAsk = ({ call, engine, failed, named, ready, state }, { begin, wipe }, loadLater) => {
  // The parts that have been loaded, in their order, and how many of them the instance has that runs.
  const later = [];
  let linked;
  let count = 0;
  let renewing;

  const lacks = () => {
    if (engine() !== "wasm") return false;
    if (state.exports !== linked) count = 0;
    return count < later.length;
  };
  const add = ({ exports }) => {
    linked = { ...state.exports, ...exports };
    state.exports = linked;
    count++;
  };
  /** Starts for the running first half what it lacks. */
  const link = () => {
    try {
      while (lacks()) {
        const { Instance, Module } = WebAssembly;
        if (!(later[count] instanceof Module)) later[count] = new Module(later[count]);
        add(new Instance(later[count], { b: state.exports }));
      }
    } catch (cause) {
      throw named("engine_not_ready", cause);
    }
  };
  const readyWhole = async () => {
    const running = await ready();
    try {
      link();
      return running;
    } catch {
      // As the first half: see engine.js.
      const b = state.exports;
      const made = await WebAssembly.instantiate(later[count], { b }).catch((cause) => {
        throw named("engine_unavailable", cause);
      });
      if (b === state.exports) add(made.instance ?? made);
      return readyWhole();
    }
  };

  const renew = async () => {
    const { exports } = state;
    state.exports = undefined;
    renewing = readyWhole().catch(() => {});
    // The one before serves until there is another.
    state.exports = state.exports ?? exports;
    await renewing;
    renewing = undefined;
  };
  return {
    ask(name, ...parameters) {
      link();
      begin();
      const text = call(name, ...parameters);
      if (wipe() && !renewing) renew();
      const result = own(JSON.parse(text));
      if (result.error) throw failed(result.error.code, result.error);
      return result;
    },
    ready: readyWhole,
    /** Sees to it that everything can be asked, also what is in that further part. */
    async whole(loadPart) {
      if (!loadLater || (await ready()) === "js") return;
      const loads = [loadLater, loadPart];
      for (let at = 0; loads[at]; at++) later[at] = later[at] ?? (await loads[at]());
      await readyWhole();
    },
  };
};
