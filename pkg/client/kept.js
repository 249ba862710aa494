// The records of a client's logins, and that of its session.
import { toJson } from "../engine/json.js";
import { BEFORE, EPOCH, IN_USE, PENDING, REMAINS, SERVER, SESSION } from "../platform/records.js";

/** The most records of a kind that one sweep looks at, and the most sessions of the past whose tokens are removed again. */
export const MOST_SWEPT = 500;
const MOST_FORMER = 8;

export const createLogins = (ask, place) => {
  /** Forgets what nobody will finish, and the oldest where there are too many. */
  const sweep = () => {
    for (const kind of [PENDING, REMAINS]) {
      const records = place.names(kind, MOST_SWEPT).map((name) => {
        // Four lines of each, also of one that somebody broke.
        const [version = "", owner = "", time = ""] = (place.get("", name) ?? "").split("\n", 3);
        return `${[name, version, owner, time].join("\n")}\n`;
      });
      if (records.length === 0) continue;
      for (const name of ask("sweep", records.join("")).forget) place.remove("", name);
    }
  };

  return {
    place,
    /** Looks for the records of pending logins, which takes a while the first time; their names. */
    look: () => place.names(PENDING, MOST_SWEPT),
    /** The redirect URIs that servers without `iss` have in use. */
    inUse: () => place.get(IN_USE, ""),
    begin(key, transaction, inUse) {
      sweep();
      if (inUse !== undefined) place.set(IN_USE, "", inUse);
      place.set(PENDING, key, transaction);
    },
    /** The record of a pending login. One of version 0.1.0 is refused by the module: it begins again. */
    pending: (key) => place.get(PENDING, key) ?? place.get(BEFORE[PENDING], key),
    remains: (key) => place.get(REMAINS, key),
    /** Puts what remains in the place of the login, which makes room for it where the storage is full. */
    bury(key, remains) {
      place.remove(PENDING, key);
      place.remove(BEFORE[PENDING], key);
      place.set(REMAINS, key, remains);
    },
    /** Puts a login back in the place of what remains: its exchange never reached the server, or no answer came. */
    restore(key, transaction) {
      place.set(PENDING, key, transaction);
      place.remove(REMAINS, key);
    },
  };
};

/** A name that nothing else has. */
const unique = () => globalThis.crypto.getRandomValues(new Uint32Array(4)).join("-");

/** Before a new epoch: that of a first login, and that of a sign-out. */
const FIRST = "f";
const SIGNED_OUT = "s";

/** How an epoch is called among those that are over. */
export const epochKey = (owner, epoch) => `${owner} ${epoch}`;

/**
 * The session of a client, and its end. Storages that processes share know no compare-and-write, so nothing rests on one. Every login has a session with an `id`
 * of its own, kept under a name of its own: a late write meets no other session. An *epoch* stands in storage that the origin shares (`shared`), and
 * a session counts only in the epoch in which it began: a sign-out begins another one before it does anything else. `over` says which epoch came after
 * one that is known to be over, whatever the storage still shows; `written` has the names of the records that this page wrote: nobody else may know of one. `adopt` makes a session of what version 0.1.0 kept.
 */
export const createSessions = (place, shared, owner, { adopt, over, written }) => {
  /** The epoch that the storage shows: empty when there is none, undefined where there is no storage. */
  const shown = () => {
    try {
      return shared.get(EPOCH, owner) ?? "";
    } catch {}
  };
  const key = (epoch) => epochKey(owner, epoch);
  const current = () => {
    let epoch = shown() ?? "";
    for (let rest = over.size; rest > 0 && over.has(key(epoch)); rest--) epoch = over.get(key(epoch));
    return epoch;
  };
  const write = (epoch) => {
    try {
      shared.set(EPOCH, owner, epoch);
      return epoch;
    } catch {
      // What is missing ends a session as well.
      shared.remove(EPOCH, owner);
      return "";
    }
  };
  /** The name of the session, and those of former ones, whose tokens a late write may have brought back. */
  const names = () => (place.get(SESSION, owner) ?? "").split("\n");
  /** The epoch, before something begins that may end in a session. Only a sign-out writes another one: a late write of this one would undo that. */
  const begin = () => current() || write(FIRST + unique());
  const record = (name) => `${owner}:${name}`;
  const forget = (former, but) => {
    for (const name of former) if (name && name !== but) place.remove(SESSION, record(name));
  };
  /** Removes what was written of sessions that are over. */
  const clean = (current, former) => {
    forget([...former, ...(written.get(owner) ?? [])], current);
    written.set(owner, current ? [current] : []);
  };

  const save = (id, session) => {
    const epoch = begin();
    const name = `${epoch}:${id}`;
    const before = names();
    const former = before.filter((one) => one && one !== name).slice(0, MOST_FORMER);
    try {
      place.set(SESSION, record(name), session);
    } catch {
      // There is room for one.
      forget(former);
      place.set(SESSION, record(name), session);
    }
    if (before[0] !== name) place.set(SESSION, owner, [name, ...former].join("\n"));
    clean(name, former);
    place.remove(BEFORE[SESSION], owner);
    return { id, epoch, session };
  };

  return {
    /**
     * The session that counts: `{ id, epoch, session }`. What version 0.1.0 wrote last is the newer one: it is where a page of that version is still open. It stays
     * there until it is replaced, and whoever replaces it for fresh tokens has the lock that both versions take: no refresh token is sent twice. After a
     * sign-out it does not count any more.
     */
    load() {
      const epoch = current();
      const before = epoch.startsWith(SIGNED_OUT) ? undefined : place.get(BEFORE[SESSION], owner);
      const adopted = before && adopt(before);
      if (adopted) return { ...adopted, epoch };
      const former = names();
      const [name] = former;
      const [began, id] = name.split(":");
      const counts = name && began === epoch;
      clean(counts && name, former);
      if (!counts) return;
      const session = place.get(SESSION, record(name));
      return session === undefined ? session : { id, epoch, session };
    },
    save,
    begin,
    /** Keeps the session of a login that began in that epoch; nothing when somebody has signed out meanwhile. */
    start(began, session) {
      const epoch = current();
      const areFirst = epoch.startsWith(FIRST) && began.startsWith(FIRST);
      if (began === epoch || areFirst) return save(unique(), session);
    },
    /** Begins another epoch, in which no session counts that there is: also where nothing can be written. Gives which one came after which. */
    end(now = SIGNED_OUT + unique()) {
      const was = current();
      if (was !== now) over.set(key(was), now);
      write(now);
      return { was, now };
    },
    /** Forgets the session. */
    remove() {
      const former = names().filter(Boolean).slice(0, MOST_FORMER);
      forget(former);
      place.remove(BEFORE[SESSION], owner);
      if (former.length > 0) place.set(SESSION, owner, ["", ...former].join("\n"));
    },
    /** Somebody elsewhere has signed out. */
    hear({ was, now }) {
      if (typeof was !== "string" || typeof now !== "string" || was === now) return;
      over.set(key(was), now);
      // Without a storage that both see, it is known from nowhere else.
      const mine = shown() === undefined ? current() : now;
      if (mine !== now) over.set(key(mine), now);
    },
  };
};

/** The most characters of what a server says of itself that are kept. */
const MOST_METADATA = 1 << 16;

/** What the server of a session said of itself, and when. It is no secret. Whoever reads it checks it again. */
export const createServers = (place, issuer) => ({
  load() {
    const text = place.get(SERVER, issuer);
    const [at] = (text ?? "").split("\n", 1);
    return at ? { at: Number(at), metadata: JSON.parse(text.slice(at.length)) } : undefined;
  },
  save(metadata) {
    const text = `${Date.now()}\n${toJson(metadata)}`;
    try {
      if (text.length <= MOST_METADATA) place.set(SERVER, issuer, text);
    } catch {
      // It is fetched again at the next start.
    }
  },
  remove: () => place.remove(SERVER, issuer),
});
