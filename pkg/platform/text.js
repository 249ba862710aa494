// Strings as UTF-8, for the bindings. Made at the first use, and by other means where a platform has no TextDecoder
// (jsdom under Jest).
let decoder;
let encoder;

/** To this length a text of ASCII, as most are here, is made at once; a decoder takes longer. */
const SHORT = 32;

export const decodeText = (bytes) => {
  if (bytes.length < SHORT) {
    let ascii = 0;
    while (bytes[ascii] < 128) ascii++;
    if (ascii === bytes.length) return String.fromCharCode.apply(0, bytes);
  }
  if (globalThis.TextDecoder) {
    decoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
    return decoder.decode(bytes);
  }
  return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
};

const encode = (text) => {
  if (globalThis.TextEncoder) {
    encoder ??= new TextEncoder();
    return encoder.encode(text);
  }
  const escaped = encodeURIComponent(text).match(/%..|[^%]/g) ?? [];
  return Uint8Array.from(escaped, (part) =>
    part.length > 1 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0),
  );
};

export const cachedTextEncoder = {
  encode,
  encodeInto(text, view) {
    const bytes = encode(text);
    view.set(bytes);
    return { read: text.length, written: bytes.length };
  },
};
