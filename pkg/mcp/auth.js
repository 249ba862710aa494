// The sign-in to one MCP server: its requests, and their logins.
import { isPkceError } from "../engine/error.js";
import { own } from "../platform/own.js";
import { LONGEST, unless, within } from "../platform/wait.js";
import { createKnown } from "./known.js";
import { loadSentences } from "./part.js";
import { createProvider } from "./provider.js";

/** How often in a row the user is asked to sign in because the server refuses what they have. */
const MOST_LOGINS = 3;

/** Seconds that a login may take. */
const LIFETIME = 600;

/** The errors of a request that a login may help. */
const HELPED = /^(session_expired|refresh_interrupted|dpop_key_missing|insufficient_scope)$/;

export const createMcpAuth = (whole) => {
  const { guarded, more, named, told: toldOnly } = whole.started;

  const create = (given) => {
    const options = own(given);
    const invalid = (name, text) => named("config_invalid", new Error(text), name);
    let url;
    try {
      url = new URL(options.serverUrl);
    } catch {}
    if (!url) throw invalid("serverUrl", "no URL");
    url.hash = "";
    options.serverUrl = url.href;
    const { clientSecret, host, interaction = "redirect", issuer, serverUrl } = options;
    try {
      new URL(options.redirectUri);
    } catch {
      throw invalid("redirectUri", "no URL");
    }
    for (const name of ["storage", "transactionStorage"])
      if (!/^(local|session|memory|host)$/.test(options[name] ?? "local"))
        throw invalid(name, "no such tier");
    if (clientSecret && !issuer) throw invalid("issuer", "a secret goes to the server that issued it");
    if (!/^(redirect|popup|none)$/.test(interaction)) throw invalid("interaction", "no such way");
    // A process of a server has no storage of its own.
    if (!globalThis.location && !host?.storage)
      options.transactionStorage = options.transactionStorage ?? "memory";
    const { base, challengedBy, forget, hidden, isOurs, meet, recall, scopesOf, signalOf, through } =
      createKnown(whole, options);

    /** What is told in the place of an error: why a page cannot have an answer, and what the codes of this room say. */
    const said = async (thrown) => {
      await loadSentences().catch(() => {});
      const cause = thrown?.cause;
      if (own(cause).code === "cors_refused") return more(named("cors_refused", cause), { url: hidden() });
      return isPkceError(thrown) ? more(thrown, {}) : thrown;
    };
    const told = (work) =>
      toldOnly(async () => {
        try {
          return await work();
        } catch (error) {
          throw await said(error);
        }
      });

    /** What is known of the server, and what is being done about it. */
    let known;
    let recalling;
    let meeting;
    let signing;
    let waiting = [];
    /** The scopes that the session has, and how many logins in a row did not help. */
    let granted;
    let logins = 0;
    /** The challenge of the last refusal, and the scopes that it asks for, until a login has answered it. */
    let challenge = { header: "" };

    const recalled = async () => {
      recalling = recalling ?? recall().finally(() => (recalling = undefined));
      known = known ?? (await recalling);
      return known;
    };

    /** The server, which is asked where this page has not done so. */
    const met = async (header = challenge.header, signal = undefined) => {
      if (!known) await recalled();
      if (!known || known.isOld) {
        meeting = meeting ?? meet(header, signal).finally(() => (meeting = undefined));
        known = await meeting;
      }
      return known;
    };

    const session = async () => {
      const there = (await (known ?? (await recalled()))?.made.session()) ?? null;
      if (there) granted = there.scope;
      return there;
    };

    const asking = (state, { scope: wanted = challenge.scope, ...rest }) => {
      const scope = scopesOf(state, wanted, granted);
      // Otherwise a server may give no refresh token (OpenID Connect Core section 11).
      const isOffline = ` ${scope} `.includes(" offline_access ");
      return { ...rest, scope, resource: state.resource, ...(isOffline && { prompt: "consent" }) };
    };

    const finished = async ({ status, error }) => {
      if (status === "refused") throw error;
      return /^(signed-in|already-completed)$/.test(status);
    };

    /** Sends the user away; whether they are signed in then. Where it is known who is asked, that is in the same tick. */
    const send = (state, { popup, signal, ...rest }) => {
      const wanted = asking(state, rest);
      if (popup) return state.made.loginWithPopup({ ...wanted, signal }).then(finished);
      if (!host?.open) return Promise.resolve(state.made.login(wanted)).then(() => false);
      let hear;
      const heard = new Promise((done) => {
        hear = done;
        waiting.push(hear);
      });
      const most = 1000 * (options.transactionMaxAge ?? LIFETIME);
      const late = () => named("transaction_expired");
      return Promise.all([unless(signal, named, within(most, heard, late)), state.made.login(wanted)])
        .then(([outcome]) => finished(outcome))
        .finally(() => {
          // Nothing waits on.
          hear({});
          waiting = waiting.filter((one) => one !== hear);
        });
    };

    const signIn = (wanted, header) =>
      known && !known.isOld
        ? send(known, wanted)
        : met(header, wanted.signal).then((state) => send(state, wanted));

    /** Signs in for requests that were refused; one login serves all of them. */
    const help = async (refused, header = "", scope = challengedBy(header)) => {
      challenge = { header, scope };
      if (interaction === "none") throw named("sign_in_required", refused);
      if (!signing && logins++ < MOST_LOGINS)
        signing = (async () => signIn({ scope, popup: interaction === "popup" }, header))().finally(
          () => (signing = undefined),
        );
      if (!signing) throw refused ?? named("sign_in_required");
      if (!(await signing)) throw named("sign_in_required", refused);
    };

    /** A request without a token. What fails is told as a session tells it. */
    const plain = async (href, input, init, send) => {
      try {
        return await send(input, init);
      } catch (cause) {
        const signal = signalOf(input, init);
        if (isPkceError(cause)) throw cause;
        if (signal?.aborted) throw named("aborted", signal.reason);
        throw more(named("network_failed", cause), { url: href.split(/[?#]/, 1)[0] });
      }
    };

    const fetch = async (input, init) => {
      const isRequest = typeof input?.url === "string";
      const { href } = new URL(isRequest ? input.url : input, globalThis.location?.href);
      for (;;) {
        const there = await session();
        // The body of a request is read once.
        const asked = isRequest ? input.clone() : href;
        if (!isOurs(href, known?.resource)) {
          const shown = new Headers(own(init).headers ?? input.headers).get("authorization");
          const token = shown && (await there?.accessToken().catch(() => {}));
          if (token && shown.includes(token)) throw named("origin_refused", undefined, "authorization");
          return plain(href, asked, init, base);
        }
        let response;
        let refusal;
        try {
          response = there
            ? await there.fetch(asked, { timeout: LONGEST, ...init })
            : await plain(href, asked, init, (request, ways) => through(href, ways, request));
        } catch (error) {
          if (!HELPED.test(error.code)) throw error;
          refusal = error;
        }
        if (response && response.status !== 401) {
          challenge = { header: "" };
          logins = 0;
          return response;
        }
        // Where the token has all that is asked for, another one would be refused as well.
        const isHopeless = refusal?.code === "insufficient_scope" && !refusal.loginOptions;
        if (isHopeless || logins >= MOST_LOGINS) {
          logins = 0;
          if (refusal) throw refusal;
          return response;
        }
        const header = response?.headers.get("www-authenticate") ?? "";
        response?.body?.cancel().catch(() => {});
        await help(refusal, header, refusal?.loginOptions?.scope);
      }
    };

    const auth = {
      serverUrl,
      fetch: (...request) => told(() => fetch(...request)),
      prepare: ({ signal } = {}) =>
        told(async () => {
          const state = await met(undefined, signal);
          await session();
          await state.made.prepare({ ...asking(state, {}), signal });
        }),
      login: (wanted) => told(async () => void (await signIn(own(wanted)))),
      handleRedirect: (url, ways) =>
        told(async () => {
          const outcome = { ...(await (await recalled())?.made.handleRedirect(url, ways)) };
          if (!outcome.status) return { status: "none" };
          if (outcome.error) outcome.error = await said(outcome.error);
          if (/^(signed-in|already-completed|refused)$/.test(outcome.status))
            for (const hear of waiting) hear(outcome);
          return outcome;
        }),
      session: () => told(session),
      logout: (ways) => told(async () => (await recalled())?.made.logout(ways)),
      client: ({ signal } = {}) =>
        told(async () => ((await recalled()) ?? (await met(undefined, signal))).made),
      forget: () =>
        told(async () => {
          await (await recalled())?.made.logout();
          await forget(known);
          known = undefined;
          granted = undefined;
        }),
      close: () => known?.made.close(),
    };
    const provider = createProvider({ auth, help, invalid, known: () => known, met, options, session, told });
    return Object.defineProperties(auth, Object.getOwnPropertyDescriptors(provider));
  };

  return (options) => guarded(() => create(options));
};
