// Verifies a signature with the platform's WebCrypto, as the module says.
import { own } from "./own.js";

const encode = (text) => new TextEncoder().encode(text);

/** The bytes that a text in base64url stands for. */
export const bytes = (base64url) => {
  const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
};

const base64url = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=/g, "");

/** Whether an error says that this engine has no such algorithm. */
const isUnsupported = ({ name }) => name === "NotSupportedError";

/** Whether the engine has the algorithm: it looks at that before it looks at the key, of which there is none. */
const knows = (subtle, { name, hash, namedCurve }) =>
  subtle
    .importKey("jwk", own(), own({ name, hash, namedCurve }), false, ["verify"])
    .then(Boolean, (error) => !isUnsupported(error));

const check = async (subtle, { algorithm, keys, registered }, signature, signed) => {
  let failure;
  let isInvalid = false;
  for (const jwk of keys) {
    try {
      const key = await subtle.importKey("jwk", own(jwk), own(algorithm), false, ["verify"]);
      if (await subtle.verify(own(algorithm), key, signature, signed)) return own({ signature: "valid" });
      isInvalid = true;
    } catch (error) {
      // Nobody vouches for a signature by the algorithm that was registered where the engine has that: the key or the token is odd.
      const isMissing = isUnsupported(error) && !(registered && (await knows(subtle, algorithm)));
      if (isMissing) return own({ signature: "unavailable" });
      failure = failure ?? error;
    }
  }
  return own(failure && !isInvalid ? { signature: "failed", failure } : { signature: "invalid" });
};

/** Whether there is a WebCrypto, which only secure origins have, and what else it takes. */
export const canVerify = () => {
  const { atob, btoa, crypto, TextEncoder } = globalThis;
  return Boolean(crypto?.subtle && TextEncoder && atob && btoa);
};

/**
 * `{ signature: "valid" | "invalid" | "failed" | "unavailable", digest?, failure? }`. Never throws. It is unavailable only by what is found before key and token are
 * looked at; what the platform throws over these is a failure.
 */
export const verify = async (task) => {
  if (!canVerify()) return own({ signature: "unavailable" });
  const { subtle } = globalThis.crypto;
  const { digest: hash, text } = task;
  try {
    const digest = hash && base64url(await subtle.digest(hash, encode(text)).catch(() => []));
    return own({ ...(await check(subtle, task, bytes(task.signature), encode(task.input))), digest });
  } catch (failure) {
    return own({ signature: "failed", failure });
  }
};
