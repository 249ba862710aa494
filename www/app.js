/** The demo page: brings the package, the picture, the thief and the controls together. */
import { showAccount, showUserinfo } from "./account.js";
import { Exchange } from "./exchange.js";
import { showOutcome } from "./outcome.js";
import { element, Picture } from "./picture.js";
import { Servers, switches } from "./servers.js";
import { findShell } from "./shell.js";
import { copy, snippetFor } from "./snippet.js";
import { letTheThiefRedeem, letTheThiefUseTheToken } from "./thief.js";
import { WithoutPkce } from "./without-pkce.js";

const find = (selector) => document.querySelector(selector);

const shell = await findShell();
const exchange = new Exchange(shell);
const { pkce: pkceSwitch, dpop: dpopSwitch, pause } = switches(shell);
new Picture(exchange);

/** Where the page is, without its file. */
const HOME = new URL("./", document.baseURI).pathname;

/** The package; loaded at the start, so that a missing one is said and not just a dead page. */
let pkce;
/** @type {Servers} */
let servers;
/** The client of the chosen server, or null while there is none. */
let client = null;
/** The same for the one redirect URI of a port that waits for its answer, or null while none is open. */
let waiting = null;
/** Counts preparations: of two that overlap, the later one wins. */
let preparation = 0;
/** The change of server that is under way, or null. */
let changing = null;

/** Runs something that the visitor asked for, and shows what it threw. */
function attempt(action) {
  return async (event) => {
    try {
      await action(event);
    } catch (error) {
      showOutcome({ status: "error", error });
    }
  };
}

/** Whether a server lets a client in without PKCE, and whether it binds tokens to keys; by its entry and its metadata. */
const canGoWithout = (server) => server?.withoutPkce !== undefined && !shell.inApplication;
const canBind = (metadata) =>
  globalThis.crypto?.subtle !== undefined &&
  Boolean(metadata?.dpop_signing_alg_values_supported?.includes("ES256"));

/** Makes the client of the chosen server. Gives whether that is still what is wanted. */
async function prepare({ afresh = false } = {}) {
  const mine = ++preparation;
  client = null;
  const server = servers.current;
  showServer(server);
  if (!server) {
    exchange.clear();
    return true;
  }
  if (shell.native) {
    client = shell.native;
    return true;
  }
  exchange.isAbout(server.issuer, afresh);
  const isPlain = !pkceSwitch.on && canGoWithout(server);
  const discover = (dpop) => pkce.Client.discover({ ...configurationOf(server), dpop });
  let made = await discover(false);
  if (dpopSwitch.on && !isPlain && canBind(made.metadata)) made = await discover("required");
  if (mine !== preparation) return false;
  exchange.metadata = made.metadata;
  client = isPlain ? new WithoutPkce(withoutPkce(server), made.metadata) : made;
  showServer(server, made.metadata);
  return true;
}

/** What the page is to a server. */
function configurationOf({ issuer, clientId, redirectUri, scope }) {
  const postLogoutRedirectUri = shell.inApplication ? undefined : new URL("./", redirectUri).href;
  const { host, trace } = exchange;
  return { issuer, clientId, redirectUri, postLogoutRedirectUri, scope, storage: shell.tier, host, trace };
}

/** The same for a sign-in by hand. */
const withoutPkce = (server) => ({ ...configurationOf(server), clientId: server.withoutPkce });

/** Lets go of the client: another server is being named, which is asked when it is needed. */
function forgetClient() {
  preparation += 1;
  client = null;
  changing = null;
  showServer(servers.current);
  document.body.dataset.ready = "true";
}

/** Shows which server is chosen, and what can be tried there. */
function showServer(server, metadata = undefined) {
  for (const radio of document.querySelectorAll("input[name=server]"))
    radio.checked = radio.value === servers.choice;
  find("#own-server").hidden = servers.choice !== "custom";
  find("#server-note").textContent = server
    ? [server.note, server.issuer].filter(Boolean).join(" ")
    : "Enter the issuer and the client id of your server.";

  const mayGoWithout = canGoWithout(server);
  const isPlain = !pkceSwitch.on && mayGoWithout;
  const isBound = dpopSwitch.on && !isPlain && canBind(metadata);
  const [pkceBox, dpopBox] = [find("#pkce"), find("#dpop")];
  pkceBox.disabled = !mayGoWithout;
  pkceBox.checked = !isPlain;
  dpopBox.disabled = isPlain || (metadata !== undefined && !canBind(metadata));
  dpopBox.checked = isBound || (metadata === undefined && dpopSwitch.on && !isPlain);
  find("#experiment-note").textContent = isPlain
    ? "This server lets the demo sign in without PKCE, so that you see what happens. pkce-wasm itself cannot do that: the page does it by hand."
    : metadata === undefined
      ? ""
      : [
          ...(mayGoWithout ? [] : ["This server asks for PKCE, always."]),
          ...(canBind(metadata) ? [] : ["This server does not bind tokens to keys, so DPoP is off."]),
        ].join(" ");
  find("#sign-in-popup").hidden = shell.inApplication || isPlain;
  find("#snippet").textContent = snippetFor({ server, pkce: !isPlain, dpop: isBound });
}

/** Prepares another server, and shows who is signed in there. */
function changeServer(options) {
  const change = showServerOf(options).finally(() => {
    if (changing === change) changing = null;
  });
  changing = change;
  return change;
}

/** Forgets what the thief did with the code of another sign-in. */
function sendThiefAway() {
  document.body.dataset.paused = "false";
  find("#thief").hidden = true;
  find("#thief-results").replaceChildren();
}

/** Does that work. */
async function showServerOf(options) {
  document.body.dataset.ready = "false";
  sendThiefAway();
  const preparing = prepare(options);
  const mine = preparation;
  try {
    if (!(await preparing)) return;
    await showSession({ status: "none" });
  } catch (error) {
    if (mine !== preparation) return;
    showAccount(null);
    find("#token-thief").hidden = true;
    showOutcome({ status: "error", error });
  }
  document.body.dataset.ready = "true";
}

const UNNAMED = {
  status: "none",
  title: "Which server?",
  sentence: "Enter its issuer and your client id in “Server and options”.",
};
const STILL = {
  status: "none",
  title: "You are still signed in",
  sentence: "The session outlived the reload.",
};
const WITHOUT = {
  title: "You are signed in, without PKCE",
  sentence: "The server gave this page tokens for the code alone. A thief would have got them too.",
};
const TOO_LATE = {
  title: "You are too late",
  sentence:
    "A code serves once. The thief has used it, so the server refuses this page. Turn PKCE on and sign in again.",
};

/** Shows an outcome together with the session that is there after it. */
async function showSession(outcome) {
  const session = outcome.session ?? (await client?.session()) ?? null;
  const isPlain = client instanceof WithoutPkce;
  showAccount(session);
  showTokenThief(session);
  const isBound = session?.tokenBinding?.type === "dpop";
  if (session && !shell.native && !isPlain && isBound !== find("#dpop").checked) {
    find("#experiment-note").textContent = "The switch counts from your next sign-in.";
  }
  find("#sign-in").textContent = session ? "Sign in again" : "Sign in";
  find("#sign-out-everywhere").hidden = shell.inApplication || isPlain;
  const isQuiet = outcome.status === "none" && !outcome.title;
  const isLost = isPlain && outcome.status === "refused" && isRobbed();
  if (isQuiet && !servers.current) showOutcome(UNNAMED);
  else if (isQuiet && session) showOutcome(STILL);
  else if (isLost) showOutcome({ ...outcome, ...TOO_LATE });
  else showOutcome(isPlain && outcome.status === "signed-in" ? { ...outcome, ...WITHOUT } : outcome);
}

/** Whether the thief of this sign-in got tokens for its code. */
const isRobbed = () => exchange.messages.some(({ name }) => /^thief-.*-taken$/.test(name));

/** Takes a callback to its end: the package checks it and redeems the code. Without a URL it is the page's own. */
async function finish(url) {
  exchange.expect(new URL(url ?? location.href));
  const isAtPort = waiting !== null && url?.startsWith(`${waiting.redirectUri}?`);
  const outcome = await (isAtPort ? waiting.client : client).handleRedirect(url);
  if (isAtPort && !isOfOthers(outcome) && !outcome.error?.retryable) {
    // The port has served its purpose (RFC 8252 section 8.3).
    waiting = null;
    await shell.close();
  }
  if (outcome.returnTo && !shell.inApplication) history.replaceState(null, "", outcome.returnTo);
  await showSession(isStray(outcome, url) ? { ...STRAY, ...unverified(outcome) } : outcome);
}

/** Whether a URL belongs to no sign-in of this page: nothing ends by it, and nothing closes. */
const isOfOthers = ({ status }) => status === "none" || status === "other-login";

/** Whether it looked like a callback all the same. */
const isStray = ({ status }, url) => status === "none" && isLikeCallback(new URL(url ?? location.href));

const STRAY = {
  status: "none",
  title: "This address belongs to no sign-in",
  sentence: "No sign-in of this page has its state. Nothing was sent, and nothing was changed.",
};

/** What somebody says without showing who they are. */
const unverified = ({ unverified: said }) =>
  said
    ? {
        sentence: `${STRAY.sentence} It says “${said.oauthError}”. Nothing shows who says so: a sign-in that is pending goes on.`,
      }
    : {};

/** Whether an address has a parameter of a callback, and its place where that is not the page itself. Whose it is, the package says. */
const isLikeCallback = ({ pathname, searchParams }) =>
  (pathname.endsWith("/callback") || searchParams.has("code") || searchParams.has("error")) &&
  ["state", "code", "error"].some((name) => searchParams.has(name));

/** Deals with a URL that the shell hands over. */
async function arrive(text) {
  const url = new URL(text);
  if (!client) return showSession({ status: "none" });
  if (stopsAt(url)) pauseHere(url, text);
  else await finish(text);
}

/** Whether the page stops at this callback before the code is redeemed. */
function stopsAt({ searchParams }) {
  return pause.on && searchParams.has("code") && exchange.awaits(searchParams.get("state"));
}

const STORY = {
  pkce: "A malicious app registered the same redirect URI and received the same callback. It holds your code, and it saw the challenge go by. It will really ask the server for your tokens.",
  plain:
    "A malicious app registered the same redirect URI and received the same callback. It holds your code. No challenge ties the code to this page. It will really ask the server for your tokens.",
};

/** Stops before the code is redeemed, with the thief at the door. */
function pauseHere(url, callback) {
  const code = url.searchParams.get("code");
  const state = url.searchParams.get("state");
  const results = find("#thief-results");
  const [tryButton, continueButton] = [find("#thief-try"), find("#continue")];
  const isPlain = client instanceof WithoutPkce;
  exchange.expect(url);
  exchange.stopsAt(url);
  document.body.dataset.paused = "true";
  find("#thief").hidden = false;
  find("#thief-story").textContent = isPlain ? STORY.plain : STORY.pkce;
  showAccount(null);
  showTokenThief(null);
  showOutcome({
    status: "waiting",
    title: "The code has arrived",
    sentence: "This page has not used it yet. The thief goes first.",
  });

  tryButton.onclick = attempt(async () => {
    tryButton.disabled = continueButton.disabled = true;
    try {
      const { metadata } = client;
      const guess = pkce.generateVerifier;
      const redirectUri = url.href.split("?")[0];
      const current = servers.current;
      const server = { ...current, clientId: isPlain ? current.withoutPkce : current.clientId, redirectUri };
      const victim = await letTheThiefRedeem({ exchange, metadata, server, code, state, guess, results });
      tellOfThief(victim);
      tryButton.hidden = true;
      continueButton.className = "primary";
      continueButton.textContent = "Now redeem it yourself";
    } finally {
      tryButton.disabled = continueButton.disabled = false;
    }
  });
  continueButton.onclick = attempt(async () => {
    tryButton.disabled = continueButton.disabled = true;
    try {
      await finish(callback);
    } finally {
      document.body.dataset.paused = "false";
      for (const part of document.querySelectorAll("#thief > p, #thief > .buttons")) part.hidden = true;
      find("#thief").hidden = results.children.length === 0;
    }
  });
  find("#thief-title").focus();
}

/** Says what the thief got for the code, and why. */
function tellOfThief(victim) {
  find("#thief-story").textContent =
    victim === null
      ? "The server gives tokens for the code and the verifier. The verifier never left this page, and nobody can compute it from the challenge."
      : "Nothing tied the code to this page. So the server could not tell the thief from you, and gave the tokens to whoever came first.";
  find("#thief").dataset.mark = victim === null ? "good" : "bad";
  find("#thief-title").textContent =
    victim === null ? "The thief got nothing for the code" : `The thief is signed in as ${victim}`;
}

/** Offers the token of a session to the thief. Where it rests in Rust, this page has none to lose. */
function showTokenThief(session) {
  const card = find("#token-thief");
  const results = find("#token-results");
  card.hidden = session === null || Boolean(shell.native);
  results.replaceChildren();
  delete card.dataset.mark;
  find("#token-thief .buttons").hidden = false;
  find("#token-thief-title").textContent = "3. Now the thief takes your token";
  if (card.hidden) return;
  const isBound = session.tokenBinding?.type === "dpop";
  find("#token-thief-story").textContent = isBound
    ? "Your token is bound to a key that stays in this browser. Suppose the thief copies the token: from a log, from an error report, from an API. It will really ask the server who you are."
    : "PKCE protected the code. But suppose the thief copies your token later: from a log, from an error report, from an API. It will really ask the server who you are.";
  find("#token-try").onclick = attempt(async () => {
    const button = find("#token-try");
    button.disabled = true;
    try {
      const token = await session.accessToken();
      const { metadata } = client;
      const isIn = await letTheThiefUseTheToken({ exchange, metadata, token, isBound, results });
      card.dataset.mark = isIn ? "bad" : "good";
      find("#token-thief-title").textContent = isIn
        ? "The thief is in, with your token"
        : "The thief got nothing for the token";
      find("#token-thief-story").textContent = isIn
        ? "This token serves whoever has it. Turn DPoP on, sign in again, and let the thief try once more."
        : "The server wants a proof by the key of the token. The thief has the token, but not the key.";
      find("#token-thief .buttons").hidden = true;
    } finally {
      button.disabled = false;
    }
  });
}

/** What the visitor asks of the server. */
function loginOptions() {
  return { returnTo: HOME, ...(find("#ask-again").checked ? { prompt: "login" } : {}) };
}

/** Sends the visitor to the server; in a browser in the click's own tick. */
async function signIn() {
  const options = loginOptions();
  let opening;
  if (shell.inApplication && find("#by-port").checked) {
    const redirectUri = await shell.listen();
    const config = { ...configurationOf(servers.current), redirectUri };
    waiting = { redirectUri, client: await pkce.Client.discover(config) };
    exchange.begin();
    opening = waiting.client.login(options);
  } else {
    exchange.begin();
    opening = client.login(options);
  }
  if (shell.inApplication) {
    showOutcome({
      status: "waiting",
      title: "Go on in your browser",
      sentence: "It shows the sign-in page, and brings you back here. Closed it? Press Sign in again.",
    });
  }
  await opening;
}

/** Opens the server's page beside this one, in the click's own tick. */
async function signInWithPopup() {
  exchange.begin();
  await showSession(await client.loginWithPopup(loginOptions()));
}

/** Takes over what is in the form of the visitor's own server. Gives whether anything of it is new. */
function takeOwnServer() {
  const before = JSON.stringify(servers.own);
  servers.own = {
    issuer: find("#issuer").value.trim(),
    clientId: find("#client-id").value.trim(),
    scope: find("#scope").value.trim(),
  };
  return JSON.stringify(servers.own) !== before;
}

/** Connects the controls. */
function connect() {
  find("#sign-in").onclick = attempt(async () => {
    if (!client) await (changing ?? changeServer({ afresh: true }));
    if (client) await signIn();
    else if (!servers.current) find("#issuer").focus();
  });
  find("#sign-in-popup").onclick = attempt(async () => {
    if (client) await signInWithPopup();
  });
  find("#sign-out-everywhere").onclick = attempt(() => client.logout({ endSession: true, returnTo: HOME }));
  find("#sign-out").onclick = attempt(async () => {
    await client.logout();
    exchange.add({
      from: "app",
      to: "app",
      name: "sign-out",
      title: "App forgets the tokens",
      note: "On this device only. The server still remembers you, and may not ask who you are next time.",
    });
    await showSession({
      status: "none",
      title: "You are signed out",
      sentence: "The session on this device is forgotten.",
    });
  });
  find("#userinfo").onclick = attempt(async () => {
    const session = await client.session();
    if (session) showUserinfo(await session.userinfo());
    else await showSession({ status: "none" });
  });
  find("#servers").onchange = ({ target }) => {
    servers.choice = target.value;
    changeServer();
  };
  find("#own-server").onchange = () => {
    if (takeOwnServer()) forgetClient();
  };
  find("#own-server").onsubmit = (event) => {
    event.preventDefault();
    takeOwnServer();
    changeServer({ afresh: true });
  };
  find("#pkce").onchange = ({ target }) => {
    pkceSwitch.on = target.checked;
    changeServer();
  };
  find("#dpop").onchange = ({ target }) => {
    dpopSwitch.on = target.checked;
    changeServer();
  };
  find("#pause").onchange = ({ target }) => {
    pause.on = target.checked;
  };
  find("#copy").onclick = async () => {
    const isCopied = await copy(find("#snippet").textContent);
    if (!isCopied) getSelection().selectAllChildren(find("#snippet"));
    find("#copied").textContent = isCopied
      ? "Copied."
      : "Your browser does not let this page copy: the code is selected.";
  };
}

/** Fills the controls with what was kept. */
function fill() {
  find("#servers").append(
    ...servers.choices.map(({ id, label }) => {
      const radio = element("input", { type: "radio", name: "server", value: id });
      radio.checked = id === servers.choice;
      return element("label", { class: "choice" }, radio, " ", element("span", {}, label));
    }),
  );
  const { issuer, clientId, scope } = servers.own;
  find("#issuer").value = issuer;
  find("#client-id").value = clientId;
  find("#scope").value = scope;
  find("#redirect-uri").textContent = servers.redirectUri;
  find("#pause").checked = pause.on;
  find("#way-back").hidden = !shell.inApplication || Boolean(shell.native);
  find("#pause").closest("label").hidden = Boolean(shell.native);
  find("#experiment").hidden = Boolean(shell.native);
  if (shell.native) {
    find("#sequence-empty").textContent = "The messages go out from Rust. This page does not see them.";
  }
  if (shell.inApplication) {
    find("#account-note").textContent = shell.native
      ? "The tokens are in Rust: this page has none. You stay signed in where the system’s keyring keeps them."
      : "Close the application: you are still signed in when you open it again.";
  }
}

/** What the engine is called. */
const ENGINES = { wasm: "WebAssembly", js: "JavaScript: there is no WebAssembly here" };

/** Starts the page, and finishes the login by whose callback it was reached. */
async function start() {
  const url = new URL(location.href);
  pkce = await import("./pkce-wasm/index.js");
  const engine = await pkce.ready();
  find("#engine").dataset.engine = engine;
  find("#engine").textContent = ENGINES[engine];
  const config = await shell.config();
  find("#version").textContent = config.version;
  if (config.home) find("#home").href = config.home;
  servers = new Servers(config.servers);
  fill();
  connect();
  await prepare();
  if (!client) return showSession({ status: "none" });
  if (stopsAt(url)) pauseHere(url);
  else await finish();
}

/** Deals with the URLs that the shell hands over, one after the other. */
function listenToShell() {
  shell.native?.onRedirect(attempt(showSession));
  let before = Promise.resolve();
  return shell.onRedirect((url) => {
    before = before.then(attempt(() => arrive(url)));
  });
}

await attempt(start)();
find("#sign-in").disabled = find("#sign-in-popup").disabled = !servers;
if (servers) await attempt(listenToShell)();
document.body.dataset.ready = "true";
