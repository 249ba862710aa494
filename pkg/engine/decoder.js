// Decodes an inlined module of the client by a small module. An engine interprets a loop at first, which would be a fifth of a cold start.
import decoder from "../dist/decoder_bytes.js";
import { encodeText } from "../platform/text.js";
import { decode } from "./engine.js";

/** The same as `decode`, for long texts. */
export const decodeLong = (text) => {
  try {
    const { Instance, Module } = WebAssembly;
    const { m, d } = new Instance(new Module(decode(decoder))).exports;
    m.grow(text.length >> 16);
    const bytes = new Uint8Array(m.buffer);
    bytes.set(encodeText(text));
    return bytes.subarray(0, d(text.length));
  } catch {
    // An engine may start nothing at once, however small.
    return decode(text);
  }
};
