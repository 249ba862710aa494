// Plays the scenes while prototypes have members that they should not have, and prints as JSON what is another than it was without.
// Arguments: the address of the package; the file with the tables of the module; `every` for every member in groups, small ones with a value that
// suits it, and all at once; `all` for all at once alone.
import { readFileSync } from "node:fs";
import "./forbid.js";
import { play } from "./scenes.js";

const [, , path, tables, how] = process.argv;

/** Every member of every table by its type, in both spellings. */
const members = new Map();
for (const [, name, json, kind] of readFileSync(tables, "utf8").matchAll(
  /^ {8}(\w+)(?: = "([^"]+)")?: (\w+),$/gm,
)) {
  const camel = name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  for (const spelling of [name, camel, json]) if (spelling !== undefined) members.set(spelling, kind);
}

/** What else options, hosts, answers, outcomes, errors and requests have. */
const OTHERS = {
  Flag: "done enumerable configurable writable refresh revoke endSession popup aborted fallback closed redirected stream fatal steal ifAvailable installed restart retryable alone \
    optional keyless",
  Text: "value get set url form binding push input bound features fallback longest outcome tokens session unverified key form bearer address pending remains message name cause status location href method body mode \
    referrer credentials integrity duplex window transactions algorithm input digest text hash namedCurve again lacks owner setup \
    transaction token offset subject oauthError oauthErrorDescription oauthErrorUri loginOptions retryAfter returnTo appState d k p q dp dq qi oth",
  Function:
    "toJSON fetch open send getItem setItem removeItem handled close listen load keeping signedIn tell trace",
  Object: "host signal headers options claims keys data detail jwk dispatcher error",
  Number: "keepalive timeout maxLength saltLength priority then",
};
for (const [kind, names] of Object.entries(OTHERS)) {
  for (const name of names.split(/\s+/)) if (!members.has(name)) members.set(name, kind);
}

const called = [];
const evil = (name) => () => {
  called.push(name);
  return "https://evil.example/";
};

const storage = { getItem: evil("getItem"), setItem: evil("setItem"), removeItem: evil("removeItem") };
const host = { fetch: evil("host.fetch"), open: evil("host.open"), storage };

/** The values that a member is given, by the name of the value. */
const VALUES = {
  text: () => "https://evil.example/",
  flag: () => true,
  number: () => 1,
  function: evil,
  object: (name) =>
    name === "storage" ? storage : name === "host" ? host : { ...host, code: 1, status: "none", keys: [] },
  list: () => ["https://evil.example/", "https://api.example", "https://evil.example"],
  signal: () => AbortSignal.abort("evil"),
};

/** The value that suits a type. */
const SUITING = {
  Text: "text",
  AnyText: "text",
  NullableText: "text",
  Number: "number",
  AnyNumber: "number",
  Seconds: "number",
  Flag: "flag",
  Texts: "list",
  TextOrTexts: "list",
  Object: "object",
  Array: "list",
  Any: "text",
  Function: "function",
};

const EXTRA = {
  storage: ["object", "flag"],
  signal: ["signal"],
  host: ["object"],
  fetch: ["function"],
  get: ["function"],
  set: ["function"],
  value: ["object", "function"],
  url: ["object"],
  error: ["text", "function"],
};

/** How many members are given the same value at once; and how many where it suits them. A difference is followed to the member. */
const GROUP = 50;
const FEW = 8;

/** Node's own WebCrypto reads these from a key that lacks them, whatever it is given: no signature is found to be good then. */
const OF_A_KEY = ["alg", "use", "key_ops", "d"];
const REFUSED = /id_token_verification_failed/;

const fair = await play(path);
if ((await play(path)).join() !== fair.join()) throw new Error("the scenes differ by themselves");
const unforeseen = fair.filter((line) => line.includes(": throws undefined"));
if (unforeseen.length > 0) throw new Error(`the scenes go wrong by themselves: ${unforeseen.join()}`);

const differences = [];
const attempt = async (prototype, label, given, value) => {
  called.length = 0;
  // With such a function every promise of the language ends there, also those of the platform.
  const names = given.filter((name) => name !== "then" || value !== "function");
  const made = names.map((name) => [name, VALUES[value](name)]);
  const lines = await play(path, () => {
    for (const [name, member] of made) {
      const property = {
        __proto__: null,
        value: member,
        configurable: true,
        enumerable: true,
        writable: true,
      };
      Object.defineProperty(prototype, name, property);
    }
    return () => {
      for (const name of names) delete prototype[name];
    };
  });
  const at = fair.findIndex((line, place) => line !== lines[place]);
  if (OF_A_KEY.includes(label) && REFUSED.test(lines[at])) return;
  if (at >= 0 || lines.length !== fair.length || called.length > 0) {
    // Which of them it is.
    if (label === "a group" && names.length > 1) {
      for (const half of [names.slice(0, names.length / 2), names.slice(names.length / 2)])
        await attempt(prototype, half.length > 1 ? label : half[0], half, value);
      return;
    }
    differences.push({ label, value, was: fair[at], is: lines[at], called: [...new Set(called)] });
  }
};

/** All names at once but those that the prototype has anyway. */
const all = async (prototype, values) => {
  const names = [...members.keys()].filter((name) => !(name in prototype) && !OF_A_KEY.includes(name));
  for (const value of values)
    await attempt(prototype, `everything in ${prototype.constructor.name}`, names, value);
};

const values = Object.keys(VALUES);
if (how === "every") {
  const suiting = Object.fromEntries(values.map((value) => [value, []]));
  const others = Object.fromEntries(values.map((value) => [value, []]));
  for (const [name, kind] of members) {
    if (name in Object.prototype) continue;
    const fitting = new Set([SUITING[kind], ...(Object.hasOwn(EXTRA, name) ? EXTRA[name] : [])]);
    for (const value of values) {
      if (OF_A_KEY.includes(name)) await attempt(Object.prototype, name, [name], value);
      else (fitting.has(value) ? suiting : others)[value].push(name);
    }
  }
  for (const [lists, size] of [
    [suiting, FEW],
    [others, GROUP],
  ]) {
    for (const value of values) {
      for (let from = 0; from < lists[value].length; from += size)
        await attempt(Object.prototype, "a group", lists[value].slice(from, from + size), value);
    }
  }
}
await all(Object.prototype, values);
for (const { prototype } of [Array, String, Number, Boolean, Function])
  await all(prototype, ["text", "function"]);
console.log(JSON.stringify({ members: members.size, lines: fair.length, differences }));
