// The records of a client's logins.
import { APP_STATE, BEFORE, IN_USE, PENDING, REMAINS } from "../platform/records.js";

/** The most records of a kind that one sweep looks at. */
const MOST_SWEPT = 500;

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
      for (const name of ask("sweep", records.join("")).forget) {
        place.remove("", name);
        // Names of both kinds are of one length.
        place.remove(APP_STATE, name.slice(PENDING.length));
      }
    }
  };

  return {
    place,
    /** The names of the logins of version 0.1.0. */
    before: () => [PENDING, REMAINS].flatMap((kind) => place.names(BEFORE[kind], MOST_SWEPT)),
    /** Looks for the records of pending logins, which takes a while the first time; their names. */
    look: () => place.names(PENDING, MOST_SWEPT),
    /** The redirect URIs that servers without `iss` have in use. */
    inUse: () => place.get(IN_USE, ""),
    begin(key, transaction, inUse, appState) {
      sweep();
      if (appState !== undefined) place.set(APP_STATE, key, appState);
      if (inUse !== undefined) place.set(IN_USE, "", inUse);
      place.set(PENDING, key, transaction);
    },
    /** The record of a pending login. One of version 0.1.0 is refused by the module: it begins again. */
    pending: (key) => place.get(PENDING, key) ?? place.get(BEFORE[PENDING], key),
    remains: (key) => place.get(REMAINS, key),
    appState: (key) => place.get(APP_STATE, key),
    /** Puts what remains in the place of the login. Another process sees one write after the other: it is to see one of both at every moment. */
    bury(key, remains) {
      const clear = () => {
        place.remove(PENDING, key);
        place.remove(BEFORE[PENDING], key);
      };
      try {
        place.set(REMAINS, key, remains);
      } catch {
        // Where the storage is full, the login makes room.
        clear();
        place.set(REMAINS, key, remains);
      }
      clear();
    },
    /** Puts a login back in the place of what remains: its exchange never reached the server, or no answer came. */
    restore(key, transaction) {
      place.set(PENDING, key, transaction);
      place.remove(REMAINS, key);
    },
  };
};
