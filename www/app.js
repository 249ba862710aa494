/** The demo page: brings the package, the recorder and the controls together. */
import { showAccount, showUserinfo } from "./account.js";
import { Exchange } from "./exchange.js";
import { showOutcome } from "./outcome.js";
import { Picture } from "./picture.js";
import { metadataCache, pause, Servers } from "./servers.js";
import { letTheThiefTry } from "./thief.js";

const find = (selector) => document.querySelector(selector);

const exchange = new Exchange();
new Picture(exchange);

/** The package; loaded at the start, so that a missing one is said and not just a dead page. */
let pkce;
/** @type {Servers} */
let servers;
/** The client of the chosen server, or null while there is none. */
let client = null;
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
  const { issuer, clientId, redirectUri, scope } = server;
  const postLogoutRedirectUri = new URL("/", redirectUri).href;
  const { host } = exchange;
  const config = { issuer, clientId, redirectUri, postLogoutRedirectUri, scope, storage: "session", host };
  const known = afresh ? null : metadataCache.find(issuer);
  if (!known) exchange.clear();
  exchange.metadata = known;
  const made = known ? new pkce.Client(config, known) : await pkce.Client.discover(config);
  if (mine !== preparation) return false;
  client = made;
  exchange.metadata = made.metadata;
  metadataCache.keep(made.metadata);
  return true;
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

/** Takes the callback to its end: the package checks it and redeems the code. */
async function finish() {
  const outcome = await client.handleRedirect();
  if (outcome.returnTo) history.replaceState(null, "", outcome.returnTo);
  await showSession(outcome);
}

/** Stops before the code is redeemed, with the thief at the door. */
function pauseHere(url) {
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
      await letTheThiefTry({ exchange, tokenEndpoint, server: servers.current, code, state, guess, results });
    } finally {
      tryButton.disabled = continueButton.disabled = false;
    }
  });
  continueButton.onclick = attempt(async () => {
    tryButton.disabled = continueButton.disabled = true;
    try {
      await finish();
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

/** Sends the visitor to the server, in the click's own tick. */
function signIn() {
  exchange.begin();
  client.login(loginOptions());
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
    if (client) signIn();
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
    changeServer();
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
}

/** Starts the page, and finishes the login by whose callback it was reached. */
async function start() {
  const url = new URL(location.href);
  const isCallback =
    url.pathname === "/callback" && ["state", "code", "error"].some((name) => url.searchParams.has(name));
  pkce = await import("./pkce-wasm/index.js");
  find("#engine").textContent = await pkce.ready();
  const config = await (await fetch("/config.json")).json();
  find("#version").textContent = config.version;
  servers = new Servers(config.servers);
  fill();
  connect();
  await prepare();
  if (isCallback) exchange.arrived(url);
  if (!client) return showSession({ status: "none" });
  const stops =
    pause.wanted && url.searchParams.has("code") && exchange.awaits(url.searchParams.get("state"));
  if (stops) pauseHere(url);
  else await finish();
}

await attempt(start)();
find("#sign-in").disabled = find("#sign-in-popup").disabled = !servers;
document.body.dataset.ready = "true";
