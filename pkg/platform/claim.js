// Lets one tab, frame or worker of an origin at a time do what goes by a name: by a Web Lock; where there is none (insecure
// origins, blocked storage) by a row of a database; at the least by turns in this page.
import { own } from "./own.js";
import { after, pause, within } from "./wait.js";

/** Milliseconds between two signs of life of the holder of a row, and after how many without one it counts as gone. */
const BEAT = 1000;
const GONE = 5000;

/** Held by nobody for certain: whoever has it is frozen. What it wrote has to decide. */
const nothing = { release: () => {}, waited: true };
/** Not wanted any more. */
const unwanted = { ...nothing, unwanted: true };

/** A lock that the browser frees when its holder goes away, however that happens. */
const byLock = (name, patience, linger, enough) =>
  new Promise((held, failed) => {
    const { locks } = globalThis.navigator;
    let stop;
    let taken = false;
    const hold = (waited) => (lock) => {
      if (!lock) return;
      stop?.();
      taken = true;
      return new Promise((done) => held({ release: () => setTimeout(done, linger), waited }));
    };
    const request = async () => {
      await locks.request(name, own({ ifAvailable: true }), hold(false));
      if (taken) return;
      const controller = new AbortController();
      const giveUp = (what) => {
        stop();
        controller.abort();
        held(what);
      };
      const noMore = () => giveUp(unwanted);
      const stopTimer = after(patience, () => giveUp(nothing));
      stop = () => {
        stopTimer();
        enough?.removeEventListener("abort", noMore);
      };
      enough?.addEventListener("abort", noMore);
      if (enough?.aborted) noMore();
      await locks.request(name, own({ signal: controller.signal }), hold(true));
    };
    request().catch((error) => {
      stop?.();
      failed(error);
    });
  });

const openDatabase = () =>
  new Promise((done, failed) => {
    const request = globalThis.indexedDB.open("pkce-wasm", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("claims");
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

/** Adds the row unless it is there; those of holders that are gone do not count. Gives whether it was added. */
const takeRow = (database, name, holder) =>
  new Promise((done, failed) => {
    const transaction = database.transaction("claims", "readwrite");
    const claims = transaction.objectStore("claims");
    let taken = false;
    claims.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (cursor) {
        if (Math.abs(Date.now() - cursor.value.at) > GONE) cursor.delete();
        cursor.continue();
        return;
      }
      const adding = claims.add({ holder, at: Date.now() }, name);
      adding.onsuccess = () => {
        taken = true;
      };
      adding.onerror = (event) => {
        if (adding.error.name === "ConstraintError") event.preventDefault();
      };
    };
    transaction.oncomplete = () => done(taken);
    transaction.onabort = () => failed(transaction.error);
  });

/** Changes the row as long as it is this holder's. */
const changeRow = (database, name, holder, change) => {
  const claims = database.transaction("claims", "readwrite").objectStore("claims");
  claims.get(name).onsuccess = ({ target: { result: row } }) => {
    if (row?.holder === holder) change(claims);
  };
};

/** A row that shows signs of life while it is held: nobody else would free it. */
const byRow = async (name, patience, _linger, enough) => {
  const opening = openDatabase();
  const database = await within(GONE, opening).catch((error) => {
    opening.then((late) => late.close()).catch(() => {});
    throw error;
  });
  const holder = globalThis.crypto.getRandomValues(new Uint32Array(4)).join();
  const end = performance.now() + patience;
  let waited = false;
  try {
    for (let wait = 10; !(await takeRow(database, name, holder)); wait = Math.min(2 * wait, 200)) {
      waited = true;
      if (enough?.aborted || performance.now() > end) {
        database.close();
        return enough?.aborted ? unwanted : nothing;
      }
      await pause(wait);
    }
  } catch (error) {
    database.close();
    throw error;
  }
  const change = (how) => {
    try {
      changeRow(database, name, holder, how);
    } catch {
      // The database was deleted beneath: whoever comes next begins with an empty one.
    }
  };
  const beat = setInterval(() => change((claims) => claims.put({ holder, at: Date.now() }, name)), BEAT);
  const release = () => {
    clearInterval(beat);
    change((claims) => claims.delete(name));
    database.close();
  };
  return { release, waited };
};

const turns = new Map();

const byTurn = async (name) => {
  const before = turns.get(name);
  let end;
  const turn = new Promise((done) => {
    end = done;
  });
  turns.set(name, turn);
  await before;
  const release = () => {
    if (turns.get(name) === turn) turns.delete(name);
    end();
  };
  return { release, waited: false };
};

const take = async (name, patience, linger, enough) => {
  for (const by of [byLock, byRow]) {
    try {
      return await by(name, patience, linger, enough);
    } catch {
      // This page may not use it, or has none.
    }
  }
  return byTurn(name);
};

/**
 * Does the work while nobody else does the work of that name; tells it whether it had to wait. Whoever waits longer than its
 * patience, in milliseconds, goes on without: the holder is frozen. A lock is kept for so many milliseconds longer (`linger`). Nothing is done
 * when the signal `enough` comes before it is this one's turn.
 */
export const claim = async (name, patience, work, linger = 0, enough = undefined) => {
  const { release, waited, unwanted } = await take(`pkce-wasm:${name}`, patience, linger, enough);
  try {
    return unwanted ? undefined : await work(waited);
  } finally {
    release();
  }
};
