/** The demo page: brings the package, the recorder and the controls together. */
import { showAccount, showUserinfo } from "./account.js";
import { Exchange } from "./exchange.js";
import { showOutcome } from "./outcome.js";
import { Picture } from "./picture.js";
import { metadataCache, pause, Servers } from "./servers.js";
import { findShell } from "./shell.js";
import { letTheThiefTry } from "./thief.js";

const find = (selector) => document.querySelector(selector);

const shell = await findShell();
const exchange = new Exchange(shell);
new Picture(exchange);

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
  const { issuer } = server;
  const config = configurationOf(server);
  const known = afresh ? null : metadataCache.find(issuer);
  if (!known) exchange.clear();
  exchange.metadata = known;
  const made = known ? new pkce.Client(config, known) : await pkce.Client.discover(config);
  if (mine !== preparation) return false;
  client = made;
  exchange.metadata = made.metadata;
  metadataCache.keep(made.metadata, shell.notes());
  return true;
}

/** What the page is to a server. */
function configurationOf({ issuer, clientId, redirectUri, scope }) {
  const postLogoutRedirectUri = shell.inApplication ? undefined : new URL("/", redirectUri).href;
  const { host } = exchange;
  return { issuer, clientId, redirectUri, postLogoutRedirectUri, scope, storage: shell.tier, host };
}

/** Lets go of the client: another server is being named, which is asked when it is needed. */
function forgetClient() {
  preparation += 1;
  client = null;
  changing = null;
  showServer(servers.current);
  document.body.dataset.ready = "true";
}

/** Shows which server is chosen. */
function showServer(server) {
  for (const radio of document.querySelectorAll("input[name=server]"))
    radio.checked = radio.value === servers.choice;
  find("#own-server").hidden = servers.choice !== "custom";
  find("#server-note").textContent = server
    ? server.issuer
    : "Enter the issuer and the client id of your server.";
}

/** Prepares another server, and shows who is signed in there. */
function changeServer(options) {
  const change = showServerOf(options).finally(() => {
    if (changing === change) changing = null;
  });
  changing = change;
  return change;
}

/** Does that work. */
async function showServerOf(options) {
  document.body.dataset.ready = "false";
  const preparing = prepare(options);
  const mine = preparation;
  try {
    if (!(await preparing)) return;
    await showSession({ status: "none" });
  } catch (error) {
    if (mine !== preparation) return;
    showAccount(null);
    showOutcome({ status: "error", error });
  }
  document.body.dataset.ready = "true";
}

/** Shows an outcome together with the session that is there after it. */
async function showSession(outcome) {
  const session = outcome.session ?? (await client?.session()) ?? null;
  showAccount(session);
  find("#sign-in").textContent = session ? "Sign in again" : "Sign in";
  const unnamed = {
    status: "none",
    title: "Which server?",
    sentence: "Enter its issuer and your client id below.",
  };
  const still = {
    status: "none",
    title: "You are still signed in",
    sentence: "The session outlived the reload.",
  };
  const quiet = outcome.status === "none" && !outcome.title;
  showOutcome(quiet && !servers.current ? unnamed : quiet && session ? still : outcome);
}

/** Takes a callback to its end: the package checks it and redeems the code. Without a URL it is the page's own. */
async function finish(url) {
  const isAtPort = waiting !== null && url?.startsWith(`${waiting.redirectUri}?`);
  const outcome = await (isAtPort ? waiting.client : client).handleRedirect(url);
  if (isAtPort && !isOfOthers(outcome) && !outcome.error?.retryable) {
    // The port has served its purpose (RFC 8252 section 8.3).
    waiting = null;
    await shell.close();
  }
  if (outcome.returnTo && !shell.inApplication) history.replaceState(null, "", outcome.returnTo);
  await showSession(isStray(outcome, url) ? { ...STRAY, unverified: outcome.unverified } : outcome);
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

/** Whether an address has the place and a parameter of a callback. Whose it is, the package says. */
const isLikeCallback = ({ pathname, searchParams }) =>
  pathname.endsWith("/callback") && ["state", "code", "error"].some((name) => searchParams.has(name));

/** Deals with a URL that the shell hands over. */
async function arrive(text) {
  const url = new URL(text);
  exchange.arrived(url);
  if (!client) return showSession({ status: "none" });
  if (stopsAt(url)) pauseHere(url, text);
  else await finish(text);
}

/** Whether the page stops at this callback before the code is redeemed. */
function stopsAt({ searchParams }) {
  return pause.wanted && searchParams.has("code") && exchange.awaits(searchParams.get("state"));
}

/** Stops before the code is redeemed, with the thief at the door. */
function pauseHere(url, callback) {
  const code = url.searchParams.get("code");
  const state = url.searchParams.get("state");
  const results = find("#thief-results");
  const [tryButton, continueButton] = [find("#thief-try"), find("#continue")];
  document.body.dataset.paused = "true";
  find("#thief").hidden = false;
  showAccount(null);
  showOutcome({
    status: "none",
    title: "Paused",
    sentence: "The code has arrived and was not redeemed yet.",
  });

  tryButton.onclick = attempt(async () => {
    tryButton.disabled = continueButton.disabled = true;
    try {
      const tokenEndpoint = client.metadata.token_endpoint;
      const guess = pkce.generateVerifier;
      const redirectUri = url.href.split("?")[0];
      const server = { ...servers.current, redirectUri };
      await letTheThiefTry({ exchange, tokenEndpoint, server, code, state, guess, results });
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
      const lost = exchange.messages.some(
        ({ name }) => name.startsWith("thief-") && name.endsWith("-tokens"),
      );
      find("#thief-title").textContent = lost ? "The thief got tokens" : "The thief got nothing";
      for (const part of document.querySelectorAll("#thief > p, #thief > .buttons")) part.hidden = true;
      find("#thief").hidden = results.children.length === 0;
    }
  });
  find("#thief-title").focus();
}

/** What the visitor asks of the server. */
function loginOptions() {
  return { returnTo: "/", ...(find("#ask-again").checked ? { prompt: "login" } : {}) };
}

/** Sends the visitor to the server; in a browser in the click's own tick. */
async function signIn() {
  const options = loginOptions();
  let opening;
  if (shell.inApplication && find("#by-port").checked) {
    const redirectUri = await shell.listen();
    const config = { ...configurationOf(servers.current), redirectUri };
    waiting = { redirectUri, client: new pkce.Client(config, client.metadata) };
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

/** Takes over what is in the form of the visitor's own server. */
function takeOwnServer() {
  servers.own = {
    issuer: find("#issuer").value.trim(),
    clientId: find("#client-id").value.trim(),
    scope: find("#scope").value.trim(),
  };
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
  find("#sign-out-everywhere").onclick = attempt(() => client.logout({ endSession: true, returnTo: "/" }));
  find("#sign-out").onclick = attempt(async () => {
    await client.logout();
    exchange.add({
      from: "app",
      to: "app",
      name: "sign-out",
      title: "App forgets the tokens",
      note: "On this device only. The server still remembers you, and may not ask for the password next time.",
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
  for (const radio of document.querySelectorAll("input[name=server]")) {
    radio.onchange = () => {
      servers.choice = radio.value;
      changeServer();
    };
  }
  find("#own-server").onchange = () => {
    takeOwnServer();
    forgetClient();
  };
  find("#own-server").onsubmit = (event) => {
    event.preventDefault();
    takeOwnServer();
    changeServer({ afresh: true });
  };
  find("#pause").onchange = () => {
    pause.wanted = find("#pause").checked;
  };
}

/** Fills the controls with what was kept. */
function fill() {
  const { issuer, clientId, scope } = servers.own;
  find("#issuer").value = issuer;
  find("#client-id").value = clientId;
  find("#scope").value = scope;
  find("#redirect-uri").textContent = servers.redirectUri;
  find("#pause").checked = pause.wanted;
  find("#way-back").hidden = !shell.inApplication || Boolean(shell.native);
  find("#pause").closest("label").hidden = Boolean(shell.native);
  if (shell.inApplication) {
    for (const button of ["#sign-in-popup", "#sign-out-everywhere"]) find(button).hidden = true;
    find("#account-note").textContent = shell.native
      ? "The tokens are in Rust: this page has none. You stay signed in where the system's keyring keeps them."
      : "Close the application: you are still signed in when you open it again.";
  }
}

/** Starts the page, and finishes the login by whose callback it was reached. */
async function start() {
  const url = new URL(location.href);
  const isCallback = isLikeCallback(url);
  pkce = await import("./pkce-wasm/index.js");
  find("#engine").textContent = await pkce.ready();
  const config = await shell.config();
  find("#version").textContent = config.version;
  servers = new Servers(config.servers);
  fill();
  connect();
  await prepare();
  if (isCallback) exchange.arrived(url);
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
