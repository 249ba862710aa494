// The records in a host's storage: read before the work, written after it, and never past a write that is still on its way.
import { claim } from "./claim.js";
import { HEAD, lengthOf, membersOf, openItems } from "./items.js";
import { member, own } from "./own.js";
import { within } from "./wait.js";

/** Milliseconds: no page that is not frozen takes longer for a part of its turn, unless its storage asks the user something. */
const LONG = 60_000;

/** What this page knows of each storage: the write that it has not answered yet, and what `items.js` remembers. */
const known = new WeakMap();

/** The records while the work runs once, with the methods of a `Storage`. Those that were not fetched yet are undefined. */
class Run {
  changed = new Set();
  lacks;

  constructor(records) {
    this.records = new Map(records);
  }

  get length() {
    return this.records.size;
  }

  key(place) {
    return [...this.records.keys()][place] ?? null;
  }

  getItem(name) {
    const record = this.records.get(name);
    if (record === undefined && this.records.has(name)) {
      this.lacks = name;
      throw new Error("not fetched yet");
    }
    return record ?? null;
  }

  setItem(name, record) {
    if (this.records.get(name) === record) return;
    this.records.set(name, record);
    this.changed.add(name);
  }

  removeItem(name) {
    if (this.records.delete(name)) this.changed.add(name);
  }
}

/** All records in one item, whose write takes effect as a whole. */
const openOne = async ({ get, set }, state, { expendable }) => ({
  records: new Map(membersOf(await get(HEAD)).filter(([, record]) => typeof record === "string")),
  keep: async (run) => {
    for (;;) {
      try {
        return await set(HEAD, JSON.stringify(own(Object.fromEntries(run.records))));
      } catch (error) {
        const name = expendable(run);
        if (state.writing || name === undefined) throw error;
        run.records.delete(name);
      }
    }
  },
});

/** What a storage is asked. */
const createStore = (storage, state, inTime) => {
  const ask = (question) => Promise.resolve().then(question);
  const write = (question) => {
    const answer = ask(question);
    const end = () => {
      state.writing = undefined;
    };
    state.writing = answer.then(end, end);
    return inTime(answer);
  };
  const refuse = (reason) => inTime(Promise.reject(new TypeError(reason)));
  const get = async (name) => {
    const item = (await inTime(ask(() => storage.getItem(name)))) ?? null;
    if (item === null || typeof item === "string") return item;
    // Not what it holds: that may be a secret.
    return refuse(`getItem gave no string: ${Object.prototype.toString.call(item).slice(8, -1)}`);
  };
  return {
    get,
    /** Read back: a store may keep nothing, or a part, and say that all is well. */
    set: async (name, item) => {
      // A store that cut it would cut all that is in one item.
      if (item.length > lengthOf(member(storage, "maxLength"))) await refuse("longer than maxLength");
      await write(() => storage.setItem(name, item));
      if (((await get(name)) ?? "") !== item) await refuse("getItem gave something else than was kept");
    },
    remove: (name) => write(() => storage.removeItem(name)),
  };
};

const operate = async ({ records, fetch, keep }, work) => {
  for (;;) {
    const run = new Run(records);
    try {
      const result = work(run);
      if (run.lacks === undefined) return result;
    } catch (error) {
      // Of a run that lacked a record nothing counts.
      if (run.lacks === undefined) throw error;
    } finally {
      if (run.lacks !== undefined) records.set(run.lacks, await fetch(run.lacks));
      // Also when it failed: a session that the server ended is forgotten.
      else if (run.changed.size > 0) await keep(run);
    }
  }
};

/**
 * What gives way next where there is little room: what remains of a login, what can be fetched again, then the oldest login. Not what is being written, unless it
 * can be fetched again.
 */
const inOrder = ([remains, pending] = [], spare = []) => {
  const first = ({ records, changed }, kind, isSpare) =>
    [...records.keys()].find((name) => name.startsWith(kind) && (isSpare || !changed.has(name)));
  return (run) => {
    for (const kind of [remains, ...spare, pending]) {
      const name = kind && first(run, kind, spare.includes(kind));
      if (name) return name;
    }
  };
};

/** See storage.js. Where there is little room, records whose names begin with the first of `kinds` go first. */
export const withRecords = async (storage, timeout, failed, work, kinds, spare) => {
  const inTime = (promise, late) =>
    within(timeout, promise, late).catch((cause) => {
      throw failed(cause);
    });
  const state = known.get(storage) ?? {};
  if (Object(storage) === storage) known.set(storage, state);
  const store = createStore(storage, state, inTime);
  const open = member(storage, "removeItem") ? openItems : openOne;
  // Nothing is written past a write that is on its way still: it could land last, and win.
  const idle = () => inTime(state.writing, () => new Error("a write has not ended yet"));
  await idle();
  return new Promise((done, refused) => {
    const turn = async () => {
      try {
        await idle();
        const limits = { maxLength: member(storage, "maxLength"), kinds, expendable: inOrder(kinds, spare) };
        done(await operate(await open(store, state, limits), work));
      } catch (error) {
        refused(error);
        // Nor does another page write past it.
        await within(timeout, state.writing).catch(() => {});
      }
    };
    claim("records", 3 * Math.min(timeout, LONG), turn).catch(refused);
  });
};
