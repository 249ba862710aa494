// The records of logins and sessions, by name, in the storage of their tier.

/** Before the name of a pending login, of what remains of one, and of a session. */
export const PENDING = "pkce-wasm:2:t:";
export const REMAINS = "pkce-wasm:2:d:";
export const SESSION = "pkce-wasm:2:s:";

/** How version 0.1.0 names them. */
export const BEFORE = {
  [PENDING]: "pkce-wasm:t:",
  [REMAINS]: "pkce-wasm:d:",
  [SESSION]: "pkce-wasm:s:",
};

/** The storage of a tier; undefined where there is none, or the page may not use it. */
const open = (tier, memory, host) => {
  try {
    if (tier === "local") return globalThis.localStorage;
    if (tier === "session") return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
  return tier === "host" ? host : memory;
};

/** The records of a kind of tier. `unavailable` makes the error of a storage that fails. */
export const createPlace = (tier, memory, host, unavailable) => {
  const storage = open(tier, memory, host);
  const tried = (attempt) => {
    try {
      if (storage) return attempt();
    } catch (cause) {
      throw unavailable(cause);
    }
    throw unavailable();
  };
  return {
    /** Without a storage there is an error, and without the record nothing. */
    get: (kind, name) => tried(() => storage.getItem(kind + name) ?? undefined),
    set: (kind, name, record) => tried(() => storage.setItem(kind + name, record)),
    /** A storage that cannot forget has nothing to forget: it could not be written either. */
    remove: (kind, name) => {
      try {
        storage?.removeItem(kind + name);
      } catch {}
    },
    /** The names of all records of a kind. */
    names: (kind) =>
      tried(() =>
        Array.from({ length: storage.length }, (_, at) => storage.key(at)).filter((name) =>
          name?.startsWith(kind),
        ),
      ),
  };
};
