// What a client is to its parts: its records, its network, and what it knows of its server.
import { createChannel } from "../platform/channel.js";
import { member, own } from "../platform/own.js";
import { BEFORE, createPlace, SERVER, SESSION } from "../platform/records.js";
import { Records, tiers, withRecords } from "../platform/storage.js";
import { createEpochs, epochKey } from "./epochs.js";
import { createLogins } from "./kept.js";
import { network, settings } from "./steps.js";

/** Milliseconds for which what a server said of itself counts before it is fetched again in the background. */
const FRESH = 86_400_000;

/** Milliseconds that a host's storage may take: a keychain asks the user for a password. */
const PROMPT = 300_000;

/**
 * What the clients of a page share: the sessions of the memory tier, the callbacks that are being handled, the refreshes that are under way,
 * what each session gave last, the epochs that are over, the names of the records of sessions that the page has seen or wrote, and the session that it kept last.
 */
const createHome = (isPage) => ({
  isPage,
  memory: new Records(),
  handling: new Set(),
  flights: new Map(),
  seen: new Map(),
  over: new Map(),
  written: new Map(),
  last: new Map(),
  channel: createChannel(isPage),
});

export const createDescribe = ({ ask, discover, loadHeld, named, toJson }) => {
  const page = createHome(true);
  // What `Client.discover` found, and when, if that was at an earlier start: no secret goes where it points before it is fetched again.
  const found = new WeakMap();

  // What keeps sessions, once it is loaded.
  let held;

  const unavailable = (cause) => named("storage_unavailable", cause);

  const describe = (given, said) => {
    const config = own(given);
    const { issuer, clientId, sessionName, storage, host } = config;
    const { transactions, ...places } = tiers(config);
    let { session } = places;
    const isLate = [transactions, session].includes("host") && Boolean(member(host, "storage"));
    // In a server process each client is another user's.
    const home = globalThis.location === undefined ? createHome(false) : page;

    const name = toJson(sessionName ? [issuer, clientId, sessionName] : [issuer, clientId]);
    const client = {
      __proto__: null,
      config,
      home,
      /** Whether its records are kept by the host, which may take its time. */
      isLate,
      /** By which the session is known in other pages, and whether they have the same one. */
      name,
      isShared: storage === "local" || storage === "host",
      get storage() {
        return { transactions, session };
      },
      network: (options) => network(config, options),
    };

    /** Takes what the server says of itself, when it stands every check. */
    const take = (metadata) => {
      const text = settings(config);
      Object.assign(
        client,
        { metadata, settings: text, pushed: false },
        ask("setup", text, toJson(metadata)),
      );
      // Whether something has to be done before the user can be sent away.
      client.isAhead = client.pushed || client.bound;
    };

    /** Does the work with the client's records, where these are at hand. Sessions and servers are there once they are loaded. */
    client.now = (work, records) => {
      const place = (tier) => createPlace(tier, home.memory, records, unavailable);
      const kept = place(session);
      const shared =
        places.session === "host"
          ? place("host")
          : createPlace(home.isPage && "local", home.memory, undefined, unavailable);
      return work({
        kept,
        logins: createLogins(ask, place(transactions)),
        // What is known of the server comes before the client has its name.
        get epochs() {
          return createEpochs(shared, client.owner, home.over);
        },
        get sessions() {
          return held.createSessions(kept, this.epochs, client, session !== places.session && shared);
        },
        get server() {
          return held.createServers(kept, name);
        },
      });
    };
    /** Does the work with records of logins that nobody keeps. */
    client.rehearse = (work) =>
      work({ logins: createLogins(ask, createPlace(undefined, new Records(), undefined, unavailable)) });
    /** The same where the host keeps them: when it has fetched them. */
    client.reach = async (work) => {
      if (!isLate) return client.now(work);
      const timeout = member(host.storage, "timeout") ?? PROMPT;
      const failed = (cause) => named("storage_unavailable", cause, "host.storage");
      return withRecords(host.storage, timeout, failed, (records) => client.now(work, records));
    };
    /** Keeps the session in memory from now on: its storage takes no more, and what the server gave is not to be lost. Its epochs stay where they are. */
    client.fallBack = (work) => {
      session = "memory";
      client.isShared = false;
      return client.now(work);
    };
    /** The same, with what keeps sessions. */
    client.keeping = async (work) => {
      held = await loadHeld();
      return client.reach(work);
    };
    /** A session as its owner sees it; nothing where the record is none of this version. */
    client.read = (kept) => {
      const step = kept && ask("session", client.setup, kept.session);
      return step?.tokens && own({ ...step, id: kept.id, epoch: kept.epoch });
    };
    /** Whether a session has ended, as far as this page knows, or its storage says so at once. */
    client.isOver = ({ epoch, id }) =>
      home.over.has(epochKey(client.owner, epoch)) ||
      (places.session !== "host" &&
        client.now(({ kept, epochs }) => {
          const now = epochs.current();
          const [current] = (kept.get(SESSION, epochs.list(now)) ?? id).split("\n");
          return !epochs.fits(epoch, now) || current !== id;
        }));
    /** Whether there is surely no session, and nothing that is left of one. */
    const hasNone = () =>
      !isLate &&
      client.now(
        ({ kept, epochs }) =>
          !home.written.get(client.owner)?.length &&
          kept.get(BEFORE[SESSION], client.owner) === undefined &&
          [epochs.current(), ...epochs.former()].every(
            (epoch) => kept.get(SESSION, epochs.list(epoch)) === undefined,
          ),
      );
    client.load = async () =>
      hasNone() ? undefined : client.keeping(({ sessions }) => client.read(sessions.load()));
    /** The session of an application; null where there is none. */
    client.sessionOf = (kept) => (kept ? new held.Session(client, kept) : null);

    /** Keeps what the server says of itself with a session, for a start without the network. */
    client.remember = ({ server, sessions }) => {
      if (found.has(client.metadata) && sessions.load()) server.save(client.metadata);
    };

    /** The same, where there may be a session. */
    client.keep = async () => {
      if (!hasNone()) await client.keeping(client.remember);
    };

    /** Whether all that is known of the server is what it said at an earlier start. */
    client.isRecalled = () => found.get(client.metadata) !== undefined;

    let confirming;
    /** Fetches what the server says of itself, unless this page has done so. A code and a refresh token wait for it. */
    client.confirm = async () => {
      if (!client.isRecalled()) return;
      confirming =
        confirming ??
        discover(issuer, client.network(), config)
          .then((metadata) => {
            take(metadata);
            found.set(metadata);
            // It is fetched again at the next start.
            return client.keep().catch(() => {});
          })
          .finally(() => {
            confirming = undefined;
          });
      await confirming;
    };

    /** What the server of the session that is kept said of itself at an earlier start; nothing without one. */
    client.recall = async () => {
      if (!isLate && client.now(({ kept }) => kept.get(SERVER, name)) === undefined) return;
      return client.keeping((records) => {
        const { at, metadata } = own(records.server.load());
        if (metadata === undefined) return;
        take(metadata);
        if (records.sessions.load() === undefined) return;
        found.set(metadata, at);
        return metadata;
      });
    };

    if (said !== undefined) take(said);
    return client;
  };

  /** Whether what was found at an earlier start is to be looked at again. */
  const isOld = (metadata) => !(Math.abs(Date.now() - found.get(metadata)) < FRESH);

  return { describe, found, isOld, isHeld: () => held !== undefined };
};
