// Sessions that are kept. This is loaded where there is one, or one is about to be.
import { own } from "../platform/own.js";
import { createSession } from "./session.js";

/** The most sessions of the past whose tokens are removed again. */
const MOST_FORMER = 8;

/** The place of `network_failed` in the table of codes. Those before it are of calls that are wrong: no refresh fails with one. */
const NETWORK_FAILED = 15;

/** The session that version 0.1.0 kept, as this version keeps it; nothing where nobody can read it. */
const adopt = ({ ask, toJson }, form) => {
  try {
    const kept = own(Object.fromEntries(new URLSearchParams(form)));
    const members = Object.entries(kept).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
      /^expires_|_details$/.test(name) ? JSON.parse(value) : value,
    ]);
    const { session, tokens } = ask("fromTokens", toJson(Object.fromEntries(members)));
    // The last five lines say how the attempts went to refresh it; the last two were not known then.
    const attempts = [kept.attempts, kept.failed, kept.retry_at, "", ""].map((line) =>
      /^\d+$/.test(line) ? line : "",
    );
    attempts[1] &&= `{"code":${Math.max(NETWORK_FAILED, attempts[1])}}`;
    return {
      id: encodeURIComponent(`0.1.0 ${own(own(tokens).claims).sub}`),
      session: `${session.slice(0, -attempts.length)}${attempts.join("\n")}\n`,
    };
  } catch {}
};

/** Forgets those logins of version 0.1.0 that nobody will finish. */
const sweep = (place, names) => {
  for (const name of names) {
    const [, end] = /expires_at=(\d+)/.exec(place.get("", name)) ?? [];
    if (!(1000 * end > Date.now())) place.remove("", name);
  }
};

/**
 * The session of a client. Every login has one with an `id` of its own, kept under a name of its own: a late write meets no other session. `written` has
 * the names of the records that this page wrote: nobody else may know of one.
 */
const createSessions = (parts, place, epochs, owner, written) => {
  const { BEFORE, SESSION } = parts.kinds;
  /** The name of the session, and those of former ones, whose tokens a late write may have brought back. */
  const names = () => (place.get(SESSION, owner) ?? "").split("\n");
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
    const epoch = epochs.begin();
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
     * The session that counts, or did in that epoch: `{ id, epoch, session }`. What version 0.1.0 wrote last is the newer one: it is where a page of that version is still open. It stays
     * there until it is replaced, and whoever replaces it for fresh tokens has the lock that both versions take: no refresh token is sent twice. After a
     * sign-out it does not count any more.
     */
    load(epoch = epochs.current()) {
      const before = epochs.isAfterSignOut(epoch) ? undefined : place.get(BEFORE[SESSION], owner);
      const adopted = before && adopt(parts, before);
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
    /** Keeps the session of a login that began in that epoch; nothing when somebody has signed out meanwhile. */
    start(began, session) {
      if (epochs.fits(began, epochs.current())) return save(epochs.unique(), session);
    },
    /** Forgets the session. */
    remove() {
      const former = names().filter(Boolean).slice(0, MOST_FORMER);
      forget(former);
      place.remove(BEFORE[SESSION], owner);
      if (former.length > 0) place.set(SESSION, owner, ["", ...former].join("\n"));
    },
  };
};

/** The most characters of what a server says of itself that are kept. */
const MOST_METADATA = 1 << 16;

/** What the server of a session said of itself, and when. It is no secret. Whoever reads it checks it again. */
const createServers = ({ kinds: { SERVER }, toJson }, place, issuer) => ({
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

/** `parts` has the kinds of records, too: then no script is made of what this one and the first share. */
export const createHeld = (parts) => ({
  Session: createSession(parts),
  createServers: (...places) => createServers(parts, ...places),
  createSessions: (...places) => createSessions(parts, ...places),
  sweep,
});
