// What a client is to its parts: its records, its network, and what it knows of its server.
import { toJson } from "../engine/json.js";
import { createChannel } from "../platform/channel.js";
import { member, own } from "../platform/own.js";
import { createPlace } from "../platform/records.js";
import { Records, tiers, withRecords } from "../platform/storage.js";
import { createLogins, createServers, createSessions, epochKey } from "./kept.js";
import { network, settings } from "./steps.js";

/** Milliseconds for which what a server said of itself counts before it is fetched again in the background. */
const FRESH = 86_400_000;

/** Thrown where a record of version 0.1.0 is to be read first. */
const OLD = new Error("a record of 0.1.0");

/**
 * What the clients of a page share: the sessions of the memory tier, the callbacks that are being handled, the refreshes that are under way,
 * what each session gave last, and the epochs that are over.
 */
const createHome = (isPage) => ({
  isPage,
  memory: new Records(),
  handling: new Set(),
  flights: new Map(),
  seen: new Map(),
  over: new Map(),
  written: new Map(),
  channel: createChannel(isPage),
});

export const createDescribe = ({ ask, discover, loadBefore, named }) => {
  const page = createHome(true);
  // What `Client.discover` found, and when, if that was at an earlier start: no secret goes where it points before it is fetched again.
  const found = new WeakMap();

  // What reads the records of version 0.1.0, once there is one.
  let before;
  const adopt = (record) => before?.adopt(ask, record);
  const adoptOrLoad = (record) => {
    if (!before) throw OLD;
    return adopt(record);
  };

  const unavailable = (cause) => named("storage_unavailable", cause);

  const describe = (given, said) => {
    const config = own(given);
    const { issuer, clientId, sessionName, storage, host } = config;
    const { transactions, session } = tiers(config);
    const isLate = [transactions, session].includes("host") && Boolean(member(host, "storage"));
    // In a server process each client is another user's.
    const home = globalThis.location === undefined ? createHome(false) : page;

    const client = {
      config,
      home,
      /** Whether its records are kept by the host, which may take its time. */
      isLate,
      /** By which the session is known in other pages, and whether they have the same one. */
      name: toJson(sessionName ? [issuer, clientId, sessionName] : [issuer, clientId]),
      isShared: storage === "local" || storage === "host",
      network: (options) => network(config, options),
    };

    /** Takes what the server says of itself, when it stands every check. */
    const take = (metadata) => {
      const { setup, owner } = ask("setup", settings(config), toJson(metadata));
      Object.assign(client, { setup, owner, metadata });
    };

    /** Does the work with the client's records, where these are at hand. */
    client.now = (work, records, adopts = adopt) => {
      const place = (tier) => createPlace(tier, home.memory, records, unavailable);
      const kept = place(session);
      const shared =
        session === "host" ? kept : createPlace(home.isPage && "local", undefined, undefined, unavailable);
      return work({
        logins: createLogins(ask, place(transactions)),
        server: createServers(kept, issuer),
        // What is known of the server comes before the client has its name.
        get sessions() {
          return createSessions(kept, shared, client.owner, { ...home, adopt: adopts });
        },
      });
    };
    /** The same where the host keeps them: when it has fetched them. What version 0.1.0 kept is read, unless the work is to end it. */
    client.keeping = async (work, adopts = adoptOrLoad) => {
      const { timeout } = client.network();
      const reach = () =>
        isLate
          ? withRecords(host.storage, timeout, unavailable, (records) => client.now(work, records, adopts))
          : client.now(work, undefined, adopts);
      try {
        return await reach();
      } catch (error) {
        if (error !== OLD) throw error;
        before = await loadBefore();
        return reach();
      }
    };
    /** A session as its owner sees it; nothing where the record is none of this version. */
    client.read = (kept) => {
      const step = kept && ask("session", kept.session);
      return step?.tokens && own({ ...step, id: kept.id, epoch: kept.epoch });
    };
    /** Whether somebody has signed out of a session, as far as this page knows. */
    client.isOver = ({ epoch }) => home.over.has(epochKey(client.owner, epoch));
    client.load = () => client.keeping(({ sessions }) => client.read(sessions.load()));

    /** Keeps what the server says of itself with a session, for a start without the network. */
    client.remember = ({ server, sessions }) => {
      if (found.has(client.metadata) && sessions.load()) server.save(client.metadata);
    };

    let confirming;
    /** Fetches what the server says of itself, unless this page has done so. A code and a refresh token wait for it. */
    client.confirm = async () => {
      if (found.get(client.metadata) === undefined) return;
      confirming ??= discover(issuer, { ...config, ...client.network() })
        .then((metadata) => {
          take(metadata);
          found.set(metadata);
          return client.keeping(client.remember);
        })
        .finally(() => {
          confirming = undefined;
        });
      await confirming;
    };

    /** What the server of the session that is kept said of itself at an earlier start; nothing without one. */
    client.recall = () =>
      client.keeping((records) => {
        const { at, metadata } = own(records.server.load());
        if (metadata === undefined) return;
        take(metadata);
        if (records.sessions.load() === undefined) return;
        found.set(metadata, at);
        return metadata;
      });

    if (said !== undefined) take(said);
    return client;
  };

  /** Whether what was found at an earlier start is to be looked at again. */
  const isOld = (metadata) => !(Math.abs(Date.now() - found.get(metadata)) < FRESH);

  return { describe, found, isOld };
};
