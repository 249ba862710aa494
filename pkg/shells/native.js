// The client of an application that keeps its tokens in Rust: what a page sees of it. It holds claims, and never a token.
import { own } from "../platform/own.js";
import { unless } from "../platform/wait.js";
import { failed, named, place, told } from "./errors.js";
import { responseOf } from "./response.js";

/** Characters that are made of bytes at once. */
const STRIDE = 0x8000;

/** What a command was refused with. Tauri itself tells by a text that a command is not allowed. */
const refused = (reason) => {
  const at = place(own(reason).code);
  return at < 0 ? named("config_invalid", new Error(`${reason}`), "permissions") : failed(at, reason);
};

const toBase64 = (bytes) => {
  let text = "";
  for (let start = 0; start < bytes.length; start += STRIDE) {
    text += String.fromCharCode(...bytes.subarray(start, start + STRIDE));
  }
  return btoa(text);
};

/** What all clients of a page share: Rust knows the page, not the clients. By the module through which it is asked. */
const hubs = new Map();

const createHub = (core) => {
  const listeners = new Set();
  const waiting = [];
  let numbers = 0;
  const ask = (command, parameters) =>
    core.invoke(`plugin:pkce|${command}`, parameters).catch((reason) => {
      throw refused(reason);
    });
  const hub = {
    ask,
    listeners,
    /** The session that is there, as its objects know it. */
    current: undefined,
    /** Takes what Rust says of the session now. */
    take(session) {
      if (!session) return hub.end();
      if (hub.current?.told.claims?.sub !== session.claims?.sub) hub.end();
      hub.current = hub.current ?? { isOver: false };
      hub.current.told = session;
      return hub.current;
    },
    async session() {
      const kept = hub.take((await ask("session")).session);
      return kept ? new NativeSession(hub, kept) : null;
    },
    end() {
      if (hub.current) hub.current.isOver = true;
      hub.current = undefined;
    },
    /** Makes a request. The beginning of the answer is what the command gives, its body what the channel brings. */
    async send(request, given, subject) {
      const { signal } = request;
      const id = numbers++;
      const stop = () => ask("cancel", { id }).catch(() => {});
      const body = new core.Channel();
      let end;
      const stream = new ReadableStream({
        start(controller) {
          end = (error) => {
            signal.removeEventListener("abort", abort);
            body.onmessage = () => {};
            if (error) controller.error(error);
            else controller.close();
          };
          body.onmessage = (part) => {
            if (part === null) end();
            else if (part instanceof ArrayBuffer) controller.enqueue(new Uint8Array(part));
            else end(refused(part));
          };
        },
        cancel: stop,
      });
      const abort = () => {
        end(signal.reason);
        stop();
      };
      const { method, url, headers } = request;
      // The token is Rust's to set, and so is its proof.
      headers.delete("Authorization");
      headers.delete("DPoP");
      const sent = ["GET", "HEAD"].includes(method) ? null : new Uint8Array(await request.arrayBuffer());
      if (signal.aborted) throw named("aborted", signal.reason);
      signal.addEventListener("abort", abort);
      try {
        const head = await unless(
          signal,
          named,
          ask("fetch", {
            request: {
              id,
              url,
              method,
              headers: [...headers],
              body: sent?.length ? toBase64(sent) : null,
              timeout: given.timeout,
              manual: given.redirect === "manual",
              subject,
            },
            body,
          }),
        );
        return responseOf(stream, head, head.url);
      } catch (error) {
        signal.removeEventListener("abort", abort);
        throw error;
      }
    },
  };
  const tell = (type, news) => {
    for (const { type: wanted, listener } of [...listeners]) {
      if (wanted !== type) continue;
      try {
        listener(news);
      } catch (error) {
        // What it throws is no matter of the others.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  };
  /** Tells what redirects led to, one after the other, when there is somebody to be told. */
  hub.drain = async () => {
    if (hub.isDraining) return;
    hub.isDraining = true;
    while (waiting.length > 0 && [...listeners].some(({ type }) => type === "redirect")) {
      const outcome = waiting.shift();
      const { status, error } = outcome;
      const isSession = status === "signed-in" || status === "already-completed";
      tell("redirect", {
        ...outcome,
        ...(error && { error: refused(error) }),
        ...(isSession && { session: await hub.session().catch(() => null) }),
      });
    }
    hub.isDraining = false;
  };
  const hear = ({ type, session, outcome, ...news }) => {
    if (["signed-in", "signed-out", "expired"].includes(type)) hub.end();
    if (type === "refreshed" && hub.current) hub.take(session);
    if (type !== "redirect") return tell(type, { type, ...news, elsewhere: false });
    waiting.push(outcome);
    hub.drain();
  };
  hub.started = (async () => {
    const events = new core.Channel();
    events.onmessage = hear;
    await ask("subscribe", { events });
  })();
  return hub;
};

/** What a signed-in application shows its page. */
class NativeSession {
  #hub;
  #kept;

  constructor(hub, kept) {
    this.#hub = hub;
    this.#kept = kept;
  }

  get claims() {
    return this.#kept.told.claims;
  }

  get idToken() {
    return null;
  }

  get extra() {
    return null;
  }

  get idTokenVerifiedBy() {
    return this.#kept.told.idTokenVerifiedBy;
  }

  get tokenBinding() {
    return { ...this.#kept.told.tokenBinding };
  }

  get scope() {
    return this.#kept.told.scope;
  }

  get expiresAt() {
    return this.#kept.told.expiresAt;
  }

  get expired() {
    const { renewable, expiresAt } = this.#kept.told;
    return this.#kept.isOver || (!renewable && expiresAt !== null && 1000 * expiresAt <= Date.now());
  }

  #subject = () => {
    if (this.#kept.isOver) throw named("session_expired");
    return this.claims?.sub;
  };

  accessToken() {
    return told(async () => {
      throw named("token_not_exposed");
    });
  }

  fetch(input, init) {
    return told(async () => {
      const given = own(init);
      let request;
      try {
        request = new Request(input, init);
      } catch (cause) {
        throw named("origin_refused", cause, "url");
      }
      return this.#hub.send(request, given, this.#subject());
    });
  }

  userinfo(options) {
    return told(async () =>
      unless(own(options).signal, named, this.#hub.ask("userinfo", { subject: this.#subject() })),
    );
  }

  refresh(options) {
    return told(async () => {
      await unless(own(options).signal, named, this.#hub.ask("refresh", { subject: this.#subject() }));
    });
  }
}

/** Gives the client whose tokens are in Rust, by the plugin `tauri-plugin-pkce`. */
export const nativeClient = (modules) =>
  told(async () => {
    const core = own(modules).core ?? globalThis.__TAURI__?.core;
    if (!core) throw named("config_invalid", new Error("give it { core }, or set withGlobalTauri"), "core");
    let hub = hubs.get(core);
    if (!hub) {
      hub = createHub(core);
      hubs.set(core, hub);
      hub.started.catch(() => hubs.delete(core));
    }
    await hub.started;
    const mine = new Set();
    const on = (type, listener) => {
      const entry = { type, listener };
      mine.add(entry);
      hub.listeners.add(entry);
      hub.drain();
      return () => {
        mine.delete(entry);
        hub.listeners.delete(entry);
      };
    };
    return {
      login: (options) => told(hub.ask("login", { options })),
      logout: (options) => told(hub.ask("logout", { options })),
      session: () => told(hub.session()),
      /** Rust has handled it. */
      handleRedirect: async () => ({ status: "none" }),
      onRedirect: (listener) => on("redirect", listener),
      tier: () => told(async () => (await hub.ask("session")).tier),
      on,
      close: () => {
        for (const entry of mine) hub.listeners.delete(entry);
        mine.clear();
      },
    };
  });
