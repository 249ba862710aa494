// The user comes back: one page redeems the code, and all that ask learn how the login ended.
import { entry } from "../platform/address.js";
import { claim } from "../platform/claim.js";
import { member, own } from "../platform/own.js";
import { REMAINS } from "../platform/records.js";
import { pause, SETTLING } from "../platform/wait.js";

/**
 * What one page wrote to localStorage another one sees a little later: how many looks there are at the most, and for how many
 * milliseconds a claim is kept when its work is done, so that whoever comes next knows that there was one.
 */
const LOOKS = 20;
const LINGER = 250;

/** Less than any session takes, and the name under which that is tried. */
const LEAST = "x".repeat(200);
const TRIED = "tried";

/** Where the copies of this package in a page say which logins they completed: each has a memory of its own, and lacks what another one keeps there. */
const COPIES = Symbol.for("pkce-wasm");
const TWO_COPIES =
  "Two copies of pkce-wasm are in this page (two bundles, or a module that was replaced). The session is in the memory of the other one.";

export const createCallback = async ({
  ask,
  failed,
  loadDpop,
  loadExchange,
  loadHeld,
  loadPopup,
  loadSignedIn,
  mark,
  named,
  place,
  popup,
  toJson,
}) => {
  const exchange = await loadExchange();
  const { isUndone, sweep } = await loadHeld();
  globalThis[COPIES] = globalThis[COPIES] ?? [];
  const copies = globalThis[COPIES];
  const completed = new Set();
  copies.push(completed);

  /** How the module wants an error told. */
  const how = (error) => toJson(error ? { code: place(error.code), oauthError: own(error).oauthError } : {});

  /** An outcome with its error and its session. */
  const finished = (ended, { read, signedIn, storage }, sessions, key) => {
    const { error, ...outcome } = own(ended);
    if (error) outcome.error = failed(error.code, error);
    if (outcome.status === "already-completed") {
      const kept = read(sessions.load());
      outcome.session = signedIn(kept?.expired ? undefined : kept);
      const isOthers = !kept && !completed.has(key) && copies.some((copy) => copy.has(key));
      if (isOthers && storage.session === "memory") {
        console.warn(TWO_COPIES);
        // Once is enough.
        completed.add(key);
      }
    }
    return outcome;
  };

  /** An outcome of this client's login, with what the application kept with it. What somebody else wrote there is as if it were not. */
  const withState = (outcome, appState) => {
    if (appState === undefined) return outcome;
    try {
      if (!["none", "other-login"].includes(outcome.status))
        return { ...outcome, appState: JSON.parse(appState) };
    } catch {}
    return outcome;
  };

  const remembered = (client, key) =>
    client.keeping(({ logins, sessions }) => {
      const remains = logins.remains(key);
      if (remains === undefined) return { status: "none" };
      const { outcome } = ask("arrive", client.setup, "", "", remains);
      return withState(finished(outcome, client, sessions, key), logins.appState(key));
    });

  /** What becomes of an error that says not to which login it belongs: where none waits there, it is none of ours. */
  const unverified = (client, address) =>
    client.keeping(({ logins }) => {
      for (const name of logins.look()) {
        const { outcome } = ask("arrive", client.setup, address, logins.place.get("", name));
        if (own(outcome).unverified) return outcome;
      }
      return { status: "none" };
    });

  /** Waits until it can be seen how another page has finished that login; not for ever, for it may be gone. */
  const settled = async (client, key, waited) => {
    for (let look = 0; look < LOOKS; look++) {
      const { status, error } = own(await remembered(client, key));
      const isOpen = status === "none" ? waited : error?.code === "code_already_used";
      if (!isOpen) return;
      await pause(SETTLING);
    }
  };

  /** Does the work while no other page does that of the same login. */
  const claimed = (client, key, work) =>
    claim(
      key,
      // Longer than the code and two key sets take.
      4 * client.network().timeout,
      async (waited) => {
        await settled(client, key, waited);
        return work();
      },
      LINGER,
    );

  /**
   * Looks at a callback; a login whose code is to be redeemed is claimed, unless its server is to be asked who it is before, or for its keys. A storage is given a little more
   * with it, where that is wanted.
   */
  const lookOnce = (client, key, address, more) =>
    client.keeping(({ epochs, logins, sessions }) => {
      const pending = logins.pending(key);
      const arrival = ask("arrive", client.setup, address, pending, logins.remains(key));
      const lacks = arrival.form !== undefined && (client.isRecalled() || exchange.lacks(arrival.keys));
      if (!lacks && arrival.remains !== undefined) {
        logins.bury(key, arrival.remains);
        if (more) logins.place.set(REMAINS, TRIED, more);
      }
      // A sign-out from here on is one of this login too.
      const began = !lacks && arrival.form !== undefined ? epochs.begin() : undefined;
      const outcome = arrival.outcome && finished(arrival.outcome, client, sessions, key);
      const appState = logins.appState(key);
      return own({ ...arrival, outcome, pending, lacks, began, appState });
    });

  /** Whether a host's storage does not take what there is to be kept. */
  const isFull = ({ isLate }, { code }) => isLate && code === "storage_unavailable";

  /** The same. Before a code is sent it is known whether a host has room for a session; if not, it goes to memory. */
  const look = async (client, key, address) => {
    const { transactions, session } = client.storage;
    const isHosts = transactions === "host" && session === "host";
    try {
      const arrival = await lookOnce(client, key, address, isHosts && LEAST);
      // While the code is on its way.
      if (isHosts) client.reach(({ logins }) => logins.place.remove(REMAINS, TRIED)).catch(() => {});
      return arrival;
    } catch (error) {
      if (!isHosts || !isFull(client, error)) throw error;
      const arrival = await lookOnce(client, key, address);
      if (arrival.began === undefined) return arrival;
      client.fallBack(() => {});
      return own({ ...arrival, storageError: error });
    }
  };

  /** Redeems the code of a login that was claimed. */
  const redeem = async (client, key, { pending, began, storageError, ...request }) => {
    const { setup, signedIn } = client;
    let came;
    let kept;
    let isOver = false;
    let failure;
    try {
      const net = client.network();
      const answer = await exchange.send(request, net, setup);
      came = await exchange.conclude(
        exchange.read("finish", setup, pending, answer, request.said),
        net,
        true,
      );
    } catch (error) {
      failure = error;
    }
    const keep = ({ logins, sessions, ...records }) => {
      let failed = failure;
      try {
        const { id, epoch } = own(came && sessions.start(began, came.session));
        kept = id && own({ ...came, id, epoch });
        isOver = came && !kept;
        if (isOver) failed = named("session_expired");
        if (kept) client.remember({ sessions, ...records });
        if (kept && client.home.isPage) completed.add(key);
        sweep(logins.place, logins.before());
      } catch (error) {
        failed = error;
      }
      const { restart, returnTo, remains } = ask("end", setup, pending, how(failed));
      // Where nothing remains, no answer came, or none that counts: the same callback may be handled again.
      if (remains === undefined) logins.restore(key, pending);
      else logins.bury(key, remains);
      const outcome = failed
        ? { status: "refused", error: failed, restart }
        : { status: "signed-in", session: signedIn(kept), ...(storageError && { storageError }) };
      return returnTo === undefined ? outcome : { ...outcome, returnTo };
    };
    const outcome = await client.keeping(keep).catch((error) => {
      if (!came || isOver || !isFull(client, error)) throw error;
      // The code is spent.
      const { returnTo, remains } = ask("end", setup, pending, how());
      kept = client.fallBack(({ epochs, sessions }) =>
        client.read(sessions.save(epochs.unique(), came.session, began)),
      );
      client.reach(({ logins }) => logins.bury(key, remains)).catch(() => {});
      const outcome = { status: "signed-in", session: signedIn(kept), storageError: error };
      return returnTo === undefined ? outcome : { ...outcome, returnTo };
    });
    // Somebody has signed out meanwhile: the tokens are not to serve anybody.
    const discard = async () => (await loadSignedIn()).discard(client, came);
    if (came && !kept) discard().catch(() => {});
    if (kept?.jkt !== undefined) {
      const isKept = loadDpop().then(({ keep }) => keep(kept.jkt, client.owner, client.storage.session));
      await isKept.catch(() => {});
    }
    // A sign-out of another page may be seen later than it was made.
    if (kept)
      isUndone(client, kept)
        .then((isUndone) => isUndone && discard())
        .catch(() => {});
    return outcome;
  };

  /** From a callback to its outcome. */
  const arrive = async (client, key, address, page) => {
    let arrival = await look(client, key, address);
    while (arrival.lacks) {
      try {
        // Its keys may be elsewhere than at the last start.
        if (client.isRecalled()) await client.confirm();
        else await exchange.fetchKeys(arrival.keys, client.network());
      } catch (error) {
        // Nothing was sent yet: the callback stays where it was found.
        const { restart, returnTo } = ask("end", client.setup, arrival.pending, how(error));
        const outcome = { status: "refused", error, restart };
        return withState(returnTo === undefined ? outcome : { ...outcome, returnTo }, arrival.appState);
      }
      arrival = await look(client, key, address);
    }
    if (arrival.address !== undefined) page?.replace(arrival.address, key);
    return withState(arrival.outcome ?? (await redeem(client, key, arrival)), arrival.appState);
  };

  const callbacks = {
    /** From a callback of this name, or a mark that one left, to its outcome. Its address may be that of the page itself. */
    async handle(client, { key, left, bare, address, isPage }) {
      const page = isPage ? entry(mark, address) : undefined;
      const finish = async (work) => {
        const outcome = await work();
        if (outcome.status === "signed-in") client.tell({ type: "signed-in", reason: "login" });
        // The same callback may be handled again, also after a reload: its code goes back to where it was found.
        page?.settle(own(outcome).error?.retryable);
        return outcome;
      };
      if (bare) return unverified(client, address);
      if (left !== undefined) return claimed(client, left, () => finish(() => remembered(client, left)));
      if (page && key.startsWith(popup)) {
        const { handOver } = await loadPopup();
        if (await handOver(key, address)) {
          page.replace(client.config.redirectUri);
          globalThis.close();
          return { status: "handed-over" };
        }
      }
      return claimed(client, key, () => finish(() => arrive(client, key, address, page)));
    },
    /** The outcome of a login, once another page has finished it; nothing before. */
    async interrupted(client, key) {
      const outcome = await claimed(client, key, () => remembered(client, key));
      return outcome.status === "none" ? undefined : outcome;
    },
  };

  /** Tells the host how a callback ended that it handed over. What comes of that changes nothing. */
  const tell = async ({ host }, address, outcome) => {
    try {
      if (member(host, "handled")) await host.handled(address, outcome);
    } catch {}
  };

  return {
    ...callbacks,
    async handle(client, callback) {
      let outcome;
      try {
        outcome = await callbacks.handle(client, callback);
        return outcome;
      } finally {
        if (!callback.isPage) tell(client.config, callback.address, outcome);
      }
    },
  };
};
