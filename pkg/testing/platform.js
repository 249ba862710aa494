// What the server needs of its engine: Node, a page, a worker, or a test runner that has only a part of them.

/** The WebCrypto. jsdom has none of its own; then it is that of the Node below. */
export const webCrypto = () => {
  if (globalThis.crypto?.subtle) return globalThis.crypto;
  const node = globalThis.process?.getBuiltinModule?.("node:crypto");
  if (node) return node.webcrypto;
  throw new Error("pkce-wasm/testing needs WebCrypto: a secure origin, or Node 20.16 or newer");
};

/** The bytes of a text in UTF-8. Not every test runner has a TextEncoder. */
export const utf8 = (text) =>
  Uint8Array.from(unescape(encodeURIComponent(text)), (character) => character.charCodeAt(0));

/** A text of bytes in UTF-8. */
const text = (binary) => decodeURIComponent(escape(binary));

export const base64url = (bytes) => {
  let binary = "";
  for (const byte of new Uint8Array(bytes)) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
};

export const json64 = (value) => base64url(utf8(JSON.stringify(value)));

const binaryOf = (encoded) => atob(encoded.replace(/-/g, "+").replace(/_/g, "/"));

/** The bytes of base64url. */
export const bytesOf = (encoded) =>
  Uint8Array.from(binaryOf(encoded), (character) => character.charCodeAt(0));

/** The object of a JSON text; undefined when it is none. */
export const objectOfText = (json) => {
  try {
    const value = JSON.parse(json);
    return typeof value === "object" && !Array.isArray(value) ? (value ?? undefined) : undefined;
  } catch {
    return undefined;
  }
};

/** The object of a JSON text in base64url; undefined when it is none. */
export const objectOf = (encoded) => {
  try {
    return objectOfText(text(binaryOf(encoded)));
  } catch {
    return undefined;
  }
};

/** What a JSON Web Token claims, unchecked; undefined when it is none. */
export const claimsOf = (token) => objectOf(token.split(".")[1] ?? "");

/** Whether a text is an absolute URI without fragment to which a user can be sent: no script and no document of its own (RFC 6749 section 3.1.2). */
export const isRedirectUri = (text) =>
  /^[a-z][\w+.-]*:[^#\s]+$/i.test(text) && !/^(javascript|data|vbscript|blob):/i.test(text);

/** A list in a text, such as scopes. */
export const words = (text) => (text ?? "").split(" ").filter(Boolean);

export const random = (length = 24) => base64url(webCrypto().getRandomValues(new Uint8Array(length)));

export const sha256 = async (bytes) => webCrypto().subtle.digest("SHA-256", bytes);

/** A `Response`, or what serves as one where the test runner has none. */
export const toResponse = ({ status = 200, headers = {}, body = "" }, url) => {
  const text = body || null;
  // What no header can hold is in no `Response`; a client of which only `get` is asked sees it all the same.
  const isSendable = Object.values(headers).every((value) => !/[\r\n\0]|[^\0-\xff]/.test(value));
  if (globalThis.Response && isSendable) return new Response(text, { status, headers });
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    status,
    ok: status >= 200 && status < 300,
    redirected: false,
    type: "basic",
    url,
    body: null,
    headers: { get: (name) => lower.get(name.toLowerCase()) ?? null },
    text: async () => text ?? "",
    json: async () => JSON.parse(text),
  };
};

/** A request as `fetch` is given one: `{ url, method, authorization, form, body }`. */
export const readRequest = async (input, init = {}) => {
  const isRequest = typeof input === "object" && "method" in input;
  const url = new URL(isRequest ? input.url : input, globalThis.location?.href);
  const method = (init.method ?? (isRequest ? input.method : "GET")).toUpperCase();
  const given = init.headers ?? (isRequest ? input.headers : {});
  const entries = typeof given.entries === "function" ? [...given.entries()] : Object.entries(given);
  const headers = new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
  const text = () => {
    if (init.body !== undefined && init.body !== null) return `${init.body}`;
    return isRequest && !["GET", "HEAD"].includes(method) ? input.clone().text() : "";
  };
  const body = await text();
  const isForm = method === "POST" && /urlencoded/.test(headers.get("content-type") ?? "urlencoded");
  const signal = init.signal ?? (isRequest ? input.signal : undefined);
  return { url, method, headers, body, form: new URLSearchParams(isForm ? body : ""), signal };
};
