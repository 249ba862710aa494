/** The thief: it holds a code, and later a token, that are not its own, and really asks the server. */
import { field } from "./exchange.js";
import { element } from "./picture.js";

/** The ways to redeem a code that is bound to a challenge. Each gives the parameters that it adds to the copied code. */
const WITH_CHALLENGE = [
  { name: "no-verifier", title: "the code without a verifier", extra: () => ({}) },
  {
    name: "guessed-verifier",
    title: "the code with a guessed verifier",
    extra: ({ guess }) => ({ code_verifier: guess() }),
  },
  {
    name: "plain",
    title: "the code with the challenge as its verifier",
    extra: ({ challenge }) => ({ code_verifier: challenge, code_challenge_method: "plain" }),
  },
];

/** The way to redeem one that is not. */
const ALONE = [{ name: "code-alone", title: "the code", extra: () => ({}) }];

/** Sends a request as an app would that has nothing of this page. */
async function send(url, init) {
  try {
    const response = await fetch(url, { credentials: "omit", cache: "no-store", ...init });
    const body = await response.json().catch(() => ({}));
    const challenge = response.headers.get("www-authenticate") ?? "";
    return { status: response.status, ok: response.ok, body, challenge };
  } catch {
    return { status: 0, ok: false, body: { error: "no_answer" }, challenge: "" };
  }
}

/** The error that an answer names, in its body or in its header. */
const errorOf = ({ body, challenge }) => body.error ?? /error="([^"]*)"/.exec(challenge)?.[1] ?? "";

/** What became of one attempt, in words. */
function resultOf({ name, title }, answer, success) {
  const { status, ok, body } = answer;
  const error = errorOf(answer);
  const item = element("li", {
    "data-attempt": name,
    "data-status": String(status),
    "data-error": error,
    "data-mark": ok ? "bad" : status === 0 ? "" : "good",
  });
  const words = ok ? success : status === 0 ? "No answer" : `Refused (HTTP ${status})`;
  item.append(
    element("span", {}, `The thief sends ${title}.`),
    element("strong", { class: "verdict" }, `${ok ? "✗" : "✓"} ${words}`),
  );
  const said = body.error_description ? `${error}: ${body.error_description}` : error;
  if (said) item.append(element("code", {}, said));
  return item;
}

/** Draws an attempt and its answer. */
function draw(exchange, { name, title, method, path, fields, success, learns = [] }, answer) {
  exchange.add({
    from: "thief",
    to: "server",
    name: `thief-${name}`,
    title: `Thief sends ${title}`,
    method,
    fields: [field("path", path), ...fields],
  });
  const { ok, status, body, challenge } = answer;
  const more = challenge ? [field("WWW-Authenticate", challenge)] : [];
  exchange.add({
    from: "server",
    to: "thief",
    name: `thief-${name}-${ok ? "taken" : "refused"}`,
    title: ok ? success : status === 0 ? "No answer came" : "Server refuses the thief",
    method: status === 0 ? "none" : String(status),
    fields: [...more, ...Object.entries(body ?? {}).map(([member, value]) => field(member, value))],
    learns: ok ? { thief: learns } : {},
    mark: ok ? "bad" : status === 0 ? undefined : "good",
  });
}

/**
 * Lets the thief redeem the copied code. Stops when an attempt succeeds: the code is spent then.
 *
 * @param {object} options
 * @param {import("./exchange.js").Exchange} options.exchange - Where the messages go.
 * @param {object} options.metadata - The server's.
 * @param {{ clientId: string, redirectUri: string }} options.server - Public knowledge: it is in every app that is shipped.
 * @param {string} options.code - The copied code.
 * @param {string} options.state - The copied state.
 * @param {() => string} options.guess - Makes some verifier.
 * @param {HTMLElement} options.results - The list to write to.
 * @returns {Promise<string | null>} Whom the server takes the thief for; null when it got nothing.
 */
export async function letTheThiefRedeem({ exchange, metadata, server, code, state, guess, results }) {
  results.replaceChildren();
  const { challenge } = exchange;
  if (!exchange.messages.some((message) => message.name === "intercept")) {
    exchange.add({
      from: "browser",
      to: "thief",
      name: "intercept",
      title: "Thief receives the same callback",
      method: "GET",
      note: "For example an app that registered the same custom scheme. It also saw the request go out.",
      fields: [
        field("code", code),
        field("state", state),
        ...(challenge ? [field("code_challenge", challenge)] : []),
      ],
      learns: { thief: ["code", "state", ...(challenge ? ["code_challenge"] : [])] },
      mark: "bad",
    });
  }
  for (const attempt of challenge ? WITH_CHALLENGE : ALONE) {
    const body = new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: server.redirectUri,
      client_id: server.clientId,
      ...attempt.extra({ guess, challenge }),
    });
    const answer = await send(metadata.token_endpoint, { method: "POST", body });
    const success = "Server gives the thief your tokens";
    const path = new URL(metadata.token_endpoint).pathname;
    const fields = [...body].map(([name, value]) => field(name, value));
    draw(exchange, { ...attempt, method: "POST", path, fields, success, learns: ["tokens"] }, answer);
    results.append(resultOf(attempt, answer, "The server gave it your tokens"));
    if (answer.ok) {
      const known = await useToken({ exchange, metadata, results }, BEARER, answer.body.access_token);
      return known.body.name ?? known.body.sub ?? "you";
    }
  }
  return null;
}

const BEARER = {
  name: "token-bearer",
  title: "the token, and asks who you are",
  headers: (token) => ({ Authorization: `Bearer ${token}` }),
};

/** What a thief can do with a token that is bound to a key which it does not have. */
const BOUND = [
  { ...BEARER, title: "the token as one that is not bound" },
  {
    name: "token-no-proof",
    title: "the token without a proof",
    headers: (token) => ({ Authorization: `DPoP ${token}` }),
  },
  {
    name: "token-own-key",
    title: "the token with a proof by its own key",
    headers: async (token, url) => ({
      Authorization: `DPoP ${token}`,
      DPoP: await proofByOwnKey(token, url),
    }),
  },
];

const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** A proof of possession (RFC 9449 section 4.2), right in everything but the key. */
async function proofByOwnKey(token, url) {
  const { subtle } = crypto;
  const utf8 = (text) => new TextEncoder().encode(text);
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { privateKey, publicKey } = await subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const { kty, crv, x, y } = await subtle.exportKey("jwk", publicKey);
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: { kty, crv, x, y } };
  const claims = {
    jti: crypto.randomUUID(),
    htm: "GET",
    htu: url,
    iat: Math.floor(Date.now() / 1000),
    ath: base64url(await subtle.digest("SHA-256", utf8(token))),
  };
  const input = [header, claims].map((part) => base64url(utf8(JSON.stringify(part)))).join(".");
  const signature = await subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, utf8(input));
  return `${input}.${base64url(signature)}`;
}

async function useToken({ exchange, metadata, results }, attempt, token) {
  const url = metadata.userinfo_endpoint;
  const headers = await attempt.headers(token, url);
  const answer = await send(url, { headers });
  const name = answer.body.name ?? answer.body.sub;
  const success = `Server takes the thief for ${name ?? "you"}`;
  const fields = Object.entries(headers).map(([member, value]) => field(member, value));
  draw(exchange, { ...attempt, method: "GET", path: new URL(url).pathname, fields, success }, answer);
  results.append(resultOf(attempt, answer, `The server takes it for ${name ?? "you"}`));
  return answer;
}

/**
 * Lets the thief use a stolen access token. Stops when an attempt succeeds.
 *
 * @param {object} options
 * @param {import("./exchange.js").Exchange} options.exchange
 * @param {object} options.metadata
 * @param {string} options.token - The stolen access token.
 * @param {boolean} options.isBound - Whether it is bound to a key (DPoP).
 * @param {HTMLElement} options.results
 * @returns {Promise<boolean>} Whether the server took the thief for the user.
 */
export async function letTheThiefUseTheToken({ exchange, metadata, token, isBound, results }) {
  results.replaceChildren();
  exchange.add({
    from: "app",
    to: "thief",
    name: "steal-token",
    title: "Thief copies the access token",
    note: isBound
      ? "The key of the token stays in the browser. Nobody can copy it."
      : "For example from a log, an error report, or an API that was broken into.",
    fields: [field("access_token", token)],
    learns: { thief: ["tokens"] },
    mark: "bad",
  });
  for (const attempt of isBound ? BOUND : [BEARER]) {
    const { ok } = await useToken({ exchange, metadata, results }, attempt, token);
    if (ok) return true;
  }
  return false;
}
