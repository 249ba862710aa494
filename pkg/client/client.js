// The client and its sessions. The module decides and keeps nothing; what it asks for is sent from here.
import { entry } from "../platform/address.js";
import { createChannel } from "../platform/channel.js";
import { claim } from "../platform/claim.js";
import { canVerify, verify } from "../platform/signature.js";
import { Records, tiers, withRecords } from "../platform/storage.js";
import { surroundings } from "../platform/surroundings.js";
import { DEFAULT_TIMEOUT, send } from "../platform/transport.js";
import { pause, SETTLING, unless } from "../platform/wait.js";
import { FEATURES, follow, handOver, isPopup } from "./popup.js";
import { isShared, nameOf } from "./refresh.js";
import { createSession } from "./session.js";

/**
 * What one page wrote to localStorage another one sees a little later: milliseconds between two looks, how many there are at the
 * most, and for how long a claim is kept when its work is done, so that whoever comes next knows that there was one.
 */
const LOOKS = 20;
const LINGER = 250;

/** The functions and classes of index.d.ts for an engine and the bindings that it runs. */
export const createClient = ({ failed, named, ready }, call, glue) => {
  // What lives as long as the page: sessions of the memory tier, the servers' keys, and callbacks that are being handled.
  const memory = new Records();
  const handling = new Map();

  const network = ({ host, timeout }, options) => ({
    fetch: options?.fetch ?? host?.fetch?.bind(host),
    timeout: options?.timeout ?? timeout,
    signal: options?.signal,
  });

  /** A configuration with what the module needs beside. */
  const prepared = (config, records) => ({
    ...config,
    transactionStorage: tiers(config).transactions,
    memory,
    records: records ?? (config.host?.storage && new Records()),
    subtle: canVerify(),
  });

  /** A call of the module, for those that keep nothing. */
  const plainly = (config, function_, ...parameters) => call(function_, prepared(config), ...parameters);

  const keptByHost = (config) => Object.values(tiers(config)).includes("host") && config.host?.storage;

  /** A call of the module that reads or writes records. What the host keeps is written when the promise is fulfilled. */
  const keeping = async (config, function_, ...parameters) => {
    const storage = keptByHost(config);
    if (!storage) return plainly(config, function_, ...parameters);
    const unavailable = (cause) => named("storage_unavailable", cause);
    return withRecords(storage, config.timeout ?? DEFAULT_TIMEOUT, unavailable, (records) =>
      call(function_, prepared(config, records), ...parameters),
    );
  };

  /** Goes on with an operation of the module until it is done. */
  const goOn = async (step, visit, config, metadata, options) => {
    while (step.awaiting !== undefined) {
      const doing = step.verify ? verify(step.verify) : send(step.request, network(config, options));
      const answer = await unless(options?.signal, named, doing);
      step = await visit(config, glue.resume, metadata, step.awaiting, step.carry, answer);
    }
    return step.done;
  };

  const run = async (begin, config, metadata, parameters, options, visit = plainly) => {
    await ready();
    const step = await visit(config, begin, metadata, ...parameters);
    return goOn(step, visit, config, metadata, options);
  };

  const refused = (code) => ({ status: "refused", error: named(code), restart: true });

  const discover = (issuer, options = {}) =>
    run((options) => glue.discover(`${issuer}`, options), options, undefined, [], options);
  const beginAuthorization = (config, metadata, options = {}) =>
    plainly(config, glue.beginAuthorization, metadata, options);
  const completeAuthorization = (config, metadata, transaction, callbackUrl, options) =>
    run(glue.completeAuthorization, config, metadata, [`${transaction}`, `${callbackUrl}`], options);
  const refreshTokens = (config, metadata, tokens, options) =>
    run(glue.refreshTokens, config, metadata, [tokens], options);
  const fetchUserinfo = (config, metadata, tokens, options) =>
    run(glue.fetchUserinfo, config, metadata, [tokens], options);
  const revokeTokens = (config, metadata, tokens, options) =>
    run(glue.revokeTokens, config, metadata, [tokens], options);

  const channel = createChannel();
  const Session = createSession({
    fetchUserinfo,
    glue,
    goOn,
    keeping,
    named,
    plainly,
    ready,
    channel,
  });

  class Client {
    #config;
    #metadata;
    #listeners = new Set();
    #listens = false;

    static async discover(config, options) {
      const { dangerouslyAllowHttp } = config;
      const found = await discover(config.issuer, { ...network(config, options), dangerouslyAllowHttp });
      return new Client(config, found);
    }

    constructor(config, metadata) {
      this.#config = { ...config };
      this.#metadata = metadata;
      plainly(this.#config, glue.checkClient, metadata);
    }

    get metadata() {
      return this.#metadata;
    }

    get storage() {
      return tiers(this.#config);
    }

    login(options = {}) {
      const here = { ...this.#config, ...surroundings(), opens: Boolean(this.#config.host?.open) };
      const begin = [here, glue.login, this.#metadata, options];
      if (keptByHost(this.#config)) return this.#later(begin).then(({ url }) => this.#open(url));
      this.#open(plainly(...begin).url);
    }

    async #later(begin) {
      await ready();
      return keeping(...begin);
    }

    async loginWithPopup({ features = FEATURES, fallback, signal, ...options } = {}) {
      const config = this.#config;
      const aborted = () => named("aborted", signal.reason);
      if (signal?.aborted) throw aborted();
      if (keptByHost(config))
        throw named("config_invalid", new Error("no pop-up waits for a host"), "storage");
      const here = { ...config, ...surroundings() };
      const { url, key, maxAge } = plainly(here, glue.login, this.#metadata, { ...options, popup: true });
      const popup = globalThis.open(url, "_blank", features);
      if (!popup || popup.closed) {
        if (fallback !== "redirect") return refused("popup_blocked");
        this.login(options);
        return { status: "redirecting" };
      }
      // The server's pages, and wherever they lead, are not to take this window elsewhere.
      popup.opener = null;
      const look = async () => {
        const outcome = await this.#claimed(key, [glue.interrupted, key]);
        return outcome.status === "none" ? undefined : outcome;
      };
      const { callback, code, outcome } = await follow(popup, key, 1000 * maxAge, signal, look);
      if (callback !== undefined) return this.handleRedirect(callback, { signal });
      if (outcome) return outcome;
      if (code !== "aborted") return refused(code);
      popup.close();
      throw aborted();
    }

    #open(url) {
      const { host } = this.#config;
      try {
        return host?.open ? host.open(url) : globalThis.location.assign(url);
      } catch (cause) {
        throw named("config_invalid", cause, "host.open");
      }
    }

    /** Calls of equal clients that overlap are one. */
    handleRedirect(url, options) {
      const { issuer, clientId, redirectUri } = this.#config;
      const callback = url === undefined ? url : `${url}`;
      const name = JSON.stringify([issuer, clientId, redirectUri, callback]);
      if (!handling.has(name)) {
        handling.set(
          name,
          this.#handle(callback).finally(() => handling.delete(name)),
        );
      }
      return unless(options?.signal, named, handling.get(name));
    }

    async #handle(url) {
      await ready();
      const { redirectUri } = this.#config;
      const page = url === undefined ? entry() : undefined;
      const address = page ? page.address : `${url}`;
      const key = call(glue.callbackKey, redirectUri, address);
      // Without a callback, but marked: it was reloaded while its callback was being handled.
      const mark = key === undefined ? page?.mark : undefined;
      const begin = mark === undefined ? [glue.handleRedirect, address] : [glue.interrupted, mark];
      const name = key ?? mark;
      if (name === undefined) return this.#finish(begin, page);
      if (page && isPopup(key) && (await handOver(key, address))) {
        page.replace(redirectUri);
        globalThis.close();
        return { status: "handed-over" };
      }
      return this.#claimed(name, begin, page, key);
    }

    #claimed(name, begin, page, key) {
      const { timeout = DEFAULT_TIMEOUT } = this.#config;
      // Longer than the code and two key sets take.
      return claim(
        name,
        4 * timeout,
        async (waited) => {
          await this.#settled(name, waited);
          return this.#finish(begin, page, key);
        },
        LINGER,
      );
    }

    /** Waits until it can be seen how another page has finished that login; not for ever, for it may be gone. */
    async #settled(name, waited) {
      for (let look = 0; look < LOOKS; look++) {
        const { done } = await keeping(this.#config, glue.interrupted, this.#metadata, name);
        const isOpen =
          done.status === "none" ? waited : done.error && failed(done.error).code === "code_already_used";
        if (!isOpen) return;
        await pause(SETTLING);
      }
    }

    async #finish([begin, parameter], page, key) {
      const visit = async (...operation) => {
        const step = await keeping(...operation);
        if (step.address !== undefined) page?.replace(step.address, key);
        return step;
      };
      const step = await visit(this.#config, begin, this.#metadata, parameter);
      const done = await goOn(step, visit, this.#config, this.#metadata);
      const { tokens, ...outcome } = done;
      if (tokens !== undefined) outcome.session = this.#signedIn(tokens);
      if (outcome.error) outcome.error = failed(outcome.error);
      if (outcome.status === "signed-in") this.#tell("signed-in", "login");
      // The same callback may be handled again, also after a reload: its code goes back to where it was found.
      page?.settle(outcome.error?.retryable);
      return outcome;
    }

    async session() {
      await ready();
      return this.#signedIn(await keeping(this.#config, glue.session, this.#metadata));
    }

    async logout(options = {}) {
      const begin = [this.#config, glue.logout, this.#metadata, options];
      const { tokens, url } = keptByHost(this.#config) ? await this.#later(begin) : plainly(...begin);
      this.#tell("signed-out", "logout", true);
      try {
        if (options.revoke && tokens) await revokeTokens(this.#config, this.#metadata, tokens, options);
      } finally {
        if (url !== undefined) await this.#open(url);
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

    #signedIn(tokens) {
      this.#listen();
      return tokens && new Session(this.#config, this.#metadata, tokens);
    }

    #tell(type, reason, everywhere = isShared(this.#config)) {
      channel.tell({ name: nameOf(this.#config), type, reason }, everywhere);
    }

    /** From now on: a session that is this page's own ends with those of the others. */
    #listen() {
      if (this.#listens) return;
      this.#listens = true;
      const own = nameOf(this.#config);
      channel.listen(({ name, type, reason }, elsewhere) => {
        if (name !== own) return;
        if (elsewhere && type === "signed-out" && !isShared(this.#config)) {
          plainly(this.#config, glue.logout, this.#metadata);
        }
        for (const { type: wanted, listener } of this.#listeners) {
          if (wanted === type) queueMicrotask(() => listener({ type, reason, elsewhere }));
        }
      });
    }
  }

  return {
    discover,
    beginAuthorization,
    completeAuthorization,
    refreshTokens,
    fetchUserinfo,
    revokeTokens,
    Client,
    Session,
  };
};
