// The end of a session in the packed tarball: what is under way when somebody signs out comes to nothing, whatever comes first. Two pages of one
// origin are two copies of the package that share a storage; real ones, in processes of their own, are in tests/e2e.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  address,
  ISSUER,
  metadataOf,
  pageOf,
  pageStorage,
  playPage,
  REDIRECT_URI,
  setClockRight,
  until,
} from "./installed.js";

playPage();

globalThis.window = globalThis;

const path = address("pkce-wasm");
const { claim } = await import(new URL("platform/claim.js", path));
const here = await import(path);
const elsewhere = await pageOf("elsewhere");
await here.ready();
await elsewhere.ready();

const METADATA = { ...metadataOf(ISSUER), revocation_endpoint: `${ISSUER}/revoke` };
const code = (expected) => (error) => here.isPkceError(error) && error.code === expected;

beforeEach(() => {
  globalThis.localStorage = pageStorage();
  globalThis.sessionStorage = pageStorage();
  setClockRight();
});

/** A promise that is kept when it is told to be. */
const gate = () => {
  let open;
  const opened = new Promise((done) => {
    open = done;
  });
  return { open, opened };
};

let number = 0;

/** An authorization server whose answers can be held, and an application of its own client. */
const world = (change = {}, lifetime = 3600) => {
  number += 1;
  const server = { posts: [], revoked: [], issued: 0, refreshToken: true, hold: async () => {} };
  const opened = [];
  const config = {
    issuer: ISSUER,
    clientId: `leaving-${number}`,
    redirectUri: REDIRECT_URI,
    scope: "files",
    storage: "local",
    transactionStorage: "memory",
    ...change,
    host: {
      open: (url) => void opened.push(url),
      fetch: async (url, init) => {
        const form = Object.fromEntries(new URLSearchParams(init.body));
        server.posts.push([url, form.grant_type ?? form.token]);
        if (url.endsWith("/revoke")) {
          server.revoked.push(form.token);
          return new Response();
        }
        server.issued += 1;
        const count = server.issued;
        await server.hold(form.grant_type);
        return Response.json({
          access_token: `at${count}`,
          token_type: "Bearer",
          expires_in: lifetime,
          ...(server.refreshToken && { refresh_token: `rt${count}` }),
        });
      },
      ...change.host,
    },
  };
  const client = (page = here, more = {}) => new page.Client({ ...config, ...more }, METADATA);
  const callback = async (using) => {
    await using.login();
    return `${REDIRECT_URI}?code=c&state=${new URL(opened.at(-1)).searchParams.get("state")}`;
  };
  const signIn = async (using = client()) => {
    const outcome = await using.handleRedirect(await callback(using));
    assert.equal(outcome.status, "signed-in");
    return { client: using, session: outcome.session };
  };
  return { server, config, client, callback, signIn };
};

/** Whether a token of this number is at rest anywhere. */
const isAtRest = (count) =>
  [globalThis.localStorage, globalThis.sessionStorage].some(({ items }) =>
    [...items.values()].some((item) => new RegExp(`\\n[ar]t${count}\\n`).test(item)),
  );

for (const storage of ["local", "session", "memory"]) {
  for (const when of ["before", "after"]) {
    test(`SE1 ${storage}: a refresh that is under way at a sign-out, its answer ${when} it, brings nothing back`, async () => {
      const { server, client, signIn } = world({ storage });
      const { client: first, session } = await signIn();
      const held = gate();
      server.hold = () => held.opened;
      const refreshing = session.refresh();
      refreshing.catch(() => {});
      await until(() => server.issued === 2);
      if (when === "before") held.open();
      const page = storage === "local" ? client(elsewhere) : first;
      await page.logout();
      held.open();
      await refreshing.catch(({ code }) => assert.equal(code, "session_expired"));
      assert.equal(await first.session(), null);
      assert.equal(await page.session(), null);
      assert.equal(session.expired, true);
      await assert.rejects(session.accessToken(), code("session_expired"));
      if (when === "after") await until(() => server.revoked.includes("rt2"));
      await until(() => !isAtRest(1) && !isAtRest(2));
    });
  }

  test(`SE1 ${storage}: a code that is being redeemed at a sign-out signs nobody in`, async () => {
    const { server, client, callback } = world({ storage });
    const using = client();
    const url = await callback(using);
    const held = gate();
    server.hold = () => held.opened;
    const finishing = using.handleRedirect(url);
    await until(() => server.issued === 1);
    await client().logout();
    held.open();
    const outcome = await finishing;
    assert.deepEqual(
      [outcome.status, outcome.error?.code, outcome.restart],
      ["refused", "session_expired", true],
    );
    assert.equal(await using.session(), null);
    await until(() => server.revoked.includes("rt1") && server.revoked.includes("at1"));
    const again = await using.handleRedirect(url);
    assert.deepEqual([again.status, again.error?.code], ["refused", "session_expired"]);
    assert.equal(isAtRest(1), false);
  });
}

/** A third page, whose word nobody hears. */
const { Client: Unheard, ready: isReady } = await pageOf("unheard");
await isReady();

/** Signs out in that page, in a storage of its own. Where a refresh is under way here, what follows a sign-out waits for it, and nobody waits for that. */
const signOutThere = async (config, items, isRefreshing = false) => {
  const { BroadcastChannel, localStorage } = globalThis;
  globalThis.BroadcastChannel = class {
    postMessage() {}
  };
  globalThis.localStorage = pageStorage(items);
  await new Unheard(config, METADATA).logout();
  if (!isRefreshing) {
    // What it does afterwards it does there, too: it has asked for that lock by the next task.
    await new Promise((done) => setTimeout(done));
    await claim(`session ${JSON.stringify([config.issuer, config.clientId])}`, 60_000, () => {});
  }
  const { items: left } = globalThis.localStorage;
  Object.assign(globalThis, { BroadcastChannel, localStorage });
  return left;
};
// From here on that page has nothing left to load.
await signOutThere({ issuer: ISSUER, clientId: "any", redirectUri: REDIRECT_URI, storage: "local" });

/** Signs out in that page, which this one does not see before what comes back is called. What this page has written meanwhile came later. */
const signOutUnseen = async (config, isRefreshing) => {
  const { localStorage } = globalThis;
  const before = new Map(localStorage.items);
  const after = await signOutThere(config, before, isRefreshing);
  return (isSeen = () => true) => {
    for (const name of [...new Set([...before.keys(), ...after.keys()])].filter(isSeen)) {
      if (after.get(name) === before.get(name) || localStorage.items.get(name) !== before.get(name)) continue;
      if (after.has(name)) localStorage.setItem(name, after.get(name));
      else localStorage.removeItem(name);
    }
  };
};

/** Short timers wait from now on, until what comes back is called. */
const holdTimers = () => {
  const { setTimeout } = globalThis;
  const waiting = [];
  globalThis.setTimeout = (then, time = 0) =>
    time > 1000 ? setTimeout(then, time) : void waiting.push(then);
  return () => {
    globalThis.setTimeout = setTimeout;
    for (const then of waiting) setTimeout(then, 0);
  };
};

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
      // Longer than anything waits.
      await new Promise((done) => setTimeout(done, 500));
      assert.deepEqual(server.revoked, []);
      assert.equal((await client().session()) === null, leaves);
    }
  });
}

/** The records of sessions that are at rest, by their names. */
const recordsAtRest = () =>
  new Map([...globalThis.localStorage.items].filter(([, item]) => /\n[ar]t\d+\n/.test(item)));

/** Has a session end, and its record written again by a page that did not see it. Gives its name. */
const writeLate = async ({ server, signIn }) => {
  const { client: using } = await signIn();
  const [[name, item]] = [...recordsAtRest()].slice(-1);
  // So it does nothing afterwards.
  await using.logout({ revoke: true });
  server.revoked.length = 0;
  assert.equal(recordsAtRest().has(name), false);
  globalThis.localStorage.setItem(name, item);
  return { name, item };
};

/** Has late tokens of another client revoked: what was to be revoked before has been by then. */
const revokeOthers = async () => {
  const other = world();
  await writeLate(other);
  assert.equal(await other.client().session(), null);
  await until(() => other.server.revoked.length === 2);
};

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

test("SE1 a sign-out that asks for revocation waits for the refresh that is under way, whose tokens are revoked too", async () => {
  const { server, signIn } = world();
  const { client, session } = await signIn();
  const held = gate();
  server.hold = () => held.opened;
  session.refresh().catch(() => {});
  await until(() => server.issued === 2);
  const leaving = client.logout({ revoke: true });
  setTimeout(held.open, 20);
  await leaving;
  await until(() => server.revoked.length === 4);
  assert.deepEqual(server.revoked.toSorted(), ["at1", "at2", "rt1", "rt2"]);
});

test("SE1 another user signs in while the tokens of the one before are refreshed", async () => {
  const { server, client, signIn } = world();
  const ada = await signIn();
  const held = gate();
  server.hold = (grant) => grant === "refresh_token" && held.opened;
  const refreshing = ada.session.refresh();
  refreshing.catch(() => {});
  await until(() => server.issued === 2);
  const bob = await signIn(client(elsewhere));
  held.open();
  await assert.rejects(refreshing, code("session_expired"));
  for (const using of [ada.client, bob.client]) {
    assert.equal(await (await using.session()).accessToken(), "at3");
  }
  await assert.rejects(ada.session.accessToken(), code("session_expired"));
  assert.equal(ada.session.expired, true);
  assert.equal(await bob.session.accessToken(), "at3");
  await until(() => server.revoked.includes("rt2") && !isAtRest(2));
});

test("SE1 a tab that was away while somebody signed out is signed out when it comes back", async () => {
  for (const storage of ["session", "memory"]) {
    const { client, signIn } = world({ storage });
    const { client: away, session } = await signIn();
    away.close();
    await client(elsewhere).logout();
    assert.equal(session.expired, true, "also where it has heard nothing");
    assert.equal(await away.session(), null, storage);
    await assert.rejects(session.accessToken(), code("session_expired"));
    assert.notEqual(await (await signIn(away)).client.session(), null, "and can be signed in again");
  }
});

test("SE1 without its epoch no session counts", async () => {
  for (const storage of ["local", "session", "memory"]) {
    const { client, signIn } = world({ storage });
    await signIn();
    for (const name of globalThis.localStorage.items.keys()) {
      if (name.startsWith("pkce-wasm:2:e:")) globalThis.localStorage.removeItem(name);
    }
    assert.equal(await client().session(), null, storage);
  }
});

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

/** A host's storage, which has no room for what has that text. */
const hostStorage = (isOfItems) => {
  const items = new Map();
  const storage = {
    items,
    full: undefined,
    getItem: async (name) => items.get(name),
    setItem: async (name, item) => {
      if (storage.full && item.includes(storage.full)) throw new Error("no room");
      items.set(name, item);
    },
  };
  if (isOfItems) storage.removeItem = async (name) => void items.delete(name);
  return storage;
};

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

test("SE1 who signs out and in again is signed in", async () => {
  const { client, signIn } = world();
  for (let round = 1; round <= 12; round++) {
    const { client: using } = await signIn(client(round % 2 ? here : elsewhere));
    assert.equal(await (await client().session()).accessToken(), `at${round}`);
    await using.logout();
    assert.equal(await client(elsewhere).session(), null);
  }
  const left = [...globalThis.localStorage.items.keys()].map((name) => name.split(":")[2]);
  assert.deepEqual(
    left.sort(),
    ["e", ...Array(8).fill("s")],
    "the epochs, and of the latest four the lists and that they are over, without tokens",
  );
});

test("SE1 the news of a sign-out say what they are, or are none", async () => {
  const { client, config, signIn } = world({ storage: "memory" });
  const { client: using } = await signIn();
  const channel = new BroadcastChannel("pkce-wasm");
  const name = JSON.stringify([config.issuer, config.clientId]);
  for (const news of [
    null,
    0,
    "signed-out",
    [],
    { name },
    { name, type: 1 },
    { name, type: "signed-out", was: 1, now: {} },
    { name, type: "nonsense", was: "f", now: "s" },
  ]) {
    channel.postMessage(news);
  }
  await new Promise((done) => setTimeout(done, 50));
  channel.close();
  assert.notEqual(await using.session(), null);
  assert.notEqual(await client().session(), null);
});
