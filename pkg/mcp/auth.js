// The sign-in to one MCP server: its requests, their logins, and what the SDKs take.
import { isPkceError } from "../engine/error.js";
import { own } from "../platform/own.js";
import { asInit } from "../platform/resource.js";
import { LONGEST, unless, within } from "../platform/wait.js";
import { createMeet } from "./meet.js";
import { loadSentences } from "./part.js";
import { createProvider } from "./provider.js";

/** How often in a row the user is asked to sign in because the server refuses the token. */
const MOST_LOGINS = 3;

/** Seconds that a login may take. */
const LIFETIME = 600;

export const createMcpAuth = (whole) => {
  const { guarded, named, ask, more, told: toldOnly } = whole.started;

  /** Why a page cannot have an answer is told in the place of the failure of its request. */
  const plain = (error) => (own(error?.cause).code === "cors_refused" ? error.cause : error);
  const said = async (error) => {
    await loadSentences().catch(() => {});
    return isPkceError(error) ? more(error, {}) : error;
  };
  const told = (work) =>
    toldOnly(async () => {
      try {
        return await work();
      } catch (thrown) {
        throw await said(plain(thrown));
      }
    });

  return (given) =>
    guarded(() => {
      const options = own(given);
      const invalid = (name, text) => named("config_invalid", new Error(text), name);
      try {
        options.serverUrl = new URL(options.serverUrl).href.split("#")[0];
      } catch (cause) {
        throw named("config_invalid", cause, "serverUrl");
      }
      if (options.clientSecret && !options.issuer) throw invalid("issuer", "a secret goes to its own server");
      if (!/^(redirect|popup|none)$/.test(options.interaction ?? "none"))
        throw invalid("interaction", "no such interaction");
      const { host, serverUrl, interaction = "redirect" } = options;
      if (globalThis.location === undefined && !host?.storage && !options.transactionStorage)
        options.transactionStorage = "memory";

      const settings = (more) => {
        const { redirectUri, clientId, clientSecret, issuer, clientMetadataUrl, clientMetadata, scope } = options;
        return JSON.stringify({
          serverUrl,
          redirectUri,
          clientId,
          clientSecret,
          issuer,
          clientMetadataUrl,
          clientMetadata,
          scope,
          dangerouslyAllowHttp: options.dangerouslyAllowHttp,
          dpop: options.dpop === "required",
          isPage: globalThis.location !== undefined && !host?.fetch,
          ...more,
        });
      };
      const { base, forget, meet, recall } = createMeet(whole, options, settings);

      /** What is known of the server: `made` is its client. */
      let known;
      let recalling;
      let meeting;
      let signing;
      let waiting = [];
      /** The scopes that the session has, and the logins in a row that did not help. */
      let granted;
      let logins = 0;

      const recalled = async () => {
        if (!known) {
          recalling = recalling ?? recall().finally(() => (recalling = undefined));
          const kept = await recalling;
          known = known ?? kept;
        }
        return known;
      };

      /** What is known of the server, which is asked where this page has not done so. */
      const met = async (header = "", signal = undefined) => {
        if (!(await recalled()) || known.isOld) {
          meeting = meeting ?? meet(header, signal).finally(() => (meeting = undefined));
          known = await meeting;
        }
        return known;
      };

      const session = async () => {
        const there = (await (await recalled())?.made.session()) ?? null;
        if (there) granted = there.scope;
        return there;
      };

      /** The options of a login: what it asks for, and for which resource. */
      const asking = ({ scopes, resource, metadata }, { scope = "", ...rest }) => {
        const wanted = { listedScope: scopes, challengedScope: scope, grantedScope: granted };
        const { scope: all = null, offline } = ask("identify", settings(wanted), JSON.stringify(metadata), "");
        // Otherwise a server may not give a refresh token (OpenID Connect Core section 11).
        return { ...rest, scope: all, resource, ...(offline && all && { prompt: "consent" }) };
      };

      /** The end of the next login. */
      const ended = (signal) => {
        let heard;
        const end = new Promise((done) => {
          heard = done;
          waiting.push(heard);
        });
        const most = 1000 * (options.transactionMaxAge ?? LIFETIME);
        return unless(
          signal,
          named,
          within(most, end, () => named("transaction_expired")),
        ).finally(() => (waiting = waiting.filter((one) => one !== heard)));
      };

      const finished = ({ status, error }) => {
        if (status === "refused") throw plain(error);
        return status === "signed-in" || status === "already-completed";
      };

      /** Sends the user away; whether they are signed in now. Where it is known who is asked, that is in the same tick. */
      const send = (state, { popup, signal, ...rest }) => {
        const wanted = asking(state, rest);
        if (popup) return state.made.loginWithPopup({ ...wanted, signal }).then(finished);
        if (!host?.open) return state.made.login(wanted);
        const end = ended(signal);
        end.catch(() => {});
        return (async () => {
          await state.made.login(wanted);
          return finished(await end);
        })();
      };

      const signIn = (wanted, header = "") => {
        const isNew = !known || known.isOld;
        if (!isNew) return send(known, wanted);
        return met(header, wanted.signal).then((state) => send(state, wanted));
      };

      /** Signs in for requests that were refused; one login serves all of them. */
      const help = async (refused, header, scope) => {
        if (interaction === "none") throw named("sign_in_required", refused);
        if (logins >= MOST_LOGINS) throw refused ?? named("sign_in_required");
        if (!signing) {
          logins++;
          signing = (async () => {
            // What the challenge asks for counts, also where the server was met before.
            const { places: _, ...challenge } = header ? ask("resourcePlaces", settings(), header) : {};
            return signIn({ scope: scope ?? challenge.scope, popup: interaction === "popup" }, header);
          })().finally(() => (signing = undefined));
        }
        if (!(await signing)) throw named("sign_in_required", refused);
      };

      const isOurs = (url, { resource }) =>
        ask("isWithin", settings(), resource, url).within === true;

      /** Whether the answer of a server is a refusal that a login may change. */
      const needs = ({ code }) => /^(session_expired|refresh_interrupted|dpop_key_missing|insufficient_scope)$/.test(code);

      const fetch = async (input, given) => {
        const isRequest = typeof input?.url === "string";
        const url = new URL(isRequest ? input.url : input, globalThis.location?.href).href;
        const init = own({ ...(isRequest && (await asInit(input))), ...given });
        for (let left = MOST_LOGINS; ; left--) {
          const state = await recalled();
          const there = await session();
          const isHere = state ? isOurs(url, state) : url.split("#")[0] === serverUrl;
          if (!isHere) {
            const shown = new Headers(init.headers).get("authorization");
            const token = shown && (await there?.accessToken().catch(() => {}));
            if (token && shown.includes(token)) throw named("origin_refused", undefined, "authorization");
            return base(url, init);
          }
          let response;
          let refusal;
          try {
            response = there
              ? await there.fetch(url, { timeout: LONGEST, ...init })
              : await base(url, init);
          } catch (error) {
            if (!needs(error)) throw error;
            refusal = error;
          }
          if (response?.status !== 401 && !refusal) {
            logins = 0;
            return response;
          }
          // What the token has already is asked for: another one would be refused as well.
          if (refusal?.code === "insufficient_scope" && !refusal.loginOptions) throw refusal;
          if (left === 0 || (response && logins >= MOST_LOGINS)) {
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
            const state = await met("", signal);
            await session();
            await state.made.prepare({ ...asking(state, {}), signal });
          }),
        login: (wanted) =>
          told(async () => {
            await signIn(own(wanted));
          }),
        handleRedirect: (url, ways) =>
          told(async () => {
            const state = await recalled();
            if (!state) return { status: "none" };
            const outcome = own(await state.made.handleRedirect(url, ways));
            if (outcome.error) outcome.error = await said(plain(outcome.error));
            if (finishes(outcome)) for (const heard of waiting) heard(outcome);
            return { ...outcome };
          }),
        session: () => told(session),
        logout: (ways) => told(async () => (await recalled())?.made.logout(ways)),
        client: ({ signal } = {}) => told(async () => (await met("", signal)).made),
        forget: () =>
          told(async () => {
            const state = await recalled();
            await state?.made.logout();
            await forget(state);
            known = undefined;
            granted = undefined;
          }),
        close: () => known?.made.close(),
      };
      return Object.assign(auth, createProvider({ auth, help, invalid, known: () => known, met, more, options, recalled, session, told }));
    });
};

/** Whether an outcome is the end of a login. */
const finishes = ({ status }) => /^(signed-in|already-completed|refused)$/.test(status);
