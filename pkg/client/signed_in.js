// What only those need who are signed in: the requests that take a token along. It is loaded when it is first asked for.
import { createRefresh } from "./refresh.js";
import { createResource } from "./resource.js";

export const createSignedIn = async ({ loadExchange, ...engine }) => {
  const exchange = await loadExchange();
  const parts = { ...engine, exchange };
  const { ask, loadDpop } = parts;

  const fetchUserinfo = async ({ setup, session, tokens }, net) => {
    const request = ask("userinfo", setup, session);
    const answer = await exchange.send({ ...request, bearer: tokens.accessToken }, net);
    return (await exchange.conclude(ask("finishUserinfo", setup, session, answer), net)).claims;
  };

  const refreshTokens = async ({ setup, session }, net) => {
    const answer = await exchange.send(ask("refresh", setup, session), net, setup);
    return (await exchange.conclude(exchange.read("finishRefresh", setup, session, answer), net, true))
      .tokens;
  };

  const revokeTokens = async ({ setup, session }, net) => {
    const { url, forms, jkt } = ask("revoke", setup, session);
    const revoke = async (form, jkt) =>
      ask("finishRevocation", await exchange.send({ url, form, jkt }, net), form);
    let failure;
    let isFirst = true;
    for (const form of forms) {
      try {
        await revoke(form).catch((error) => {
          // No specification asks for a proof here, but some servers do.
          if (jkt === undefined || !/dpop/.test(error.oauthError)) throw error;
          return revoke(form, jkt);
        });
      } catch (error) {
        // The access token goes with the refresh token: a server may not know it any more, or never have known it.
        if (isFirst || failure || error.code !== "revocation_refused") failure = failure ?? error;
      }
      isFirst = false;
    }
    if (failure) throw failure;
  };

  /** What is being revoked, by session. */
  const going = new Map();

  /**
   * Tokens that came too late are not to serve anybody; where the server cannot be told so, they expire. They may be found by several at once, and before
   * the server has said who it is.
   */
  const discard = (client, { session }) => {
    const revoke = () => revokeTokens({ setup: client.setup, session }, client.network());
    const work = going.get(session) ?? client.confirm().then(revoke);
    going.set(session, work);
    return work.catch(() => {}).finally(() => going.delete(session));
  };

  const refreshing = createRefresh({ ...parts, discard });

  /** After a sign-out: what is still under way comes to nothing, and the tokens are revoked where that is wanted. */
  const leave = async (client, left, options) => {
    const quiet = refreshing.quiet(client);
    quiet.catch(() => {});
    try {
      if (!options.revoke || !left.tokens) return;
      await client.confirm();
      await revokeTokens({ setup: client.setup, ...left }, client.network());
      await quiet;
    } finally {
      // The keys go with the sessions.
      const forgotten = left.jkt && loadDpop().then(({ forget }) => forget(left.jkt, client.owner));
      await forgotten?.catch(() => {});
    }
  };

  return {
    discard,
    leave,
    fetchUserinfo,
    refreshTokens,
    revokeTokens,
    ...refreshing,
    fetchResource: createResource(parts),
  };
};
