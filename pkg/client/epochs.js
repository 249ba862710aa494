// When a session counts. Storages that processes share know no compare-and-write, so nothing rests on one.
import { EPOCH } from "../platform/records.js";

/** A name that nothing else has. */
export const unique = () => globalThis.crypto.getRandomValues(new Uint32Array(4)).join("-");

/** Before a new epoch: that of a first login, and that of a sign-out. */
const FIRST = "f";
const SIGNED_OUT = "s";

/** How an epoch is called among those that are over. */
export const epochKey = (owner, epoch) => `${owner} ${epoch}`;

/** The most epochs of the past that are remembered: late writes may have brought back something of theirs. */
const MOST_FORMER = 8;

/**
 * An *epoch* stands in storage that the origin shares (`shared`), and a session counts only in the epoch in which it began: a sign-out begins another one before it does
 * anything else. `over` says which epoch came after one that is known to be over, whatever the storage still shows.
 */
export const createEpochs = (shared, owner, over) => {
  /** The epoch that the storage shows, empty when there is none, and those before it; nothing where there is no storage. */
  const shown = () => {
    try {
      return (shared.get(EPOCH, owner) ?? "").split("\n");
    } catch {
      return [];
    }
  };
  const key = (epoch) => epochKey(owner, epoch);
  const current = () => {
    let [epoch = ""] = shown();
    for (let rest = over.size; rest > 0 && over.has(key(epoch)); rest--) epoch = over.get(key(epoch));
    return epoch;
  };
  const write = (epoch) => {
    try {
      const former = shown().filter((other) => other && other !== epoch);
      shared.set(EPOCH, owner, [epoch, ...former.slice(0, MOST_FORMER)].join("\n"));
      return epoch;
    } catch {
      // What is missing ends a session as well.
      shared.remove(EPOCH, owner);
      return "";
    }
  };
  return {
    unique,
    current,
    /** The name of the list of an epoch's sessions, and that of the record of one of them. */
    list: (epoch) => `${owner}:${epoch}`,
    record: (epoch, id) => `${owner}:${epoch}:${id}`,
    /** The epochs that the storage shows, but for the current one: those before it, and one that this page knows to be over. */
    former() {
      const now = current();
      return shown().filter((epoch) => epoch && epoch !== now);
    },
    /** Before something begins that may end in a session. Only a sign-out writes another epoch: a late write of this one would undo that. */
    begin: () => current() || write(FIRST + unique()),
    /** Whether what began in that epoch counts in this one. Of two first epochs the storage kept one. */
    fits: (began, epoch) => began === epoch || (began.startsWith(FIRST) && epoch.startsWith(FIRST)),
    /** Whether this page knows that an epoch is over. */
    isOver: (epoch) => over.has(key(epoch)),
    isAfterSignOut: (epoch) => epoch.startsWith(SIGNED_OUT),
    /**
     * Begins another epoch, in which no session counts that there is: also where nothing can be written. Gives which one came after which; what is done a second time is
     * told what it gave at first.
     */
    end(now = SIGNED_OUT + unique(), before = undefined) {
      const was = current();
      // That there was none is true again when the site's data are deleted.
      const isShown = write(now) === now && was === "";
      if (was !== now && !isShown) over.set(key(was), now);
      return { was: was === now ? before : was, now };
    },
    /** Somebody elsewhere has signed out. */
    hear({ was, now }) {
      if (typeof was !== "string" || typeof now !== "string" || was === now) return;
      const isBlind = shown().length === 0;
      if (was || isBlind) over.set(key(was), now);
      // Without a storage that both see, it is known from nowhere else.
      const mine = isBlind ? current() : now;
      if (mine !== now) over.set(key(mine), now);
    },
  };
};
