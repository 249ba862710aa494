// Whose a URL is: that of a login or a sign-out that this client knows, or somebody else's. The page is a stand-in; real ones are in tests/e2e.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, test } from "node:test";
import { ISSUER, load, METADATA, playPage, REDIRECT_URI, resolve, setClockRight, wait } from "./installed.js";

playPage();
const { Client, isPkceError, ready } = await load("pkce-wasm");
await ready();

/** Of the form in which a `state` is made, and known to nobody. */
const FOREIGN = "a".repeat(43);
const ROOT = "https://app.example/";

const changed = new Map();
const stub = (name, value) => {
  if (!changed.has(name)) changed.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
};
const restore = () => {
  for (const [name, descriptor] of changed) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
  changed.clear();
};

/** A storage that counts how often it is read. */
const storage = () => {
  const items = new Map();
  return {
    items,
    reads: 0,
    get length() {
      return items.size;
    },
    key: (at) => [...items.keys()][at] ?? null,
    getItem(name) {
      this.reads += 1;
      return items.get(name) ?? null;
    },
    setItem: (name, item) => void items.set(name, item),
    removeItem: (name) => void items.delete(name),
  };
};

/** The page: where it is, how often its address was changed, what it keeps, and where it was led. */
let page;
beforeEach(() => {
  page = { href: ROOT, state: null, replaced: 0, kept: storage(), left: [] };
  stub("sessionStorage", page.kept);
  stub("location", {
    get href() {
      return page.href;
    },
    get origin() {
      return new URL(page.href).origin;
    },
    assign: (url) => page.left.push(url),
  });
  stub("history", {
    get state() {
      return page.state;
    },
    replaceState: (state, _, url) => {
      page.replaced += 1;
      Object.assign(page, { state: structuredClone(state), href: new URL(url, page.href).href });
    },
  });
});
afterEach(() => {
  restore();
  setClockRight();
});

/** A client of this page and what its server was sent. */
const application = (change = {}, metadata = METADATA) => {
  const app = { sent: [], answer: { access_token: "at", token_type: "Bearer" }, status: 200 };
  const { host, ...rest } = change;
  const fetch = async (_, init) => {
    app.sent.push(new URLSearchParams(`${init.body}`));
    return Response.json(app.answer, { status: app.status });
  };
  const config = {
    issuer: ISSUER,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    scope: "files",
    ...rest,
    host: { fetch, ...host },
  };
  app.client = new Client(config, metadata);
  app.handle = (url) => app.client.handleRedirect(url);
  /** Begins a login; gives its state. */
  app.begin = (options) => {
    app.client.login(options);
    return new URL(page.left.at(-1)).searchParams.get("state");
  };
  return app;
};

/** Opens the page at an address, and handles it. */
const open = (app, href) => {
  Object.assign(page, { href, replaced: 0 });
  return app.handle();
};
const shown = ({ status, error }) => (error ? `${status} ${error.code}` : status);
const untouched = (href) => {
  assert.equal(page.href, href);
  assert.equal(page.replaced, 0, `${href}: the history was written`);
};

test("NA9 a URL whose state nobody here knows is left to whomever it is of, with its address as it is", async () => {
  const app = application({ redirectUri: ROOT });
  for (const [rest, expected] of [
    ["?state=CA&city=LA#map", "none"],
    ["?state=CA", "none"],
    ["?state=", "none"],
    ["?utm=1&code=SUMMER&x=2#top", "none"],
    ["?code=success", "none"],
    ["?code=ac_1&state=other", "other-login transaction_not_found"],
    ["?error=access_denied&state=other", "other-login transaction_not_found"],
    ["?code=&state=other", "none"],
    [`?code=x&state=${FOREIGN}`, "other-login transaction_not_found"],
    [`?state=${FOREIGN}`, "none"],
    [`?code=x&code=y&state=${FOREIGN}`, "none"],
    [`?code=x&state=${FOREIGN}&state=${FOREIGN}`, "none"],
    ["?code=x&state=a&state=b", "none"],
    ["?error=access_denied", "none"],
    ["?error=x&iss=https%3A%2F%2Fas.example", "none"],
    ["?city=Orl%E9ans", "none"],
    ["?code=%E9&state=%E9", "other-login transaction_not_found"],
    ["#access_token=x", "none"],
    ["#access_token=x&token_type=bearer&state=y", "none"],
    ["#state=open", "none"],
    ["#code=x&state=y", "none"],
    [`#code=x&state=${FOREIGN}`, "none"],
    ["#/orders?code=x&state=y", "none"],
    ["", "none"],
  ]) {
    const href = `${ROOT}${rest}`;
    assert.equal(shown(await open(app, href)), expected, href);
    untouched(href);
    assert.equal(shown(await app.handle(href)), expected, `${href} from a shell`);
  }
  assert.equal(app.sent.length, 0);
});

test("NA9 a page that is no callback reads no storage, whatever its parameters are called", async () => {
  const app = application({ redirectUri: ROOT });
  await open(app, ROOT);
  page.kept.reads = 0;
  for (const rest of [
    "",
    "?code=SUMMER",
    "?state=CA&city=LA#map",
    "?code=x&state=y",
    "#state=open",
    "#access_token=x",
  ]) {
    await open(app, `${ROOT}${rest}`);
    assert.equal(page.kept.reads, 0, rest);
  }
});

test("NA9 AC7 what anybody sends while the user signs in disturbs no login", async () => {
  const app = application();
  const state = app.begin({ returnTo: "/inbox" });
  const before = new Map(page.kept.items);
  for (const rest of [
    "?code=x",
    "?code=success",
    "?error=access_denied",
    "?code=x&state=a&state=b",
    `?code=x&state=${state}&state=${state}`,
    `?code=x&state=${state}&state=`,
    `?code=x&state=${state}#state=${state}`,
    `#code=x&state=${state}&state=${state}`,
    "#state=z",
    "#code=x&state=z",
    `?code=x&state=${FOREIGN}`,
    "?state=",
    "?",
  ]) {
    const href = `${REDIRECT_URI}${rest}`;
    const { status } = await open(app, href);
    assert.ok(status === "none" || status === "other-login", `${href}: ${status}`);
    untouched(href);
    assert.deepEqual(page.kept.items, before, href);
  }
  const outcome = await open(app, `${REDIRECT_URI}?code=c&state=${state}`);
  assert.deepEqual([outcome.status, outcome.returnTo], ["signed-in", "/inbox"]);
  assert.equal(page.href, REDIRECT_URI);
  assert.equal(app.sent.length, 1);
});

test("AC25 a known state in the fragment is refused, and its login lives on", async () => {
  const app = application();
  const state = app.begin();
  for (const rest of [
    `#code=c&state=${state}`,
    `#access_token=t&token_type=bearer&state=${state}`,
    `#state=${state}`,
    `?code=c&state=${state}#access_token=t`,
  ]) {
    const outcome = await open(app, `${REDIRECT_URI}${rest}`);
    assert.deepEqual([shown(outcome), outcome.error.subject], ["refused callback_invalid", "fragment"], rest);
    assert.equal(page.href, REDIRECT_URI, "what was meant for this client is taken away");
  }
  assert.equal((await open(app, `${REDIRECT_URI}?code=c&state=${state}#_=_`)).status, "signed-in");
});

test("AC10 parameters that nobody knows may hold anything, and the server's words any characters", async () => {
  const app = application();
  for (const rest of ["&city=Orl%E9ans", "&%FF=%FE", "&x=%zz&=&&%", "&session_state=1&session_state=2"]) {
    const url = `${REDIRECT_URI}?code=c${rest}&state=${app.begin()}`;
    assert.equal((await open(app, url)).status, "signed-in", rest);
    assert.equal(page.href, REDIRECT_URI);
  }
  for (const [sent, said] of [
    ["refus%E9", "refus\uFFFD"],
    ["refus%C3%A9+%E9", "refusé \uFFFD"],
    ["%E2%82", "\uFFFD"],
    ["%F0%9F%98%80%ED%A0%80", "😀\uFFFD\uFFFD\uFFFD"],
  ]) {
    const url = `${REDIRECT_URI}?error=access_denied&error_description=${sent}&error_uri=%E9&state=${app.begin()}`;
    const { error } = await open(app, url);
    assert.deepEqual([error.code, error.oauthErrorDescription], ["access_denied", said]);
    assert.equal(error.oauthErrorUri, undefined);
    assert.equal(new URL(url).searchParams.get("error_description"), said, "as the platform reads it");
  }
  const { error } = await open(app, `${REDIRECT_URI}?code=%E9&state=${app.begin()}`);
  assert.deepEqual([error.code, error.subject], ["callback_invalid", "code"]);
});

test("NA7 AC5 the redirect URI is known by the equivalence of RFC 3986, and sent byte for byte", async () => {
  for (const [redirectUri, address] of [
    ["com.example.app://callback", "com.example.app://callback/"],
    ["com.example.app://callback/", "com.example.app://callback"],
    ["com.Example.MyApp:/cb", "com.example.myapp:/cb"],
    ["com.example.app:/cb", "COM.EXAMPLE.APP:/cb"],
    ["com.example.app://Callback/x", "com.example.app://callback/x"],
    ["HTTPS://App.example:443", "https://app.example/"],
  ]) {
    const app = application({ redirectUri, host: { open: (url) => page.left.push(url) } });
    const state = app.begin();
    assert.equal(new URL(page.left.at(-1)).searchParams.get("redirect_uri"), redirectUri);
    const outcome = await app.handle(`${address}?code=c&state=${state}`);
    assert.equal(outcome.status, "signed-in", `${redirectUri} at ${address}`);
    assert.equal(app.sent[0].get("redirect_uri"), redirectUri);
  }
});

test("NA7 AC4 of the redirect URI's own query the order and the case of escapes may differ, and parameters may be added", async () => {
  for (const [own, queries] of [
    ["a=1&b=2", ["b=2&a=1&", "b=2&RESPONSE&a=1&", "utm=1&a=1&b=2&", "RESPONSE&a=1&b=2", "a=1&x=1&x=2&b=2&"]],
    ["c=%C3%A9", ["c=%c3%a9&", "c=%C3%a9&", "x=%E9&c=%c3%A9&"]],
    ["d=x%20y", ["d=x+y&", "d=x%20y&"]],
    ["e=1&e=2", ["e=1&e=2&", "e=2&e=1&"]],
    ["f", ["f&", "f=&"]],
    ["g=%E9", ["g=%e9&"]],
  ]) {
    const redirectUri = `${REDIRECT_URI}?${own}`;
    const app = application({ redirectUri });
    for (const query of queries) {
      const response = `code=c&state=${app.begin()}`;
      const address = `${REDIRECT_URI}?${query.includes("RESPONSE") ? query.replace("RESPONSE", response) : query + response}`;
      assert.equal((await open(app, address)).status, "signed-in", address);
      assert.equal(page.href, redirectUri);
    }
  }
});

test("NA7 a known state at another place is refused, with what differs, and its login lives on", async () => {
  const cases = (redirectUri) =>
    ({
      [REDIRECT_URI]: [
        ["https://app.example/callback/", "path"],
        ["https://app.example/callback/index.html", "path"],
        ["https://app.example/", "path"],
        ["https://app.example/Callback", "path"],
        ["https://app.example/%63allback", "path"],
        ["http://app.example/callback", "scheme"],
        ["https://app.example:8443/callback", "host"],
        ["https://www.app.example/callback", "host"],
        ["com.example.app:/callback", "scheme"],
      ],
      [`${REDIRECT_URI}?tenant=1`]: [
        ["https://app.example/callback?tenant=2", "query"],
        ["https://app.example/callback?tenant=1&tenant=2", "query"],
        ["https://app.example/callback?tenant=2&tenant=1", "query"],
        ["https://app.example/callback?tenant=1&tenant=1", "query"],
        ["https://app.example/callback?ten%61nt=1&tenant", "query"],
        ["https://app.example/callback?Tenant=1", "query"],
        ["https://app.example/callback?x=1", "query"],
        ["https://app.example/callback", "query"],
      ],
      "com.example.app:/cb": [
        ["com.example.app:///cb", "host"],
        ["com.example.app://cb", "host"],
        ["com.example.app:/cb/", "path"],
        ["com.example.app:cb", "path"],
        ["com.example.other:/cb", "scheme"],
      ],
    })[redirectUri];
  for (const redirectUri of [REDIRECT_URI, `${REDIRECT_URI}?tenant=1`, "com.example.app:/cb"]) {
    const app = application({ redirectUri, host: { open: (url) => page.left.push(url) } });
    for (const [address, part] of cases(redirectUri)) {
      const state = app.begin({ returnTo: "/inbox" });
      const before = new Map(page.kept.items);
      const url = `${address}${address.includes("?") ? "&" : "?"}code=c&state=${state}`;
      const outcome = await open(app, url);
      assert.deepEqual(
        [shown(outcome), outcome.error.subject, outcome.restart],
        ["refused redirect_uri_mismatch", part, true],
        url,
      );
      const { expected, found, message } = outcome.error;
      assert.deepEqual([expected, found], [redirectUri, address.split("?")[0]]);
      assert.ok(message.includes(part), message);
      untouched(url);
      assert.deepEqual(page.kept.items, before, "nothing was ended");
      const joint = redirectUri.includes("?") ? "&" : "?";
      const there = await app.handle(`${redirectUri}${joint}code=c&state=${state}`);
      assert.deepEqual([there.status, there.returnTo], ["signed-in", "/inbox"]);
    }
  }
});

test("IS5 the callback of another client of the page is left to it, wherever it arrives", async () => {
  const ours = application({ redirectUri: "https://app.example/a" });
  const theirs = application({ redirectUri: "https://app.example/b", clientId: "other" });
  const twin = application({ redirectUri: "https://app.example/c" });
  const state = ours.begin();
  const url = `https://app.example/a?code=c&state=${state}`;
  assert.equal(shown(await open(theirs, url)), "none", "it is at no place of theirs");
  untouched(url);
  const outcome = await open(twin, url);
  assert.deepEqual(
    [shown(outcome), outcome.error.subject],
    ["other-login transaction_invalid", "redirect_uri"],
  );
  untouched(url);
  assert.equal((await open(ours, url)).status, "signed-in");
  assert.equal(shown(await open(theirs, url)), "none");
  untouched(url);
});

test("ID16 what prompt=none leads to is told so only where it was asked for", async () => {
  const app = application();
  const answer = (error, options) => open(app, `${REDIRECT_URI}?error=${error}&state=${app.begin(options)}`);
  for (const [error, code] of [
    ["consent_required", "access_denied"],
    ["login_required", "access_denied"],
    ["interaction_required", "access_denied"],
    ["account_selection_required", "access_denied"],
  ]) {
    for (const options of [undefined, { prompt: "login" }, { prompt: "consent select_account" }]) {
      const outcome = await answer(error, options);
      assert.deepEqual([shown(outcome), outcome.restart], [`refused ${code}`, true], error);
      assert.equal(outcome.error.oauthError, error);
      assert.doesNotMatch(outcome.error.message, /prompt none/);
    }
    const silent = await answer(error, { prompt: "none" });
    assert.deepEqual([shown(silent), silent.restart], ["refused interaction_required", true]);
  }
});

test("AC12 restart tells the truth of what the server says", async () => {
  const app = application();
  for (const [error, code, restart] of [
    ["temporarily_unavailable", "authorization_refused", true],
    ["server_error", "authorization_refused", true],
    ["access_denied", "access_denied", true],
    ["user_cancelled_login", "access_denied", true],
    ["user_cancelled_authorize", "access_denied", true],
    ["user_canceled", "access_denied", true],
    ["user_denied", "access_denied", true],
    ["consent_denied", "access_denied", true],
    ["invalid_request", "authorization_refused", false],
    ["unauthorized_client", "authorization_refused", false],
    ["unsupported_response_type", "authorization_refused", false],
    ["invalid_scope", "authorization_refused", false],
    ["user_canc", "authorization_refused", false],
    ["temporarily_unavailable server_error", "authorization_refused", false],
  ]) {
    const url = `${REDIRECT_URI}?error=${encodeURIComponent(error)}&error_description=why&state=${app.begin()}`;
    for (const round of ["first", "again"]) {
      const outcome = await open(app, url);
      assert.deepEqual([shown(outcome), outcome.restart], [`refused ${code}`, restart], `${error}, ${round}`);
      assert.equal(outcome.error.oauthError, error);
      assert.equal(outcome.error.oauthErrorDescription, round === "first" ? "why" : undefined);
    }
  }
});

test("AC11 the same callback is refused with the same words of the server, within bounds", async () => {
  const app = application();
  const long = "x".repeat(5000);
  const url = `${REDIRECT_URI}?error=${long}&error_description=${long}&state=${app.begin()}`;
  assert.equal((await open(app, url)).error.oauthError, long);
  const { oauthError } = (await open(app, url)).error;
  assert.ok(long.startsWith(oauthError) && oauthError.length >= 60 && oauthError.length <= 200);
  for (const item of page.kept.items.values()) assert.ok(item.length < 1000);

  // And likewise those of the token endpoint.
  for (const error of ["invalid_grant", "unauthorized_client", "odd\nword"]) {
    Object.assign(app, { status: 400, answer: { error, error_description: "no" } });
    const refused = `${REDIRECT_URI}?code=c&state=${app.begin()}`;
    const first = await open(app, refused);
    const again = await open(app, refused);
    assert.deepEqual([shown(again), again.restart], [shown(first), first.restart]);
    assert.equal(again.error.oauthError, error === "odd\nword" ? undefined : error);
  }
});

test("AC7 an error that shows no state is told as unverified while a login is pending there, and ends nothing", async () => {
  const app = application();
  const error = "?error=access_denied&error_description=no";
  const href = `${REDIRECT_URI}${error}`;
  assert.deepEqual({ ...(await open(app, href)) }, { status: "none" }, "no login is pending");

  const state = app.begin();
  const before = new Map(page.kept.items);
  for (const [rest, oauthError] of [
    [error, "access_denied"],
    ["?error=access_denied&iss=https%3A%2F%2Fas.example", "access_denied"],
    ["?error=login_required&state=", "login_required"],
    ["?x=1&error=x-vendor.error#top", "x-vendor.error"],
    [`?error=${"x".repeat(5000)}`, "x".repeat(128)],
  ]) {
    const outcome = await open(app, `${REDIRECT_URI}${rest}`);
    assert.equal(outcome.status, "none", rest);
    assert.deepEqual({ ...outcome.unverified }, { oauthError }, rest);
    untouched(`${REDIRECT_URI}${rest}`);
    assert.deepEqual(page.kept.items, before);
  }
  for (const rest of [
    "?error=",
    "?error=%22script",
    "?error=%E9",
    "?error=a&error=b",
    "?code=x",
    "#error=x",
    "",
  ]) {
    assert.deepEqual({ ...(await open(app, `${REDIRECT_URI}${rest}`)) }, { status: "none" }, rest);
  }
  for (const other of ["https://app.example/", "https://app.example/callback/"]) {
    assert.deepEqual({ ...(await open(app, `${other}${error}`)) }, { status: "none" }, other);
  }
  const stranger = application({ clientId: "other" });
  assert.deepEqual({ ...(await open(stranger, href)) }, { status: "none" }, "another client's login");

  assert.equal((await open(app, `${REDIRECT_URI}?code=c&state=${state}`)).status, "signed-in");
  assert.deepEqual({ ...(await open(app, href)) }, { status: "none" }, "the login is over");
  app.begin();
  wait(601);
  assert.deepEqual({ ...(await open(app, href)) }, { status: "none" }, "the login has expired");
});

test("IS2 AC7 an error without the promised iss is refused, and what it says is told as unverified", async () => {
  const app = application({}, { ...METADATA, authorization_response_iss_parameter_supported: true });
  const state = app.begin();
  const before = new Map(page.kept.items);
  const outcome = await open(app, `${REDIRECT_URI}?error=access_denied&state=${state}`);
  assert.equal(shown(outcome), "refused response_issuer_missing");
  assert.deepEqual({ ...outcome.unverified }, { oauthError: "access_denied" });
  assert.equal(outcome.error.oauthError, undefined, "nothing shows that the server said so");
  assert.deepEqual(page.kept.items, before);
  const wrong = `${REDIRECT_URI}?error=access_denied&state=${state}&iss=https%3A%2F%2Fevil.example`;
  assert.equal((await open(app, wrong)).unverified, undefined, "it is another server's");
});

test("AC11 two copies of the package in a page are told apart, where one lacks what the other has", async (context) => {
  const warned = [];
  context.mock.method(console, "warn", (...words) => warned.push(words.join(" ")));
  const app = application();
  const url = `${REDIRECT_URI}?code=c&state=${app.begin()}`;
  assert.equal((await app.handle(url)).status, "signed-in");
  assert.equal((await app.handle(url)).status, "already-completed");
  assert.deepEqual(warned, []);

  const copy = await load("pkce-wasm/slim");
  await copy.initialize(readFileSync(resolve("pkce-wasm/client.wasm")));
  const config = { issuer: ISSUER, clientId: "app", redirectUri: REDIRECT_URI, scope: "files" };
  const second = new copy.Client(config, METADATA);
  const outcome = await second.handleRedirect(url);
  assert.deepEqual([outcome.status, outcome.session], ["already-completed", null]);
  assert.equal(warned.length, 1);
  assert.match(warned[0], /two copies/i);
});

test("NA10 a page that could never see its login again on another name of this machine is told at login", () => {
  for (const [origin, redirectUri] of [
    ["http://127.0.0.1:5173", "http://localhost:5173/callback"],
    ["http://localhost:5173", "http://127.0.0.1:5173/callback"],
    ["http://[::1]:5173", "http://localhost:5173/callback"],
    ["http://127.0.0.1:5173", "http://127.0.0.2:5173/callback"],
    ["http://localhost:3000", "http://localhost:5173/callback"],
    ["https://localhost:5173", "http://localhost:5173/callback"],
  ]) {
    page.href = `${origin}/`;
    for (const change of [{}, { dangerouslyAllowEmbeddedUserAgent: true }]) {
      const app = application({ redirectUri, ...change });
      const told = (error) =>
        isPkceError(error) &&
        error.code === "config_invalid" &&
        error.subject === "redirect_uri" &&
        error.expected === redirectUri &&
        error.found === origin &&
        error.message.includes(origin);
      assert.throws(() => app.client.login(), told, `${origin} and ${redirectUri}`);
      assert.deepEqual([page.left, page.kept.items.size], [[], 0]);
    }
    // Where a shell hands the callback over, its origin does not matter.
    const opened = [];
    application({ redirectUri, host: { open: (url) => opened.push(url) } }).client.login();
    assert.equal(opened.length, 1);
    page.kept.items.clear();
  }
  for (const [origin, redirectUri] of [
    ["http://localhost:5173", "http://localhost:5173/callback"],
    ["http://localhost:5173", "http://LOCALHOST:5173/callback"],
    ["http://localhost", "http://localhost:80/callback"],
    ["https://app.example", "http://localhost:5173/callback"],
    ["http://localhost:5173", "https://app.example/callback"],
    ["https://app.example", "https://login.app.example/callback"],
  ]) {
    page.href = `${origin}/`;
    application({ redirectUri }).client.login();
    assert.equal(page.left.length, 1, `${origin} and ${redirectUri}`);
    page.left.length = 0;
  }
});
