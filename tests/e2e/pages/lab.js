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
  const { config, metadata } = await (await fetch("/setup.json", { cache: "no-store" })).json();
  await ready();

  const opened = [];
  const make = (more = {}) => new Client({ ...config, ...more }, metadata);
  const client = make({ host: { open: (url) => opened.push(url) } });

  window.lab = {
    client,
    make,
    handle: (url, more) => handle(more ? make(more) : client, url),

    /** Begins that many logins at once, without leaving the page. */
    begin(number, options) {
      opened.length = 0;
      for (let count = 0; count < number; count++) client.login(options);
      return [...opened];
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

    /** Gives the word once. */
    go() {
      listen(() => {}).postMessage({ go: 0 });
    },
  };
  if (location.pathname === "/callback") lab.outcome = await handle(make());
} catch (error) {
  window.failed = error;
}
