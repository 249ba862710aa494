// The URLs that a shell hands over: those by which the application was started, and those that arrive while it runs.
import { own } from "../platform/own.js";
import { named, told } from "./errors.js";
import { createFinished } from "./finished.js";

/** How many URLs are remembered, so that none is handed over twice. */
export const REMEMBERED = 32;

/** Outcomes of a callback that nobody here waited for: another client may. */
const FOREIGN = ["none", "other-login"];

/**
 * @param launch gives the URLs by which the application was started
 * @param listen calls back with the URLs that arrive from now on; gives what ends that
 * @param storages where it is remembered which callbacks are finished: see finished.js
 * @param end is told of each URL that a listener is done with
 */
export const createRedirects = ({ launch, listen, storages, end = () => {} }) => {
  const finished = createFinished(storages);
  /** What each listener was given. */
  const ears = new Set();
  const forget = (known, url) => {
    if (known.includes(url)) known.splice(known.indexOf(url), 1);
  };

  const register = async (listener) => {
    const known = [];
    let turn;
    const give = async (url) => {
      // In the order in which they came.
      turn = Promise.resolve(turn).then(() => finished.has(url));
      if (await turn) return end(url);
      try {
        const outcome = await listener(url);
        if (own(own(outcome).error).retryable) forget(known, url);
      } catch (error) {
        // It may succeed next time: a keychain was locked.
        forget(known, url);
        throw error;
      }
      if (known.includes(url)) end(url);
    };
    const hand = (urls) => {
      for (const url of urls ?? []) {
        if (known.includes(url)) continue;
        if (known.push(url) > REMEMBERED) known.shift();
        // Not awaited: what a listener throws at one URL does not keep the next from it.
        give(url);
      }
    };
    let stop = () => {};
    const leave = () => {
      ears.delete(known);
      return stop();
    };
    ears.add(known);
    try {
      // The ears first: a URL that arrives while the others are asked for is not lost.
      stop = await listen(hand);
      hand(await launch());
    } catch (cause) {
      await leave();
      throw named("config_invalid", cause ?? new Error("no reason"), "host.onRedirect");
    }
    return leave;
  };

  return {
    onRedirect: (listener) => told(register(listener)),
    /** See `Host.handled`. */
    handled: async (url, outcome) => {
      const { status, error } = own(outcome);
      if (status === undefined || own(error).retryable) for (const known of ears) forget(known, url);
      else if (!FOREIGN.includes(status)) await finished.add(url);
    },
  };
};
