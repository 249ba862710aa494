// Fresh tokens for a session: one refresh at a time in all pages and workers that share it, and its result for everybody.
import { claim } from "../platform/claim.js";
import { own } from "../platform/own.js";
import { pause, SETTLING, unless } from "../platform/wait.js";

/** The most seconds after which a call that has no token to give tries once more by itself. */
const SOON = 2;

export const createRefresh = ({
  ask,
  discard,
  exchange,
  failed,
  loadDpop,
  loadHeld,
  named,
  place,
  toJson,
}) => {
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
      return own({ ...begun, id, epoch: kept.epoch });
    });

  /** What others are told when the session has changed. */
  const tell = ({ home, isShared, name }, news) => home.channel.tell({ ...news, name }, isShared);

  /** Sends the refresh token: what came of it, the answer and fresh tokens, or how it failed. */
  const redeem = async (client, begun) => {
    const came = own();
    try {
      await client.confirm();
      const { network, setup } = client;
      const net = network();
      // The server may have another endpoint than at the last start.
      came.answer = await exchange.send(ask("refresh", setup, begun.session), net, setup);
      const step = exchange.read("finishRefresh", setup, begun.session, came.answer);
      came.fresh = await exchange.conclude(step, net, true);
    } catch (error) {
      came.failure = error;
    }
    return came;
  };

  /** Keeps what a refresh came to. */
  const settle = (client, begun, { answer, failure, fresh }, reason) =>
    client.keeping(({ sessions }) => {
      const { status, subject, found, url, retryAfter, oauthError, oauthErrorDescription, oauthErrorUri } =
        own(failure);
      const told = { status, oauthError, oauthErrorDescription, oauthErrorUri };
      const code = failure && place(failure.code);
      const how = failure
        ? { ...told, code, subject, found, url, retryAfter, refused: reason === "refused" }
        : {};
      const kept = sessions.load();
      const known = kept?.id === begun.id ? kept.session : "";
      const settled = ask("settle", begun.session, known, toJson(how), answer);
      if (settled.fresh) {
        const kept = client.read(sessions.save(begun.id, fresh.session));
        return { kept, idTokenDropped: fresh.dropped };
      }
      // The session has ended meanwhile, or it is another one: what came for it is kept nowhere.
      begun.isOver = true;
      if (fresh) discard(client, fresh);
      if (settled.session !== undefined) sessions.save(begun.id, settled.session);
      if (settled.ended) {
        sessions.remove();
        if (begun.jkt !== undefined)
          loadDpop()
            .then(({ forget }) => forget(begun.jkt))
            .catch(() => {});
      }
      const isSame = failure && (settled.code ?? code) === code;
      const error = isSame
        ? Object.assign(failure, { retryAfter: settled.retryAfter })
        : failed(settled.code, told);
      return { error, ended: settled.ended };
    });

  const attempt = async (client, asked, reason) => {
    const begun = await look(client, asked, true);
    if (begun.tokens) return begun;
    const came = await redeem(client, begun);
    const { isUndone } = await loadHeld();
    const settled = await settle(client, begun, came, reason).catch((error) => {
      const { fresh } = came;
      const isFull = client.isLate && error.code === "storage_unavailable";
      if (!fresh || begun.isOver || !isFull) return { error };
      // The refresh token that is kept is spent.
      const kept = client.fallBack(({ sessions }) =>
        client.read(sessions.save(begun.id, fresh.session, begun.epoch)),
      );
      return { kept, idTokenDropped: fresh.dropped, storageError: error };
    });
    const { kept, error, ended, idTokenDropped, storageError } = settled;
    if (error) {
      // A token of another user or issuer is told by the error alone.
      const why = error.code === "refresh_interrupted" ? error.code : "session_expired";
      tell(client, ended ? { type: "expired", reason: why } : { type: "failed", reason });
      throw error;
    }
    tell(client, { type: "refreshed", reason, idTokenDropped, storageError });
    // A sign-out of another page may be seen later than it was made.
    isUndone(client, kept)
      .then((isUndone) => isUndone && discard(client, kept))
      .catch(() => {});
    return kept;
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
    flight.spent = asked.spent;
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
        const came = await (flight ?? begin(client, asked, reason));
        // Also where the server gave the same access token again: who waited for it has it no other way.
        if (!flight || (flight.spent === asked.spent && came.id === asked.id)) return came;
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
