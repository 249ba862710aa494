// What becomes of a session, told to everybody in this page and to the other pages and workers of the origin.
import { own } from "./own.js";
import { EPOCH } from "./records.js";

/** The channel; where there is none, an item of localStorage whose changes the other pages see. */
const NAME = "pkce-wasm";

/**
 * `hear` is called with each piece of news and whether it is from elsewhere, and with `{ woke: true }` when the page was frozen or away for
 * a while, or somebody has signed out elsewhere: perhaps nobody told it anything. Nothing is opened before the first listener or the first piece of news, and nothing at all outside of a page: a server's
 * users are none of each other's business.
 */
export const createChannel = (isPage) => {
  const listeners = new Set();
  let post;
  let close;

  const tell = (news, elsewhere) => {
    for (const hear of [...listeners]) hear(news, elsewhere);
  };

  /** What does not have the form of news is of somebody else. */
  const hear = (data) => {
    const news = own(data);
    if (typeof news.name === "string" && typeof news.type === "string") tell(news, true);
  };

  const byChannel = () => {
    const channel = new BroadcastChannel(NAME);
    channel.onmessage = ({ data }) => hear(data);
    // Node waits for nobody to speak.
    channel.unref?.();
    close = () => channel.close();
    return (news) => channel.postMessage(news);
  };

  const byStorage = (news) => {
    localStorage.setItem(NAME, JSON.stringify(own(news)));
    localStorage.removeItem(NAME);
  };

  const wake = ({ type, persisted }) => (persisted || type === "resume") && tell({ woke: true }, true);
  const see = ({ key, newValue }) => {
    // What is written elsewhere is seen here, perhaps before anybody tells. Without a key all was deleted.
    if ((key ?? EPOCH).startsWith(EPOCH)) tell({ woke: true }, true);
    try {
      if (key === NAME) hear(JSON.parse(newValue));
    } catch {}
  };

  /** Begins to watch the page, or ends it. */
  const watch = (how) => {
    const { document } = globalThis;
    globalThis[how]?.("pageshow", wake);
    globalThis[how]?.("storage", see);
    document?.[how]?.("resume", wake);
  };

  const open = () => {
    if (post) return;
    post = () => {};
    if (!isPage) return;
    try {
      post = byChannel();
    } catch {
      post = byStorage;
    }
    watch("addEventListener");
  };

  return {
    /** Gives what ends it; with the last one all ends that was opened. */
    listen(hear) {
      open();
      listeners.add(hear);
      return () => {
        listeners.delete(hear);
        if (listeners.size > 0) return;
        close?.();
        watch("removeEventListener");
        post = undefined;
      };
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
