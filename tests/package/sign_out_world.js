// Sign-outs in the packed tarball, without a network. Two pages of one origin are two copies of the package that share a storage; real ones, in processes of
// their own, are in tests/e2e.
import assert from "node:assert/strict";
import { beforeEach } from "node:test";
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
export const here = await import(path);
export const elsewhere = await pageOf("elsewhere");
await here.ready();
await elsewhere.ready();

export const METADATA = { ...metadataOf(ISSUER), revocation_endpoint: `${ISSUER}/revoke` };
export const code = (expected) => (error) => here.isPkceError(error) && error.code === expected;

beforeEach(() => {
  globalThis.localStorage = pageStorage();
  globalThis.sessionStorage = pageStorage();
  setClockRight();
});

let number = 0;

/** An authorization server whose answers can be held, and an application of its own client. */
export const world = (change = {}, lifetime = 3600) => {
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
export const isAtRest = (count) =>
  [globalThis.localStorage, globalThis.sessionStorage].some(({ items }) =>
    [...items.values()].some((item) => new RegExp(`\\n[ar]t${count}\\n`).test(item)),
  );

/** A third page, whose word nobody hears. */
const { Client: Unheard, ready: isReady } = await pageOf("unheard");
await isReady();

/** Waits until nobody has the lock of this client's sessions who has asked for it before. */
const sessionsFree = ({ issuer, clientId }) =>
  claim(`session ${JSON.stringify([issuer, clientId])}`, 60_000, () => {});

/** Signs out in that page, in a storage of its own. Where a refresh is under way here, what follows a sign-out waits for it, and nobody waits for that. */
export const signOutThere = async (config, items, isRefreshing = false) => {
  const { BroadcastChannel, localStorage } = globalThis;
  globalThis.BroadcastChannel = class {
    postMessage() {}
  };
  globalThis.localStorage = pageStorage(items);
  await new Unheard(config, METADATA).logout();
  if (!isRefreshing) {
    // What it does afterwards it does there, too: it has asked for that lock by the next task.
    await new Promise((done) => setTimeout(done));
    await sessionsFree(config);
  }
  const { items: left } = globalThis.localStorage;
  Object.assign(globalThis, { BroadcastChannel, localStorage });
  return left;
};
// From here on that page has nothing left to load.
await signOutThere({ issuer: ISSUER, clientId: "any", redirectUri: REDIRECT_URI, storage: "local" });

/** Signs out in that page, which this one does not see before what comes back is called. What this page has written meanwhile came later. */
export const signOutUnseen = async (config, isRefreshing) => {
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
export const holdTimers = () => {
  const { setTimeout } = globalThis;
  const waiting = [];
  globalThis.setTimeout = (then, time = 0) =>
    time > 1000 ? setTimeout(then, time) : void waiting.push(then);
  return () => {
    globalThis.setTimeout = setTimeout;
    for (const then of waiting) setTimeout(then, 0);
  };
};

/** The records of sessions that are at rest, by their names. */
export const recordsAtRest = () =>
  new Map([...globalThis.localStorage.items].filter(([, item]) => /\n[ar]t\d+\n/.test(item)));

/** Has a session end, and its record written again by a page that did not see it. Gives its name. */
export const writeLate = async ({ server, signIn }) => {
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
export const revokeOthers = async () => {
  const other = world();
  await writeLate(other);
  assert.equal(await other.client().session(), null);
  await until(() => other.server.revoked.length === 2);
};

/** Waits until a client has nothing under way by which it could have tokens revoked. The timers that were held are no longer. */
export const settled = async ({ config }) => {
  // Each of them has passed by then,
  await new Promise((done) => setTimeout(done));
  // and who leaves has asked for the lock.
  await revokeOthers();
  await sessionsFree(config);
  await revokeOthers();
};
