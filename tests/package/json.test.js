// The module reads JSON itself. Here it is held beside `JSON.parse`, through the answers of a server: thousands of texts, made by a generator with
// a seed, sound ones and nearly sound ones. tests/json.rs and the fuzz target hold the same reader beside serde_json.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ISSUER, load, metadataOf, REDIRECT_URI } from "./installed.js";

const client = await load("pkce-wasm");
await client.ready();

const METADATA = { ...metadataOf(ISSUER), userinfo_endpoint: `${ISSUER}/me` };
const CONFIG = {
  issuer: ISSUER,
  clientId: "app",
  redirectUri: REDIRECT_URI,
  scope: "files",
};
const TOKENS = { accessToken: "at", tokenType: "Bearer", scope: "files", refreshToken: "rt" };

const CASES = 3000;
const MAX_DEPTH = 64;

/** What a step makes of an answer: its result, or the error. */
const answered = async (step, body, status = 200) => {
  const fetch = async () => new Response(body, { status, headers: { "content-type": "application/json" } });
  try {
    return { result: await client[step](CONFIG, METADATA, TOKENS, { fetch }) };
  } catch (error) {
    assert.ok(client.isPkceError(error), `${body}: ${error}`);
    return { error };
  }
};

const parsed = (text) => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
};

/** How deep the values of a text stand inside of each other. */
const depth = (text) => {
  let [now, most] = [0, 0];
  for (const [bracket] of text.replace(/"(?:\\.|[^"\\])*"/g, "").matchAll(/[[{\]}]/g)) {
    now += "[{".includes(bracket) ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
};

/** Numbers from 0 to 1 that are the same each time (mulberry32). */
const random = (seed) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

const createGenerator = (seed) => {
  const chance = random(seed);
  const below = (count) => Math.floor(chance() * count);
  const one = (list) => list[below(list.length)];
  const many = (most, make) => Array.from({ length: below(most + 1) }, make);
  const digits = (most) => Array.from({ length: 1 + below(most) }, () => below(10)).join("");
  const space = () => one(["", "", "", " ", "\n", "\t\r", "  "]);
  const unit = () => (below(2) ? below(0x10000) : 0xd700 + below(0xa00)).toString(16).padStart(4, "0");
  const character = () => {
    const code = one([
      0x20 + below(0x5f),
      0x80 + below(0x700),
      0x800 + below(0xc000),
      0x10000 + below(0x100000),
      0x7f,
      0x2028,
    ]);
    return '"\\'.includes(String.fromCodePoint(code)) ? "a" : String.fromCodePoint(code);
  };
  const string = () => {
    const part = () =>
      one([
        character,
        character,
        () => `\\u${one([unit(), unit().toUpperCase()])}`,
        () => `\\${one([...'"\\/bfnrt'])}`,
      ])();
    return `"${many(6, part).join("")}"`;
  };
  const number = (most = 20) => {
    const whole = below(3) ? `${one([..."123456789"])}${below(2) ? digits(most) : ""}` : "0";
    const fraction = below(3) ? "" : `.${digits(most)}`;
    const exponent = below(3) ? "" : `${one("eE")}${one(["", "+", "-"])}${digits(3)}`;
    return `${one(["", "", "-"])}${whole}${fraction}${exponent}`;
  };
  const value = (left) => {
    const made = one([
      () => one(["null", "true", "false"]),
      string,
      () => number(),
      () => number(below(20) ? 20 : 400),
      ...(left > 0
        ? [
            () => `[${many(4, () => value(left - 1)).join()}]`,
            () => `{${many(4, () => `${space()}${member()}${space()}:${value(left - 1)}`).join()}}`,
          ]
        : []),
    ])();
    return `${space()}${made}${space()}`;
  };
  const member = () =>
    one([string, string, () => '"a"', () => '"\\u0061"', () => '"__proto__"', () => '"toJSON"'])();
  const TOKENS = [
    ..."{}[],:\"\\/+-.eE019 \t\n\r'abtnf\0\v\f\x1f\x7f\xa0\ufeff\u2028",
    ...'true false null nul NaN Infinity undefined 0x1 1_0 // /* \\u \\ud83d \\ude00 \\x41 \\\' e400 -0 00 01 1. .5 [] {} [,] "a":'.split(
      " ",
    ),
  ];
  /** The same text with a few changes. */
  const changed = (text) => {
    for (let count = 1 + below(2); count > 0; count--) {
      const at = below(text.length + 1);
      text = text.slice(0, at) + (below(4) ? one(TOKENS) : "") + text.slice(at + below(3));
    }
    // Half of a character is no text of a server.
    return text.toWellFormed?.() ?? Buffer.from(text).toString();
  };
  return { string, number, value, changed, below };
};

test("JS1 JS2 JS3 a text is accepted when JSON.parse accepts it, and says the same", async () => {
  const { value, changed, below } = createGenerator(20_261_125);
  const seen = { accepted: 0, refused: 0 };
  for (let round = 0; round < CASES; round++) {
    const sound = value(4);
    const text = `{"sub":"ada","x":${below(2) ? sound : changed(sound)}}`;
    const theirs = parsed(text);
    const isSound = theirs?.value.sub === "ada";
    const { result, error } = await answered("fetchUserinfo", text);
    assert.equal(error?.code, isSound ? undefined : "userinfo_invalid", JSON.stringify(text));
    if (isSound) assert.deepEqual(result, theirs.value, JSON.stringify(text));
    seen[isSound ? "accepted" : "refused"] += 1;
  }
  assert.ok(seen.accepted > CASES / 3 && seen.refused > CASES / 5, JSON.stringify(seen));
});

test("JS3 a string says what JSON.parse says, and half of a surrogate pair is U+FFFD", async () => {
  const { string, changed, below } = createGenerator(8259);
  let read = 0;
  for (let round = 0; round < CASES; round++) {
    const sound = string();
    const text = `{"error":"refused","error_description":${below(3) ? sound : changed(sound)}}`;
    const theirs = parsed(text);
    const { error } = await answered("fetchUserinfo", text, 400);
    if (theirs === undefined || typeof theirs.value.error !== "string" || theirs.value.error === "") {
      assert.equal(error.code, "userinfo_invalid", JSON.stringify(text));
      continue;
    }
    assert.equal(error.code, "userinfo_refused", JSON.stringify(text));
    const { error_description: said } = theirs.value;
    const expected = typeof said === "string" ? Buffer.from(said).toString() : "";
    assert.equal(error.oauthErrorDescription ?? "", expected, JSON.stringify(text));
    read += expected === "" ? 0 : 1;
  }
  assert.ok(read > CASES / 3, `${read}`);
});

test("JS2 a number is what JSON.parse says", async () => {
  const { number, changed, below } = createGenerator(754);
  let read = 0;
  for (let round = 0; round < CASES; round++) {
    const sound = number(below(4) ? 15 : 400).replace(/^-/, below(4) ? "" : "-");
    const written = below(3) ? sound : changed(sound);
    const text = `{"access_token":"at","token_type":"Bearer","expires_in":${written}}`;
    const theirs = parsed(text)?.value;
    const { result, error } = await answered("refreshTokens", text);
    const seconds = theirs?.expires_in;
    if (
      theirs === undefined ||
      theirs.access_token !== "at" ||
      theirs.token_type !== "Bearer" ||
      seconds === undefined ||
      typeof seconds !== "number"
    ) {
      assert.ok(error || result.expiresIn === undefined, JSON.stringify(text));
      continue;
    }
    if (!(seconds >= 0 && seconds < 2 ** 53)) {
      // A negative one has expired, and one beyond every clock is as if it were missing.
      assert.deepEqual([error, result.expiresIn], [undefined, seconds < 0 ? 0 : undefined], written);
      continue;
    }
    assert.equal(error, undefined, written);
    if (/^\d+$/.test(written)) assert.equal(result.expiresIn, seconds, written);
    // A fraction may be rounded up at its fifteenth digit.
    const off = Math.abs(result.expiresIn - Math.floor(seconds));
    assert.ok(
      off === 0 || Math.abs(result.expiresIn - seconds) <= seconds * 1e-14,
      `${written} is ${result.expiresIn}`,
    );
    read += 1;
  }
  assert.ok(read > CASES / 4, `${read}`);
});

test("JS1 JS4 odd texts", async () => {
  const nested = (levels) => "[".repeat(levels) + "]".repeat(levels);
  const texts = [
    ...[
      "-0",
      "0",
      "01",
      "-01",
      "00",
      "1.",
      ".5",
      "-.5",
      "1e",
      "1e+",
      "1e-",
      "1.e1",
      "0e0",
      "-",
      "+1",
      "- 1",
      "1 2",
      "NaN",
      "Infinity",
      "-Infinity",
    ],
    ...[
      "1e400",
      "-1e400",
      "1e-400",
      `1e${"9".repeat(400)}`,
      "9".repeat(400),
      `0.${"0".repeat(400)}1`,
      "9007199254740993",
      "0x1",
      "1n",
      "1_0",
    ],
    ...[
      '"\\u00"',
      '"\\u"',
      '"\\u000g"',
      '"\\U0041"',
      '"\\x41"',
      '"\\\'"',
      '"\\',
      '"a',
      '"\n"',
      '"\t"',
      '"\0"',
      '"\x1f"',
      '"\x7f"',
      '"\u2028"',
      "'a'",
    ],
    ...[
      '"\\ud83d\\ude00"',
      '"\\ude00\\ud83d"',
      '"\\ud83d"',
      '"\\ud83d\\u0041"',
      '"\\u0000"',
      "\ufeff1",
      "\xa01",
      "1\v",
      "1\f",
      "\0",
      "1\0",
    ],
    ...[
      "[1,]",
      "[,1]",
      "[,]",
      "[1 2]",
      "[1",
      "[}",
      "{]",
      "{,}",
      '{"a":1,}',
      '{"a"}',
      '{"a":}',
      '{"a" 1}',
      "{a:1}",
      "{1:1}",
      "{:1}",
      '{"a":1 "b":2}',
    ],
    ...[
      "true1",
      "nul",
      "True",
      "undefined",
      "//",
      "1//",
      "/**/1",
      "",
      " ",
      "[]]",
      "{}}",
      '{"a":1,"a":2,"\\u0061":3}',
      "\u2028",
    ],
    ...[
      nested(MAX_DEPTH - 1),
      nested(MAX_DEPTH),
      `${'{"a":'.repeat(MAX_DEPTH - 1)}0${"}".repeat(MAX_DEPTH - 1)}`,
      nested(10_000),
      "[".repeat(200_000),
    ],
  ];
  for (const odd of texts) {
    const text = `{"sub":"ada","x":${odd}}`;
    const theirs = parsed(text);
    const { result, error } = await answered("fetchUserinfo", text);
    const isSound = theirs !== undefined && depth(text) <= MAX_DEPTH;
    assert.equal(error?.code, isSound ? undefined : "userinfo_invalid", odd.slice(0, 50));
    if (isSound) assert.deepEqual(result, theirs.value);
  }
  for (const text of ["", " ", "null", "[]", '"{}"', "1", "{", "{}{}", '{"sub":"ada"}x']) {
    assert.equal((await answered("fetchUserinfo", text)).error.code, "userinfo_invalid", text);
  }
  for (const space of [" ", "\n", "\r", "\t"]) {
    assert.equal(
      (await answered("fetchUserinfo", `${space}{${space}"sub"${space}:${space}"ada"${space}}${space}`))
        .result.sub,
      "ada",
    );
  }
});
