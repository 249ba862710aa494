// Which callbacks are finished, beyond the process: Android gives the URL of an old login again at each start, for days.
import { checksum } from "../platform/checksum.js";
import { within } from "../platform/wait.js";

/** The item that says so: checksums of URLs, for these hold a code. So many fit where an item is short. */
const ITEM = "pkce-wasm.urls";
const MOST = 20;

/** Milliseconds that a callback waits for this: a storage may ask the user something. */
const PATIENCE = 2000;

const ofPage = () => {
  try {
    return globalThis.localStorage;
  } catch {}
};

/**
 * In the shell's plain storage, else in the page's, for what it says is no secret; else in the secure one, unless that has room for one item alone. In memory
 * where there is none.
 */
export const createFinished = ({ plain, secure } = {}) => {
  const storage = plain ?? ofPage() ?? (secure?.removeItem && secure);
  let known = [];
  const read = async () => {
    try {
      const item = await within(PATIENCE, Promise.resolve(storage.getItem(ITEM)));
      if (typeof item === "string") known = [...new Set([...known, ...item.split(" ")])];
    } catch {
      // What is not known is handled again: that does no harm.
    }
    return known;
  };
  const mark = (url) => checksum(`${url}`).toString(36);
  return {
    has: async (url) => known.includes(mark(url)) || (await read()).includes(mark(url)),
    add: async (url) => {
      known = [...new Set([mark(url), ...(await read())])].slice(0, MOST);
      try {
        await storage.setItem(ITEM, known.join(" "));
      } catch {}
    },
  };
};
