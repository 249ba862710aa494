// The client: it keeps records, and asks the module what becomes of them.
import { toJson } from "../engine/json.js";
import { member, own } from "../platform/own.js";
import { BEFORE, SERVER, SESSION } from "../platform/records.js";
import { surroundings } from "../platform/surroundings.js";
import { bodyOf, isElsewhere, send } from "../platform/transport.js";
import { unless, within } from "../platform/wait.js";
import { createDescribe } from "./describe.js";
import { createSteps, LONGEST, network } from "./steps.js";

/** A part that is loaded when it is first asked for, and again when that failed. */
const part = (load) => {
  let loading;
  return async () => {
    loading = loading ?? load();
    try {
      return await loading;
    } catch (error) {
      loading = undefined;
      throw error;
    }
  };
};

/** Where an entry of the history says which login is being finished, as long as it is. */
const MARK = "pkce-wasm";

/** Milliseconds that a start waits for the storage of a host. */
const PATIENCE = 2000;

/** The most characters of JSON that an application keeps with a login. */
const MOST_STATE = 2048;

/** What the name of a login in a pop-up begins with. */
const POPUP = "popup.";

/** With these features there is a window, but not for the page that opens it: `noopener` and `noreferrer`, unless they are set to no. */
const PARTED = /(^|[\s,=])no(opener|referrer)(?![^\s,=])(?!\s*=[\s=]*(?!yes|true|[-+]?0*[1-9])[^\s,=])/i;

/** What can be listened for. */
const EVENTS = ["signed-in", "refreshed", "signed-out", "expiring", "expired"];

/** The place of the last of them after which there is a session still. */
const LASTING = 1;

/** The functions and classes of index.d.ts for an engine. */
export const createClient = (engine) => {
  const { ask, failed, guarded, more, named, ready, told, whole } = engine;

  /** By which a session is known; what it does is loaded with the first one. */
  class Session {}

  /** A part of this package; without it what was asked for can be tried again. */
  const loaded = (load) =>
    part(() => load().catch((cause) => Promise.reject(named("network_failed", cause))));

  // What a page that nobody signed in to does not need.
  // These parts are given what this one imports: then no script is made of what they share.
  const parts = { ...engine, bodyOf, isElsewhere, longest: LONGEST, mark: MARK, popup: POPUP, toJson };
  parts.kinds = { BEFORE, SERVER, SESSION };
  parts.Session = Session;
  parts.send = (request, through) =>
    send(request, through, named).catch((error) => {
      throw error.retryable ? more(error, { url: request.url.split(/[?#]/, 1)[0] }) : error;
    });
  parts.loadExchange = loaded(async () => {
    const [{ createExchange }] = await Promise.all([import("./exchange.js"), whole()]);
    return createExchange(parts);
  });
  parts.loadCallback = loaded(async () => (await import("./callback.js")).createCallback(parts));
  parts.loadSignedIn = loaded(async () => (await import("./signed_in.js")).createSignedIn(parts));
  parts.loadPopup = loaded(() => import("./popup.js"));
  parts.loadHeld = loaded(async () => (await import("./held.js")).createHeld(parts));
  parts.loadDpop = loaded(async () => (await import("./dpop.js")).createDpop(parts));
  parts.loadPrepare = loaded(() => import("./prepare.js"));
  parts.loadExpiry = loaded(() => import("./expiry.js"));
  const loadTrace = loaded(() => import("./trace.js"));

  const steps = createSteps(parts);
  const { describe, found, isOld, isHeld } = createDescribe({ ...parts, discover: steps.discover });

  class Client {
    #client;
    #listeners = new Set();
    #deaf;
    /** The session that was given out last, and the watch over its expiry. */
    #held;
    #expiry;
    /** The epoch whose end was seen, and told, before the news of it. */
    #told = null;

    static discover(config, options) {
      return told(Client.#discover(config, options));
    }

    static #discover = async (config, options) => {
      const { issuer, trace, ...given } = own(config);
      await ready();
      const net = network(given, options);
      const traced = trace ? (await loadTrace()).createTrace(trace).wire(net) : net;
      // What cannot be read in time, or does not stand the checks, is fetched.
      const recalled = await within(PATIENCE, describe(config).recall()).catch(() => {});
      const metadata = recalled ?? (await steps.discover(issuer, traced, own(config)));
      if (!recalled) found.set(metadata);
      const client = new Client(config, metadata);
      const { confirm, keep } = client.#client;
      const work = recalled ? isOld(metadata) && confirm() : keep();
      Promise.resolve(work).catch(() => {});
      return client;
    };

    constructor(config, metadata) {
      this.#client = guarded(() => {
        const isGiven = metadata !== undefined && !found.has(metadata);
        if (isGiven && own(config).metadata) {
          throw named("config_invalid", new Error("metadata is given twice"), "metadata");
        }
        return describe(config, metadata ?? { issuer: own(config).issuer });
      });
      this.#client.signedIn = (kept) => this.#signedIn(kept);
      this.#client.tell = (news, everywhere) => this.#tell(news, everywhere);
      this.#rehearse();
      const { trace } = this.#client.config;
      // A client that cannot tell what it does serves all the same.
      if (trace)
        loadTrace()
          .then((part) => part.createTrace(trace).watch(this, this.#client, EVENTS))
          .catch(() => {});
    }

    get metadata() {
      const { config, metadata } = this.#client;
      return config.metadata ? { ...metadata, ...config.metadata } : metadata;
    }

    get storage() {
      return this.#client.storage;
    }

    /**
     * An engine compiles a function when it is first called, and a storage is read from the disk when it is first asked. No click
     * is to wait for that: a login is begun in records that nobody keeps. What fails here fails at the login too, which tells it.
     */
    #rehearse = () => {
      if (this.#client.isLate) return;
      try {
        this.#client.now(({ logins }) => logins.look());
        this.#client.rehearse(this.#begin(own()));
      } catch {}
    };

    #begin = ({ appState, ...options }, dpopJkt) => {
      const { config, pushed, setup } = this.#client;
      const kept = appState === undefined ? appState : toJson(appState);
      if (kept === "" || kept?.length > MOST_STATE) {
        throw named("config_invalid", new Error(`more than ${MOST_STATE} characters of JSON`), "appState");
      }
      const { host, dangerouslyAllowEmbeddedUserAgent } = config;
      // A pop-up is a window of this page, whatever else the host can open.
      const isElsewhere = member(host, "open") && !options.popup;
      const origin = this.#client.isLate ? undefined : member(member(globalThis, "location"), "origin");
      const page = { ...(!dangerouslyAllowEmbeddedUserAgent && surroundings()), origin };
      const given = isElsewhere ? { dpopJkt } : { ...page, dpopJkt };
      return (records) => {
        const begun = ask("begin", setup, toJson(options), toJson(given), records.logins.inUse());
        const keep = ({ logins }) => logins.begin(begun.key, begun.transaction, begun.index, kept);
        if (pushed) return { ...begun, keep };
        keep(records);
        return begun;
      };
    };

    login(options) {
      return guarded(() => this.#login(own(options)));
    }

    prepare(options) {
      return told(this.#make(own(options), true));
    }

    /** Makes a login ready, for now or for later: see prepare.js. */
    #make = async (options, isForLater) =>
      (await parts.loadPrepare()).prepare(parts, this.#client, options, this.#begin, isForLater);

    #login = (options) => {
      const made = this.#client.take?.(options);
      if (made) return this.#open(made.url);
      if (this.#client.isAhead) return told(async () => this.#open((await this.#make(options)).url));
      const begin = this.#begin(options);
      if (!this.#client.isLate) return this.#open(this.#client.now(begin).url);
      return told(ready().then(async () => this.#open((await this.#client.reach(begin)).url)));
    };

    loginWithPopup(options) {
      return told(() => this.#loginWithPopup(own(options)));
    }

    #loginWithPopup = async ({ features, fallback, signal, ...options }) => {
      if (signal?.aborted) throw named("aborted", signal.reason);
      if (this.#client.isLate) {
        throw named("config_invalid", new Error("no pop-up waits for a host"), "storage");
      }
      if (PARTED.test(features)) throw named("config_invalid", new Error("noopener"), "features");
      const wanted = own({ ...options, popup: true });
      let made = this.#client.isAhead ? this.#client.take?.(wanted) : this.#client.now(this.#begin(wanted));
      // Before anything is waited for: only a click opens a window.
      const popup = globalThis.open(
        made?.url ?? "about:blank",
        "_blank",
        features ?? "popup,width=480,height=640",
      );
      if (!popup || popup.closed) {
        if (fallback !== "redirect")
          return { status: "refused", error: named("popup_blocked"), restart: true };
        await this.login(options);
        return { status: "redirecting" };
      }
      // The server's pages, and wherever they lead, are not to take this window elsewhere.
      popup.opener = null;
      try {
        if (!made) {
          made = await unless(signal, named, this.#make(wanted));
          popup.location.replace(made.url);
        }
      } catch (error) {
        popup.close();
        throw error;
      }
      const { key, url } = made;
      this.#client.leaves?.(url);
      const { finish } = await parts.loadPopup();
      const handle = (address) => this.handleRedirect(address, { signal });
      return finish(popup, { ...parts, client: this.#client, handle, key, signal });
    };

    #open = (url) => {
      const { config, leaves } = this.#client;
      const { host } = config;
      leaves?.(url);
      const refuse = (cause) => {
        throw named("config_invalid", cause, "host.open");
      };
      try {
        const opened = member(host, "open") ? host.open(url) : globalThis.location.assign(url);
        return typeof member(opened, "then") === "function" ? opened.then(undefined, refuse) : opened;
      } catch (cause) {
        refuse(cause);
      }
    };

    /** Calls of equal clients that overlap are one. */
    handleRedirect(url, options) {
      return told(() => this.#handleOnce(url, own(options)));
    }

    #handleOnce = (url, { signal }) => {
      const { config, home, settings, setup } = this.#client;
      const address = url === undefined ? url : `${url}`;
      const name = toJson([settings, setup, address]);
      let entry = [...home.handling].find((other) => other.name === name && other.host === config.host);
      if (!entry) {
        entry = { name, host: config.host, by: this };
        entry.work = this.#handle(address).finally(() => home.handling.delete(entry));
        home.handling.add(entry);
      }
      // Another client has to know of the session, too.
      const known = async (outcome) => {
        if (outcome.session) await this.#session().catch(() => {});
        return outcome;
      };
      return unless(signal, named, entry.by === this ? entry.work : entry.work.then(known));
    };

    #handle = async (url) => {
      await ready();
      const { location, history } = globalThis;
      const { keeping, setup } = this.#client;
      const isPage = url === undefined;
      const address = url ?? location?.href ?? "";
      if (address.length > LONGEST) return { status: "none" };
      const { key, bare, outcome } = ask("callback", setup, address);
      // Without a callback, but marked: the page was reloaded while its callback was being handled.
      const left = key === undefined && isPage ? history?.state?.[MARK] : undefined;
      const isPopup = isPage && key?.startsWith(POPUP);
      const isKnown =
        key && !isPopup && (await keeping(({ logins }) => logins.pending(key) ?? logins.remains(key)));
      if (!isKnown && !isPopup && !bare && left === undefined) {
        const { error } = own(outcome);
        return error ? { ...outcome, error: failed(error.code, error) } : outcome;
      }
      let callback;
      try {
        callback = await parts.loadCallback();
        if (isPopup) await parts.loadPopup();
      } catch (error) {
        // Nothing was looked at yet: the callback stays where it is.
        return { status: "refused", error, restart: false };
      }
      return callback.handle(this.#client, { key, left, bare, address, isPage });
    };

    session() {
      return told(this.#session());
    }

    #session = async () => {
      await ready();
      const kept = await this.#client.load();
      return this.#signedIn(kept?.expired ? undefined : kept);
    };

    logout(options) {
      return told(() => this.#logout(options));
    }

    #logout = async (given) => {
      const { home, isLate, isShared, keeping, name, now, read, setup } = this.#client;
      let news;
      // The end of the session comes before everything else, and does not depend on it.
      const end = ({ epochs }) => {
        news = epochs.end(news?.now, news?.was);
      };
      const work = (records) => {
        if (isLate) end(records);
        const { sessions, server } = records;
        const kept = sessions.load(news.was);
        sessions.remove(news.was);
        server.remove();
        return read(kept);
      };
      const tell = () => this.#tell({ type: "signed-out", reason: "logout", ...news }, true);
      let left;
      if (isLate) {
        await ready();
        try {
          left = own(await keeping(work));
        } finally {
          // What the host does not give cannot be looked at: the session that is known ends all the same.
          news = news ?? now(({ epochs }) => epochs.end());
          if (this.#held) now(({ epochs }) => epochs.hear({ was: this.#held.epoch, now: news.now }));
          tell();
        }
      } else {
        now(end);
        tell();
        // In the same tick where somebody was signed in.
        left = own(isHeld() ? now(work) : await keeping(work));
      }
      const options = own(given);
      const isBusy = options.revoke || isShared || home.flights.has(name) || left.jkt;
      const leaving = isBusy
        ? parts.loadSignedIn().then(({ leave }) => leave(this.#client, left, options))
        : undefined;
      const quiet = leaving?.catch(() => {});
      try {
        // Who wants the tokens revoked waits for it; and a key goes before the page does.
        await (options.revoke ? leaving : left.jkt && quiet);
      } finally {
        const { url, key, remains } = ask("logout", setup, left.session, toJson(options));
        if (key !== undefined) await this.#client.reach(({ logins }) => logins.bury(key, remains));
        if (url !== undefined) await this.#open(url);
      }
    };

    on(type, listener) {
      if (!EVENTS.includes(type)) throw named("config_invalid", new Error("no such event"), "type");
      const entry = { type, listener };
      this.#listeners.add(entry);
      this.#listen();
      this.#watch();
      return () => {
        this.#listeners.delete(entry);
      };
    }

    close() {
      this.#listeners.clear();
      this.#deaf?.();
      this.#deaf = undefined;
      this.#expiry?.then((watch) => watch()).catch(() => {});
    }

    #signedIn = (kept) => {
      this.#listen();
      this.#held = kept;
      this.#watch();
      return this.#client.sessionOf(kept);
    };

    #tell = (news, everywhere = this.#client.isShared) => {
      const { home, name } = this.#client;
      home.channel.tell({ ...news, name }, everywhere);
    };

    /** Tells this client's own listeners. */
    #report = ({ type, reason, idTokenDropped, storageError }, elsewhere) => {
      const event = { type, reason, elsewhere };
      if (idTokenDropped) event.idTokenDropped = idTokenDropped;
      if (storageError) event.storageError = storageError;
      for (const { type: wanted, listener } of this.#listeners) {
        if (wanted === type) queueMicrotask(() => listener({ ...event }));
      }
    };

    /** From now on: the end of a session is heard of, also by a page that was away for a while. */
    #listen = () => {
      if (this.#deaf) return;
      const { home, load, name, now } = this.#client;
      this.#deaf = home.channel.listen(async (news, elsewhere) => {
        if (news.woke) {
          // What cannot be looked at has not ended.
          const there = await load().catch(() => this.#held);
          if (!this.#held || there?.id === this.#held.id) return;
          this.#told = this.#held.epoch;
          this.#held = undefined;
          this.#report({ type: "signed-out", reason: "logout" }, elsewhere);
          return;
        }
        if (news.name !== name) return;
        if (elsewhere && news.type === "signed-out") {
          now(({ epochs }) => epochs.hear(news));
          // What a late answer has kept meanwhile is removed.
          load().catch(() => {});
        }
        if (EVENTS.indexOf(news.type) > LASTING) this.#held = undefined;
        if (news.was !== this.#told) this.#report(news, elsewhere);
      });
    };

    /** Sees to it that the listeners learn when the access token expires, where nothing can replace it. */
    #watch = () => {
      if (![...this.#listeners].some(({ type }) => type === "expiring" || type === "expired")) return;
      this.#expiry =
        this.#expiry ??
        parts
          .loadExpiry()
          .then(({ createWatch }) =>
            createWatch(this.#client.load, (type) =>
              this.#report({ type, reason: "session_expired" }, false),
            ),
          );
      this.#expiry.then(
        (watch) => watch(this.#held),
        // What cannot be loaded now may be there next time.
        () => {
          this.#expiry = undefined;
        },
      );
    };
  }

  return { ...steps, Client, Session, found };
};
