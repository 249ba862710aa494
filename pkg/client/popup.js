// A login in a pop-up. The window that opens it and the page that gets the callback may not know each other: a server's
// Cross-Origin-Opener-Policy parts them for good. What they share is their origin.
import { own } from "../platform/own.js";
import { after } from "../platform/wait.js";

/** Milliseconds that a pop-up waits for the window that opened it, which may be busy. */
const ANSWER = 5000;
/** Milliseconds between two offers of a callback and between two looks at a pop-up, and for how long it has to seem closed, with the user back in this window. */
const LOOK = 250;
const GRACE = 2000;
/** Seconds for which a login may take, where nothing else is said. */
const LIFETIME = 600;

const TAKEN = "taken";

/** A channel for a login; none where the engine has no such thing, or forbids it. */
const open = (key) => {
  try {
    return new BroadcastChannel(`pkce-wasm:${key}`);
  } catch {}
};

/** Offers a callback to the window that began the login; gives whether it was taken. */
export const handOver = (key, callback) =>
  new Promise((done) => {
    const channel = open(key);
    if (!channel) return done(false);
    const end = (taken) => {
      clearInterval(offering);
      stop();
      channel.close();
      done(taken);
    };
    const offer = () => channel.postMessage({ callback });
    const stop = after(ANSWER, () => end(false));
    // The window may not listen yet: what it does that with is loaded when the pop-up is open.
    const offering = setInterval(offer, LOOK);
    channel.onmessage = ({ data }) => data === TAKEN && end(true);
    offer();
  });

/**
 * Waits for the end of a login in a pop-up, whichever comes first: `{ callback }`; `{ outcome }` of what `look` found when another window wrote
 * something; `{ code }` of an error. That a pop-up calls itself closed may mean that its server's policy has parted it from this window: only
 * when the user is back in this window it counts.
 */
export const follow = (popup, key, lifetime = LIFETIME, signal = undefined, look = undefined) =>
  new Promise((done) => {
    const channel = open(key);
    let closed = 0;
    const end = (what) => {
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
      closed = popup.closed && document.hasFocus() ? closed + LOOK : 0;
      if (closed >= GRACE) end({ code: "popup_closed" });
    }, LOOK);
    const stop = after(1000 * lifetime, () => end({ code: "transaction_expired" }));
    if (channel) {
      channel.onmessage = ({ data }) => {
        const { callback } = own(data);
        if (callback === undefined) return;
        channel.postMessage(TAKEN);
        end({ callback });
      };
    }
    addEventListener("storage", written);
    signal?.addEventListener("abort", abort);
    if (signal?.aborted) abort();
  });
