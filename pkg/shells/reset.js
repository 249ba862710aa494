// Begins a host's storage anew, also one whose items cannot be read: its key is lost, or they were spoiled.
import { HEAD } from "../platform/items.js";

/** So many items in a row that are not there, or that nobody can read, are the end. */
const MOST = 64;

const remove = async (storage, name) => {
  try {
    if (storage.removeItem) return await storage.removeItem(name);
  } catch {
    // Some refuse to remove what they do not have, or cannot read.
  }
  await storage.setItem(name, "");
};

export const empty = async (storage) => {
  // First what says where the rest is: without it nothing counts.
  await remove(storage, HEAD);
  if (!storage.removeItem) return;
  for (let number = 0, last = 0; number < last + MOST; number++) {
    const name = `${HEAD}.${number}`;
    let isUnread = false;
    const item = await Promise.resolve(name)
      .then((each) => storage.getItem(each))
      .catch(() => {
        isUnread = true;
      });
    if (item) last = number;
    if (item || isUnread) await remove(storage, name).catch(() => {});
  }
};
