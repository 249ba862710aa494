/**
 * What happened in a sign-in, as messages between four parties: made of what the package tells (`trace` in its configuration), and kept
 * across the redirect. The package tells of secrets by their length, so what is kept is worth nothing to a thief.
 *
 * The page itself adds what the thief does, and, once it is spent, the verifier.
 */

const STORAGE_KEY = "demo.exchange";
const ANSWERS_KEY = "demo.metadata";

/** The members of metadata that matter for the picture. */
const METADATA_MEMBERS = [
  "issuer",
  "authorization_endpoint",
  "token_endpoint",
  "code_challenge_methods_supported",
  "dpop_signing_alg_values_supported",
  "authorization_response_iss_parameter_supported",
];

/** What is never shown in full. */
const SECRETS = new Set([
  "code",
  "code_verifier",
  "access_token",
  "refresh_token",
  "id_token",
  "authorization",
]);

const LONGEST_VALUE = 160;

/**
 * One value of a message, fit to be shown: text, shortened where it is secret.
 *
 * @param {string} name - The parameter's or member's name.
 * @param {unknown} value - What was sent.
 * @returns {{ name: string, value: string, secret: boolean }}
 */
export function field(name, value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (SECRETS.has(name.toLowerCase())) return { name, value: shorten(text), secret: true };
  return {
    name,
    value: text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text,
    secret: false,
  };
}

/** The first six and the last four characters; of a short secret nothing. */
function shorten(secret) {
  const scheme = /^(Bearer|DPoP) /i.exec(secret)?.[0] ?? "";
  const rest = secret.slice(scheme.length);
  return scheme + (rest.length < 20 ? "••••••" : `${rest.slice(0, 6)}…${rest.slice(-4)}`);
}

/** Parameters as the package tells of them: of a secret its length. */
function told(parameters = {}) {
  return Object.entries(parameters).map(([name, value]) => ({
    name,
    value: value.length > LONGEST_VALUE ? `${value.slice(0, LONGEST_VALUE)}…` : value,
    secret: /^((Bearer|DPoP) )?\d+ characters$/.test(value),
  }));
}

/** The path of a URL, for the eye. */
const pathOf = (url) => new URL(url).pathname;

/** The refresh token of a request that spends nothing: the package asks for a nonce by it, before it sends what serves once. */
const NONE = "4 characters";

/** What a request is, by where it goes and what it carries. */
function kindOf({ url, parameters }, metadata) {
  if (url.includes("/.well-known/")) return "metadata";
  if (parameters?.grant_type === "refresh_token")
    return parameters.refresh_token === NONE ? "nonce" : "refresh";
  const names = {
    token_endpoint: "token",
    userinfo_endpoint: "userinfo",
    jwks_uri: "jwks",
    revocation_endpoint: "revocation",
    pushed_authorization_request_endpoint: "push",
  };
  const member = Object.keys(names).find((name) => metadata?.[name] === url);
  return member ? names[member] : "request";
}

const ASKING = {
  metadata: "App asks what the server offers",
  push: "App hands its request to the server directly",
  token: "App redeems the code with its verifier",
  nonce: "App asks for the number that its proof needs",
  refresh: "App trades the refresh token",
  userinfo: "App asks who this is",
  jwks: "App fetches the server’s public keys",
  revocation: "App gives the tokens back",
  request: "App asks the server",
};

const ANSWERING = {
  metadata: "Server names its endpoints",
  push: "Server keeps the request",
  token: "Verifier and challenge match: tokens",
  nonce: "Server sends the number, if it wants one",
  refresh: "Server sends fresh tokens",
  userinfo: "Server tells who this is",
  jwks: "Server sends its public keys",
  revocation: "Server forgets the tokens",
  request: "Server answers",
};

const VERIFIER_LEAVES =
  "Only now does the verifier leave the app. It goes straight to the server, not through the address bar.";
const NO_VERIFIER = "There is nothing in it that a thief with the same code could not send too.";

/** The record of one sign-in. */
function emptyRecord() {
  return { issuer: null, state: null, challenge: null, messages: [] };
}

/** Collects the messages of one sign-in after another. */
export class Exchange {
  #record = emptyRecord();
  #listeners = [];
  #shell;
  /** Whether the callback that is handled next is the one that is waited for: `awaited`, `again` or `foreign`. */
  #next = null;
  /** What was asked and not answered yet, by URL. */
  #asked = new Map();
  /** The verifier of the last login, once it was sent, and a request that carries one. */
  #spent = null;
  /** Answers of well-known places, by URL: what the page asked before the redirect it need not ask again. */
  #answers = {};
  /** How often each of them was just used, without a request. */
  #fromCache = new Map();

  /** @param {object} shell - Where the page runs: what opens the sign-in page, and where the notes are kept. */
  constructor(shell) {
    this.#shell = shell;
    try {
      const notes = shell.notes();
      this.#record = { ...this.#record, ...JSON.parse(notes.getItem(STORAGE_KEY)) };
      this.#answers = JSON.parse(notes.getItem(ANSWERS_KEY)) ?? {};
    } catch {
      // A page without storage still shows what happens before the redirect.
    }
    /** The metadata in use, by which requests are told apart. */
    this.metadata = null;
    /** For the package's configuration. */
    this.trace = (event) => this.#hear(event);
    this.host = { fetch: (input, init) => this.#fetch(input, init), open: (url) => this.#open(url) };
  }

  /** The messages so far. */
  get messages() {
    return this.#record.messages;
  }

  /** The `code_challenge` that went by in the authorization request, for all to see. */
  get challenge() {
    return this.#record.challenge;
  }

  /** The verifier of the last login, once it is spent. It is in no storage: after a reload it is gone. */
  get spentVerifier() {
    return this.#spent;
  }

  /** Calls back after every new message. */
  onMessage(listener) {
    this.#listeners.push(listener);
  }

  /** Forgets the messages of the last sign-in; those that found the server's metadata stay. */
  begin() {
    const messages = this.messages.filter((message) => message.name.startsWith("metadata-"));
    this.#record = { ...emptyRecord(), issuer: this.#record.issuer, messages };
    this.#spent = null;
    this.#save();
  }

  /** Forgets everything. */
  clear() {
    this.#record = emptyRecord();
    this.#spent = null;
    this.#answers = {};
    this.#save();
  }

  /** Says which server is in use now. What is known of another one is forgotten, and of the same one where it is to be asked afresh. */
  isAbout(issuer, afresh) {
    if (this.#record.issuer === issuer && !afresh) return;
    this.clear();
    this.#record.issuer = issuer;
    this.#save();
  }

  /** Whether the login that this tab began last is the one with this state, and its code was not redeemed yet. */
  awaits(state) {
    return state !== null && this.#record.state === state && !this.#has("token-request");
  }

  /**
   * Adds a message.
   *
   * @param {object} message
   * @param {"app"|"browser"|"server"|"thief"} message.from
   * @param {"app"|"browser"|"server"|"thief"} message.to
   * @param {string} message.name - What tests and styles call it.
   * @param {string} message.title - What people call it.
   * @param {string} [message.method] - The HTTP method or status.
   * @param {string} [message.note] - A sentence more.
   * @param {object[]} [message.fields] - What it carries, from {@link field}.
   * @param {Record<string, string[]>} [message.learns] - Which facts become known to whom.
   * @param {"good"|"bad"} [message.mark] - Whether it is what everybody hopes for, or what nobody does.
   */
  add(message) {
    this.#record.messages.push({ fields: [], learns: {}, ...message });
    this.#save();
  }

  /**
   * Says which callback is handled next, before the package sees it.
   *
   * @param {URL} url - The page's own URL, or the one that the shell handed over.
   */
  expect({ searchParams }) {
    const state = searchParams.get("state");
    const isAgain = state !== null && this.#record.state === state;
    this.#next = this.awaits(state) ? "awaited" : isAgain ? "again" : "foreign";
  }

  /** Shows a callback at which the page stops: the package has not seen it yet. */
  stopsAt(url) {
    const parameters = Object.fromEntries(
      [...url.searchParams].map(([name, value]) => [
        name,
        name === "iss" ? value : `${value.length} characters`,
      ]),
    );
    this.#callback({ url: url.href.split("?")[0], parameters });
  }

  #has(name) {
    return this.messages.some((message) => message.name === name);
  }

  #save() {
    try {
      const notes = this.#shell.notes();
      notes.setItem(STORAGE_KEY, JSON.stringify(this.#record));
      notes.setItem(ANSWERS_KEY, JSON.stringify(this.#answers));
    } catch {
      // Full or forbidden: the picture is then lost with the page, the sign-in is not.
    }
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        // A picture that cannot be drawn stops no sign-in.
        setTimeout(() => {
          throw error;
        });
      }
    }
  }

  /** Draws what the package tells. */
  #hear(event) {
    const { step, ms } = event;
    if (step === "navigate") this.#navigate(event);
    if (step === "callback" && ms === undefined) this.#callback(event);
    if (step === "request") this.#request(event);
    if (step === "response") this.#response(event);
  }

  #navigate({ url, parameters }) {
    const path = pathOf(url);
    if (url === this.metadata?.end_session_endpoint) {
      return this.add({
        from: "app",
        to: "browser",
        name: "sign-out-request",
        title: "App sends you to the server to sign out",
        method: "open",
        fields: [{ name: "endpoint", value: url, secret: false }, ...told(parameters)],
      });
    }
    const isPushed = "request_uri" in parameters;
    if (parameters.dpop_jkt) this.#addKey();
    if (parameters.code_challenge) this.#addVerifier(parameters.code_challenge);
    const seen = parameters.code_challenge ? ["code_challenge", "state"] : isPushed ? [] : ["state"];
    const isOpen = seen.length === 1;
    this.add({
      from: "app",
      to: "browser",
      name: "authorization-request",
      title: isOpen ? "App sends you to the server, without a challenge" : "App sends you to the server",
      method: "open",
      note: isPushed
        ? "Only the name of the request travels in the open."
        : isOpen
          ? "Nothing in this request says who may redeem the code."
          : "The challenge travels in the open. The verifier stays behind.",
      fields: [{ name: "endpoint", value: url, secret: false }, ...told(parameters)],
      learns: { app: seen, browser: seen },
    });
    this.add({
      from: "browser",
      to: "server",
      name: "navigate",
      title: "Browser asks for the sign-in page",
      method: "GET",
      note: isOpen ? "" : "The server keeps the challenge, to compare it with the verifier later.",
      fields: [{ name: "path", value: path, secret: false }],
      learns: { server: seen },
    });
  }

  #addVerifier(challenge) {
    this.#record.challenge = challenge;
    this.add({
      from: "app",
      to: "app",
      name: "make-verifier",
      title: "App makes a verifier and its challenge",
      note: "The verifier is 256 random bits. The challenge is its SHA-256. Nobody can compute the way back.",
      challenge,
      learns: { app: ["code_verifier", "code_challenge", "state"] },
    });
  }

  #addKey() {
    if (this.#has("make-key")) return;
    this.add({
      from: "app",
      to: "app",
      name: "make-key",
      title: "App makes a key for its tokens (DPoP)",
      note: "The browser keeps the private half. No script can read it, this page included.",
      learns: { app: ["key"] },
    });
  }

  #callback({ url, parameters = {} }) {
    const how = this.#next ?? (this.#has("navigate") ? "awaited" : "foreign");
    if (!["code", "state", "error"].some((name) => name in parameters)) return;
    if (how === "awaited" && this.#has("callback")) return;
    this.#next = null;
    const awaited = how === "awaited";
    const isRefusal = "error" in parameters;
    const isSignOut = !isRefusal && !("code" in parameters);
    const learned = isRefusal || isSignOut ? [] : ["code"];
    const fields = told(parameters);
    const mark = isRefusal || !awaited ? "bad" : undefined;
    if (isSignOut) {
      if (!this.#has("sign-out-request")) return;
      return this.add({
        from: "server",
        to: "browser",
        name: "sign-out-response",
        title: "Server sends you back, signed out",
        method: "303",
        fields,
      });
    }
    if (awaited) {
      this.add({
        from: "server",
        to: "browser",
        name: "authorization-response",
        title: isRefusal ? "Server sends you back with a refusal" : "Server sends you back with a code",
        method: "303",
        note: "What passed between you and the server before this, the app never saw: not your password either.",
        fields: [{ name: "location", value: url, secret: false }, ...fields],
        learns: { server: learned, browser: learned },
        mark: isRefusal ? "bad" : undefined,
      });
    }
    const titles = {
      awaited: "Browser opens the callback",
      again: "The same callback arrives again",
      foreign: "A callback arrives that nobody here waits for",
    };
    this.add({
      from: "browser",
      to: "app",
      name: "callback",
      title: titles[how],
      method: "GET",
      note: "This URL passes through the address bar, the history and the operating system. Codes are stolen here.",
      fields,
      learns: awaited ? { app: learned } : {},
      mark,
    });
  }

  #request(event) {
    const { method, url, parameters, headers } = event;
    if (this.#answers[url]) return;
    const kind = kindOf(event, this.metadata);
    this.#asked.set(url, [...(this.#asked.get(url) ?? []), kind]);
    if (headers?.DPoP) this.#addKey();
    if (parameters?.code_challenge) this.#addVerifier(parameters.code_challenge);
    if (kind === "metadata" && this.#asksNextPlace(url)) return;
    const hasVerifier = parameters?.code_verifier !== undefined;
    const isPlain = kind === "token" && !hasVerifier;
    const pushed = kind === "push" ? ["code_challenge", "state"] : [];
    const learned = hasVerifier ? ["code_verifier"] : pushed;
    this.add({
      from: "app",
      to: "server",
      name: `${kind}-request`,
      title: isPlain ? "App redeems the code, without a verifier" : ASKING[kind],
      method,
      note: kind === "token" ? (isPlain ? NO_VERIFIER : VERIFIER_LEAVES) : "",
      fields: [{ name: "path", value: pathOf(url), secret: false }, ...told(headers), ...told(parameters)],
      learns: { server: learned },
    });
  }

  /** A server may say what it offers at one of several places. That they are asked one after the other is one question. */
  #asksNextPlace(url) {
    const { messages } = this.#record;
    const [asked, answered] = messages.slice(-2);
    if (answered?.name !== "metadata-response" || answered.mark !== "bad") return false;
    asked.fields.push({ name: "and then", value: pathOf(url), secret: false });
    messages.pop();
    this.#save();
    return true;
  }

  #response(event) {
    const { url, status, parameters = {}, error } = event;
    const used = this.#fromCache.get(url) ?? 0;
    this.#fromCache.set(url, Math.max(0, used - 1));
    if (used > 0) return;
    const kind = this.#asked.get(url)?.shift() ?? kindOf(event, this.metadata);
    if (error !== undefined) {
      return this.add({
        from: "server",
        to: "app",
        name: `${kind}-response`,
        title: "No answer came",
        method: "none",
        fields: [{ name: "error", value: error, secret: false }],
        mark: "bad",
      });
    }
    // The answer to the question for a nonce is a refusal of the token that is none.
    const ok = (status >= 200 && status < 300) || kind === "nonce";
    const shown =
      kind === "metadata"
        ? Object.fromEntries(Object.entries(parameters).filter(([name]) => METADATA_MEMBERS.includes(name)))
        : parameters;
    const tokens = ok && kind === "token" ? ["tokens"] : [];
    this.add({
      from: "server",
      to: "app",
      name: `${kind}-response`,
      title: !ok
        ? "Server refuses"
        : kind === "token" && !this.challenge
          ? "Server sends tokens"
          : ANSWERING[kind],
      method: String(status),
      fields: told(shown),
      learns: { app: tokens, server: tokens },
      mark: ok ? undefined : "bad",
    });
  }

  /** Remembers which login is under way, and goes to the server. */
  #open(url) {
    const state = new URL(url).searchParams.get("state");
    if (url.split("?")[0] !== this.metadata?.end_session_endpoint) this.#record.state = state;
    this.#save();
    return this.#shell.open(url);
  }

  /** The network, with what the page asked before the redirect, and with an eye on the verifier of a code that is redeemed. */
  async #fetch(input, init = {}) {
    const url = String(input);
    const kept = this.#answers[url];
    if (kept) {
      this.#fromCache.set(url, (this.#fromCache.get(url) ?? 0) + 1);
      return new Response(kept.body, { status: kept.status, headers: { "Content-Type": kept.type } });
    }
    const verifier = new URLSearchParams(typeof init.body === "string" ? init.body : "").get("code_verifier");
    const response = await fetch(input, init);
    if (url.includes("/.well-known/")) await this.#keep(url, response);
    if (verifier && response.ok) {
      this.#spent = verifier;
      this.#save();
    }
    return response;
  }

  async #keep(url, response) {
    try {
      const type = response.headers.get("content-type") ?? "";
      this.#answers[url] = { status: response.status, type, body: await response.clone().text() };
    } catch {
      // It is asked for again.
    }
  }
}
