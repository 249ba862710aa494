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
 */
export const createAsk = ({ call, engine, failed, ready, state }, { begin, wipe }) => {
  let renewing;
  const renew = async () => {
    const { exports } = state;
    state.exports = undefined;
    renewing = ready().catch(() => {});
    // The one before serves until there is another.
    state.exports = state.exports ?? exports;
    await renewing;
    renewing = undefined;
  };
  return (name, ...parameters) => {
    engine();
    begin();
    const text = call(name, ...parameters);
    if (wipe() && !renewing) renew();
    const result = own(JSON.parse(text));
    if (result.error) throw failed(result.error.code, result.error);
    return result;
  };
};
