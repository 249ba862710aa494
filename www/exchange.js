/**
 * The recorder: notes every message of a sign-in as it really happens, and keeps the notes across the redirect.
 *
 * It sits in the two hooks that the package offers to its host, `fetch` and `open`. Secrets are shortened before they are
 * noted, so that the notes are worth nothing to a thief.
 */

const STORAGE_KEY = "demo.exchange";

/** What is never noted in full. */
const SECRETS = new Set([
  "code",
  "code_verifier",
  "access_token",
  "refresh_token",
  "id_token",
  "token",
  "Authorization",
]);

/** The members of the metadata that matter for the picture. */
const METADATA_MEMBERS = [
  "issuer",
  "authorization_endpoint",
  "token_endpoint",
  "code_challenge_methods_supported",
  "token_endpoint_auth_methods_supported",
  "authorization_response_iss_parameter_supported",
];

const LONGEST_VALUE = 160;

/**
 * One value of a message, fit to be shown: text, shortened where it is secret.
 *
 * @param {string} name - The parameter's or member's name.
 * @param {unknown} value - What was sent.
 * @returns {{ name: string, value: string, secret: boolean }}
 */
export function field(name, value) {
  const text =
    typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : JSON.stringify(value);
  if (SECRETS.has(name)) return { name, value: shorten(text), secret: true };
  return {
    name,
    value: text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text,
    secret: false,
  };
}

/** The first six and the last four characters; of a short secret nothing. */
function shorten(secret) {
  const bearer = /^Bearer /i.test(secret) ? secret.slice(0, 7) : "";
  const rest = secret.slice(bearer.length);
  return bearer + (rest.length < 20 ? "••••••" : `${rest.slice(0, 6)}…${rest.slice(-4)}`);
}

/** Fields of form or query parameters. */
function fieldsOf(parameters) {
  return [...parameters].map(([name, value]) => field(name, value));
}

/** The path of a URL, for the eye. */
function pathOf(url) {
  return new URL(url).pathname;
}

/** What a request is, by where it goes. */
function kindOf(url, metadata) {
  if (url.includes("/.well-known/")) return "metadata";
  const names = {
    token_endpoint: "token",
    userinfo_endpoint: "userinfo",
    jwks_uri: "jwks",
    revocation_endpoint: "revocation",
  };
  const member = Object.keys(names).find((name) => metadata?.[name] === url);
  return member ? names[member] : "request";
}

const ASKING = {
  metadata: "App asks what the server offers",
  token: "App redeems the code with its verifier",
  refresh: "App trades the refresh token",
  userinfo: "App asks who this is",
  jwks: "App fetches the server’s public keys",
  revocation: "App gives the tokens back",
  request: "App asks the server",
};

const ANSWERING = {
  metadata: "Server names its endpoints",
  token: "Verifier and challenge match: tokens",
  refresh: "Server sends fresh tokens",
  userinfo: "Server tells who this is",
  jwks: "Server sends its public keys",
  revocation: "Server forgets the tokens",
  request: "Server answers",
};

/** The record of one sign-in. */
function emptyRecord() {
  return { state: null, challenge: null, messages: [] };
}

/** Records the messages of one sign-in after another. */
export class Exchange {
  #record = emptyRecord();
  #listeners = [];
  #shell;

  /** @param {object} shell - Where the page runs: what opens the sign-in page, and where the notes are kept. */
  constructor(shell) {
    this.#shell = shell;
    try {
      this.#record = { ...this.#record, ...JSON.parse(shell.notes().getItem(STORAGE_KEY)) };
    } catch {
      // A page without storage still shows what happens before the redirect.
    }
    /** The metadata in use, by which requests are told apart. */
    this.metadata = null;
    /** The hooks for the package's configuration. */
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

  /** Calls back after every new message. */
  onMessage(listener) {
    this.#listeners.push(listener);
  }

  /** Forgets the messages of the last sign-in; those that found the server's metadata stay. */
  begin() {
    const messages = this.messages.filter((message) => message.name.startsWith("metadata-"));
    this.#record = { ...emptyRecord(), messages };
    this.#save();
  }

  /** Forgets everything: another server is in use now. */
  clear() {
    this.#record = emptyRecord();
    this.#save();
  }

  /** Whether the login that this tab began last is the one with this state, and its code was not redeemed yet. */
  awaits(state) {
    return (
      state !== null &&
      this.#record.state === state &&
      !this.messages.some((message) => message.name === "token-request")
    );
  }

  /**
   * Notes a message.
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
   * @param {boolean} [message.bad] - Whether it is a refusal or a failure.
   */
  add(message) {
    this.#record.messages.push({ fields: [], learns: {}, ...message });
    this.#save();
  }

  /**
   * Notes that a callback has arrived, and by whose hand.
   *
   * @param {URL} url - The page's own URL, before anything is removed from it, or the one that the shell handed over.
   */
  arrived(url) {
    const state = url.searchParams.get("state");
    const awaited = this.awaits(state);
    const again = !awaited && state !== null && this.#record.state === state;
    if (awaited && this.messages.some((message) => message.name === "callback")) return;
    const fields = fieldsOf(url.searchParams);
    const bad = url.searchParams.has("error");
    const learned = bad ? [] : ["code"];
    if (awaited) {
      this.add({
        from: "server",
        to: "browser",
        name: "authorization-response",
        title: bad ? "Server sends you back with a refusal" : "Server sends you back with a code",
        method: "303",
        note: "What passed between you and the server before this, name and password, the app never saw.",
        fields: [field("location", url.href.split("?")[0]), ...fields],
        learns: { server: learned, browser: learned },
        bad,
      });
    }
    this.add({
      from: "browser",
      to: "app",
      name: "callback",
      title: awaited
        ? "Browser opens the callback"
        : again
          ? "The same callback arrives again"
          : "A callback arrives that nobody here waits for",
      method: "GET",
      note: "This URL passes through the address bar, the history and the operating system: the place where codes are stolen.",
      fields,
      learns: awaited ? { app: learned } : {},
      bad: bad || !awaited,
    });
  }

  #save() {
    try {
      this.#shell.notes().setItem(STORAGE_KEY, JSON.stringify(this.#record));
    } catch {
      // Full or forbidden: the picture is then lost with the page, the sign-in is not.
    }
    for (const listener of this.#listeners) listener();
  }

  #open(url) {
    const { searchParams, origin, pathname } = new URL(url);
    const seen = ["code_challenge", "state"];
    this.#record.state = searchParams.get("state");
    this.#record.challenge = searchParams.get("code_challenge");
    this.add({
      from: "app",
      to: "app",
      name: "make-verifier",
      title: "App makes a verifier and its challenge",
      note: "The verifier is 256 bits of chance. The challenge is its SHA-256; nobody can compute the way back.",
      fields: [field("code_challenge", searchParams.get("code_challenge") ?? "missing")],
      learns: { app: ["code_verifier", ...seen] },
    });
    this.add({
      from: "app",
      to: "browser",
      name: "authorization-request",
      title: "App sends you to the server",
      method: "open",
      note: "The challenge travels in the open. The verifier stays behind.",
      fields: [field("endpoint", origin + pathname), ...fieldsOf(searchParams)],
      learns: { browser: seen },
    });
    this.add({
      from: "browser",
      to: "server",
      name: "navigate",
      title: "Browser asks for the sign-in page",
      method: "GET",
      note: "The server keeps the challenge, to compare it with the verifier later.",
      fields: [field("path", pathname)],
      learns: { server: seen },
    });
    return this.#shell.open(url);
  }

  async #fetch(input, init = {}) {
    const url = String(input);
    const form =
      typeof init.body === "string" || init.body instanceof URLSearchParams ? String(init.body) : "";
    const parameters = new URLSearchParams(form);
    const refreshes = parameters.get("grant_type") === "refresh_token";
    const kind = refreshes ? "refresh" : kindOf(url, this.metadata);
    const bearer = new Headers(init.headers).get("Authorization");
    this.add({
      from: "app",
      to: "server",
      name: `${kind}-request`,
      title: ASKING[kind],
      method: init.method ?? "GET",
      note:
        kind === "token"
          ? "Only now does the verifier leave the app, straight to the server and past the browser’s address bar."
          : "",
      fields: [
        field("path", pathOf(url)),
        ...(bearer ? [field("Authorization", bearer)] : []),
        ...fieldsOf(parameters),
      ],
      learns: kind === "token" ? { server: ["code_verifier"] } : {},
    });
    let response;
    try {
      response = await fetch(input, init);
    } catch (error) {
      this.add({
        from: "server",
        to: "app",
        name: `${kind}-response`,
        title: "No answer came",
        method: "none",
        bad: true,
      });
      throw error;
    }
    await this.#noteAnswer(kind, response);
    return response;
  }

  async #noteAnswer(kind, response) {
    let body;
    try {
      body = await response.clone().json();
    } catch {
      body = {};
    }
    const names =
      kind === "metadata" ? METADATA_MEMBERS.filter((name) => name in body) : Object.keys(body ?? {});
    const tokens = response.ok && kind === "token" ? ["tokens"] : [];
    this.add({
      from: "server",
      to: "app",
      name: `${kind}-response`,
      title: response.ok ? ANSWERING[kind] : "Server refuses",
      method: String(response.status),
      fields: names.map((name) => field(name, body[name])),
      learns: tokens.length > 0 ? { app: tokens, server: tokens } : {},
      bad: !response.ok,
    });
  }
}
