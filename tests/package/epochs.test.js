// The end of a session in processes that see each other's writes late, and in any order: what localStorage is. The records of the
// packed tarball run over a model of it, in many random histories, which are the same at each run.
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { resolve } from "./installed.js";

const inside = (file) => import(pathToFileURL(join(dirname(resolve("pkce-wasm")), file)).href);
const { createEpochs } = await inside("client/epochs.js");
const { createHeld } = await inside("client/held.js");
const { BEFORE, createPlace, EPOCH, SESSION } = await inside("platform/records.js");
const { Records } = await inside("platform/storage.js");
/** The sessions whose tokens are revoked. */
const revoked = [];
const discard = (_client, { session }) => revoked.push(session);
const { createSessions } = createHeld({
  kinds: { BEFORE, SESSION },
  Session: Object,
  loadSignedIn: async () => ({ discard }),
});

const OWNER = "owner";
const HISTORIES = 4000;
const STEPS = 40;

/** Random numbers of a seed. */
const randomOf = (seed) => {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

/** A storage of an origin, of which each process has a copy: its own writes are there at once, those of others once they are delivered. */
const createOrigin = () => {
  const stored = new Map();
  const processes = [];
  /** The sessions that a process has removed where it saw that all had been removed before. */
  const late = new Set();
  const apply = (items, [name, item]) => (item === null ? items.delete(name) : items.set(name, item));
  const open = () => {
    const process = { items: new Map(stored), leaving: [], coming: [] };
    /** How many writes of this process to a name the storage has not confirmed yet: until then nobody else's counts here. */
    const open = new Map();
    const write = (name, item) => {
      const before = process.items.get(name);
      const isOver = process.items.has(name.slice(0, name.lastIndexOf(":") + 1));
      if (item === null && isOver && /^tokens/.test(before)) late.add(before);
      apply(process.items, [name, item]);
      process.leaving.push([name, item]);
      open.set(name, (open.get(name) ?? 0) + 1);
    };
    process.storage = {
      get length() {
        return process.items.size;
      },
      key: (at) => [...process.items.keys()][at] ?? null,
      getItem: (name) => process.items.get(name) ?? null,
      setItem: (name, item) => write(name, item),
      removeItem: (name) => write(name, null),
    };
    /** The oldest write of this process reaches the storage, and is on its way to all. */
    process.send = () => {
      const change = process.leaving.shift();
      if (!change) return;
      apply(stored, change);
      for (const other of processes) other.coming.push({ change, isOwn: other === process });
    };
    /** The oldest news of the storage arrives. */
    process.receive = () => {
      const { change, isOwn } = process.coming.shift() ?? {};
      if (!change) return;
      const [name] = change;
      if (isOwn) open.set(name, open.get(name) - 1);
      else if (!open.get(name)) apply(process.items, change);
    };
    processes.push(process);
    return process;
  };
  const settle = () => {
    while (processes.some(({ leaving, coming }) => leaving.length + coming.length > 0)) {
      for (const process of processes) {
        while (process.leaving.length > 0) process.send();
      }
      for (const process of processes) {
        while (process.coming.length > 0) process.receive();
      }
    }
  };
  return { stored, late, open, settle };
};

/** A page in a process of its own. Its sessions are in the storage of the origin, or in a memory that nobody else has. */
const createPage = (origin, tier = "local") => {
  const process = origin.open();
  globalThis.localStorage = process.storage;
  const placeOf = (tier) =>
    createPlace(tier, new Records(), undefined, (cause) => cause ?? new Error("no storage"));
  const epochs = createEpochs(placeOf("local"), OWNER, new Map());
  const home = { last: new Map(), written: new Map() };
  const client = { home, isShared: tier === "local", owner: OWNER, reach: async (work) => work() };
  const sessions = createSessions(placeOf(tier), epochs, client);
  return { process, epochs, sessions, news: [], logins: [], refreshes: [] };
};

/**
 * Runs a history; gives how many logins and sign-outs it had, whether a new page does not see the session that the others see, and how many sessions were found that
 * had been written too late.
 */
const run = async (seed, signsOut) => {
  revoked.length = 0;
  const random = randomOf(seed);
  const origin = createOrigin();
  const pages = [createPage(origin), createPage(origin), createPage(origin)];
  const ended = new Set();
  const began = new Map();
  const all = [];
  const left = new Set();
  let count = 0;
  let signOuts = 0;

  const acts = {
    begin: (page) => page.logins.push({ epoch: page.epochs.begin(), waits: page.process.leaving.length }),
    keep: (page) => {
      const login = page.logins.shift();
      if (!login) return;
      // A server answers later than the storage.
      for (; login.waits > 0; login.waits--) page.process.send();
      while (page.process.coming.length > 0) page.process.receive();
      count += 1;
      const kept = page.sessions.start(login.epoch, `tokens ${count}`);
      if (kept) began.set(kept.id, login.epoch);
      if (kept) all.push(kept);
      else assert.ok(signsOut, "a login is lost by a sign-out alone");
    },
    look: (page) => {
      const kept = page.sessions.load();
      if (kept) page.refreshes.push(kept);
    },
    refresh: (page) => {
      const sent = page.refreshes.shift();
      if (sent && page.sessions.load()?.id === sent.id) page.sessions.save(sent.id, `${sent.session} fresh`);
    },
    signOut: (page) => {
      if (!signsOut) return;
      signOuts += 1;
      const seen = page.sessions.load();
      const news = page.epochs.end();
      left.add(news.was);
      page.sessions.remove(news.was);
      if (seen) ended.add(seen.id);
      for (const [id, epoch] of began) if (epoch === news.was) ended.add(id);
      for (const other of pages) if (other !== page) other.news.push(news);
    },
    hear: (page) => {
      const news = page.news.shift();
      if (!news) return;
      page.epochs.hear(news);
      const heard = page.sessions.load();
      assert.notEqual(heard?.epoch, news.was, "what is heard counts at once");
    },
    send: (page) => page.process.send(),
    receive: (page) => page.process.receive(),
  };
  const names = Object.keys(acts);
  // Where two pages begin the first epoch at the very same time, one of them may have to begin its login again.
  if (!signsOut) acts.begin(pages[0]);
  origin.settle();
  for (let step = 0; step < STEPS; step++) {
    acts[names[random(names.length)]](pages[random(pages.length)]);
  }

  origin.settle();
  for (const page of pages) while (page.news.length > 0) acts.hear(page);
  origin.settle();
  const loaded = pages.map(({ sessions }) => sessions.load()?.id);
  origin.settle();
  assert.equal(new Set(loaded).size, 1, `all pages agree: ${loaded}`);
  assert.ok(!ended.has(loaded[0]), "nobody is signed in again");
  const records = [...origin.stored.keys()].filter(
    (name) => /^[^:]+:[^:]+$/.test(name.slice(SESSION.length + OWNER.length + 1)) && name.startsWith(SESSION),
  );
  const current = records.filter((name) => name.endsWith(`:${loaded[0]}`));
  assert.deepEqual(records, current, "no token rests that serves nobody");
  // A login that was kept in the epoch that counts now is not undone by what others write late.
  const [epoch] = [...origin.stored].find(([name]) => name.startsWith(EPOCH))?.[1].split("\n") ?? [""];
  if (!left.has(epoch) && all.some((one) => one.epoch === epoch))
    assert.ok(loaded[0], "somebody is signed in");
  if (!signsOut && began.size > 0)
    assert.ok(began.has(loaded[0]), "without a sign-out somebody is signed in");
  // A page that is opened now sees the same, or at the least nobody: where the write of an earlier sign-out came after that of a later one.
  const opened = createPage(origin).sessions.load()?.id;
  if (opened !== loaded[0])
    assert.ok(signsOut && opened === undefined, "nobody is signed in for a new page alone");
  await new Promise(setImmediate);
  const alive = origin.stored.get(current[0]);
  for (const session of revoked) {
    assert.ok(signsOut, "nobody has signed out");
    assert.notEqual(session, alive, "what counts is not revoked");
    const [{ epoch: over }] = all.filter(
      ({ session: first }) => session.split(" ")[1] === first.split(" ")[1],
    );
    assert.ok(left.has(over), "what is revoked is of an epoch that a sign-out ended");
  }
  for (const session of origin.late) assert.ok(revoked.includes(session), "what came too late is revoked");
  return [count, signOuts, loaded[0] && opened !== loaded[0] ? 1 : 0, origin.late.size];
};

for (const signsOut of [true, false]) {
  test(`SE1 in any order of writes and news ${signsOut ? "an ended session stays ended" : "no login is lost"}`, async () => {
    const counts = [0, 0, 0, 0];
    for (let seed = 1; seed <= HISTORIES; seed++) {
      try {
        for (const [at, count] of (await run(seed, signsOut)).entries()) counts[at] += count;
      } catch (error) {
        error.message = `history ${seed}: ${error.message}`;
        throw error;
      }
    }
    assert.ok(counts[0] > HISTORIES, `${counts[0]} logins`);
    assert.ok(!signsOut || counts[1] > HISTORIES, `${counts[1]} sign-outs`);
    assert.ok(counts[2] < HISTORIES / 100, `${counts[2]} sessions that a new page does not see`);
    assert.ok(!signsOut || counts[3] > HISTORIES / 100, `${counts[3]} sessions that were written too late`);
  });
}

test("SE7 pages that begin the first epoch at the same time have each the session that it kept for itself", ({
  mock,
}) => {
  mock.timers.enable({ apis: ["Date"], now: 1_800_000_000_000 });
  for (const isSeen of [false, true]) {
    const origin = createOrigin();
    const pages = Array.from({ length: 5 }, () => createPage(origin, "memory"));
    const began = pages.map(({ epochs }) => epochs.begin());
    if (isSeen) origin.settle();
    const kept = pages.map(({ sessions }, at) => sessions.start(began[at], `tokens ${at}`));
    origin.settle();
    assert.equal(
      new Set(pages.map(({ epochs }) => epochs.current())).size,
      1,
      "one of the epochs is that of all",
    );
    for (const [at, { sessions }] of pages.entries()) {
      const { id, session } = sessions.load();
      assert.deepEqual([id, session], [kept[at].id, `tokens ${at}`], "the session is there");
      assert.equal(sessions.load().id, id, "and stays");
    }
    pages[0].epochs.end();
    origin.settle();
    for (const { sessions } of pages) assert.equal(sessions.load(), undefined, "a sign-out ends all");
  }
});

/** A history of pages that have each a session for itself. */
const runApart = (seed, signsOut) => {
  const random = randomOf(seed);
  const origin = createOrigin();
  const pages = Array.from({ length: 3 }, () => createPage(origin, "memory"));
  const ended = new Set();
  let moved = 0;
  const look = (page) => {
    page.held = page.sessions.load();
    if (page.held && page.held.epoch !== page.kept.epoch) moved += 1;
  };
  const acts = {
    begin: (page) => page.logins.push(page.epochs.begin()),
    keep: (page) => {
      const began = page.logins.shift();
      const kept = began && page.sessions.start(began, "tokens");
      if (kept) page.kept = kept;
      else assert.ok(!began || signsOut, "a login is lost by a sign-out alone");
    },
    look,
    signOut: (page) => {
      if (!signsOut) return;
      look(page);
      const news = page.epochs.end();
      page.sessions.load(news.was);
      page.sessions.remove(news.was);
      if (page.held) ended.add(page.held.id);
      for (const other of pages) {
        if (other === page) continue;
        if ([other.kept?.epoch, other.held?.epoch].includes(news.was)) ended.add(other.kept.id);
        other.news.push(news);
      }
    },
    hear: (page) => {
      const news = page.news.shift();
      if (!news) return;
      page.epochs.hear(news);
      look(page);
    },
    send: (page) => page.process.send(),
    receive: (page) => page.process.receive(),
  };
  const names = Object.keys(acts);
  for (let step = 0; step < STEPS; step++) {
    acts[names[random(names.length)]](pages[random(pages.length)]);
  }
  origin.settle();
  for (const page of pages) while (page.news.length > 0) acts.hear(page);
  origin.settle();
  for (const page of pages) {
    const { id } = page.sessions.load() ?? {};
    assert.ok(!ended.has(id), "nobody is signed in again");
    if (!signsOut) assert.equal(id, page.kept?.id, "the session is the one that was kept last");
  }
  return moved;
};

for (const signsOut of [true, false]) {
  test(`SE1 SE7 of sessions that pages have for themselves ${signsOut ? "an ended one stays ended" : "none is lost"}`, ({
    mock,
  }) => {
    mock.timers.enable({ apis: ["Date"], now: 1_800_000_000_000 });
    let moved = 0;
    for (let seed = 1; seed <= HISTORIES; seed++) {
      try {
        moved += runApart(seed, signsOut);
      } catch (error) {
        error.message = `history ${seed}: ${error.message}`;
        throw error;
      }
    }
    assert.ok(moved > HISTORIES / 100, `${moved} looks at a session that was taken along`);
  });
}

test("SE7 a first epoch that begins later brings no session back", ({ mock }) => {
  mock.timers.enable({ apis: ["Date"], now: 1_800_000_000_000 });
  const origin = createOrigin();
  const [away, other] = [createPage(origin, "memory"), createPage(origin)];
  away.sessions.start(away.epochs.begin(), "tokens");
  origin.settle();
  // A sign-out that could not be written leaves no epoch.
  other.process.storage.removeItem(EPOCH + OWNER);
  other.epochs.begin();
  mock.timers.tick(31_000);
  origin.settle();
  assert.equal(away.sessions.load(), undefined);
});
