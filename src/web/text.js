// Texts between JavaScript and the module, as UTF-8. `wasm-pack` carries this file along.
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
let bytes;

/** The bytes of a text, which `read` then gives. What is not there is an empty text. */
export const size = (text) => {
  bytes = encoder.encode(text ?? "");
  return bytes.length;
};

export const read = (buffer) => {
  buffer.set(bytes);
  bytes = undefined;
};

export const write = (buffer) => decoder.decode(buffer);
