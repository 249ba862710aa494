// What a client tells of its steps: everything that happens, in order, and no secret. Without `trace` nothing is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, until } from "./installed.js";

const { Client } = await load("pkce-wasm");
const { createServer, signedIn } = await load("pkce-wasm/testing");
const { traceToConsole } = await load("pkce-wasm/trace");

const API = "https://api.example";

/** A whole visit: sign-in, userinfo, an API, refresh, sign-out. */
const visit = async (change, options) => {
  const server = createServer({ issuer: "https://as.example", resources: { [API]: () => "ok" }, ...options });
  const credentials = [];
  const fetch = (url, init) => {
    const headers = new Headers(init?.headers);
    credentials.push(headers.get("dpop"), headers.get("authorization")?.split(" ")[1]);
    return server.host.fetch(url, init);
  };
  const client = await Client.discover({
    issuer: server.issuer,
    clientId: "app",
    redirectUri: "https://app.example/callback",
    transactionStorage: "memory",
    resourceOrigins: [API],
    host: { ...server.host, fetch },
    ...change,
  });
  await client.login({ appState: "mine" });
  const { returned } = server;
  const { session } = await client.handleRedirect(returned);
  if (!session) return { server, returned };
  const tokens = [await session.accessToken(), session.idToken];
  await session.userinfo();
  await session.fetch(`${API}/orders?secret=1`);
  await session.refresh();
  tokens.push(await session.accessToken(), session.idToken);
  await client.session();
  await client.logout({ revoke: true });
  return { server, returned, tokens, credentials: credentials.filter(Boolean) };
};

test("every step is told as it happens", async () => {
  const events = [];
  const { server } = await visit({ trace: (event) => events.push(event) });
  await until(() => events.some(({ event }) => event === "signed-out"));
  const ends = events.filter(({ step, ms }) => ms !== undefined && step !== "response");
  assert.deepEqual(
    ends.map(({ step, outcome }) => [step, outcome]),
    [
      ["login", undefined],
      ["callback", "signed-in"],
      ["session", "signed-in"],
      ["logout", undefined],
    ],
  );
  const requests = events
    .filter(({ step }) => step === "request")
    .map(({ method, url }) => `${method} ${url}`);
  assert.deepEqual(requests, [
    `GET ${server.issuer}/.well-known/openid-configuration`,
    `GET ${server.issuer}/jwks`,
    `POST ${server.issuer}/token`,
    `GET ${server.issuer}/userinfo`,
    `GET ${API}/orders`,
    `POST ${server.issuer}/token`,
    `POST ${server.issuer}/revoke`,
    `POST ${server.issuer}/revoke`,
  ]);
  await until(() => events.filter(({ step }) => step === "response").length === requests.length);
  for (const { at, step, ms, status, size, url } of events) {
    assert.ok(Math.abs(at - Date.now()) < 600_000);
    if (step !== "response") continue;
    assert.equal(status, 200);
    assert.ok(ms >= 0);
    if (url.endsWith("/jwks")) assert.ok(size > 100);
  }
  const told = events.filter(({ step }) => step === "event").map(({ event }) => event);
  assert.deepEqual(told, ["signed-in", "refreshed", "signed-out"]);
  const { parameters } = events.find(({ step, url }) => step === "request" && url.endsWith("/token"));
  assert.deepEqual(
    [parameters.grant_type, parameters.code_verifier, parameters.client_id],
    ["authorization_code", "43 characters", "app"],
  );
  assert.ok(Object.isFrozen(events[0]));
});

test("EN14 the way to the server is told with what is asked for, its state with its length", async () => {
  const events = [];
  const { server } = await visit({ trace: (event) => events.push(event), scope: "openid email" });
  const names = events.map(({ step }) => step);
  assert.ok(names.indexOf("navigate") > names.indexOf("login"));
  assert.ok(names.indexOf("navigate") < names.lastIndexOf("login"));
  const { url, parameters } = events.find(({ step }) => step === "navigate");
  assert.equal(url, `${server.issuer}/authorize`);
  const sent = new URL(server.requests.find(({ endpoint }) => endpoint === "authorize").url).searchParams;
  for (const name of ["client_id", "redirect_uri", "scope", "code_challenge", "code_challenge_method"]) {
    assert.equal(parameters[name], sent.get(name), name);
  }
  assert.equal(parameters.state, `${sent.get("state").length} characters`);
});

test("EN14 a sign-out at the server is told as a way there, its ID token with its length", async () => {
  const events = [];
  const server = createServer({ issuer: "https://as.example" });
  const { client } = await signedIn({ server, trace: (event) => events.push(event) });
  await client.logout({ endSession: true, returnTo: undefined });
  const { url, parameters } = events.findLast(({ step }) => step === "navigate");
  assert.equal(url, server.metadata.end_session_endpoint);
  assert.match(parameters.id_token_hint, /^\d+ characters$/);
});

test("EN14 an answer is told with its members, the token of a request with its length", async () => {
  const events = [];
  const { server, tokens } = await visit({ trace: (event) => events.push(event), scope: "openid profile" });
  await until(() => events.some(({ step, url }) => step === "response" && url.endsWith("/userinfo")));
  const of = (step, path) => events.find((event) => event.step === step && event.url.endsWith(path));
  const answer = of("response", "/token").parameters;
  assert.deepEqual([answer.token_type, answer.expires_in], ["Bearer", "300"]);
  assert.equal(answer.access_token, `${tokens[0].length} characters`);
  const found = of("response", "/openid-configuration").parameters;
  assert.equal(found.token_endpoint, server.metadata.token_endpoint);
  assert.equal(found.code_challenge_methods_supported, "S256");
  assert.equal(of("response", "/userinfo").parameters.name, "8 characters");
  assert.equal(of("response", "/orders").parameters, undefined);
  assert.equal(of("request", "/token").headers, undefined);
  assert.deepEqual(of("request", "/userinfo").headers, {
    Authorization: `Bearer ${tokens[0].length} characters`,
  });
});

for (const dpop of [false, "required"])
  test(`EN14 no secret is told${dpop ? ", and no proof" : ""}`, async () => {
    const events = [];
    const { server, returned, tokens, credentials } = await visit({
      trace: (event) => events.push(event),
      dpop,
    });
    const text = JSON.stringify(events);
    const secrets = [...new URL(returned).searchParams]
      .filter(([name]) => name !== "iss")
      .map(([, value]) => value);
    secrets.push(...tokens, ...credentials, "mine", "secret");
    assert.equal(
      credentials.some((text) => text.startsWith("eyJ0eXAiOiJkcG9w")),
      dpop === "required",
      "proofs",
    );
    for (const { form } of server.requests) {
      // A request for a nonce spends nothing.
      for (const name of ["code", "code_verifier", "refresh_token", "token"])
        if (form[name] && form[name] !== "none") secrets.push(form[name]);
    }
    assert.ok(secrets.length > 10);
    for (const secret of secrets) assert.equal(text.includes(secret), false, secret);
  });

test("a refusal and a network that fails are told by their names", async () => {
  const events = [];
  await visit({ trace: (event) => events.push(event) }, { decide: false });
  const { outcome, error } = events.find(({ step, ms }) => step === "callback" && ms !== undefined);
  assert.deepEqual([outcome, error], ["refused", "access_denied"]);
  const host = { open: () => {}, fetch: async () => Promise.reject(new TypeError("offline")) };
  await assert.rejects(visit({ trace: (event) => events.push(event), host }), { code: "network_failed" });
  assert.equal(events.at(-1).error, "TypeError");
});

test("a page is told by an event of the document, and only where the configuration traces", async () => {
  const heard = [];
  const target = new EventTarget();
  globalThis.dispatchEvent = (event) => target.dispatchEvent(event);
  target.addEventListener("pkce-wasm:trace", ({ detail }) => heard.push(detail));
  try {
    await visit({});
    assert.deepEqual(heard, []);
    const events = [];
    await visit({ trace: (event) => events.push(event) });
    assert.ok(heard.length > 10);
    assert.deepEqual(heard.slice(0, 10), events.slice(0, 10));
  } finally {
    delete globalThis.dispatchEvent;
  }
});

test("a trace that throws stops nothing", async () => {
  const uncaught = [];
  // What a timer throws would end this test.
  const { setTimeout: later } = globalThis;
  globalThis.setTimeout = (work, ...parameters) =>
    later(
      () => {
        try {
          work();
        } catch (error) {
          uncaught.push(error.message);
        }
      },
      ...parameters,
    );
  try {
    const { tokens } = await visit({
      trace: () => {
        throw new Error("mine");
      },
    });
    assert.equal(typeof tokens[0], "string");
    await until(() => uncaught.length > 10);
    assert.deepEqual(new Set(uncaught), new Set(["mine"]));
  } finally {
    globalThis.setTimeout = later;
  }
});

test("traceToConsole prints a line for each step", async () => {
  const lines = [];
  await visit({ trace: traceToConsole((line, parameters) => lines.push([line, parameters])) });
  assert.ok(
    lines.some(([line]) =>
      /^\d\d:\d\d:\d\d\.\d{3} response POST https:\/\/as\.example\/token 200, \d+ characters, \d+ ms$/.test(
        line,
      ),
    ),
  );
  assert.ok(
    lines.some(
      ([line]) =>
        /callback https:\/\/app\.example\/callback signed-in, \d+ ms$/.test(line) ||
        /callback signed-in/.test(line),
    ),
  );
  assert.ok(
    lines.some(
      ([line, parameters]) =>
        / request POST .*\/token$/.test(line) && parameters.code_verifier === "43 characters",
    ),
  );
});
