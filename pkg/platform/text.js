// Strings as UTF-8, for the module. A platform may have no TextDecoder (jsdom under Jest).
let decoder;
let encoder;
const room = new Uint8Array(12288);

export const decodeText = (bytes) => {
  if (globalThis.TextDecoder) {
    decoder = decoder ?? new TextDecoder("utf-8", { __proto__: null, ignoreBOM: true });
    return decoder.decode(bytes);
  }
  return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
};

export const encodeText = (text) => {
  if (globalThis.TextEncoder) {
    encoder = encoder ?? new TextEncoder();
    // In place: the bytes of a new array cost more than the encoding.
    if (text.length < 4096) return room.subarray(0, encoder.encodeInto(text, room).written);
    return encoder.encode(text);
  }
  const escaped = encodeURIComponent(text).match(/%..|[^%]/g) ?? [];
  return Uint8Array.from(escaped, (part) =>
    part.length > 1 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0),
  );
};
