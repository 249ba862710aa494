// Sign-outs in the packed tarball where a host keeps the records: it refuses a write, answers never, or has no room.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hostStorage, until } from "./installed.js";
import { code, elsewhere, METADATA, signOutThere, world } from "./sign_out_world.js";

test("SE1 a storage of the host that cannot be written does not keep anybody signed in", async () => {
  for (const fault of ["refuses", "answers never"]) {
    const items = new Map();
    let broken = false;
    const storage = {
      getItem: async (name) => items.get(name),
      setItem: async (name, item) => {
        if (!broken) return void items.set(name, item);
        if (fault === "refuses") throw new Error("full");
        await new Promise(() => {});
      },
      timeout: 50,
    };
    const { client, signIn } = world({ storage: "host", host: { storage } });
    const { client: using, session } = await signIn();
    broken = true;
    await assert.rejects(using.logout(), code("storage_unavailable"));
    assert.equal(session.expired, true);
    broken = false;
    if (fault === "refuses") assert.equal(await client().session(), null);
    await assert.rejects(session.accessToken());
  }
});

for (const isOfItems of [false, true]) {
  const kind = isOfItems ? "of items" : "of one item";
  for (const work of ["login", "refresh"]) {
    /** Somebody is signed in, and the host has no room for what that brought. */
    const fall = async () => {
      const storage = hostStorage(isOfItems);
      const { signIn, ...there } = world({ storage: "host", host: { storage } });
      const first = await signIn();
      storage.full = "rt2";
      if (work === "refresh") await first.session.refresh();
      const { client: using, session } = work === "refresh" ? first : await signIn();
      assert.equal(using.storage.session, "memory");
      assert.notEqual(await using.session(), null);
      return { ...there, signIn, storage, using, session };
    };

    test(`SE1 a session that a host ${kind} has no room for since its ${work} ends with the sign-out of another page`, async () => {
      const { client, signIn, storage, using, session } = await fall();
      const heard = [];
      using.on("signed-out", ({ elsewhere }) => heard.push(elsewhere));
      await client(elsewhere).logout();
      await until(() => session.expired);
      await until(() => heard.length === 1);
      assert.equal(await using.session(), null);
      await assert.rejects(session.accessToken(), code("session_expired"));
      storage.full = undefined;
      assert.equal(await (await signIn(using)).session.accessToken(), "at3");
    });

    test(`SE1 a page that was frozen gives no token of a session that a host ${kind} has no room for since its ${work}`, async () => {
      const { config, signIn, storage, using, session } = await fall();
      await signOutThere(config, []);
      await assert.rejects(session.accessToken(), code("session_expired"));
      assert.equal(session.expired, true);
      assert.equal(await using.session(), null);
      storage.full = undefined;
      const { session: next } = await signIn(using);
      assert.equal(await next.accessToken(), "at3");
      await signOutThere(config, []);
      await assert.rejects(next.accessToken(), code("session_expired"));
    });

    test(`SE1 the sign-out of a page whose session a host ${kind} has no room for since its ${work} is one everywhere`, async () => {
      const { client, storage, using, session } = await fall();
      const before = await client(elsewhere).session();
      await using.logout();
      assert.equal(await client(elsewhere).session(), null);
      assert.equal(await using.session(), null);
      for (const one of [session, before]) {
        if (one) await assert.rejects(one.accessToken(), code("session_expired"));
      }
      for (const item of storage.items.values()) assert.doesNotMatch(item, /[ar]t1/);
    });
  }

  test(`SE1 the first call of a page ends the session that a host ${kind} keeps, and has its tokens revoked`, async () => {
    const storage = hostStorage(isOfItems);
    const { config, server, signIn } = world({ storage: "host", host: { storage } });
    await signIn();
    // Another process: nothing is known of that storage yet.
    const { items: _, full: __, ...methods } = storage;
    const client = new elsewhere.Client({ ...config, host: { ...config.host, storage: methods } }, METADATA);
    await client.logout({ revoke: true });
    assert.deepEqual(server.revoked, ["rt1", "at1"]);
    for (const item of storage.items.values()) assert.doesNotMatch(item, /[ar]t1/);
  });
}
