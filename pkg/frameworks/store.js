// What the bindings have in common: the client of a page, what is known of its user, and who wants to hear of it.
import { Client } from "../index.js";

/** What tells of a change of the session. */
const NEWS = ["signed-in", "signed-out", "expired"];

/** The outcomes after which the page is at the place of a callback. */
const CAME_BACK = ["signed-in", "already-completed", "refused", "signed-out"];

/** A URI of the registration; a path is one of this origin. */
const absolute = (uri) => (uri?.[0] === "/" ? location.origin + uri : uri);

/** Whether this is a page, and not a server that renders one. */
export const isPage = () => globalThis.location !== undefined;

/** Whether the page may have been reached by a callback. No router is to see that. */
const isCallback = () => isPage() && /[?&]state=/.test(location.search);

const here = () => location.pathname + (isCallback() ? "" : location.search + location.hash);

/** Every router looks at the address bar when the history moves. */
const move = (path) => {
  history.replaceState(null, "", path);
  dispatchEvent(new PopStateEvent("popstate", { state: null }));
};

/** A click handler is given an event: that is no option. */
const own = (options) => (options?.preventDefault ? undefined : options);

/** @param given a configuration, a client, or a function that gives one of them, now or later */
export const createStore = (given, { navigate = move, parseClaims = (claims) => claims } = {}) => {
  let client;
  let config;
  let starting;
  let isLeaving = false;
  let ends = [];
  const listeners = new Set();

  const fail = (error) => {
    isLeaving = false;
    set({ error });
  };

  // In the same tick where the client is there: a click opens the way.
  const act = async (name, options) => {
    if (!client) await start();
    await client?.[name]({ returnTo: here(), ...own(options) });
  };

  const login = (options) => act("login", options).catch(fail);

  /** What fails here fails in `login` too, which tells of it. */
  const prepare = (options) => act("prepare", options).catch(() => {});

  const logout = async (options) => {
    try {
      await client?.logout(own(options));
    } catch (error) {
      fail(error);
    }
  };

  /** Sends a user to sign in who is not signed in; once, and not after an error. */
  const ensure = async (options) => {
    await start();
    const { status, error } = state;
    if (status === "signed-out" && !error && !isLeaving) {
      isLeaving = true;
      login(options);
    }
    return status === "signed-in";
  };

  const first = {
    status: "loading",
    session: null,
    claims: null,
    isReturning: false,
    login,
    prepare,
    logout,
    ensure,
  };
  let state = isCallback() ? { ...first, isReturning: true } : first;

  const set = (news) => {
    state = { ...state, ...news };
    for (const listener of listeners) listener();
  };

  const look = async (news) => {
    const session = await client.session();
    const claims = session?.claims ? await parseClaims(session.claims) : null;
    if (session) isLeaving = false;
    set({
      error: undefined,
      isReturning: false,
      reason: undefined,
      ...news,
      session,
      claims,
      status: session ? "signed-in" : "signed-out",
    });
  };

  const hear = ({ type }) => {
    if (type === "signed-in") look().catch(fail);
    else set({ status: "signed-out", session: null, claims: null, reason: type });
  };

  const listen = () => {
    if (client && listeners.size > 0 && ends.length === 0) ends = NEWS.map((type) => client.on(type, hear));
  };

  const run = async () => {
    const found = await (typeof given === "function" ? given() : given);
    let made = found;
    if (typeof found.handleRedirect !== "function") {
      config = { ...found, redirectUri: absolute(found.redirectUri) };
      if (found.postLogoutRedirectUri) config.postLogoutRedirectUri = absolute(found.postLogoutRedirectUri);
      made = await Client.discover(config);
    }
    client = made;
    const { status, error, returnTo, appState } = await client.handleRedirect();
    // A pop-up closes itself, and shows nothing until then.
    if (status === "handed-over") return;
    listen();
    // Not waited for: the page that is gone to may itself wait for this.
    if (CAME_BACK.includes(status)) navigate(returnTo ?? here(), appState);
    await look({ error: status === "refused" ? error : undefined });
  };

  /** Once for all that ask; again when it failed. Never rejects. */
  const start = () => {
    if (!isPage()) return Promise.resolve();
    starting =
      starting ??
      run().catch((error) => {
        if (!client) starting = undefined;
        set({ status: "signed-out", isReturning: false, error });
      });
    return starting;
  };

  return {
    /** What a server renders, and a page first. */
    first,
    state: () => state,
    start,
    origins: () => config?.resourceOrigins ?? [],
    subscribe(listener) {
      listeners.add(listener);
      start();
      listen();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        for (const end of ends) end();
        ends = [];
      };
    },
  };
};
