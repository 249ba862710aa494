// Where records are kept that the page's own storages do not keep: the memory of the page, and the host's storage.
import { member } from "./own.js";
import { PENDING, REMAINS, SERVER } from "./records.js";

/** Records in memory, with the methods of a `Storage`. */
export class Records {
  #records = new Map();

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
  }

  removeItem(name) {
    this.#records.delete(name);
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

/**
 * Gives the records of a host's storage to the work, one at a time, and has those that it changed written before it goes on. A storage that
 * fails, or does not answer in time, rejects with what `failed` makes of the cause.
 *
 * The work answers at once. It is done again when it asked for a record that has to be fetched first: it changes records, and nothing else.
 */
export const withRecords = async (storage, timeout, failed, work) => {
  const host = await import("./host_storage.js").catch((cause) => Promise.reject(failed(cause)));
  // Where there is little room, what remains of a login goes first, then what a server said of itself.
  return host.withRecords(storage, timeout, failed, work, [REMAINS, PENDING], [SERVER]);
};
