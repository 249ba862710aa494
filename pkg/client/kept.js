// The records of a client's logins, and that of its session.
import { toJson } from "../engine/json.js";
import { own } from "../platform/own.js";
import { BEFORE, PENDING, REMAINS, SESSION } from "../platform/records.js";

export const createLogins = (ask, place) => {
  /** Forgets what nobody will finish, and the oldest where there are too many. */
  const sweep = () => {
    for (const kind of [PENDING, REMAINS]) {
      const records = place.names(kind).map((name) => {
        // Four lines of each, also of one that somebody broke.
        const [version = "", owner = "", time = ""] = (place.get("", name) ?? "").split("\n", 3);
        return `${[name, version, owner, time].join("\n")}\n`;
      });
      if (records.length === 0) continue;
      for (const name of ask("sweep", records.join("")).forget) place.remove("", name);
    }
    for (const kind of [PENDING, REMAINS]) {
      for (const name of place.names(BEFORE[kind])) {
        const [, end] = /expires_at=(\d+)/.exec(place.get("", name)) ?? [];
        if (!(1000 * end > Date.now())) place.remove("", name);
      }
    }
  };

  return {
    sweep,
    begin(key, transaction) {
      sweep();
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

/** The session that version 0.1.0 kept, as this one keeps it; nothing where nobody can read it. */
const adopt = (ask, form) => {
  try {
    const kept = own(Object.fromEntries(new URLSearchParams(form)));
    const members = Object.entries(kept).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
      /^expires_|_details$/.test(name) ? JSON.parse(value) : value,
    ]);
    const { session } = ask("fromTokens", toJson(Object.fromEntries(members)));
    // The last three lines say how the attempts went to refresh it.
    const attempts = [kept.attempts, kept.failed, kept.retry_at].map((line) =>
      /^\d+$/.test(line) ? line : "",
    );
    return `${session.slice(0, -attempts.length)}${attempts.join("\n")}\n`;
  } catch {}
};

export const createSessions = (ask, place, owner) => {
  return {
    /**
     * What version 0.1.0 wrote last is the newer one: it is where a page of that version is still open. It stays there until it is replaced, and
     * whoever replaces it for fresh tokens has the lock that both versions take: no refresh token is sent twice.
     */
    load() {
      const before = place.get(BEFORE[SESSION], owner);
      return (before && adopt(ask, before)) ?? place.get(SESSION, owner);
    },
    save(session) {
      place.set(SESSION, owner, session);
      place.remove(BEFORE[SESSION], owner);
    },
    remove() {
      place.remove(SESSION, owner);
      place.remove(BEFORE[SESSION], owner);
    },
  };
};
