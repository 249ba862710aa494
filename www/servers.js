/** Which authorization server is used, and how: kept across the redirect. */

const CHOICE_KEY = "demo.server";
const OWN_KEY = "demo.own-server";

/** Reads what this tab kept, or else what any tab kept. */
function read(key) {
  try {
    return sessionStorage.getItem(key) ?? localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a value: for this tab, and for the next visit. */
function write(key, value) {
  try {
    sessionStorage.setItem(key, value);
    localStorage.setItem(key, value);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

/** Parses JSON; null when it is none. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The servers to choose from, and the choice. */
export class Servers {
  #known;
  #choice;
  #own;

  /** @param {object[]} known - The servers that `config.json` lists. */
  constructor(known) {
    this.#known = known;
    const kept = read(CHOICE_KEY);
    this.#choice = kept === "custom" || known.some(({ id }) => id === kept) ? kept : known[0].id;
    this.#own = { issuer: "", clientId: "", scope: "openid profile email", ...parse(read(OWN_KEY)) };
  }

  /** What can be chosen: `{ id, label }`. */
  get choices() {
    return [...this.#known, { id: "custom", label: "Your own" }];
  }

  /** The id of the chosen server: one of `config.json`, or `custom`. */
  get choice() {
    return this.#choice;
  }

  set choice(id) {
    this.#choice = id;
    write(CHOICE_KEY, id);
  }

  /** What the visitor entered: issuer, client id and scope. */
  get own() {
    return this.#own;
  }

  set own(server) {
    this.#own = server;
    write(OWN_KEY, JSON.stringify(server));
  }

  /** The redirect URI to register anywhere. */
  get redirectUri() {
    return this.#known[0].redirectUri;
  }

  /** The chosen server, or null while the visitor's own is not named yet. */
  get current() {
    if (this.#choice !== "custom") return this.#known.find(({ id }) => id === this.#choice);
    const { issuer, clientId, scope } = this.#own;
    if (issuer === "" || clientId === "") return null;
    return { id: "custom", label: "Your own server", issuer, clientId, scope, redirectUri: this.redirectUri };
  }
}

/**
 * A switch of this tab, kept across the redirect.
 *
 * @param {string} key - Where it is kept.
 * @param {boolean} usual - Its position at first.
 */
function tabSwitch(key, usual) {
  let position = usual;
  return {
    get on() {
      try {
        return (sessionStorage.getItem(key) ?? String(position)) === "true";
      } catch {
        return position;
      }
    },
    set on(value) {
      position = value;
      try {
        sessionStorage.setItem(key, String(value));
      } catch {
        // Without storage it lasts as long as the page.
      }
    },
  };
}

/**
 * The switches: whether there is PKCE, whether tokens are bound to a key, and whether the page stops before the code is redeemed.
 *
 * @param {{ inApplication: boolean }} shell - An application does not stop unless it is asked to.
 */
export const switches = ({ inApplication }) => ({
  pkce: tabSwitch("demo.pkce", true),
  dpop: tabSwitch("demo.dpop", false),
  pause: tabSwitch("demo.pause", !inApplication),
});
