// What stands in for the platform: a storage where there is none, and a platform that takes no time of its own.

const define = (object, name, value) => {
  Object.defineProperty(object, name, { value, configurable: true });
  return value;
};

/** A `Storage` in memory. */
const memory = () => {
  const items = new Map();
  let names;
  return {
    get length() {
      return items.size;
    },
    key: (place) => {
      names ??= [...items.keys()];
      return names[place] ?? null;
    },
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, item) => {
      names = undefined;
      items.set(name, item);
    },
    removeItem: (name) => {
      names = undefined;
      items.delete(name);
    },
    clear: () => {
      names = undefined;
      items.clear();
    },
  };
};

/** Gives this place a `localStorage` in memory. */
export const giveStorage = () => define(globalThis, "localStorage", memory());

/** From now on storage, locks and WebCrypto answer at once. Every lock is free, and every signature is valid. */
export const answerAtOnce = () => {
  giveStorage();
  const request = async (name, ...given) => given.at(-1)({ name, mode: "exclusive" });
  const locks = { request, query: async () => ({ held: [], pending: [] }) };
  define(globalThis.navigator ?? define(globalThis, "navigator", {}), "locks", locks);
  const digest = new ArrayBuffer(32);
  const subtle = { digest: async () => digest, importKey: async () => ({}), verify: async () => true };
  define(globalThis.crypto, "subtle", subtle);
};
