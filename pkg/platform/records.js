// The records of logins and sessions, by name, in the storage of their tier.

/** What the names of all records begin with. */
const ALL = "pkce-wasm:";

/**
 * Before the name of a pending login, of what remains of one, of a session, of its epoch, of what its server says of itself, and of what the application keeps with
 * a login. The last one is the whole name of the record of redirect URIs in use.
 */
export const PENDING = "pkce-wasm:2:t:";
export const REMAINS = "pkce-wasm:2:d:";
export const SESSION = "pkce-wasm:2:s:";
export const EPOCH = "pkce-wasm:2:e:";
export const SERVER = "pkce-wasm:2:m:";
export const APP_STATE = "pkce-wasm:2:a:";
export const IN_USE = "pkce-wasm:2:u";

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

/**
 * The names of our records in a storage, and how many items it had with them. It is walked again only when that has changed: an application may keep
 * thousands of items of its own.
 */
const known = new WeakMap();

const namesIn = (storage) => {
  let entry = known.get(storage);
  if (entry?.length !== storage.length) {
    const { length } = storage;
    const keys = Object.keys(storage);
    // One that is made of functions does not list its items so.
    const all = keys.length === length ? keys : Array.from({ length }, (_, at) => storage.key(at));
    entry = { names: new Set(all.filter((name) => name?.startsWith(ALL))), length };
    known.set(storage, entry);
  }
  return [...entry.names];
};

/** After a record was written or removed: what is known of the storage. */
const note = (storage, name, isThere) => {
  const entry = known.get(storage);
  if (!entry || entry.names.has(name) === isThere) return;
  entry.names[isThere ? "add" : "delete"](name);
  entry.length += isThere ? 1 : -1;
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
    set: (kind, name, record) =>
      tried(() => {
        storage.setItem(kind + name, record);
        note(storage, kind + name, true);
      }),
    /** A storage that cannot forget has nothing to forget: it could not be written either. */
    remove: (kind, name) => {
      try {
        storage?.removeItem(kind + name);
        if (storage) note(storage, kind + name, false);
      } catch {}
    },
    /** The names of the records of a kind, so many at the most. */
    names: (kind, most) =>
      tried(() =>
        namesIn(storage)
          .filter((name) => name.startsWith(kind))
          .slice(0, most),
      ),
  };
};
