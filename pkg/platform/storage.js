// Where records are kept that the page's own storages do not keep: the memory of the page, and the host's storage.
import { member } from "./own.js";
import { within } from "./wait.js";

/** The one item of a host's storage, in which all records are. */
const ITEM = "pkce-wasm";

/** Records in memory, with the methods of a `Storage`. */
export class Records {
  #records;
  changed = false;

  constructor(records = {}) {
    this.#records = new Map(Object.entries(records));
  }

  get length() {
    return this.#records.size;
  }

  key(place) {
    return [...this.#records.keys()][place] ?? null;
  }

  getItem(name) {
    return this.#records.get(name) ?? null;
  }

  setItem(name, record) {
    this.#records.set(name, record);
    this.changed = true;
  }

  removeItem(name) {
    this.changed = this.#records.delete(name) || this.changed;
  }

  toJSON() {
    return Object.fromEntries(this.#records);
  }
}

const hasLocalStorage = () => {
  try {
    return Boolean(globalThis.window?.localStorage);
  } catch {
    return false;
  }
};

/** Where a client's pending logins and its session are. */
export const tiers = ({ host, storage = "memory", transactionStorage }) => ({
  transactions:
    transactionStorage ?? (member(host, "storage") ? "host" : hasLocalStorage() ? "local" : "session"),
  session: storage,
});

const read = (text) => {
  try {
    return new Records(JSON.parse(text) ?? {});
  } catch {
    // Nobody can read it: it is as good as none.
    return new Records();
  }
};

/**
 * Gives the records of a host's storage to the work, one at a time, and has those that it changed written before it goes on. A storage that
 * fails, or does not answer in time, rejects with what `failed` makes of the cause.
 */
export const withRecords = async (storage, timeout, failed, work) => {
  const { claim } = await import("./claim.js").catch((cause) => Promise.reject(failed(cause)));
  const ask = (question) =>
    within(timeout, Promise.resolve().then(question)).catch((cause) => {
      throw failed(cause);
    });
  return claim("records", 3 * timeout, async () => {
    const records = read(await ask(() => storage.getItem(ITEM)));
    try {
      return work(records);
    } finally {
      // Also when it failed: a session that the server ended is forgotten.
      if (records.changed) await ask(() => storage.setItem(ITEM, JSON.stringify(records)));
    }
  });
};
