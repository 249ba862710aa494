// The records of a client's logins, and that of its session.
import { toJson } from "../engine/json.js";
import { BEFORE, PENDING, REMAINS, SESSION } from "../platform/records.js";

export const createLogins = (ask, place) => {
  /** Forgets what nobody will finish, and the oldest where there are too many. */
  const sweep = () => {
    for (const kind of [PENDING, REMAINS]) {
      const records = place.names(kind).map((name) => {
        const lines = place.get("", name)?.split("\n", 3) ?? [];
        return `${[name, ...lines].join("\n")}\n`;
      });
      if (records.length === 0) continue;
      for (const name of ask("sweep", records.join("")).forget) place.remove("", name);
    }
    for (const name of place.names(BEFORE[PENDING])) {
      const [, end] = /expires_at=(\d+)/.exec(place.get("", name)) ?? [];
      if (!(1000 * end > Date.now())) place.remove("", name);
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
      place.set(REMAINS, key, remains);
    },
    /** Puts a login back in the place of what remains: its exchange never reached the server, or no answer came. */
    restore(key, transaction) {
      place.set(PENDING, key, transaction);
      place.remove(REMAINS, key);
    },
  };
};

/** The session that version 0.1.0 kept, as this one keeps it. */
const adopt = (ask, form) => {
  const fields = [...new URLSearchParams(form)].map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
    /^expires_/.test(name) ? Number(value) : name === "authorization_details" ? JSON.parse(value) : value,
  ]);
  return ask("fromTokens", toJson(Object.fromEntries(fields))).session;
};

export const createSessions = (ask, place, owner) => {
  const save = (session) => place.set(SESSION, owner, session);
  return {
    load() {
      const before = place.get(BEFORE[SESSION], owner);
      if (before === undefined) return place.get(SESSION, owner);
      // Moved, not copied: its refresh token serves one of the two.
      place.remove(BEFORE[SESSION], owner);
      const session = adopt(ask, before);
      save(session);
      return session;
    },
    save,
    remove() {
      place.remove(SESSION, owner);
      place.remove(BEFORE[SESSION], owner);
    },
  };
};
