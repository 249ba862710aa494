// Fresh tokens for a session: one refresh at a time in all pages and workers that share it, and its result for everybody.
import { claim } from "../platform/claim.js";
import { DEFAULT_TIMEOUT } from "../platform/transport.js";
import { pause, SETTLING } from "../platform/wait.js";

/** The most seconds after which a call that has no token to give tries once more by itself. */
const SOON = 2;

/** By which a client's session is known, whatever the page. */
export const nameOf = ({ issuer, clientId }) => JSON.stringify([issuer, clientId]);

/** Whether other pages have the same session, not one of their own. */
export const isShared = ({ storage }) => storage === "local" || storage === "host";

export const createRefresh = ({ glue, goOn, keeping, ready, channel }) => {
  // The refreshes of this page, and what each session gave it last, by their clients' names.
  const flights = new Map();
  const seen = new Map();

  /** Remembers an access token, and how far the clock of this moment is from the one that cannot be set. */
  const note = (name, tokens) => {
    if (seen.get(name)?.token !== tokens.accessToken) {
      seen.set(name, { token: tokens.accessToken, offset: Date.now() - performance.now() });
    }
    return tokens;
  };

  const look = ({ config, metadata, name }, { subject, spent }, alone) => {
    const { token, offset } = seen.get(name) ?? {};
    const asked = { subject, spent, seen: token, now: (offset + performance.now()) / 1000 };
    return keeping(config, glue.sessionTokens, metadata, asked, alone);
  };

  /** What others are told when the session has changed. */
  const tell = ({ config, name }, type, reason) => channel.tell({ name, type, reason }, isShared(config));

  const attempt = async (client, asked, reason) => {
    const step = await look(client, asked, true);
    if (step.done) return step.done;
    try {
      const tokens = await goOn(step, keeping, client.config, client.metadata);
      tell(client, "refreshed", reason);
      return tokens;
    } catch (error) {
      // The server's own words come with the end of a session; without them it was ended by a sign-out meanwhile.
      const ended = error.oauthError === "invalid_grant";
      tell(client, ended ? "expired" : "failed", ended ? error.code : reason);
      throw error;
    }
  };

  /** Waits until nobody else does it, or until whoever does has changed the session. */
  const exclusively = (client, asked, reason) =>
    new Promise((done, failed) => {
      const enough = new AbortController();
      const peek = async () => {
        try {
          const step = await look(client, asked, false);
          if (step.refresh) return;
          done(step.done);
        } catch (error) {
          failed(error);
        }
        enough.abort();
      };
      const hear = ({ name }, elsewhere) => {
        if (elsewhere && name === client.name) peek();
      };
      const stop = channel.listen(hear);
      // The storage of another page may be seen later than its word is heard.
      globalThis.addEventListener?.("storage", peek);
      const patience = 4 * (client.config.timeout ?? DEFAULT_TIMEOUT);
      const work = async () => {
        if (enough.signal.aborted) return;
        await attempt(client, asked, reason).then(done, failed);
        // Whoever comes next is to see what was written; those who wait see it at once, and wait no longer.
        await pause(2 * SETTLING);
      };
      claim(`session ${client.name}`, patience, work, 0, enough.signal)
        .catch(failed)
        .finally(() => {
          stop();
          globalThis.removeEventListener?.("storage", peek);
        });
    });

  const begin = (client, asked, reason) => {
    const { config, name } = client;
    const flight = (isShared(config) ? exclusively : attempt)(client, asked, reason);
    flights.set(name, flight);
    const end = () => flights.delete(name);
    flight.then(end, end);
    return flight;
  };

  const once = async (client, asked, reason) => {
    for (;;) {
      const step = await look(client, asked, false);
      if (!step.refresh) return step.done;
      const flight = flights.get(client.name);
      if (step.done) {
        // Nobody waits for it, and nobody misses it.
        if (!flight) begin(client, asked, "ageing").catch(() => {});
        return step.done;
      }
      try {
        if (!flight) return await begin(client, asked, reason);
        await flight;
      } catch (error) {
        // Those that are there may serve still.
        const { done } = await look(client, asked, false).catch(() => ({}));
        if (done) return done;
        throw error;
      }
    }
  };

  /**
   * The tokens of a session, with an access token that may be used: of that `subject`, and another one than the one that is
   * `spent`. `reason` is why they are refreshed if they have to be.
   */
  return async (client, asked, reason) => {
    await ready();
    for (let again = true; ; again = false) {
      try {
        return note(client.name, await once(client, asked, reason));
      } catch (error) {
        if (!again || !error.retryable || !(error.retryAfter <= SOON)) throw error;
        await pause(1000 * error.retryAfter);
      }
    }
  };
};
