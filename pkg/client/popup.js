// A login in a pop-up. The window that opens it and the page that gets the callback may not know each other: a server's
// Cross-Origin-Opener-Policy parts them for good. What they share is their origin.
import { own } from "../platform/own.js";
import { after } from "../platform/wait.js";

/** Milliseconds that a pop-up waits for a sign of the window that opened it, and for its answer while it is there: it may be busy. */
const SIGN = 5000;
const ANSWER = 120_000;
/**
 * Milliseconds between two offers of a callback and between two looks at a pop-up; for how long it has to seem closed with the user back in this window, and with the
 * user never away from it: then the pop-up may have opened behind it.
 */
const LOOK = 250;
const GRACE = 2000;
const BEHIND = 10_000;
/** Seconds for which a login may take, where nothing else is said. */
const LIFETIME = 600;

const TAKEN = "taken";

/** A channel for a login; none where the engine has no such thing, or forbids it. */
const open = (key) => {
  try {
    return new BroadcastChannel(`pkce-wasm:${key}`);
  } catch {}
};

/** The lock that a window holds as long as it waits for a pop-up. */
const lockOf = (key) => `pkce-wasm:popup ${key}`;

/** Holds it until the promise is kept. Without locks nobody can see that a window is there. */
const hold = (key, end) => {
  try {
    globalThis.navigator.locks.request(lockOf(key), () => end).catch(() => {});
  } catch {}
};

/** Whether somebody holds it. */
const isHeld = async (key) => {
  try {
    const { held } = await globalThis.navigator.locks.query();
    return held.some(({ name }) => name === lockOf(key));
  } catch {
    return false;
  }
};

/** Offers a callback to the window that began the login; gives whether it was taken. */
export const handOver = (key, callback) =>
  new Promise((done) => {
    const channel = open(key);
    if (!channel) return done(false);
    let looks = ANSWER / LOOK;
    const end = (taken) => {
      looks = 0;
      clearInterval(offering);
      stop();
      channel.close();
      done(taken);
    };
    const offer = () => channel.postMessage({ callback });
    const look = async () => {
      looks -= 1;
      if (looks > 0 && (await isHeld(key))) stop = after(LOOK, look);
      else end(false);
    };
    let stop = after(SIGN, look);
    // The window may not listen yet: what it does that with is loaded when the pop-up is open.
    const offering = setInterval(offer, LOOK);
    channel.onmessage = ({ data }) => data === TAKEN && end(true);
    offer();
  });

/**
 * Waits for the end of a login in a pop-up, whichever comes first: `{ callback }`; `{ outcome }` of what `look` found when another window wrote
 * something; `{ code }` of an error. `fits` says whether an address is the callback of this login. That a pop-up calls itself closed may mean that its server's policy has parted it from this window: only
 * when the user is back in this window it counts.
 */
export const follow = (popup, key, lifetime, signal, look, fits) =>
  new Promise((done) => {
    const channel = open(key);
    let closed = 0;
    let grace = BEHIND;
    let free;
    hold(
      key,
      new Promise((released) => {
        free = released;
      }),
    );
    const end = (what) => {
      free();
      clearInterval(looking);
      stop();
      channel?.close();
      removeEventListener("storage", written);
      signal?.removeEventListener("abort", abort);
      done(what);
    };
    const abort = () => end({ code: "aborted" });
    const written = async ({ key: name }) => {
      if (!name?.endsWith(key)) return;
      // What cannot be looked at now may be seen another way.
      const outcome = await look().catch(() => undefined);
      if (outcome) end({ outcome });
    };
    const looking = setInterval(() => {
      // Not by way of the document, in which an image of that name takes its place.
      const isHere = Document.prototype.hasFocus.call(document);
      if (!isHere) grace = GRACE;
      closed = popup.closed && isHere ? closed + LOOK : 0;
      if (closed >= grace) end({ code: "popup_closed" });
    }, LOOK);
    const stop = after(lifetime, () => end({ code: "transaction_expired" }));
    if (channel) {
      channel.onmessage = ({ data }) => {
        const { callback } = own(data);
        // Every script of the origin may speak here.
        if (typeof callback !== "string" || !fits(callback)) return;
        channel.postMessage(TAKEN);
        end({ callback });
      };
    }
    addEventListener("storage", written);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
  });

/** Sees a login in a pop-up to its end; `handle` handles its callback. */
export const finish = async (popup, { ask, client, handle, key, loadCallback, longest, named, signal }) => {
  const { config, setup } = client;
  const look = async () => (await loadCallback()).interrupted(client, key);
  const fits = (address) => address.length <= longest && ask("callback", setup, address).key === key;
  const lifetime = 1000 * (config.transactionMaxAge ?? LIFETIME);
  const { callback, code, outcome } = own(await follow(popup, key, lifetime, signal, look, fits));
  if (callback !== undefined) return handle(callback);
  if (outcome) return outcome;
  if (code !== "aborted") return { status: "refused", error: named(code), restart: true };
  popup.close();
  throw named("aborted", signal.reason);
};
