// Asks the module for objects. Texts go in as UTF-8.
import { own } from "../platform/own.js";
import { decodeText, encodeText } from "../platform/text.js";

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
        fail: () => {
          throw new Error("unreachable");
        },
      };
    },
    /** An instance begins, and nothing was called yet. */
    begin() {
      image ??= part(0).slice();
    },
    /** Puts the memory back to what it was then. */
    wipe() {
      const memory = part(0);
      memory.fill(0, image.length);
      memory.set(image);
    },
  };
};

/**
 * An operation allocates and never frees: afterwards the memory is wiped, so that it does not grow, and no verifier, code or token
 * stays in it. After a trap there is another instance.
 */
export const createAsk =
  ({ call, failed }, { wipe }) =>
  (name, ...parameters) => {
    const text = call(name, ...parameters);
    wipe();
    const result = own(JSON.parse(text));
    if (result.error) throw failed(result.error.code, result.error);
    return result;
  };
