// The records in a host's storage: whatever cuts a write short, the next start sees what was there before or what was written, whole.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import {
  assertNoLeftovers,
  drive,
  EPOCH,
  isUnavailable,
  never,
  OLD,
  PENDING,
  REMAINS,
  readAll,
  SESSION,
  storageOf,
  text,
  use,
  writeAll,
} from "./host_storage_world.js";

test("HS1 each record is an item of its own where the host can remove items, and else they are one", async () => {
  for (const removeItem of [undefined, "there"]) {
    const storage = storageOf(new Map(), removeItem ? {} : { removeItem });
    await writeAll(storage, { [SESSION]: "tokens", [EPOCH]: "1" });
    const whole = [...storage.items.values()].filter((item) => item.includes("tokens"));
    assert.equal(whole.length, 1);
    if (removeItem) {
      assert.equal(storage.items.size, 3);
      assert.ok(!storage.items.get("pkce-wasm").includes("tokens"));
    } else {
      assert.deepEqual(
        [...storage.items],
        [["pkce-wasm", JSON.stringify({ [SESSION]: "tokens", [EPOCH]: "1" })]],
      );
    }
    assert.deepEqual(await readAll(storageOf(storage.items, removeItem ? {} : { removeItem })), {
      [SESSION]: "tokens",
      [EPOCH]: "1",
    });
  }
});

test("HS1 only what is asked for is read, and what was read stays known", async () => {
  const items = new Map();
  const all = { [SESSION]: "tokens", [EPOCH]: "1" };
  for (let each = 0; each < 9; each++) all[`${PENDING}${each}`] = `login ${each}`;
  await writeAll(storageOf(items), all);
  const storage = storageOf(items);
  const session = () => use(storage, (records) => records.getItem(SESSION));
  assert.equal(await session(), "tokens");
  assert.equal(storage.asked.length, 2);
  assert.equal(await session(), "tokens");
  assert.equal(storage.asked.length, 3, "the head alone");
  // What another page of the application writes is seen all the same.
  await writeAll(storageOf(items), { [SESSION]: "fresh tokens" });
  assert.equal(await session(), "fresh tokens");
  assert.deepEqual(storage.names("setItem"), [], "nothing is written that did not change");
  await use(storage, (records) => {
    records.setItem(SESSION, records.getItem(SESSION));
    records.removeItem("pkce-wasm:2:s:nobody");
  });
  assert.deepEqual(storage.names("setItem"), []);
});

test("HS1 a record that is rewritten leaves the items of the others alone", async () => {
  const storage = storageOf(new Map());
  await writeAll(storage, { [SESSION]: "tokens", [EPOCH]: "1" });
  const before = new Map(storage.items);
  await writeAll(storage, { [EPOCH]: "2" });
  const session = [...before].find(([, item]) => item.includes("tokens"));
  assert.equal(storage.items.get(session[0]), session[1]);
  assert.equal(storage.names("setItem").filter((name) => name === session[0]).length, 1);
  assert.equal(storage.items.size, 3);
});

test("HS2 no item is longer than the host takes, the head neither, and every text comes back", async () => {
  const records = {
    [SESSION]: text(5000),
    [EPOCH]: "",
    [`${PENDING}a`]: 'v\n1\r\n\u0000\u2028 "quoted" \\ back',
    [`${PENDING}b`]: "\ud83d\ude00".repeat(100),
    [`${PENDING}c`]: `\ud83d${"x".repeat(70)}\ude00`,
    [`${REMAINS}d`]: "Zürich".repeat(60),
  };
  for (const maxLength of [64, 65, 97, 240, 512, 1280, 2560, 1e6, undefined]) {
    const storage = storageOf(new Map(), { maxLength });
    await writeAll(storage, records);
    for (const item of storage.items.values()) {
      assert.ok(item.length <= (maxLength ?? item.length), `${item.length} of ${maxLength}`);
      assert.match(item, /^[ -~]*$/, "no store can spoil it");
    }
    assert.deepEqual(await readAll(storageOf(storage.items, { maxLength })), records, `${maxLength}`);
    assertNoLeftovers(storage.items);
  }
});

test("HS2 a maxLength that is none counts as the shortest one", async () => {
  for (const maxLength of [0, -1, Number.NaN, 63, 64.9, "many"]) {
    const storage = storageOf(new Map(), { maxLength });
    await writeAll(storage, { [SESSION]: text(500) });
    assert.ok([...storage.items.values()].every(({ length }) => length <= 64));
    assert.equal((await readAll(storageOf(storage.items)))[SESSION], text(500));
  }
});

const CHANGE = {
  [SESSION]: `new ${text(900)}`,
  [EPOCH]: "2",
  [`${PENDING}a`]: null,
  [`${REMAINS}a`]: text(90),
};
const NEW = Object.fromEntries(Object.entries({ ...OLD, ...CHANGE }).filter(([, record]) => record !== null));

const cuts = {
  /** The write fails; whether it took effect all the same. */
  fails:
    (landed) =>
    ({ method, act }) => {
      if (method !== "getItem" && landed) act();
      throw new Error("no more");
    },
  /** There is no answer any more: it hangs, or the application is killed. */
  "never answers":
    (landed) =>
    async ({ act }) => {
      if (landed) act();
      return never;
    },
};

for (const [name, cut] of Object.entries(cuts)) {
  test(`HS3 a write that ${name} at any point leaves the old records or the new ones, whole, and no leftover in the end`, async ({
    mock: { timers },
  }) => {
    timers.enable({ apis: ["setTimeout"] });
    for (const maxLength of [64, 71, 128, 240, 512, 1280, undefined]) {
      const start = new Map();
      await drive(timers, writeAll(storageOf(start, { maxLength }), OLD));
      const counting = storageOf(new Map(start), { maxLength });
      await drive(timers, writeAll(counting, CHANGE));
      const writes = counting.asked.filter(([method]) => method !== "getItem").length;
      assert.ok(writes > 4);
      const seen = new Set();
      // Those that come after the first time cost time: where there are many, not every one is cut.
      const step = Math.ceil(writes / 40);
      for (const landed of [false, true]) {
        for (let point = 1; point <= writes; point += step) {
          const what = `${name} at ${point} of ${writes}, landed: ${landed}, maxLength ${maxLength}`;
          const items = new Map(start);
          let done = 0;
          const storage = storageOf(new Map(), { maxLength });
          await drive(timers, writeAll(storage, OLD));
          storage.serve(items, (asked) => {
            if (asked.method !== "getItem") done += 1;
            return done >= point ? cut(landed && done === point)(asked) : undefined;
          });
          const isStuck = () => name === "never answers" && done >= point;
          await assert.rejects(drive(timers, writeAll(storage, CHANGE), isStuck), isUnavailable, what);
          // The next start.
          const next = await drive(timers, readAll(storageOf(new Map(items), { maxLength })));
          const isOld = next[EPOCH] === OLD[EPOCH];
          assert.deepEqual(next, isOld ? OLD : NEW, what);
          seen.add(isOld);
          // The same page may go on, where it is answered again.
          if (name === "fails") {
            const same = new Map(items);
            storage.serve(same);
            await drive(timers, writeAll(storage, { [`${PENDING}c`]: "another" }));
            assertNoLeftovers(same, what);
            assert.deepEqual(
              await drive(timers, readAll(storage)),
              { ...next, [`${PENDING}c`]: "another" },
              what,
            );
          }
          // What was left behind is gone with the next write.
          const later = storageOf(new Map(items), { maxLength });
          await drive(timers, writeAll(later, { [`${PENDING}c`]: "another" }));
          assertNoLeftovers(later.items, what);
          assert.deepEqual(
            await drive(timers, readAll(storageOf(later.items, { maxLength }))),
            { ...next, [`${PENDING}c`]: "another" },
            what,
          );
        }
      }
      assert.equal(seen.size, 2, "both were seen");
    }
  });
}

test("HS3 a write that fails once is done again by the same page, and leaves nothing behind", async () => {
  for (const maxLength of [64, 240, 1280, undefined]) {
    for (let point = 1; ; point++) {
      let writes = 0;
      let cut = true;
      const storage = storageOf(new Map(), {
        maxLength,
        script: ({ method, act }) => {
          if (method === "getItem" || !cut) return;
          writes += 1;
          if (writes < point) return;
          if (point % 2) act();
          throw new Error("not now");
        },
      });
      const cutShort = await writeAll(storage, OLD).then(
        () => false,
        () => true,
      );
      if (!cutShort) break;
      cut = false;
      await writeAll(storage, OLD);
      await writeAll(storage, CHANGE);
      assertNoLeftovers(storage.items, `${point} of ${maxLength}`);
      assert.deepEqual(await readAll(storageOf(storage.items)), NEW);
    }
  }
});

test("HS3 whatever is written, cut short, started anew and given another length: each state is one that was written", async () => {
  let seed = 1;
  const below = (end) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * end);
  };
  const any = (list) => list[below(list.length)];
  const lengths = [64, 65, 100, 240, 512, 1280, undefined];
  const names = [SESSION, EPOCH, `${PENDING}1`, `${PENDING}2`, `${REMAINS}1`, `${REMAINS}2`];
  const record = () =>
    any(["a", "\n", "\u00fc", "\ud83d\ude00", "\ud800", '"']).repeat(below(any([9, 300, 3000])));
  for (let world = 0; world < 60; world++) {
    const items = new Map();
    let [kept, storage] = [{}, storageOf(items)];
    for (let step = 0; step < 25; step++) {
      if (below(4) === 0) storage = storageOf(items, { maxLength: any(lengths) });
      const change = Object.fromEntries(
        names.filter(() => below(3) === 0).map((name) => [name, below(4) ? record() : null]),
      );
      const all = Object.entries({ ...kept, ...change }).filter(([, value]) => value !== null);
      let [left, hasWritten] = [below(3) ? Number.POSITIVE_INFINITY : 1 + below(40), false];
      const isCut = left < Number.POSITIVE_INFINITY;
      storage.serve(items, ({ method, name, act }) => {
        if (method === "getItem") return;
        hasWritten ||= name === "pkce-wasm";
        left -= 1;
        if (left > 0) return;
        if (left === 0 && below(2)) act();
        throw new Error("no more");
      });
      await writeAll(storage, change).catch((error) => assert.ok(isCut && isUnavailable(error)));
      storage.serve(items);
      const next = await readAll(below(2) ? storage : storageOf(items));
      const expected = isDeepStrictEqual(next, kept) && isCut ? kept : Object.fromEntries(all);
      assert.deepEqual(next, expected, `${world}, ${step}`);
      kept = next;
      if (hasWritten && !isCut) assertNoLeftovers(items, `${world}, ${step}`);
    }
  }
});

test("HS3 what a storage does not give once is read again the next time", async () => {
  const storage = storageOf(new Map());
  await writeAll(storageOf(storage.items), OLD);
  let isLocked = true;
  const lost = new Set(storage.items.keys());
  storage.serve(storage.items, ({ method, name }) =>
    isLocked && method === "getItem" && name !== "pkce-wasm" && lost.has(name) ? { answer: null } : undefined,
  );
  await use(storage, (records) => records.setItem(`${PENDING}c`, `${records.getItem(SESSION)}`));
  isLocked = false;
  assert.deepEqual(await readAll(storage), { ...OLD, [`${PENDING}c`]: "null" });
});

test("HS3 an item that is missing or was changed is no record, and the others are there", async () => {
  const items = new Map();
  await writeAll(storageOf(items, { maxLength: 240 }), OLD);
  const numbers = JSON.parse(items.get("pkce-wasm"))[SESSION]?.slice(1) ?? [];
  const broken = numbers.length > 0 ? `pkce-wasm.${numbers[0]}` : assert.fail("the head is cut");
  for (const change of [
    (spoilt) => spoilt.delete(broken),
    (spoilt) => spoilt.set(broken, `${items.get(broken)}x`),
  ]) {
    const spoilt = new Map(items);
    change(spoilt);
    const storage = storageOf(spoilt, { maxLength: 240 });
    assert.deepEqual(await readAll(storage), { ...OLD, [SESSION]: null });
    await writeAll(storage, { [SESSION]: "again" });
    assert.deepEqual(await readAll(storageOf(spoilt)), { ...OLD, [SESSION]: "again" });
    assertNoLeftovers(spoilt);
  }
});

test("HS3 a storage that refuses to remove what it does not have is served", async () => {
  const items = new Map();
  let isStuck = false;
  const refusing = () =>
    storageOf(items, {
      script: ({ method, name }) => {
        if (method === "removeItem" && (isStuck || !items.has(name))) throw new Error("item not found");
      },
    });
  await writeAll(refusing(), OLD);
  await writeAll(refusing(), CHANGE);
  await writeAll(refusing(), { [EPOCH]: "3" });
  assert.deepEqual(await readAll(refusing()), { ...NEW, [EPOCH]: "3" });
  assertNoLeftovers(items);
  // One that can remove nothing keeps no secret.
  isStuck = true;
  await writeAll(refusing(), { [SESSION]: null });
  assert.ok(
    [...items.values()].every((item) => !item.includes("abc") && !item.includes(NEW[SESSION].slice(0, 40))),
  );
});

test("HS3 where there is little room what remains of logins goes first, then the oldest logins; never the session, never the epoch", async () => {
  const storage = storageOf(new Map());
  await writeAll(storage, { [SESSION]: "tokens", [EPOCH]: "1" });
  for (let each = 0; each < 15; each++) {
    await writeAll(storage, { [`${PENDING}${each}`]: `login ${each}`, [`${REMAINS}${each}`]: "done" });
  }
  const names = Object.keys(await readAll(storage));
  assert.equal(names.length, 22);
  assert.equal(names.filter((name) => name.startsWith(PENDING)).length, 15);
  for (let each = 15; each < 40; each++) await writeAll(storage, { [`${PENDING}${each}`]: `login ${each}` });
  await writeAll(storage, { [`${REMAINS}last`]: "done" });
  const left = Object.keys(await readAll(storage));
  assert.ok(left.includes(SESSION) && left.includes(EPOCH));
  assert.ok(
    left.includes(`${REMAINS}last`) && left.includes(`${PENDING}39`) && !left.includes(`${PENDING}20`),
  );
  assert.equal(left.length, 22);
  assert.equal(storage.items.size, 23);
  assertNoLeftovers(storage.items);
});

test("HS1 a work that lacks a record runs again as if it had not run, whatever it made of that", async () => {
  const items = new Map();
  await writeAll(storageOf(items), { [SESSION]: "tokens", [EPOCH]: "1" });
  const storage = storageOf(items);
  let runs = 0;
  const result = await use(storage, (records) => {
    runs += 1;
    const run = runs;
    records.setItem(`${PENDING}${run}`, "login");
    let epoch;
    try {
      epoch = records.getItem(EPOCH);
    } catch {
      records.removeItem(SESSION);
      throw new Error("swallowed");
    }
    return [run, epoch, records.getItem(SESSION)];
  });
  assert.deepEqual(result, [3, "1", "tokens"]);
  assert.deepEqual(await readAll(storage), { [SESSION]: "tokens", [EPOCH]: "1", [`${PENDING}3`]: "login" });
  // What a work that fails has changed is written all the same.
  const failing = use(storage, (records) => {
    records.removeItem(SESSION);
    throw new Error("ended by the server");
  });
  await assert.rejects(failing, /ended by the server/);
  assert.equal((await readAll(storageOf(items)))[SESSION], undefined);
});

test("HS4 what other versions wrote in one item is read, moves with the next write, and is theirs as long as they run", async () => {
  const items = new Map([
    ["pkce-wasm", JSON.stringify({ "pkce-wasm:s:owner": "v=1", [SESSION]: text(400) })],
  ]);
  const storage = storageOf(items, { maxLength: 512 });
  assert.deepEqual(await readAll(storage), { "pkce-wasm:s:owner": "v=1", [SESSION]: text(400) });
  assert.deepEqual(storage.names("setItem"), [], "nothing moves when nothing changes");
  await writeAll(storage, { [EPOCH]: "1" });
  const all = { "pkce-wasm:s:owner": "v=1", [SESSION]: text(400), [EPOCH]: "1" };
  assert.deepEqual(await readAll(storageOf(items)), all);
  assert.ok(!items.get("pkce-wasm").includes(text(40)));
  // 0.1.0 writes its records beside what it does not know, in the one item that it knows; also where the head is cut.
  for (const maxLength of [512, 64]) {
    await writeAll(storageOf(items, { maxLength }), { [EPOCH]: `${maxLength}` });
    const head = JSON.parse(items.get("pkce-wasm"));
    items.set("pkce-wasm", JSON.stringify({ ...head, "pkce-wasm:s:owner": "v=1 newer" }));
    assert.deepEqual(await readAll(storageOf(items, { maxLength })), {
      ...all,
      [EPOCH]: `${maxLength}`,
      "pkce-wasm:s:owner": "v=1 newer",
    });
  }
});

test("HS4 a move that is cut at any point leaves what was there", async () => {
  const before = { "pkce-wasm:s:owner": "v=1", [SESSION]: text(400) };
  for (const landed of [false, true]) {
    for (let point = 1; ; point++) {
      const items = new Map([["pkce-wasm", JSON.stringify(before)]]);
      let writes = 0;
      const script = ({ method, act }) => {
        if (method !== "getItem") writes += 1;
        if (writes < point) return;
        if (landed && writes === point) act();
        throw new Error("no more");
      };
      const done = await writeAll(storageOf(items, { maxLength: 200, script }), { [EPOCH]: "1" }).then(
        () => true,
        () => false,
      );
      const { [EPOCH]: epoch, ...rest } = await readAll(storageOf(items, { maxLength: 200 }));
      assert.deepEqual(rest, before);
      assert.ok(epoch === undefined || epoch === "1");
      if (done) break;
    }
  }
});
