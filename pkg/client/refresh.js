// Fresh tokens for a session: one refresh at a time in all pages and workers that share it, and its result for everybody.
import { claim } from "../platform/claim.js";
import { own } from "../platform/own.js";
import { pause, SETTLING, unless } from "../platform/wait.js";

/** The most seconds after which a call that has no token to give tries once more by itself. */
const SOON = 2;

export const createRefresh = ({ ask, discard, exchange, failed, named, place, toJson }) => {
  /** Remembers an access token, and how far the clock of this moment is from the one that cannot be set. */
  const note = ({ home, name }, kept) => {
    const { accessToken } = kept.tokens;
    if (home.seen.get(name)?.token !== accessToken) {
      home.seen.set(name, { token: accessToken, offset: Date.now() - performance.now() });
    }
    return kept;
  };

  /** What is to be done; the request of a refresh when this one is `alone` to make it. */
  const look = (client, { id, spent }, alone) =>
    client.keeping(({ sessions }) => {
      const { token, offset } = own(client.home.seen.get(client.name));
      const asked = { spent, seen: token, now: (offset + performance.now()) / 1000 };
      const kept = sessions.load();
      if (kept?.id !== id) throw named("session_expired");
      const step = ask("sessionTokens", kept.session, toJson(asked));
      if (!alone || !step.refresh) return own({ ...step, id, epoch: kept.epoch });
      const begun = ask("refresh", client.setup, kept.session);
      sessions.save(id, begun.session);
      return own({ ...begun, id });
    });

  /** What others are told when the session has changed. */
  const tell = ({ home, isShared, name }, type, reason) =>
    home.channel.tell({ name, type, reason }, isShared);

  const redeem = async (client, begun) => {
    await client.confirm();
    const { network, setup } = client;
    const net = network();
    // The server may have another endpoint than at the last start.
    const answer = await exchange.send(ask("refresh", setup, begun.session), net);
    return exchange.conclude(ask("finishRefresh", setup, begun.session, answer), net, true);
  };

  /** Keeps what a refresh came to. */
  const settle = (client, begun, fresh, failure) =>
    client.keeping(({ sessions }) => {
      const { retryAfter, oauthError } = own(failure);
      const how = failure ? { code: place(failure.code), retryAfter, oauthError } : {};
      const kept = sessions.load();
      const settled = ask("settle", begun.session, kept?.id === begun.id ? kept.session : "", toJson(how));
      if (settled.fresh) return client.read(sessions.save(begun.id, fresh.session));
      // The session has ended meanwhile, or it is another one: what came for it is kept nowhere.
      begun.isOver = true;
      if (fresh) discard(client, fresh);
      if (settled.session !== undefined) sessions.save(begun.id, settled.session);
      if (settled.ended) sessions.remove();
      if (settled.code === undefined) throw Object.assign(failure, { retryAfter: settled.retryAfter });
      const { status, oauthErrorDescription, oauthErrorUri } = own(failure);
      throw failed(settled.code, { status, oauthError, oauthErrorDescription, oauthErrorUri });
    });

  const attempt = async (client, asked, reason) => {
    const begun = await look(client, asked, true);
    if (begun.tokens) return begun;
    try {
      let fresh;
      let failure;
      try {
        fresh = await redeem(client, begun);
      } catch (error) {
        failure = error;
      }
      const kept = await settle(client, begun, fresh, failure).catch((error) => {
        const isFull = client.isLate && error.code === "storage_unavailable";
        if (!fresh || begun.isOver || !isFull) throw error;
        // The refresh token that is kept is spent.
        return client.fallBack(({ sessions }) => client.read(sessions.save(begun.id, fresh.session)));
      });
      tell(client, "refreshed", reason);
      return kept;
    } catch (error) {
      // The server's own words come with the end of a session; without them it was ended by a sign-out meanwhile.
      const ended = own(error).oauthError === "invalid_grant";
      tell(client, ended ? "expired" : "failed", ended ? error.code : reason);
      throw error;
    }
  };

  /** Waits until nobody else does it, or until whoever does has changed the session. */
  const exclusively = (client, asked, reason) =>
    new Promise((done, refused) => {
      const enough = new AbortController();
      const peek = async () => {
        try {
          const step = await look(client, asked, false);
          if (step.refresh) return;
          done(step);
        } catch (error) {
          refused(error);
        }
        enough.abort();
      };
      const hear = ({ name }, elsewhere) => {
        if (elsewhere && name === client.name) peek();
      };
      const stop = client.home.channel.listen(hear);
      // The storage of another page may be seen later than its word is heard.
      globalThis.addEventListener?.("storage", peek);
      const patience = 4 * client.network().timeout;
      const work = async () => {
        if (enough.signal.aborted) return;
        await attempt(client, asked, reason).then(done, refused);
        // Whoever comes next is to see what was written; those who wait see it at once, and wait no longer.
        await pause(2 * SETTLING);
      };
      claim(`session ${client.name}`, patience, work, 0, enough.signal)
        .catch(refused)
        .finally(() => {
          stop();
          globalThis.removeEventListener?.("storage", peek);
        });
    });

  const begin = (client, asked, reason) => {
    const { isShared, name } = client;
    const { flights } = client.home;
    const flight = (isShared ? exclusively : attempt)(client, asked, reason);
    flights.set(name, flight);
    const end = () => flights.delete(name);
    flight.then(end, end);
    return flight;
  };

  const once = async (client, asked, reason) => {
    for (;;) {
      const step = await look(client, asked, false);
      if (!step.refresh) return step;
      const flight = client.home.flights.get(client.name);
      if (step.tokens) {
        // Nobody waits for it, and nobody misses it.
        if (!flight) begin(client, asked, "ageing").catch(() => {});
        return step;
      }
      try {
        if (!flight) return await begin(client, asked, reason);
        await flight;
      } catch (error) {
        // Those that are there may serve still.
        const there = await look(client, asked, false).catch(() => own());
        if (there.tokens) return there;
        throw error;
      }
    }
  };

  const fresh = async (client, asked, reason) => {
    for (let again = true; ; again = false) {
      try {
        return note(client, await once(client, asked, reason));
      } catch (error) {
        const { retryable, retryAfter } = own(error);
        if (!again || !retryable || !(retryAfter <= SOON)) throw error;
        await pause(1000 * retryAfter);
      }
    }
  };

  return {
    /**
     * A session whose access token may be used: the one of that `id`, and with another token than the one that is `spent`. `reason` is why
     * its tokens are refreshed if they have to be.
     */
    fresh: (client, asked, reason, signal) => unless(signal, named, fresh(client, asked, reason)),
    /** Waits until no refresh is under way, and removes what a late one has kept. */
    async quiet(client) {
      const { home, isShared, keeping, name, network } = client;
      await home.flights.get(name)?.catch(() => {});
      const clean = () => keeping(({ sessions }) => sessions.load());
      if (isShared) await claim(`session ${name}`, 4 * network().timeout, clean);
      else await clean();
    },
  };
};
