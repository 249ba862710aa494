// Tokens that come too late in the packed tarball: what a page that does not see a sign-out writes after it serves nobody, and is revoked by whoever finds it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gate, ISSUER, pageStorage, until } from "./installed.js";
import {
  elsewhere,
  here,
  holdTimers,
  isAtRest,
  METADATA,
  recordsAtRest,
  revokeOthers,
  settled,
  signOutUnseen,
  world,
  writeLate,
} from "./sign_out_world.js";

/** What brings tokens, on a page of that world; gives their number, and what of it is under way. */
const WORKS = {
  async refresh({ signIn, client }) {
    const { session } = await signIn(client());
    return { count: 2, pending: () => session.refresh() };
  },
  async "code that is redeemed"({ callback, client }) {
    const using = client();
    const url = await callback(using);
    return { count: 1, pending: () => using.handleRedirect(url) };
  },
};

for (const [work, begin] of Object.entries(WORKS)) {
  for (const when of ["before the answer", "while it is kept", "after it was kept"]) {
    test(`SE1 the tokens of a ${work} are revoked when the sign-out of another page is seen ${when}`, async () => {
      const there = world();
      const { server, config, client } = there;
      const { count, pending } = await begin(there);
      const held = gate();
      server.hold = () => held.opened;
      const going = pending();
      going.catch(() => {});
      await until(() => server.issued === count);
      const see = await signOutUnseen(config, work === "refresh");
      const release = holdTimers();
      try {
        if (when === "before the answer") see();
        if (when === "while it is kept") {
          const { localStorage } = globalThis;
          const { setItem } = localStorage;
          localStorage.setItem = (name, item) => {
            setItem(name, item);
            if (item.includes(`rt${count}`)) see();
          };
        }
        held.open();
        const outcome = await going.catch((error) => ({ error }));
        assert.equal(outcome?.error?.code, when === "before the answer" ? "session_expired" : undefined);
        assert.equal(isAtRest(count), when === "after it was kept");
        if (when === "after it was kept") see();
      } finally {
        release();
      }
      await until(() => [`rt${count}`, `at${count}`].every((token) => server.revoked.includes(token)));
      await until(() => !isAtRest(count));
      assert.equal(await client().session(), null);
    });
  }

  for (const late of ["of a page that is there", "of a page that has gone"]) {
    test(`SE1 the tokens of a ${work} ${late} are revoked when the sign-out of another page is seen long after they were kept`, async () => {
      const there = world();
      const { server, config, client, signIn } = there;
      // Somebody is signed in: there is an epoch that ends.
      await signIn();
      const { pending, ...begun } = await begin(there);
      const count = begun.count + 1;
      const see = await signOutUnseen(config);
      const release = holdTimers();
      let looks = 0;
      try {
        await pending();
        const { getItem, items } = globalThis.localStorage;
        // Another test's client may look at its own now.
        const epoch = [...items.keys()].find((name) => /:e:/.test(name));
        globalThis.localStorage.getItem = (name) => {
          if (name === epoch) looks += 1;
          return getItem(name);
        };
      } finally {
        release();
      }
      // They are looked at again, and nothing is seen.
      await until(() => looks > 0);
      assert.deepEqual([isAtRest(count), server.revoked], [true, []]);
      see();
      const next = client(late.endsWith("gone") ? elsewhere : here);
      assert.equal(await next.session(), null);
      assert.equal(isAtRest(count), false);
      await until(() => server.revoked.length === 2);
      assert.deepEqual(server.revoked, [`rt${count}`, `at${count}`]);
      // Nothing is left that anybody would find again.
      const posts = server.posts.length;
      for (const page of [here, elsewhere]) assert.equal(await client(page).session(), null);
      await revokeOthers();
      assert.equal(server.posts.length, posts);
    });
  }

  test(`SE1 the tokens of a ${work} are not revoked where nobody else signs out`, async () => {
    for (const leaves of [false, true]) {
      const there = world();
      const { server, client } = there;
      const { pending } = await begin(there);
      const release = holdTimers();
      try {
        await pending();
        if (leaves) await client().logout();
      } finally {
        release();
      }
      await settled(there);
      assert.deepEqual(server.revoked, []);
      assert.equal((await client().session()) === null, leaves);
    }
  });
}

test("SE1 what a sign-out has ended is not revoked by who finds it, and what is written after that is", async () => {
  const { server, config, client, signIn } = world();
  await signIn();
  const [record] = recordsAtRest();
  // The page that signs out does not come to remove the record.
  (await signOutUnseen(config))((name) => /:e:/.test(name));
  assert.equal(isAtRest(1), true);
  assert.equal(await client(elsewhere).session(), null);
  assert.equal(isAtRest(1), false);
  await revokeOthers();
  assert.deepEqual(server.revoked, []);
  globalThis.localStorage.setItem(...record);
  assert.equal(await client().session(), null);
  assert.equal(isAtRest(1), false);
  await until(() => server.revoked.length === 2);
  assert.deepEqual(server.revoked, ["rt1", "at1"]);
});

test("SE1 sessions of other tabs that a sign-out has ended are not revoked", async () => {
  for (const storage of ["session", "memory"]) {
    const { server, client, signIn } = world({ storage });
    const { client: away } = await signIn();
    away.close();
    const { sessionStorage } = globalThis;
    globalThis.sessionStorage = pageStorage();
    await client(elsewhere).logout();
    globalThis.sessionStorage = sessionStorage;
    assert.equal(await client().session(), null);
    await revokeOthers();
    assert.equal(isAtRest(1), false);
    assert.deepEqual(server.revoked, [], storage);
  }
});

test("SE1 two pages that find the same late tokens have them removed, and nobody waits for the server", async () => {
  const there = world();
  await writeLate(there);
  const { server, client } = there;
  const held = gate();
  const sent = [];
  const fetch = async (_url, init) => {
    sent.push([isAtRest(1), new URLSearchParams(init.body).get("token")]);
    await held.opened;
    return new Response(null, { status: 503 });
  };
  const page = (which) => client(which, { host: { fetch } });
  const found = await Promise.all([page(here).session(), page(elsewhere).session(), page(here).session()]);
  assert.deepEqual(found, [null, null, null]);
  assert.equal(isAtRest(1), false);
  await until(() => sent.length > 0);
  assert.deepEqual(sent[0], [false, "rt1"]);
  held.open();
  await revokeOthers();
  assert.equal(await page(here).session(), null, "what the server answers is no matter");
  assert.deepEqual(server.revoked, []);
});

test("SE1 a client has only its own late tokens revoked", async () => {
  const [one, other] = [world(), world()];
  await writeLate(one);
  const { name } = await writeLate(other);
  assert.equal(await one.client().session(), null);
  await until(() => one.server.revoked.length === 2);
  await revokeOthers();
  assert.deepEqual([...recordsAtRest().keys()], [name]);
  assert.deepEqual(other.server.revoked, []);
  assert.equal(await other.client().session(), null);
  await until(() => other.server.revoked.length === 2);
});

test("SE1 late tokens are removed where the server has no endpoint for more, or the record is nobody's", async () => {
  const there = world();
  const { name } = await writeLate(there);
  const { client, config, server } = there;
  const posts = server.posts.length;
  const { revocation_endpoint: _, ...without } = METADATA;
  assert.equal(await new here.Client(config, without).session(), null);
  assert.equal(isAtRest(1), false);
  for (const item of ["", "1", "rubbish\nrt1\nat1\n"]) {
    globalThis.localStorage.setItem(name, item);
    assert.equal(await client().session(), null);
    assert.equal(globalThis.localStorage.getItem(name), null);
  }
  await revokeOthers();
  assert.equal(server.posts.length, posts);
});

test("SE1 SE3 late tokens go to an endpoint that this page has fetched", async () => {
  const there = world();
  const { config, server, signIn } = there;
  const { name, item } = await writeLate(there);
  globalThis.localStorage.removeItem(name);
  const asked = [];
  const fetch = async (url, init) => {
    asked.push(url);
    return url.includes(".well-known") ? Response.json(METADATA) : config.host.fetch(url, init);
  };
  const discover = () => here.Client.discover({ ...config, host: { ...config.host, fetch } });
  await signIn(await discover());
  const kept = [...globalThis.localStorage.items].find(([name]) => name.startsWith("pkce-wasm:2:m:"));
  assert.ok(kept, "the metadata are kept with the session");
  globalThis.localStorage.setItem(kept[0], kept[1].replaceAll(`${ISSUER}/revoke`, `${ISSUER}/elsewhere`));
  globalThis.localStorage.setItem(name, item);
  asked.length = 0;
  const client = await discover();
  assert.notEqual(await client.session(), null);
  await until(() => server.revoked.length === 2);
  assert.deepEqual(server.revoked, ["rt1", "at1"]);
  assert.deepEqual(asked.slice(1), [`${ISSUER}/revoke`, `${ISSUER}/revoke`], "after the document");
  assert.match(asked[0], /well-known/);
});
