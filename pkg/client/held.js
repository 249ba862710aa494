// Sessions that are kept. This is loaded where there is one, or one is about to be.
import { own } from "../platform/own.js";
import { pause } from "../platform/wait.js";
import { createSession } from "./session.js";

/** The most sessions of an epoch whose tokens are removed again, and the most epochs. */
const MOST_FORMER = 8;
const MOST_EPOCHS = 4;

/** Milliseconds for which a session may be taken along into another first epoch. Later, that is one after a sign-out that could not be written. */
const SETTLED = 30_000;

/** The session that version 0.1.0 kept, as this version keeps it; nothing where nobody can read it. */
const adopt = ({ ask, place, toJson }, form) => {
  try {
    const kept = own(Object.fromEntries(new URLSearchParams(form)));
    const members = Object.entries(kept).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
      /^expires_|_details$/.test(name) ? JSON.parse(value) : value,
    ]);
    const { session, tokens } = ask("fromTokens", toJson(Object.fromEntries(members)));
    // The last three lines say how the attempts went to refresh it.
    const attempts = [kept.attempts, kept.failed, kept.retry_at].map((line) =>
      /^\d+$/.test(line) ? line : "",
    );
    // The codes before `network_failed` are of calls that are wrong: no refresh fails with one.
    if (attempts[1]) attempts[1] = `{"code":${Math.max(place("network_failed"), attempts[1])}}`;
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
 * The session of a client. Every login has one with an `id` of its own; its record, and the list of the ids of an epoch, have names of their own: a late write meets
 * no other session, and no session of another epoch. `written` has the names of the records that this page has seen or wrote: nobody else may know of one. `last` has the session that it kept last: its `id`, the epochs that it has `passed`, the
 * current one first, and when it was kept. `discard` is given a session that was written after a sign-out had emptied its epoch.
 */
const createSessions = (parts, place, epochs, { home, isShared, owner }, discard) => {
  const { last, written } = home;
  const { BEFORE, SESSION } = parts.kinds;
  const { list, record } = epochs;
  /** The session of an epoch, and those before it, which a late write may have brought back. */
  const ids = (epoch) => (place.get(SESSION, list(epoch)) ?? "").split("\n").filter(Boolean);
  /** Says that an epoch is over and was emptied. That stands by itself, for a late login writes the list anew; and for no epoch without a name, which may come again. */
  const close = (epoch) => {
    try {
      if (epoch) place.set(SESSION, record(epoch, ""), "1");
    } catch {
      // What is found there is removed all the same.
    }
  };
  /**
   * Removes the record of a session of an epoch that is over. What is not seen yet stays, for whoever sees it has it revoked. Gives whether it had been there before
   * the end.
   */
  const drop = (name) => {
    const session = place.get(SESSION, name);
    if (session === undefined) return false;
    place.remove(SESSION, name);
    const isLate = place.get(SESSION, name.slice(0, name.lastIndexOf(":") + 1)) !== undefined;
    if (isLate) discard(session);
    return !isLate;
  };
  /** Removes what was written of sessions that are over. */
  const clean = (epoch, id) => {
    for (const [age, former] of epochs.former().entries()) {
      const found = ids(former).map((other) => drop(record(former, other)));
      if (found.includes(true)) close(former);
      // Its list stays for a while: a late write of a session does not bring it along.
      if (age < MOST_EPOCHS) continue;
      place.remove(SESSION, list(former));
      place.remove(SESSION, record(former, ""));
    }
    const current = record(epoch, id);
    const others = [...ids(epoch).map((other) => record(epoch, other)), ...(written.get(owner) ?? [])];
    const names = [...new Set(others)].filter((name) => name !== current);
    for (const name of names) {
      if (name.startsWith(record(epoch, ""))) place.remove(SESSION, name);
      else drop(name);
    }
    written.set(owner, [...(id === undefined ? [] : [current]), ...names].slice(0, MOST_FORMER));
  };

  const save = (id, session, epoch = epochs.begin()) => {
    const before = ids(epoch);
    try {
      place.set(SESSION, record(epoch, id), session);
    } catch {
      // There is room for one. What the same session wrote before stays until it is replaced.
      clean(epoch, id);
      place.set(SESSION, record(epoch, id), session);
    }
    const former = before.filter((other) => other !== id).slice(0, MOST_FORMER);
    if (before[0] !== id) place.set(SESSION, list(epoch), [id, ...former].join("\n"));
    clean(epoch, id);
    place.remove(BEFORE[SESSION], owner);
    return { id, epoch, session };
  };

  /**
   * Two pages that see no epoch yet begin one each, and the storage keeps one of them: a session that the page of the other one has for itself is taken along. It ends
   * with each of those that it has passed.
   */
  const takeAlong = (current) => {
    const { id, passed, at } = own(last.get(owner));
    if (isShared || !id || !epochs.fits(passed[0], current)) return;
    const name = record(passed[0], id);
    if (passed.some((epoch) => epoch !== current && epochs.isOver(epoch))) place.remove(SESSION, name);
    if (passed[0] === current || !(Math.abs(Date.now() - at) < SETTLED)) return;
    const session = place.get(SESSION, name);
    if (session === undefined) return;
    passed.unshift(current);
    save(id, session, current);
  };

  return {
    /**
     * The session that counts, or did in an epoch: `{ id, epoch, session }`. What version 0.1.0 wrote last is the newer one: it is where a page of that version is still
     * open. It stays there until it is replaced, and whoever replaces it for fresh tokens has the lock that both versions take: no refresh token is sent
     * twice. After a sign-out it does not count any more.
     */
    load(epoch) {
      const began = epoch ?? epochs.current();
      const before = epochs.isAfterSignOut(began) ? undefined : place.get(BEFORE[SESSION], owner);
      const adopted = before && adopt(parts, before);
      if (adopted) return { ...adopted, epoch: began };
      takeAlong(began);
      const [id] = ids(began);
      const session = id && place.get(SESSION, record(began, id));
      if (epoch === undefined) clean(began, id);
      return session === undefined ? undefined : { id, epoch: began, session };
    },
    /** Keeps the session of that id, in an epoch where that is known and the storage cannot be asked. */
    save,
    /** Keeps the session of a login that began in that epoch; nothing when somebody has signed out meanwhile. */
    start(began, session) {
      if (!epochs.fits(began, epochs.current())) return;
      const kept = save(epochs.unique(), session);
      last.set(owner, { id: kept.id, passed: [kept.epoch], at: Date.now() });
      return kept;
    },
    /** Forgets the session, or that of an epoch. */
    remove(epoch = epochs.current()) {
      const gone = ids(epoch).map((id) => record(epoch, id));
      written.set(owner, [...new Set([...gone, ...(written.get(owner) ?? [])])].slice(0, MOST_FORMER));
      if (epoch === epochs.current()) place.remove(SESSION, list(epoch));
      clean(epochs.current());
      // Also what is not seen yet.
      for (const name of gone) place.remove(SESSION, name);
      if (epoch !== epochs.current()) close(epoch);
      place.remove(BEFORE[SESSION], owner);
    },
  };
};

/** Milliseconds after which a page surely sees the sign-out of another one. */
const SEEN = 250;

/** Looks at a session again that was kept just now: whether another page had signed out before. Then what was kept goes, and its tokens are not to serve anybody. */
const isUndone = async ({ home, keeping, name }, { epoch }) => {
  let isOwn = false;
  const stop = home.channel.listen((news, elsewhere) => {
    isOwn = isOwn || (!elsewhere && news.type === "signed-out" && news.name === name);
  });
  await pause(SEEN);
  stop();
  return keeping(({ epochs, sessions }) => {
    sessions.load();
    return !isOwn && !epochs.fits(epoch, epochs.current());
  });
};

/** The most characters of what a server says of itself that are kept. */
const MOST_METADATA = 1 << 16;

/** What the server of a session said of itself, and when. It is no secret. Whoever reads it checks it again. */
const createServers = ({ kinds: { SERVER }, toJson }, place, name) => ({
  load() {
    const text = place.get(SERVER, name);
    const [at] = (text ?? "").split("\n", 1);
    return at ? { at: Number(at), metadata: JSON.parse(text.slice(at.length)) } : undefined;
  },
  save(metadata) {
    const text = `${Date.now()}\n${toJson(metadata)}`;
    try {
      if (text.length <= MOST_METADATA) place.set(SERVER, name, text);
    } catch {
      // It is fetched again at the next start.
    }
  },
  remove: () => place.remove(SERVER, name),
});

/** `parts` has the kinds of records, too: then no script is made of what this one and the first share. */
export const createHeld = (parts) => ({
  Session: createSession(parts),
  createServers: (...places) => createServers(parts, ...places),
  /** `other` is the place of a session that went to memory: what it has still goes with a sign-out, too. */
  createSessions(place, epochs, client, other) {
    const discard = async (session) => {
      try {
        // The record goes first, and the key that a proof may want last.
        await client.reach(() => {});
        const { discard } = await parts.loadSignedIn();
        await discard(client, { session });
        const { jkt } = own(client.read({ session }));
        if (jkt !== undefined) (await parts.loadDpop()).forget(jkt).catch(() => {});
      } catch {
        // They expire.
      }
    };
    const at = (place) => createSessions(parts, place, epochs, client, discard);
    const sessions = at(place);
    if (!other) return sessions;
    const remove = (epoch) => {
      sessions.remove(epoch);
      if (epoch !== undefined) at(other).remove(epoch);
    };
    return { ...sessions, remove };
  },
  isUndone,
  sweep,
});
