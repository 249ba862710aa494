// A host's storage that answers late, with no strings, or takes little.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import {
  assertNoLeftovers,
  drive,
  EPOCH,
  isUnavailable,
  OLD,
  PENDING,
  readAll,
  SESSION,
  storageOf,
  text,
  use,
  writeAll,
} from "./host_storage_world.js";
import { ISSUER, load, metadataOf, REDIRECT_URI } from "./installed.js";

const { Client, isPkceError, ready } = await load("pkce-wasm");
await ready();

for (const hasRemove of [false, true]) {
  const form = hasRemove ? "items" : "one item";
  const host = (items, script) =>
    storageOf(items, { script, ...(hasRemove ? {} : { removeItem: undefined }) });

  test(`HS5 ${form}: a write that lands late never wins over a later one, whichever write it is and whenever it lands`, async ({
    mock: { timers },
  }) => {
    timers.enable({ apis: ["setTimeout"] });
    for (let late = 1; ; late++) {
      for (const order of ["before", "while", "after"]) {
        const items = new Map();
        await drive(timers, writeAll(host(items), { [SESSION]: "tokens", [EPOCH]: "1" }));
        let writes = 0;
        let land;
        const storage = host(items, ({ method, act }) => {
          if (method === "getItem") return undefined;
          writes += 1;
          if (writes !== late) return undefined;
          return new Promise((done) => {
            land = () => {
              land = undefined;
              act();
              done({});
            };
          });
        });
        const isStuck = () => Boolean(land);
        // A refresh, whose write takes longer than it may.
        const refresh = writeAll(storage, { [SESSION]: "fresh tokens", [EPOCH]: "1" });
        const isLate = await drive(timers, refresh, isStuck).then(
          () => false,
          (error) => isUnavailable(error) || assert.fail(error),
        );
        if (!isLate) {
          assert.ok(late > 1, "every write was late once");
          return;
        }
        if (order === "before") land();
        // Whoever has no more patience is told, and nothing is written.
        if (order === "after") {
          const count = storage.asked.length;
          await assert.rejects(drive(timers, writeAll(storage, { [SESSION]: null }), isStuck), isUnavailable);
          assert.equal(storage.asked.length, count, "nothing is asked of a storage that does not answer");
          land();
        }
        const signOut = writeAll(storage, { [SESSION]: null, [EPOCH]: "2" });
        if (order === "while") {
          await immediate();
          land();
        }
        await drive(timers, signOut);
        assert.deepEqual(await drive(timers, readAll(host(items))), { [EPOCH]: "2" }, `${late} ${order}`);
      }
    }
  });

  test(`HS5 ${form}: operations that overlap are done one after the other, however slow the storage is`, async () => {
    const items = new Map();
    const storage = host(items, async () => {
      await new Promise(setImmediate);
    });
    await Promise.all(
      Array.from({ length: 8 }, (_, at) => writeAll(storage, { [`${PENDING}${at}`]: `${at}` })),
    );
    assert.equal(Object.keys(await readAll(storage)).length, 8);
  });

  test(`HS6 ${form}: a storage that gives anything but strings is broken, and not empty`, async () => {
    const values = {
      Number: 7,
      Boolean: false,
      Object: { value: "secret" },
      Array: ["secret"],
      Uint8Array: new TextEncoder().encode("secret"),
      String: Object("secret"),
      Function: () => "secret",
      BigInt: 7n,
    };
    for (const [kind, answer] of Object.entries(values)) {
      const storage = host(new Map(), ({ method }) => (method === "getItem" ? { answer } : undefined));
      await assert.rejects(
        use(storage, (records) => records.getItem(SESSION)),
        (error) =>
          isUnavailable(error) && error.cause.message.includes(kind) && !/secret/.test(error.cause.message),
      );
      assert.deepEqual(storage.names("setItem"), []);
    }
    for (const answer of [null, undefined]) {
      const storage = host(new Map(), ({ method }) => (method === "getItem" ? { answer } : undefined));
      assert.equal(await use(storage, (records) => records.getItem(SESSION)), null);
    }
  });

  test(`HS6 ${form}: what is no object of records counts as none`, async () => {
    const heads = [
      "",
      "x",
      "null",
      "7",
      '"text"',
      "true",
      "[]",
      '["a"]',
      "{",
      '{"a":1}',
      `{"${SESSION}":{"value":"x"}}`,
    ];
    heads.push(
      `{"${SESSION}":null}`,
      `{"${SESSION}":[1]}`,
      `{"${SESSION}":[1,-1]}`,
      `{"${SESSION}":["1","2"]}`,
      '{"":[1,0]}',
      '{"-":7}',
    );
    for (const head of heads) {
      const items = new Map([["pkce-wasm", head]]);
      const storage = host(items);
      assert.deepEqual(await readAll(storage), {}, head);
      await writeAll(storage, { [SESSION]: "tokens" });
      assert.deepEqual(await readAll(host(items)), { [SESSION]: "tokens" }, head);
    }
    const mixed = new Map([["pkce-wasm", JSON.stringify({ a: 1, [SESSION]: "tokens", b: null, c: ["x"] })]]);
    assert.deepEqual(await readAll(host(mixed)), { [SESSION]: "tokens" });
  });

  test(`HS7 ${form}: where a record does not fit, what was there stays, and the error says so`, async () => {
    const items = new Map();
    await writeAll(host(items), { [SESSION]: "tokens" });
    const storage = host(items, ({ method }) => {
      if (method === "setItem") throw new Error("too long for this storage");
    });
    await assert.rejects(
      writeAll(storage, { [SESSION]: text(3000) }),
      (error) => isUnavailable(error) && /too long/.test(error.cause.message),
    );
    assert.deepEqual(await readAll(storage), { [SESSION]: "tokens" });
    assert.deepEqual(await readAll(host(items)), { [SESSION]: "tokens" });
  });
}

test("HS7 a storage with a limit that nobody named takes shorter items", async () => {
  for (const limit of [2560, 1280, 1000, 255, 240]) {
    const items = new Map();
    const storage = storageOf(items, { limit });
    await writeAll(storage, OLD);
    await writeAll(storage, { [SESSION]: text(5000) });
    assert.deepEqual(await readAll(storageOf(items, { limit })), { ...OLD, [SESSION]: text(5000) });
    assertNoLeftovers(items);
    const count = storage.asked.length;
    await writeAll(storage, { [EPOCH]: "2" });
    assert.ok(storage.asked.length - count < 20, "the limit is known from then on");
  }
});

test("HS7 a login in a storage of short items: sign-in, restart, refresh, sign-out", async () => {
  const metadata = { ...metadataOf(ISSUER) };
  for (const maxLength of [64, 240, 1280, undefined]) {
    const items = new Map();
    let generation = 0;
    const opened = [];
    const start = () => {
      const storage = storageOf(items, { maxLength });
      const host = {
        storage,
        open: (url) => void opened.push(url),
        fetch: async () => {
          generation += 1;
          return Response.json({
            access_token: `at${generation}.${text(2000)}`,
            token_type: "Bearer",
            refresh_token: `rt${generation}.${text(900)}`,
            expires_in: 3600,
          });
        },
      };
      return new Client(
        { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files", storage: "host", host },
        metadata,
      );
    };
    await start().login();
    const callback = () => `${REDIRECT_URI}?code=c&state=${new URL(opened.at(-1)).searchParams.get("state")}`;
    const { status, error } = await start().handleRedirect(callback());
    assert.equal(status, "signed-in", error);
    assert.ok([...items.values()].every(({ length }) => length <= (maxLength ?? length)));
    const client = start();
    const session = await client.session();
    assert.match(await session.accessToken(), /^at1\./);
    await session.refresh();
    assert.match(await (await start().session()).accessToken(), /^at2\./);
    assert.equal((await start().handleRedirect(callback())).status, "already-completed");
    await client.logout();
    assert.equal(await start().session(), null);
    assertNoLeftovers(items);
    const kept = [...items.values()].join("");
    assert.ok(!kept.includes(text(2000).slice(100, 150)), "no token is left");
  }
});

test("HS6 a client of a storage that gives no strings says so, and nobody seems signed out", async () => {
  for (const answer of [1, true, { value: "x" }, new Uint8Array(3)]) {
    const storage = { getItem: async () => answer, setItem: async () => {} };
    const host = { storage, open: () => assert.fail("sent away") };
    const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, storage: "host", host };
    const client = new Client({ ...config, scope: "files" }, metadataOf(ISSUER));
    const told = (error) => isPkceError(error) && error.code === "storage_unavailable";
    await assert.rejects(client.session(), told);
    await assert.rejects(client.login(), told);
  }
});
