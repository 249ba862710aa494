// What a page is told of the end of its session: once, by whichever way it comes first, and nothing where nothing has ended. The events of a browser are
// played: those of storage, and a page that was kept while the user was elsewhere. Real ones are in tests/e2e.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hostStorage, until } from "./installed.js";

const listeners = new Map();
const listenersOf = (type) => listeners.get(type) ?? listeners.set(type, new Set()).get(type);
globalThis.addEventListener = (type, listener) => listenersOf(type).add(listener);
globalThis.removeEventListener = (type, listener) => listenersOf(type).delete(listener);
const happens = (type, event) => [...listenersOf(type)].map((listener) => listener({ type, ...event }));

const { code, elsewhere, here, world } = await import("./sign_out_world.js");

/** The page is shown again, and everything that follows of that has been done. */
const comesBack = async (client) => {
  happens("pageshow", { persisted: true });
  await client.session();
  await new Promise((done) => setImmediate(done));
};

/** Writes down what a client's listeners hear. */
const listen = (client) => {
  const heard = [];
  for (const type of ["signed-in", "signed-out", "expired"])
    client.on(type, (event) => heard.push(`${event.type} ${event.elsewhere}`));
  return heard;
};

for (const storage of ["local", "memory"]) {
  for (const first of ["storage", "channel"]) {
    test(`SE5 ${storage}: a sign-out elsewhere is told once, the ${first} first`, async (context) => {
      const { client, signIn } = world({ storage });
      const { client: using } = await signIn(client(here));
      await using.session();
      const heard = listen(using);
      const other = client(elsewhere);

      const { setItem } = globalThis.localStorage;
      const events = [];
      globalThis.localStorage.setItem = (key, newValue) => {
        setItem(key, newValue);
        events.push({ key, newValue });
      };
      const { postMessage } = BroadcastChannel.prototype;
      const posts = [];
      context.mock.method(BroadcastChannel.prototype, "postMessage", function (data) {
        posts.push(() => postMessage.call(this, data));
      });
      await other.logout();
      const see = async () => {
        for (const event of events) happens("storage", event);
        await comesBack(using);
      };
      const hear = async () => {
        // What is posted afterwards is heard afterwards.
        const channel = new BroadcastChannel("pkce-wasm");
        const end = new Promise((done) => {
          const listening = new BroadcastChannel("pkce-wasm");
          listening.onmessage = ({ data }) => {
            if (data !== "end") return;
            listening.close();
            done();
          };
        });
        for (const post of posts) post();
        postMessage.call(channel, "end");
        await end;
        channel.close();
      };
      for (const work of first === "storage" ? [see, hear] : [hear, see]) await work();
      await comesBack(using);
      assert.deepEqual(heard, ["signed-out true"]);

      // The next one is told, too.
      context.mock.restoreAll();
      globalThis.localStorage.setItem = setItem;
      await signIn(using);
      await other.logout();
      await until(() => heard.length === 3);
      await comesBack(using);
      assert.deepEqual(heard.slice(1), ["signed-in false", "signed-out true"]);
    });
  }

  test(`SE5 ${storage}: who has signed out here, or whose session the server ended, is not told of a sign-out afterwards`, async () => {
    for (const end of ["logout", "refusal"]) {
      const { config, signIn } = world({ storage });
      const { client: using, session } = await signIn();
      const heard = listen(using);
      if (end === "logout") await using.logout();
      else {
        config.host.fetch = async () => Response.json({ error: "invalid_grant" }, { status: 400 });
        await assert.rejects(session.refresh(), code("session_expired"));
      }
      await until(() => heard.length === 1);
      await comesBack(using);
      happens("storage", { key: "pkce-wasm:2:e:other", newValue: "s" });
      await comesBack(using);
      assert.deepEqual(heard, [end === "logout" ? "signed-out false" : "expired false"]);
    }
  });
}

test("SE5 a storage that cannot be read when the page is shown again ends nothing, and nobody has to catch that", async () => {
  const storage = hostStorage(true);
  const { client, signIn } = world({ storage: "host", host: { storage } });
  const using = client();
  const { session } = await signIn(using);
  const heard = listen(using);
  const { getItem } = storage;
  const uncaught = [];
  const note = (error) => uncaught.push(error);
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", note);
  try {
    let asked = 0;
    storage.getItem = async () => {
      asked += 1;
      throw new Error("locked");
    };
    happens("pageshow", { persisted: true });
    await until(() => asked > 0);
    await assert.rejects(using.session(), code("storage_unavailable"));
    await new Promise((done) => setImmediate(done));
  } finally {
    storage.getItem = getItem;
    process.off("unhandledRejection", note);
    for (const other of others) process.on("unhandledRejection", other);
  }
  assert.deepEqual([uncaught, heard], [[], []]);
  assert.equal(await session.accessToken(), "at1");
});

test("SE5 site data that were deleted elsewhere end the session here, and that is told", async () => {
  const { signIn } = world();
  const { client: using, session } = await signIn();
  const heard = listen(using);
  globalThis.localStorage.items.clear();
  happens("storage", { key: null, newValue: null });
  await until(() => heard.length > 0);
  await comesBack(using);
  assert.deepEqual([heard, session.expired], [["signed-out true"], true]);
});

test("SE5 whether a session has ended is asked of a storage that cannot be read: nothing is thrown", async () => {
  for (const storage of ["local", "session"]) {
    const { signIn } = world({ storage });
    const { session } = await signIn();
    const place = globalThis[`${storage}Storage`];
    const { getItem } = place;
    place.getItem = () => {
      throw new Error("The operation is insecure.");
    };
    assert.equal(typeof session.expired, "boolean", storage);
    place.getItem = getItem;
    assert.equal(session.expired, false, storage);
    assert.equal(await session.accessToken(), "at1");
  }
});

test("SE5 of clients that handle a callback together each hears of the end", async () => {
  const { client, callback } = world({ storage: "memory" });
  const clients = [client(), client()];
  const heard = clients.map(listen);
  const url = await callback(clients[0]);
  const outcomes = await Promise.all(clients.map((using) => using.handleRedirect(url)));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["signed-in", "signed-in"],
  );
  // Nobody tells that all was deleted.
  globalThis.localStorage.items.clear();
  for (const using of clients) await comesBack(using);
  assert.deepEqual(heard, Array(2).fill(["signed-in false", "signed-out true"]));
});
