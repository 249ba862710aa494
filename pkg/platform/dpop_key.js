// Keys that sign and never leave: made by WebCrypto, kept in IndexedDB for the pages and workers of the origin, and in the memory of this page.
import { own } from "./own.js";
import { within } from "./wait.js";

const DATABASE = "pkce-wasm-keys";
const STORE = "keys";
/** The index of the keys by the client whose they are. */
const OWNER = "owner";

/** Milliseconds for which the database may take to open. */
const PATIENCE = 5000;
/** Milliseconds for which the key of a tab is kept whose end nobody sees. */
const YEAR = 31_622_400_000;

const ES256 = own({ name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" });

/** What this page has of the keys, by their thumbprints: `{ jwk, privateKey, until, isOnDisk }`. */
const memory = new Map();

/** Here the pages and workers of the origin tell each other that they have changed the keys on the disk. */
let channel;

/** Forgets what is on the disk too: it may have gone from there. */
const lookAgain = () => {
  for (const [jkt, { isOnDisk }] of memory) if (isOnDisk) memory.delete(jkt);
};

/** Has a key in the memory; one of the disk as long as nobody changes the keys there. */
const remember = (jkt, key) => {
  memory.set(jkt, key);
  if (!key.isOnDisk || channel) return;
  try {
    channel = new BroadcastChannel(DATABASE);
    // Node waits for nobody to speak.
    channel.unref?.();
    channel.onmessage = lookAgain;
  } catch {
    // A session that has ended makes no proof anyway.
  }
};

const open = () =>
  new Promise((done, failed) => {
    const request = globalThis.indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () =>
      request.result.createObjectStore(STORE, own({ keyPath: "jkt" })).createIndex(OWNER, OWNER);
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });

/** Does the work with the keys on the disk, and gives the result of its request, if it has one. */
const withKeys = async (mode, work) => {
  const opening = open();
  const database = await within(PATIENCE, opening).catch((error) => {
    opening.then((late) => late.close()).catch(() => {});
    throw error;
  });
  try {
    return await new Promise((done, failed) => {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => done(request?.result);
      transaction.onabort = () => failed(transaction.error);
    });
  } finally {
    database.close();
    if (mode === "readwrite") channel?.postMessage("");
  }
};

/** Removes those keys of a client that the test is true of; of all clients without an owner. */
const removeThose = (keys, owner, test) => {
  const source = owner === undefined ? keys : keys.index(OWNER);
  source.openCursor(owner).onsuccess = ({ target: { result: cursor } }) => {
    if (!cursor) return;
    if (test(cursor.value)) cursor.delete();
    cursor.continue();
  };
};

/** A key that nobody can take along: `{ jwk, privateKey }`. */
export const make = async () => {
  const { subtle } = globalThis.crypto;
  const { privateKey, publicKey } = await subtle.generateKey(ES256, false, ["sign", "verify"]);
  const { kty, crv, x, y } = await subtle.exportKey("jwk", publicKey);
  return own({ jwk: own({ kty, crv, x, y }), privateKey });
};

const encode = (text) => new TextEncoder().encode(text);

export const sign = async ({ privateKey }, input) =>
  new Uint8Array(await globalThis.crypto.subtle.sign(ES256, privateKey, encode(input)));

/** Whether both halves of a key belong together: every script of the origin may write to the disk. */
const isPair = async (key) => {
  const { subtle } = globalThis.crypto;
  const publicKey = await subtle.importKey("jwk", own(key.jwk), ES256, false, ["verify"]);
  return subtle.verify(ES256, publicKey, await sign(key, DATABASE), encode(DATABASE));
};

/** Keeps the key of a login, until that time in milliseconds; on the disk too where the login is. What is too old there goes. */
export const add = async (jkt, key, owner, until, isOnDisk) => {
  for (const [name, other] of memory) if (other.until < Date.now()) memory.delete(name);
  if (isOnDisk) {
    await withKeys("readwrite", (keys) => {
      removeThose(keys, undefined, (other) => other.until < Date.now());
      // Not the object without a prototype: what is cloned is plain.
      keys.put({ ...key, jwk: { ...key.jwk }, jkt, owner, until, kept: false });
    });
  }
  remember(jkt, own({ ...key, until, isOnDisk }));
};

/** The key of that thumbprint; nothing when it is gone. */
export const load = async (jkt) => {
  if (memory.has(jkt)) return memory.get(jkt);
  if (!globalThis.indexedDB) return;
  const kept = await withKeys("readonly", (keys) => keys.get(jkt));
  const key = kept && own({ ...kept, until: Number.POSITIVE_INFINITY, isOnDisk: true });
  if (!key || !(await isPair(key).catch(() => false))) return;
  remember(jkt, key);
  return key;
};

/** The login has led to a session, whose tier says who else has it: the key is kept as long as that. */
export const keep = async (jkt, owner, tier) => {
  const key = await load(jkt);
  if (key) key.until = Number.POSITIVE_INFINITY;
  if (key && tier === "memory") key.isOnDisk = false;
  if (!globalThis.indexedDB) return;
  await withKeys("readwrite", (keys) => {
    if (tier === "memory") return void keys.delete(jkt);
    const isShared = tier !== "session";
    keys.get(jkt).onsuccess = ({ target: { result: kept } }) => {
      const until = isShared ? Number.POSITIVE_INFINITY : Date.now() + YEAR;
      if (kept) keys.put({ ...kept, until, kept: true });
    };
    // There is one session in such a place: the one before is replaced.
    if (isShared) removeThose(keys, owner, (other) => other.kept && other.jkt !== jkt);
  });
};

/** Forgets a key: its session has ended. With an owner the user has signed out: those of all sessions of that client go. */
export const forget = async (jkt, owner = undefined) => {
  memory.delete(jkt);
  lookAgain();
  if (!globalThis.indexedDB) return;
  await withKeys("readwrite", (keys) => {
    keys.delete(jkt);
    if (owner !== undefined) removeThose(keys, owner, (key) => key.kept);
  });
};
