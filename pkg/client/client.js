// The client: it keeps records, and asks the module what becomes of them.
import { toJson } from "../engine/json.js";
import { createChannel } from "../platform/channel.js";
import { member, own } from "../platform/own.js";
import { createPlace } from "../platform/records.js";
import { Records, tiers, withRecords } from "../platform/storage.js";
import { surroundings } from "../platform/surroundings.js";
import { bodyOf, send } from "../platform/transport.js";
import { unless } from "../platform/wait.js";
import { createLogins, createSessions } from "./kept.js";
import { createSession } from "./session.js";
import { createSteps, LONGEST, network, settings } from "./steps.js";

/** A part that is loaded when it is first asked for, and again when that failed. */
const part = (load) => {
  let loading;
  return async () => {
    loading ??= load();
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

/** What the name of a login in a pop-up begins with. */
const POPUP = "popup.";

/** With these features there is a window, but not for the page that opens it: `noopener` and `noreferrer`, unless they are set to no. */
const PARTED = /(^|[\s,=])no(opener|referrer)(?![^\s,=])(?!\s*=[\s=]*(?!yes|true|[-+]?0*[1-9])[^\s,=])/i;

/** The functions and classes of index.d.ts for an engine. */
export const createClient = (engine) => {
  const { ask, guarded, named, ready, told } = engine;
  // What lives as long as the page: sessions of the memory tier, and callbacks that are being handled.
  const memory = new Records();
  const handling = new Map();
  const channel = createChannel();

  /** A part of this package; without it what was asked for can be tried again. */
  const loaded = (load) =>
    part(() => load().catch((cause) => Promise.reject(named("network_failed", cause))));

  // What a page that nobody signed in to does not need.
  // These parts are given what this one imports: then no script is made of what they share.
  const parts = { ...engine, bodyOf, channel, longest: LONGEST, mark: MARK, popup: POPUP, toJson };
  parts.send = (request, through) => send(request, through, named);
  parts.loadExchange = loaded(async () => (await import("./exchange.js")).createExchange(parts));
  parts.loadCallback = loaded(async () => (await import("./callback.js")).createCallback(parts));
  parts.loadSignedIn = loaded(async () => (await import("./signed_in.js")).createSignedIn(parts));
  parts.loadPopup = loaded(() => import("./popup.js"));

  const steps = createSteps(parts);
  const Session = createSession(parts);
  const unavailable = (cause) => named("storage_unavailable", cause);
  const keptByHost = (config) =>
    Object.values(tiers(config)).includes("host") && member(config.host, "storage");

  /** The places of a client's records, for the work. */
  const places = ({ config, owner }, records) => {
    const { transactions, session } = tiers(config);
    const place = (tier) => createPlace(tier, memory, records, unavailable);
    return {
      logins: createLogins(ask, place(transactions)),
      sessions: createSessions(ask, place(session), owner),
    };
  };

  /** What a client is to its parts. */
  const describe = (given, metadata) => {
    const config = own(given);
    const { setup, owner } = ask("setup", settings(config), toJson(metadata));
    const { issuer, clientId, storage } = config;
    const client = {
      config,
      setup,
      owner,
      /** By which the session is known in other pages, and whether they have the same one. */
      name: toJson([issuer, clientId]),
      isShared: storage === "local" || storage === "host",
      network: (options) => network(config, options),
    };
    client.now = (work) => work(places(client));
    client.keeping = async (work) => {
      const host = keptByHost(config);
      if (!host) return client.now(work);
      const { timeout } = client.network();
      return withRecords(host, timeout, unavailable, (records) => work(places(client, records)));
    };
    client.load = () =>
      client.keeping(({ sessions }) => {
        const kept = ask("session", sessions.load());
        return kept.tokens && kept;
      });
    return client;
  };

  class Client {
    #client;
    #metadata;
    #listeners = new Set();
    #listens = false;

    static discover(config, options) {
      return told(
        (async () => {
          const { issuer, dangerouslyAllowHttp, ...given } = own(config);
          const found = await steps.discover(issuer, { ...network(given, options), dangerouslyAllowHttp });
          return new Client(config, found);
        })(),
      );
    }

    constructor(config, metadata) {
      this.#client = guarded(() => describe(config, metadata));
      this.#metadata = metadata;
      this.#rehearse();
    }

    get metadata() {
      return this.#metadata;
    }

    get storage() {
      return tiers(this.#client.config);
    }

    /**
     * An engine compiles a function when it is first called, and a storage is read from the disk when it is first asked. No click
     * is to wait for that. What fails here fails at the login too, which tells it.
     */
    #rehearse() {
      if (keptByHost(this.#client.config)) return;
      try {
        ask("begin", this.#client.setup, "{}", "");
        this.#client.now(({ logins }) => logins.sweep());
      } catch {}
    }

    #begin(options) {
      const { config, setup } = this.#client;
      const { host, dangerouslyAllowEmbeddedUserAgent } = config;
      // A pop-up is a window of this page, whatever else the host can open.
      const isAllowed = dangerouslyAllowEmbeddedUserAgent || (member(host, "open") && !options.popup);
      const page = isAllowed ? "" : toJson(surroundings());
      return ({ logins }) => {
        const { url, key, transaction } = ask("begin", setup, toJson(options), page);
        logins.begin(key, transaction);
        return { url, key };
      };
    }

    login(options) {
      return guarded(() => this.#login(own(options)));
    }

    #login(options) {
      const begin = this.#begin(options);
      if (!keptByHost(this.#client.config)) return this.#open(this.#client.now(begin).url);
      return told(ready().then(async () => this.#open((await this.#client.keeping(begin)).url)));
    }

    loginWithPopup(options) {
      return told(() => this.#loginWithPopup(own(options)));
    }

    async #loginWithPopup({ features, fallback, signal, ...options }) {
      const { config } = this.#client;
      if (signal?.aborted) throw named("aborted", signal.reason);
      if (keptByHost(config)) {
        throw named("config_invalid", new Error("no pop-up waits for a host"), "storage");
      }
      if (PARTED.test(features)) throw named("config_invalid", new Error("noopener"), "features");
      const { url, key } = this.#client.now(this.#begin({ ...options, popup: true }));
      // Before anything is waited for: only a click opens a window.
      const popup = globalThis.open(url, "_blank", features ?? "popup,width=480,height=640");
      if (!popup || popup.closed) {
        if (fallback !== "redirect")
          return { status: "refused", error: named("popup_blocked"), restart: true };
        this.login(options);
        return { status: "redirecting" };
      }
      // The server's pages, and wherever they lead, are not to take this window elsewhere.
      popup.opener = null;
      const { finish } = await parts.loadPopup();
      const handle = (address) => this.handleRedirect(address, { signal });
      return finish(popup, { ...parts, callbacks: this.#callbacks, handle, key, signal });
    }

    #open(url) {
      const { host } = this.#client.config;
      const refuse = (cause) => {
        throw named("config_invalid", cause, "host.open");
      };
      try {
        const opened = member(host, "open") ? host.open(url) : globalThis.location.assign(url);
        return typeof member(opened, "then") === "function" ? opened.then(undefined, refuse) : opened;
      } catch (cause) {
        refuse(cause);
      }
    }

    /** What the handling of a callback is told of this client. */
    get #callbacks() {
      return {
        ...this.#client,
        signedIn: (kept) => this.#signedIn(kept),
        tell: (type, reason) => this.#tell(type, reason),
      };
    }

    /** Calls of equal clients that overlap are one. */
    handleRedirect(url, options) {
      return told(() => this.#handleOnce(url, own(options)));
    }

    #handleOnce(url, { signal }) {
      const { issuer, clientId, redirectUri } = this.#client.config;
      const address = url === undefined ? url : `${url}`;
      const name = toJson([issuer, clientId, redirectUri, address]);
      if (!handling.has(name)) {
        const work = this.#handle(address).finally(() => handling.delete(name));
        handling.set(name, work);
      }
      return unless(signal, named, handling.get(name));
    }

    async #handle(url) {
      await ready();
      const { location, history } = globalThis;
      const { setup } = this.#client;
      const isPage = url === undefined;
      const address = url ?? location?.href ?? "";
      if (address.length > LONGEST) return { status: "none" };
      const { key } = ask("callback", setup, address);
      // Without a callback, but marked: the page was reloaded while its callback was being handled.
      const left = key === undefined && isPage ? history?.state?.[MARK] : undefined;
      if (key === undefined && left === undefined) {
        const { outcome } = ask("arrive", setup, address);
        if (outcome.status === "none") return { status: "none" };
      }
      let callback;
      try {
        callback = await parts.loadCallback();
        if (isPage && key?.startsWith(POPUP)) await parts.loadPopup();
      } catch (error) {
        // Nothing was looked at yet: the callback stays where it is.
        return { status: "refused", error, restart: false };
      }
      return callback.handle(this.#callbacks, { key, left, address, isPage });
    }

    session() {
      return told(
        (async () => {
          await ready();
          return this.#signedIn(await this.#client.load());
        })(),
      );
    }

    logout(options) {
      return told(() => this.#logout(own(options)));
    }

    async #logout(options) {
      const { config, setup } = this.#client;
      const work = ({ logins, sessions }) => {
        const session = sessions.load();
        const kept = ask("session", session);
        sessions.remove();
        if (!options.endSession) return kept;
        const { url, key, remains } = ask("logout", setup, session, toJson(options));
        if (key !== undefined) logins.bury(key, remains);
        return own({ ...kept, url });
      };
      const isLate = keptByHost(config);
      if (isLate) await ready();
      let left;
      try {
        left = isLate ? await this.#client.keeping(work) : this.#client.now(work);
      } finally {
        this.#tell("signed-out", "logout", true);
      }
      try {
        if (options.revoke && left.tokens) {
          const { revokeTokens } = await parts.loadSignedIn();
          await revokeTokens({ setup, ...left }, this.#client.network(options));
        }
      } finally {
        if (left.url !== undefined) await this.#open(left.url);
      }
    }

    on(type, listener) {
      const entry = { type, listener };
      this.#listeners.add(entry);
      this.#listen();
      return () => {
        this.#listeners.delete(entry);
      };
    }

    #signedIn(kept) {
      this.#listen();
      return kept ? new Session(this.#client, kept) : null;
    }

    #tell(type, reason, everywhere = this.#client.isShared) {
      channel.tell({ name: this.#client.name, type, reason }, everywhere);
    }

    /** From now on: a session that is this page's own ends with those of the others. */
    #listen() {
      if (this.#listens) return;
      this.#listens = true;
      const mine = this.#client.name;
      channel.listen(({ name, type, reason }, elsewhere) => {
        if (name !== mine) return;
        if (elsewhere && type === "signed-out" && !this.#client.isShared) {
          this.#client.now(({ sessions }) => sessions.remove());
        }
        for (const { type: wanted, listener } of this.#listeners) {
          if (wanted === type) queueMicrotask(() => listener({ type, reason, elsewhere }));
        }
      });
    }
  }

  return { ...steps, Client, Session };
};
