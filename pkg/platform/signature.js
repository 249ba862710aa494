// Verifies a signature with the platform's WebCrypto, as the module says.
import { own } from "./own.js";

const encode = (text) => new TextEncoder().encode(text);

const bytes = (base64url) =>
  Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (character) =>
    character.charCodeAt(0),
  );

const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=/g, "");

const check = async (subtle, { algorithm, keys, input, signature }) => {
  const signed = encode(input);
  for (const jwk of keys) {
    try {
      const key = await subtle.importKey("jwk", own(jwk), own(algorithm), false, ["verify"]);
      if (await subtle.verify(own(algorithm), key, bytes(signature), signed)) return "valid";
    } catch (error) {
      // An algorithm that this engine does not have; anything else is a key that is none.
      if (error.name === "NotSupportedError") return "unavailable";
    }
  }
  return "invalid";
};

/** Whether there is a WebCrypto: only secure origins have it. */
export const canVerify = () => Boolean(globalThis.crypto?.subtle && globalThis.TextEncoder);

/** `{ signature: "valid" | "invalid" | "unavailable", digest? }`. Never throws. */
export const verify = async (task) => {
  if (!canVerify()) return own({ signature: "unavailable" });
  const { subtle } = globalThis.crypto;
  const { digest: hash, text } = task;
  const digest = hash && base64url(await subtle.digest(hash, encode(text)).catch(() => []));
  return { signature: await check(subtle, task), digest };
};
