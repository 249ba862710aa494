/** Which authorization server is used: the two of the demo, or one that the visitor names. Kept across the redirect. */

const CHOICE_KEY = "demo.server";
const OWN_KEY = "demo.own-server";
const PAUSE_KEY = "demo.pause";
const METADATA_KEY = "demo.metadata";

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

  /** @param {object[]} known - The servers that `/config.json` lists. */
  constructor(known) {
    this.#known = known;
    const kept = read(CHOICE_KEY);
    this.#choice = kept === "custom" || known.some(({ id }) => id === kept) ? kept : known[0].id;
    this.#own = { issuer: "", clientId: "", scope: "openid profile email", ...parse(read(OWN_KEY)) };
  }

  /** The id of the chosen server: `demo`, `pingone` or `custom`. */
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

/** Whether the page stops before the code is redeemed; kept for this tab. */
export const pause = {
  get wanted() {
    return read(PAUSE_KEY) === "true";
  },
  set wanted(value) {
    try {
      sessionStorage.setItem(PAUSE_KEY, String(value));
    } catch {
      // Without storage there is no pause.
    }
  },
};

/** Metadata found before the user left, so that the way back from the server need not ask for it again. */
export const metadataCache = {
  /** The metadata of an issuer, or null. */
  find(issuer) {
    const kept = parse(read(METADATA_KEY));
    return kept?.issuer === issuer ? kept : null;
  },
  /** Keeps the metadata of the server in use where the notes are. */
  keep(metadata, notes) {
    try {
      notes.setItem(METADATA_KEY, JSON.stringify(metadata));
    } catch {
      // It is asked for again.
    }
  },
};
