// Strings as UTF-8, for the module. A platform may have no TextDecoder (jsdom under Jest).
let decoder;
let encoder;
/** Where short texts are encoded: a new array would take longer than that. */
let room;
const ROOM = 1 << 14;

export const decodeText = (bytes) => {
  if (globalThis.TextDecoder) {
    decoder = decoder ?? new TextDecoder("utf-8", { __proto__: null, ignoreBOM: true });
    return decoder.decode(bytes);
  }
  return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
};

/** The bytes of a text, which are another one's after the next call. */
export const encodeText = (text) => {
  if (globalThis.TextEncoder) {
    encoder = encoder ?? new TextEncoder();
    room = room ?? new Uint8Array(ROOM);
    return encoder.encodeInto && 3 * text.length < ROOM
      ? room.subarray(0, encoder.encodeInto(text, room).written)
      : encoder.encode(text);
  }
  const escaped = encodeURIComponent(text).match(/%..|[^%]/g) ?? [];
  return Uint8Array.from(escaped, (part) =>
    part.length > 1 ? Number.parseInt(part.slice(1), 16) : part.charCodeAt(0),
  );
};
