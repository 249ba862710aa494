// What becomes of a session, told to everybody in this page and to the other pages and workers of the origin.
import { own } from "./own.js";

/** The channel; where there is none, an item of localStorage whose changes the other pages see. */
const NAME = "pkce-wasm";

/**
 * `hear` is called with each piece of news and whether it is from elsewhere. Nothing is opened before the first listener or the
 * first piece of news.
 */
export const createChannel = () => {
  const listeners = new Set();
  let post;

  const tell = (news, elsewhere) => {
    for (const hear of [...listeners]) hear(news, elsewhere);
  };

  const byChannel = () => {
    const channel = new BroadcastChannel(NAME);
    channel.onmessage = ({ data }) => tell(own(data), true);
    // Node waits for nobody to speak.
    channel.unref?.();
    return (news) => channel.postMessage(news);
  };

  const byStorage = () => {
    globalThis.addEventListener?.("storage", ({ key, newValue }) => {
      if (key === NAME && newValue) tell(own(JSON.parse(newValue)), true);
    });
    return (news) => {
      localStorage.setItem(NAME, JSON.stringify(own(news)));
      localStorage.removeItem(NAME);
    };
  };

  const open = () => {
    if (post) return;
    try {
      post = byChannel();
    } catch {
      post = byStorage();
    }
  };

  return {
    listen(hear) {
      open();
      listeners.add(hear);
      return () => listeners.delete(hear);
    },
    /** Tells everybody here, and everybody elsewhere too when that is wanted. */
    tell(news, elsewhere) {
      tell(news, false);
      if (!elsewhere) return;
      open();
      try {
        post(news);
      } catch {
        // This page may write to no storage: there is nobody to tell by it.
      }
    },
  };
};
