// The server's keys, made by WebCrypto, and what is signed with them.
import { base64url, json64, utf8, webCrypto } from "./platform.js";

const RSA = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-256" };

/** By which parameters a key is made, and a text signed (RFC 7518 section 3.1, RFC 8037 section 3.1). */
export const ALGORITHMS = {
  RS256: { make: { name: "RSASSA-PKCS1-v1_5", ...RSA }, sign: { name: "RSASSA-PKCS1-v1_5" } },
  PS256: { make: { name: "RSA-PSS", ...RSA }, sign: { name: "RSA-PSS", saltLength: 32 } },
  ES256: { make: { name: "ECDSA", namedCurve: "P-256" }, sign: { name: "ECDSA", hash: "SHA-256" } },
  EdDSA: { make: { name: "Ed25519" }, sign: { name: "Ed25519" }, hash: "SHA-512" },
};

/** Making an RSA key takes a moment: the servers of one page share their keys. */
const made = new Map();

const makePair = (alg, owner) => {
  const name = `${owner} ${alg}`;
  const { make } = ALGORITHMS[alg];
  if (!made.has(name)) made.set(name, webCrypto().subtle.generateKey(make, true, ["sign", "verify"]));
  return made.get(name);
};

/** The public half, as the server publishes it (RFC 7517 section 4). */
export const publicJwk = async (alg, kid, owner = "server") => {
  const { publicKey } = await makePair(alg, owner);
  const { kty, n, e, crv, x, y } = await webCrypto().subtle.exportKey("jwk", publicKey);
  return JSON.parse(JSON.stringify({ kty, n, e, crv, x, y, kid, alg, use: "sig" }));
};

/** The signature over a text, in base64url. */
export const signatureOf = async (input, alg, owner = "server") => {
  const { privateKey } = await makePair(alg, owner);
  return base64url(await webCrypto().subtle.sign(ALGORITHMS[alg].sign, privateKey, utf8(input)));
};

/** Whether a signature over a text is that of the public key that came along. */
export const isOf = async (input, signature, alg, jwk) => {
  const { subtle } = webCrypto();
  const { make, sign } = ALGORITHMS[alg];
  try {
    const key = await subtle.importKey("jwk", { ...jwk, ext: true, key_ops: ["verify"] }, make, true, [
      "verify",
    ]);
    return await subtle.verify(sign, key, signature, utf8(input));
  } catch {
    return false;
  }
};

/** An HMAC with a text as its key: what no client may accept where the text is public. */
export const hmacOf = async (input, text) => {
  const { subtle } = webCrypto();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await subtle.importKey("raw", utf8(text), algorithm, false, ["sign"]);
  return base64url(await subtle.sign("HMAC", key, utf8(input)));
};

/** The left half of the hash of an access token (OpenID Connect Core section 3.1.3.6). */
export const atHash = async (accessToken, alg) => {
  const hash = await webCrypto().subtle.digest(ALGORITHMS[alg]?.hash ?? "SHA-256", utf8(accessToken));
  return base64url(hash.slice(0, hash.byteLength / 2));
};

/** The text that is signed (RFC 7515 section 5.1). */
export const signingInput = (header, claims) => `${json64(header)}.${json64(claims)}`;

/** Both halves of a key as JSON, to be kept. */
export const saveKey = async (alg, owner) => {
  const { privateKey } = await makePair(alg, owner);
  return webCrypto().subtle.exportKey("jwk", privateKey);
};

/** Takes back what `saveKey` gave. */
export const restoreKey = (alg, owner, jwk) => {
  const { subtle } = webCrypto();
  const { d: _, dp: _dp, dq: _dq, p: _p, q: _q, qi: _qi, ...open } = jwk;
  const { make } = ALGORITHMS[alg];
  const read = async () => ({
    privateKey: await subtle.importKey("jwk", jwk, make, true, ["sign"]),
    publicKey: await subtle.importKey("jwk", { ...open, key_ops: ["verify"] }, make, true, ["verify"]),
  });
  made.set(`${owner} ${alg}`, read());
};
