// A storage of a host, whose every answer is scripted, and the records in it.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { setImmediate as immediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { resolve } from "./installed.js";

const file = join(dirname(resolve("pkce-wasm/package.json")), "platform/storage.js");
const { withRecords } = await import(pathToFileURL(file).href);

export const PENDING = "pkce-wasm:2:t:";
export const REMAINS = "pkce-wasm:2:d:";
export const SESSION = "pkce-wasm:2:s:owner";
export const EPOCH = "pkce-wasm:2:e:owner";

/** Milliseconds that a storage has for each answer. Where a test needs them to be over, it sets the clock. */
const TIMEOUT = 60_000;

/** Lets time pass until that promise is settled: a little, or all that a storage has once it answers no more. */
export const drive = async (timers, promise, isStuck = () => false) => {
  let isSettled = false;
  const end = () => {
    isSettled = true;
  };
  promise.then(end, end);
  while (!isSettled) {
    await immediate();
    timers.tick(isStuck() ? TIMEOUT : 1);
  }
  for (let round = 0; isStuck() && round < 3; round++) {
    await immediate();
    timers.tick(TIMEOUT);
  }
  return promise;
};

const unavailable = (cause) => Object.assign(new Error("unavailable", { cause }), { isUnavailable: true });
export const isUnavailable = (error) => error.isUnavailable === true;
export const use = (storage, work) => withRecords(storage, TIMEOUT, unavailable, work);
export const never = new Promise(() => {});

/**
 * A storage over those items, as an application has it from its start on. It notes what it is asked; `script` may fail, or wait, or answer
 * otherwise. `serve` gives it other items, or another script.
 */
export const storageOf = (
  items,
  { script = () => undefined, limit = Number.POSITIVE_INFINITY, ...members } = {},
) => {
  const asked = [];
  const storage = {};
  const serve = (others, otherwise = () => undefined) => {
    storage.items = others;
    answers = otherwise;
  };
  let answers = script;
  const answer = async (method, name, act) => {
    asked.push([method, name]);
    const scripted = await answers({ method, name, act, number: asked.length });
    return scripted ? scripted.answer : act();
  };
  return Object.assign(storage, {
    asked,
    items,
    serve,
    names: (method) => asked.filter(([each]) => each === method).map(([, name]) => name),
    getItem: (name) => answer("getItem", name, () => storage.items.get(name) ?? null),
    setItem: (name, item) =>
      answer("setItem", name, () => {
        if (item.length > limit) throw new Error("too long for this storage");
        storage.items.set(name, item);
      }),
    removeItem: (name) => answer("removeItem", name, () => void storage.items.delete(name)),
    ...members,
  });
};

export const text = (length, seed = "") =>
  Array.from({ length }, (_, at) => String.fromCharCode(97 + ((at * 7 + seed.length) % 26))).join("");

/** All records, read one by one. */
export const readAll = (storage) =>
  use(storage, (records) => {
    const names = Array.from({ length: records.length }, (_, at) => records.key(at));
    return Object.fromEntries(names.map((name) => [name, records.getItem(name)]));
  });

export const writeAll = (storage, all) =>
  use(storage, (records) => {
    for (const [name, record] of Object.entries(all)) {
      if (record === null) records.removeItem(name);
      else records.setItem(name, record);
    }
  });

/** The items that hold what somebody needs; every other one is a leftover. */
const neededItems = (items) => {
  const needed = new Set(["pkce-wasm"]);
  for (let head = items.get("pkce-wasm"); head; ) {
    const { "": rest, ...members } = JSON.parse(head);
    for (const [name, [, ...numbers]] of Object.entries(members)) {
      if (name !== "-") for (const number of numbers) needed.add(`pkce-wasm.${number}`);
    }
    head = rest
      ?.slice(1)
      .map((number) => items.get(`pkce-wasm.${number}`))
      .join("");
    for (const number of rest?.slice(1) ?? []) needed.add(`pkce-wasm.${number}`);
  }
  return needed;
};
export const assertNoLeftovers = (items, message) =>
  assert.deepEqual([...items.keys()].sort(), [...neededItems(items)].sort(), message);

export const OLD = {
  [SESSION]: `old ${text(700)}`,
  [EPOCH]: "1",
  [`${PENDING}a`]: text(300),
  [`${REMAINS}b`]: text(80),
};
