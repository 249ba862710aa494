// The bare page: a client of the package, and the handles by which the tests take hold of it.
import { Client, ready } from "/pkce-wasm/index.js";

/** Says of an outcome what can be said as JSON. */
const report = async (client, outcome) => {
  const { status, session, error, restart, returnTo } = outcome;
  const { code, retryable } = error ?? {};
  const token = session ? await session.accessToken() : null;
  return { status, code, retryable, restart, returnTo, token, signedIn: (await client.session()) !== null };
};

/** Handles a callback; an exception is told too. */
const handle = async (client, url) => {
  try {
    return await report(client, await client.handleRedirect(url));
  } catch (error) {
    return { status: "threw", code: error.code ?? `${error}` };
  }
};

/** For the tests, also where the package is to have none. */
const { BroadcastChannel } = window;

/** Messages to every tab and frame of the origin, the sender's own included. */
const listen = (hear) => {
  const channel = new BroadcastChannel("lab");
  channel.onmessage = ({ data }) => hear(data, channel);
  return channel;
};

/** The same, until the next word is waited for. */
let armed;
const arm = (hear) => {
  armed?.close();
  armed = listen(({ go }, channel) => go !== undefined && hear(go, channel));
};

try {
  const {
    config: { withoutChannel, ...config },
    metadata: given,
  } = await (await fetch("/setup.json", { cache: "no-store" })).json();
  let metadata = given;
  if (withoutChannel) window.BroadcastChannel = undefined;
  await ready();

  const opened = [];
  const host = { open: (url) => opened.push(url) };
  /** The chosen client, or one with something changed, at another issuer too. */
  const make = (more = {}) => {
    const { issuer } = config;
    const moved = JSON.stringify(metadata).replaceAll(issuer, more.issuer ?? issuer);
    return new Client({ ...config, host, ...more }, JSON.parse(moved));
  };
  /** Without metadata the page starts as an application does that discovers its server. */
  const client = given ? make() : await Client.discover({ ...config, host });
  metadata ??= client.metadata;
  const signedIn = given ? undefined : (await client.session()) !== null;

  window.lab = {
    client,
    /** Whether somebody was signed in when the page had discovered its server, and after how many milliseconds that was known. */
    start: { signedIn, after: performance.now() },
    handle: (url, more) => handle(more ? make(more) : client, url),

    /** Begins that many logins at once, without leaving the page. */
    begin(number, more) {
      const beginner = more ? make(more) : client;
      opened.length = 0;
      for (let count = 0; count < number; count++) beginner.login({ returnTo: "/back" });
      return [...opened];
    },

    /** Begins that many logins, each of which the user declines. */
    async decline(number) {
      for (let count = 0; count < number; count++) {
        const { searchParams } = new URL(lab.begin(1)[0]);
        const answer = { error: "access_denied", state: searchParams.get("state"), iss: config.issuer };
        const { code } = await lab.handle(`${config.redirectUri}?${new URLSearchParams(answer)}`);
        if (code !== "access_denied") throw new Error(code);
      }
    },

    /** Tries to begin one; tells whether the user would have been sent away, and what was thrown. */
    tryToBegin() {
      opened.length = 0;
      try {
        client.login();
        return { opened: opened.length, code: null };
      } catch (error) {
        return { opened: opened.length, code: error.code ?? `${error}` };
      }
    },

    /** Makes a button that begins a login in a pop-up; `lab.popped` is then what it came to. */
    offerPopup(options, more, beginner = make(more)) {
      const button = document.createElement("button");
      button.id = "popup";
      button.textContent = "pop-up";
      lab.controller = new AbortController();
      button.onclick = async () => {
        opened.length = 0;
        try {
          const { signal } = lab.controller;
          const outcome = await beginner.loginWithPopup({ signal, returnTo: "/back", ...options });
          lab.popped = { ...(await report(beginner, outcome)), opened: opened.length };
        } catch (error) {
          lab.popped = { status: "threw", code: error.code ?? `${error}` };
        }
      };
      document.body.append(button);
    },

    now: () => Date.now(),
    setClock: (days) => setClock(days),

    /** Stops the clock so many seconds before the access token expires. */
    async stopClock(seconds) {
      const { expiresAt } = await client.session();
      stopClock(expiresAt - seconds);
    },

    /** Fills the origin's storage to the last character; how many it took. */
    fill(storage) {
      let length = 1 << 22;
      let taken = 0;
      for (let count = 0; length > 0; count++) {
        try {
          storage.setItem(`f${count}`, "x".repeat(length));
          taken += length;
        } catch {
          length >>= 1;
        }
      }
      return taken;
    },

    /** How much of the origin's storage is in use: records and characters, keys included. */
    used() {
      const entries = Object.entries(localStorage);
      return [entries.length, entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0)];
    },

    /** At the next word begins that many logins. */
    armLogins(number) {
      arm(() => {
        lab.begun = lab.begin(number);
      });
    },

    /** At each word handles the callback of that number, and answers when it is done. */
    armCallbacks(urls) {
      lab.outcomes = [];
      arm(async (go, channel) => {
        lab.outcomes[go] = await lab.handle(urls[go]);
        channel.postMessage({ done: go });
      });
    },

    /** At the next word goes to a callback. */
    armVisit(url) {
      lab.outcome = null;
      arm(() => location.assign(url));
    },

    /** Gives the word that often; each time waits until so many have answered. */
    async conduct(rounds, answers) {
      for (let round = 0; round < rounds; round++) {
        await new Promise((done) => {
          let missing = answers;
          const channel = listen(({ done: answered }) => {
            if (answered !== round || --missing) return;
            channel.close();
            done();
          });
          channel.postMessage({ go: round });
        });
      }
    },

    /** Sends this tab to the server, for a login that takes a person. */
    leave() {
      location.assign(lab.begin(1)[0]);
    },

    /** The same for a login that is made ready first; the click of the person comes later. */
    async leaveReady() {
      const options = { returnTo: "/back" };
      await client.prepare(options);
      opened.length = 0;
      const left = client.login(options);
      if (left?.then) throw new Error("it leaves later");
      location.assign(opened[0]);
    },

    /** What the session is bound to, and what userinfo says by itself and as a resource. */
    async bound() {
      const session = await client.session();
      const { sub } = await session.userinfo();
      const answer = await session.fetch(client.metadata.userinfo_endpoint);
      const stolen = await fetch(client.metadata.userinfo_endpoint, {
        headers: { Authorization: `Bearer ${await session.accessToken()}` },
      });
      return [session.tokenBinding.type, sub, (await answer.json()).sub, stolen.status >= 400];
    },

    /** How many keys the origin keeps. */
    keys: () =>
      new Promise((done) => {
        const request = indexedDB.open("pkce-wasm-keys");
        request.onsuccess = () => {
          const { result } = request;
          if (result.objectStoreNames.length === 0) return done(0);
          const count = result.transaction("keys").objectStore("keys").count();
          count.onsuccess = () => {
            result.close();
            done(count.result);
          };
        };
      }),

    /** From now on notes what becomes of the session, and when by a clock that all tabs share. */
    async hear() {
      lab.news = [];
      const at = () => performance.timeOrigin + performance.now();
      for (const type of ["signed-in", "refreshed", "signed-out", "expired"]) {
        client.on(type, ({ reason, elsewhere }) => lab.news.push({ type, reason, elsewhere, at: at() }));
      }
      lab.signedIn = (await client.session()) !== null;
    },

    /** At each word lets so many seconds pass and asks for the access token, and answers when it is there or is not. */
    async armTokens(seconds) {
      lab.tokens = [];
      const session = await client.session();
      arm(async (go, channel) => {
        passTime(seconds);
        lab.tokens[go] = await session.accessToken().catch(({ code }) => `failed: ${code}`);
        channel.postMessage({ done: go });
      });
    },

    /** Asks for the access token once: the token, or the error. */
    async token(seconds = 0) {
      passTime(seconds);
      try {
        return await (await client.session()).accessToken();
      } catch ({ code, retryable, retryAfter }) {
        return { code, retryable, retryAfter };
      }
    },

    /** Who is signed in; null where nobody is. */
    user: async () => (await client.session())?.claims.sub ?? null,

    /** Holds on to the session that there is. */
    async hold() {
      lab.held = await client.session();
    },

    /** What the session that was held says of itself, and what it gives. */
    async ofHeld() {
      const { expired, claims } = lab.held;
      const token = await lab.held.accessToken().catch(({ code }) => `failed: ${code}`);
      return { expired, user: claims.sub, token };
    },

    /** The names of the items of localStorage in which one of the texts stands. */
    find: (texts) =>
      Object.entries(localStorage).flatMap(([name, item]) =>
        texts.some((text) => item.includes(text)) ? [name] : [],
      ),

    /** The scope of the session; null where nobody is signed in. */
    scope: async () => (await client.session())?.scope ?? null,

    /** Signs out; tells when. */
    async signOut() {
      const at = performance.timeOrigin + performance.now();
      await client.logout();
      return at;
    },

    /** Gives the word once. */
    go() {
      listen(() => {}).postMessage({ go: 0 });
    },
  };
  if (location.pathname === "/callback") lab.outcome = await handle(given ? make() : client);
} catch (error) {
  window.failed = error;
}
