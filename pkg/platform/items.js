// Records in a host's storage as items of their own: numbered items hold their texts, and the head says which. What is written goes
// to numbers that nobody uses, and the head is written last: until then what was there counts, as a whole.
import { checksum } from "./checksum.js";
import { own } from "./own.js";

/** The item in which all records are, or which says where they are. */
export const HEAD = "pkce-wasm";

/** Members of the head: where the rest of it is, and the items that hold what nobody needs any more. */
const REST = "";
const WASTE = "-";

/** The shortest length of an item, and those that are tried where a storage refuses longer ones. */
const SHORTEST = 64;
const SHORTER = [1000, 240];
/** How many logins are kept, finished ones included. */
const LOGINS = 20;
/** The most items that are looked at for what a write left behind that was cut short. */
const FAR = 1000;

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {}
};

/** The members of an item. Where nobody can read it, it is as good as none. */
export const membersOf = (text) => {
  const members = parse(text);
  return typeof members === "object" && !Array.isArray(members) ? Object.entries(own(members)) : [];
};

/** JSON in printable ASCII: it can be cut anywhere, and every character is one byte. */
const ascii = (text) =>
  JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const areNumbers = (entry) =>
  Array.isArray(entry) && entry.every((number) => Number.isSafeInteger(number) && number >= 0);

/** Whether it says where a text is: its checksum, and its items. */
const isPlace = (entry) => areNumbers(entry) && entry.length > 1;

const itemOf = (number) => `${HEAD}.${number}`;

/** The length of an item, as the host says it. */
export const lengthOf = (given = Number.POSITIVE_INFINITY) => Math.max(SHORTEST, Math.floor(given) || 0);

/** `state` is what is remembered from one time to the next: texts by their places, the head behind which no waste is left, the longest item. */
export const openItems = async ({ get, set, remove }, state, { maxLength, kinds, expendable }) => {
  const gather = async ([sum, ...numbers]) => {
    let text = "";
    for (const number of numbers) text += await get(itemOf(number));
    return checksum(text) === sum ? text : null;
  };

  const entries = new Map();
  const taken = new Set();
  const take = ([, ...numbers]) => {
    for (const number of numbers) taken.add(number);
  };
  const head = await get(HEAD);
  for (let text = head; text !== null; ) {
    for (const [name, entry] of membersOf(text)) if (!entries.has(name)) entries.set(name, entry);
    const rest = entries.get(REST);
    entries.delete(REST);
    text = null;
    if (isPlace(rest) && !taken.has(rest[1])) {
      take(rest);
      text = await gather(rest);
    }
  }
  const isClean = head !== null && head === state.clean;
  const waste = entries.get(WASTE);
  if (!isClean && areNumbers(waste)) take([0, ...waste]);

  const records = new Map();
  const texts = new Map();
  for (const [name, entry] of entries) {
    // As other versions write them: they move when something is written.
    if (typeof entry === "string") records.set(name, entry);
    else if (name !== WASTE && isPlace(entry)) {
      take(entry);
      const text = state.texts?.get(`${entry}`);
      records.set(name, text);
      texts.set(`${entry}`, text);
    }
  }
  state.texts = texts;

  /** Adds the items that a write left behind: it began with the lowest number. */
  const findWaste = async () => {
    for (let number = 0; number < FAR; number++) {
      if (taken.has(number)) continue;
      if (!(await get(itemOf(number)))) return;
      taken.add(number);
    }
  };

  const clear = async (numbers) => {
    for (const number of numbers) {
      if (!taken.has(number)) continue;
      try {
        await remove(itemOf(number));
      } catch (error) {
        if (state.writing) throw error;
        // Some refuse to remove what they do not have.
        if (await get(itemOf(number))) await set(itemOf(number), "");
      }
      taken.delete(number);
    }
  };

  /** Writes the records in items of that length; gives the items that are not needed any more. */
  const write = async ({ records, changed }, length) => {
    const parts = [];
    let number = -1;
    const put = (text) => {
      const place = [checksum(text)];
      for (let at = 0; at < text.length; at += length) {
        do number++;
        while (taken.has(number));
        parts.push([number, text.slice(at, at + length)]);
        place.push(number);
      }
      return place;
    };
    const places = [...records].map(([name, record]) => {
      const entry = entries.get(name);
      return [name, isPlace(entry) && !changed.has(name) ? entry : put(ascii(record))];
    });
    const needed = new Set(places.flatMap(([, [, ...numbers]]) => numbers));
    const left = [...taken].filter((number) => !needed.has(number));
    let text = `{${[...places, [WASTE, left]].map(([name, numbers]) => `${ascii(name)}:[${numbers}]`).join()}}`;
    while (text.length > length) text = `{"${REST}":[${put(text)}]}`;
    try {
      for (const [number, part] of parts) {
        // Also where it is refused: a part of it may be there.
        taken.add(number);
        await set(itemOf(number), part);
      }
      await set(HEAD, text);
    } catch (error) {
      // Room for the next attempt.
      if (!state.writing) await clear(parts.map(([number]) => number)).catch(() => {});
      throw error;
    }
    state.texts = new Map(places.map(([name, place]) => [`${place}`, records.get(name) ?? undefined]));
    return { text, left };
  };

  /** The same in shorter items where longer ones are refused; removes what is not needed any more. Gives the head. */
  const replace = async (run) => {
    const longest = Math.min(lengthOf(maxLength), state.longest ?? Number.POSITIVE_INFINITY);
    const lengths = [longest, ...SHORTER.filter((length) => length < longest)];
    let written;
    while (!written) {
      const length = lengths.shift();
      try {
        written = await write(run, length);
        state.longest = length;
      } catch (error) {
        // Refused, and not for want of an answer: the items may be too long.
        if (state.writing || lengths.length === 0) throw error;
      }
    }
    await clear(written.left);
    return written.text;
  };

  return {
    records,
    fetch: async (name) => {
      const entry = entries.get(name);
      const record = parse(await gather(entry));
      if (typeof record !== "string") return null;
      texts.set(`${entry}`, record);
      return record;
    },
    keep: async (run) => {
      const logins = kinds.flatMap((kind) => [...run.records.keys()].filter((name) => name.startsWith(kind)));
      const old = logins.filter((name) => !run.changed.has(name));
      for (const name of old.slice(0, Math.max(0, logins.length - LOGINS))) run.records.delete(name);
      if (!isClean) await findWaste();
      state.clean = undefined;
      for (;;) {
        try {
          state.clean = await replace(run);
          return;
        } catch (error) {
          const name = expendable(run);
          if (state.writing || name === undefined) throw error;
          run.records.delete(name);
          // What is written goes beside what was there: the room has to be free before. What the head still names and is not there is no record.
          const entry = entries.get(name);
          if (isPlace(entry)) await clear(entry.slice(1));
        }
      }
    },
  };
};
