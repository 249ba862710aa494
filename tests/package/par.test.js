// Pushed authorization requests of the packed tarball in Node, at a server that writes down what it was asked (RFC 9126).
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { ISSUER, load, METADATA, playPage, REDIRECT_URI, setClockRight, until, wait } from "./installed.js";

playPage();
const { beginAuthorization, Client, isPkceError, ready } = await load("pkce-wasm");
await ready();

const code = (expected) => (error) => isPkceError(error) && error.code === expected;
const ENDPOINT = `${ISSUER}/par`;
const PUSHING = {
  ...METADATA,
  pushed_authorization_request_endpoint: ENDPOINT,
  require_pushed_authorization_requests: true,
};

/** An application, its server, and what each was asked for. */
const world = (change = {}, metadata = PUSHING) => {
  const app = { opened: [], pushed: [], tokens: [] };
  app.push = async () =>
    Response.json({ request_uri: `urn:example:${app.pushed.length}`, expires_in: 60 }, { status: 201 });
  app.config = {
    issuer: ISSUER,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    scope: "files",
    transactionStorage: "memory",
    ...change,
    host: {
      open: (url) => void app.opened.push(url),
      fetch: async (url, init) => {
        if (url === ENDPOINT) {
          app.pushed.push(new URLSearchParams(init.body));
          return app.push(url, init);
        }
        app.tokens.push(new URLSearchParams(init.body));
        return Response.json({ access_token: "at", token_type: "Bearer" });
      },
      ...change.host,
    },
  };
  app.client = new Client(app.config, metadata);
  /** The user comes back from the login whose request was pushed last. */
  app.comeBack = () =>
    app.client.handleRedirect(`${REDIRECT_URI}?code=c&state=${app.pushed.at(-1).get("state")}`);
  return app;
};

const globals = ["open", "addEventListener", "removeEventListener", "document", "Document"].map((name) => [
  name,
  Object.getOwnPropertyDescriptor(globalThis, name),
]);

afterEach(() => {
  setClockRight();
  for (const [name, descriptor] of globals) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
});

test("pa1 the whole request goes to the server, and the user takes its name alone along", async () => {
  const app = world();
  await app.client.login({
    loginHint: "ada",
    resource: "https://a.example https://b.example",
    returnTo: "/x",
  });
  const [form] = app.pushed;
  assert.equal(form.get("response_type"), "code");
  assert.equal(form.get("client_id"), "app");
  assert.equal(form.get("redirect_uri"), REDIRECT_URI);
  assert.equal(form.get("code_challenge_method"), "S256");
  assert.equal(form.get("login_hint"), "ada");
  assert.deepEqual(form.getAll("resource"), ["https://a.example", "https://b.example"]);
  assert.equal(form.get("code_verifier"), null);
  assert.equal(form.get("request_uri"), null);
  assert.deepEqual(app.opened, [`${ISSUER}/auth?client_id=app&request_uri=urn%3Aexample%3A1`]);
  const { status, returnTo } = await app.comeBack();
  assert.deepEqual([status, returnTo], ["signed-in", "/x"]);
  assert.equal(app.tokens.length, 1);
});

test("pa2 a login that was made ready leaves in the tick of the click, and its name is used once", async () => {
  const app = world();
  await app.client.prepare({ prompt: "login" });
  assert.deepEqual([app.pushed.length, app.opened.length], [1, 0]);
  assert.equal(app.client.login({ prompt: "login" }), undefined);
  assert.equal(app.opened.length, 1);
  assert.equal((await app.comeBack()).status, "signed-in");
  // The next one has a request of its own.
  await app.client.login({ prompt: "login" });
  assert.deepEqual(
    app.opened.map((url) => new URL(url).searchParams.get("request_uri")),
    ["urn:example:1", "urn:example:2"],
  );
});

test("pa2 who hovers again and clicks meanwhile pushes once, and what was used is not used again", async () => {
  const app = world();
  let release;
  const gate = new Promise((resolve) => {
    release = resolve;
  });
  const { push } = app;
  app.push = async () => {
    await gate;
    return push();
  };
  const hovers = [app.client.prepare(), app.client.prepare()];
  await until(() => app.pushed.length > 0);
  const leaving = app.client.login();
  release();
  app.push = push;
  await Promise.all([...hovers, leaving]);
  assert.deepEqual([app.pushed.length, app.opened.length], [1, 1]);
  assert.equal((await app.comeBack()).status, "signed-in");
  // It is spent: for the next hover, and for the next click.
  await app.client.prepare();
  assert.equal(app.pushed.length, 2);
  await app.client.prepare();
  assert.equal(app.pushed.length, 2, "it is ready already");
  assert.equal(app.client.login(), undefined);
  await app.client.prepare();
  assert.equal(app.client.login(), undefined);
  await Promise.all([app.client.login(), app.client.login()]);
  assert.deepEqual(
    app.opened.map((url) => new URL(url).searchParams.get("request_uri")),
    [1, 2, 3, 4, 5].map((number) => `urn:example:${number}`),
    "two clicks are two logins",
  );
  // One that failed is tried again.
  app.push = () => new Response("", { status: 503 });
  await assert.rejects(app.client.prepare(), code("server_error"));
  app.push = push;
  await app.client.prepare();
  assert.equal(app.client.login(), undefined);
});

test("pa2 a login of other options, or one that is too late, has a request of its own", async () => {
  const app = world();
  await app.client.prepare();
  const leaving = app.client.login({ loginHint: "bob" });
  assert.equal(typeof leaving.then, "function");
  await leaving;
  assert.equal(app.pushed[1].get("login_hint"), "bob");
  // The one that is ready serves still, until its lifetime ends.
  wait(50);
  assert.equal(app.client.login({}), undefined);
  await app.client.prepare();
  wait(58);
  await app.client.login();
  assert.equal(app.pushed.length, 4);
  assert.match(app.opened.at(-1), /urn%3Aexample%3A4$/);
});

test("pa2 equal options are those with equal members, in whatever order, and several logins can be ready", async () => {
  const app = world();
  await app.client.prepare({
    appState: { a: [1, { b: 2, c: 3 }], d: null },
    prompt: "login",
    loginHint: undefined,
  });
  await app.client.prepare({ prompt: "create" });
  app.client.login({ prompt: "create" });
  app.client.login({ prompt: "login", appState: { d: null, a: [1, { c: 3, b: 2 }] } });
  assert.deepEqual(
    app.opened.map((url) => new URL(url).searchParams.get("request_uri")),
    ["urn:example:2", "urn:example:1"],
  );
  const { appState } = await app.client.handleRedirect(
    `${REDIRECT_URI}?code=c&state=${app.pushed[0].get("state")}`,
  );
  assert.deepEqual(appState, { a: [1, { b: 2, c: 3 }], d: null });
  for (const other of [
    { appState: [["a", 1]] },
    { appState: { a: "1" } },
    { appState: { a: 1, b: undefined } },
    { appState: { a: 1 }, prompt: "login" },
  ]) {
    const ready = world();
    await ready.client.prepare({ appState: { a: 1 } });
    await ready.client.login(other);
    const isEqual = JSON.stringify(other) === '{"appState":{"a":1}}';
    assert.equal(ready.pushed.length, isEqual ? 1 : 2, JSON.stringify(other));
  }
  const circle = {};
  circle.self = circle;
  await assert.rejects(async () => app.client.login({ appState: circle }), code("config_invalid"));
});

test("pa3 a push that fails loses nothing: it is told with its cause, nothing is kept, and the same again may go well", async () => {
  const app = world();
  for (const [answer, expected] of [
    [() => Promise.reject(new TypeError("offline")), "network_failed"],
    [
      () => Response.json({ error: "invalid_request", error_description: "no" }, { status: 400 }),
      "push_refused",
    ],
    [() => new Response("", { status: 503 }), "server_error"],
    [() => new Response("", { status: 302 }), "redirect_not_followed"],
    [() => new Response("<p>", { status: 201 }), "push_response_invalid"],
    [() => Response.json({ request_uri: "urn:x" }, { status: 201 }), "push_response_invalid"],
    [() => Response.json({ request_uri: "urn:x", expires_in: 0 }, { status: 201 }), "push_response_invalid"],
    [() => Response.json({ request_uri: "urn:x", expires_in: -5 }, { status: 201 }), "push_response_invalid"],
    [() => Response.json({ request_uri: "", expires_in: 60 }, { status: 201 }), "push_response_invalid"],
    [
      () => Response.json({ request_uri: "urn:x y", expires_in: 60 }, { status: 201 }),
      "push_response_invalid",
    ],
    [() => Response.json({ expires_in: 60 }, { status: 201 }), "push_response_invalid"],
    [() => new Response(null, { status: 204 }), "push_response_invalid"],
  ]) {
    app.push = answer;
    await assert.rejects(app.client.login(), code(expected), `${answer}`);
    await assert.rejects(app.client.prepare(), code(expected));
    // No callback of it counts.
    assert.equal((await app.comeBack()).status, "other-login");
  }
  assert.deepEqual(app.opened, []);
  app.push = async () => Response.json({ request_uri: "urn:fine", expires_in: "60" });
  await app.client.login();
  assert.equal((await app.comeBack()).status, "signed-in");
});

test("pa3 the server's words are told", async () => {
  const app = world();
  app.push = () => Response.json({ error: "invalid_scope", error_description: "no" }, { status: 400 });
  const error = await app.client.login().catch((error) => error);
  assert.deepEqual(
    [error.code, error.blame, error.status, error.oauthError, error.oauthErrorDescription],
    ["push_refused", "server", 400, "invalid_scope", "no"],
  );
});

test("pa4 a request is pushed where the server requires it or the configuration says so, and else not", async () => {
  const offering = { ...PUSHING, require_pushed_authorization_requests: false };
  const app = world({}, offering);
  assert.equal(app.client.login(), undefined);
  await app.client.prepare();
  assert.equal(app.pushed.length, 0);
  const asking = world({ pushedAuthorizationRequests: true }, offering);
  await asking.client.login();
  assert.equal(asking.pushed.length, 1);
  assert.throws(() => world({ pushedAuthorizationRequests: true }, METADATA), code("endpoint_missing"));
  const { pushed_authorization_request_endpoint: _, ...without } = PUSHING;
  assert.throws(() => world({}, without), code("server_unsupported"));
  for (const [endpoint, expected] of [
    ["http://as.example/par", "endpoint_insecure"],
    ["/par", "metadata_invalid"],
  ]) {
    const metadata = { ...PUSHING, pushed_authorization_request_endpoint: endpoint };
    assert.throws(() => world({}, metadata), code(expected));
    // Where nothing is pushed it is no matter.
    world({}, { ...metadata, require_pushed_authorization_requests: false });
  }
});

test("pa4 the steps push nothing, and say so", () => {
  const { config } = world();
  assert.throws(() => beginAuthorization(config, PUSHING), code("server_unsupported"));
});

test("pa5 a pop-up opens in the click, on a blank page that does not know this window, and is led on", async () => {
  const app = world({ host: { open: undefined } });
  Object.defineProperty(globalThis, "Document", {
    value: { prototype: { hasFocus: () => false } },
    configurable: true,
  });
  globalThis.document = {};
  globalThis.addEventListener = () => {};
  globalThis.removeEventListener = () => {};
  const seen = [];
  const popup = {
    closed: false,
    opener: "this window",
    close: () => seen.push("closed"),
    location: { replace: (url) => seen.push([popup.opener, url]) },
  };
  globalThis.open = (url) => {
    seen.push(url);
    return popup;
  };
  const ending = app.client.loginWithPopup();
  assert.deepEqual(seen, ["about:blank"], "in the tick of the click");
  await until(() => seen.length > 1);
  assert.deepEqual(seen[1], [null, `${ISSUER}/auth?client_id=app&request_uri=urn%3Aexample%3A1`]);
  const state = app.pushed[0].get("state");
  assert.match(state, /^popup\./);
  const { createHash } = await import("node:crypto");
  const key = `popup.${createHash("sha256").update(state).digest("base64url")}`;
  const channel = new BroadcastChannel(`pkce-wasm:${key}`);
  const offering = setInterval(
    () => channel.postMessage({ callback: `${REDIRECT_URI}?code=c&state=${state}` }),
    20,
  );
  const { status } = await ending;
  clearInterval(offering);
  channel.close();
  assert.equal(status, "signed-in");
  // Ready before the click, it opens at its place.
  seen.length = 0;
  await app.client.prepare({ popup: true });
  const signal = AbortSignal.timeout(50);
  await assert.rejects(app.client.loginWithPopup({ signal }), code("aborted"));
  assert.match(seen[0], /urn%3Aexample%3A2$/);
  // In whatever order its options stand.
  seen.length = 0;
  await app.client.prepare({ popup: true, prompt: "login", loginHint: "ada" });
  const other = { loginHint: "ada", signal: AbortSignal.timeout(50), prompt: "login", features: "width=9" };
  await assert.rejects(app.client.loginWithPopup(other), code("aborted"));
  assert.match(seen[0], /urn%3Aexample%3A3$/);
  // A push that fails closes the window; so does one that nobody waits for any more.
  seen.length = 0;
  app.push = () => new Response("", { status: 503 });
  await assert.rejects(app.client.loginWithPopup(), code("server_error"));
  assert.deepEqual(seen, ["about:blank", "closed"]);
  seen.length = 0;
  app.push = () => new Promise(() => {});
  await assert.rejects(app.client.loginWithPopup({ signal: AbortSignal.timeout(50) }), code("aborted"));
  assert.deepEqual(seen, ["about:blank", "closed"]);
});

test("pa5 a login that takes the place of a blocked pop-up fails as a login does", async () => {
  const app = world({ host: { open: undefined } });
  globalThis.open = () => null;
  app.push = () => new Response("", { status: 503 });
  await assert.rejects(app.client.loginWithPopup({ fallback: "redirect" }), code("server_error"));
  const { status, error } = await app.client.loginWithPopup();
  assert.deepEqual([status, error.code], ["refused", "popup_blocked"]);
});
