// The client of the package at the server of pkce-wasm/testing, with pushed requests (RFC 9126) and tokens bound to a key (RFC 9449): a whole life at an honest server, and none at one that lies.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { load, setClockRight, wait } from "./installed.js";

const { Client, isPkceError } = await load("pkce-wasm");
const { createServer, LIES, signedIn, signIn } = await load("pkce-wasm/testing");

const REDIRECT_URI = "https://app.example/callback";
const API = "https://api.example";

afterEach(setClockRight);

let number = 0;

/** A server, and a client that pushes its requests and has bound tokens, unless told otherwise. */
const world = async (serverOptions = {}, config = {}, open = undefined) => {
  number += 1;
  const server = createServer({
    issuer: `https://bound-${number}.example`,
    resources: { [API]: ({ url, sub, cnf }) => ({ path: url.pathname, sub, cnf }) },
    ...serverOptions,
  });
  const client = await Client.discover({
    issuer: server.issuer,
    clientId: "app",
    redirectUri: REDIRECT_URI,
    postLogoutRedirectUri: "https://app.example/",
    transactionStorage: "memory",
    resourceOrigins: [API],
    dpop: "required",
    pushedAuthorizationRequests: true,
    host: open ? { ...server.host, open } : server.host,
    ...config,
  });
  return { server, client };
};

const steps = (server) => server.requests.splice(0).map(({ endpoint }) => endpoint);

for (const [name, options] of [
  ["without nonces", {}],
  ["with nonces that live for a minute", { dpopNonceLifetime: 60 }],
  ["with a nonce for each request", { dpopNonceLifetime: 0 }],
]) {
  test(`a whole life at a server that requires pushed requests and proofs, ${name}`, async () => {
    const left = [];
    const strict = { ...options, requirePushedAuthorizationRequests: true, requireDpop: true };
    const { server, client } = await world(strict, {}, (url) => void left.push(url));
    await client.prepare();
    assert.equal(client.login(), undefined, "in the tick of the click");
    const { status, session } = await client.handleRedirect(await server.visit(left.pop()));
    assert.equal(status, "signed-in");
    assert.deepEqual(session.tokenBinding, { type: "dpop" });
    assert.equal(session.idTokenVerifiedBy, "signature");
    assert.equal((await session.userinfo()).sub, "ada");
    const { sub, path, cnf } = await (await session.fetch(`${API}/files?a=b`)).json();
    assert.deepEqual([sub, path], ["ada", "/files"]);
    assert.match(cnf.jkt, /^[\w-]{43}$/);
    for (let round = 0; round < 3; round++) {
      const before = await session.accessToken();
      server.turnClock(400);
      wait(400);
      assert.notEqual(await session.accessToken(), before);
      assert.equal((await session.fetch(`${API}/x`, { method: "POST", body: "x" })).status, 200);
      assert.equal((await session.userinfo()).sub, "ada");
    }
    const asked = steps(server);
    assert.equal(asked.filter((endpoint) => endpoint === "authorize").length, 1);
    assert.ok(asked.includes("par"));
    await client.logout({ revoke: true, endSession: true });
    assert.deepEqual(steps(server), ["revoke", "revoke"]);
    assert.equal(await client.session(), null);
    const back = await client.handleRedirect(await server.visit(left.pop()));
    assert.equal(back.status, "signed-out");
  });
}

test("what was made ready too long ago is made anew, by the server's lifetime", async () => {
  const { server, client } = await world({ pushedRequestLifetime: 20 });
  await client.prepare();
  server.turnClock(30);
  wait(30);
  await client.login();
  assert.equal((await client.handleRedirect(server.returned)).status, "signed-in");
  assert.deepEqual(
    steps(server).filter((endpoint) => endpoint === "par"),
    ["par", "par"],
  );
});

test("a refresh token is never refused for want of a nonce", async () => {
  const { server, client } = await world({ dpopNonceLifetime: 30 });
  const session = await signIn(client, server);
  for (let round = 0; round < 5; round++) {
    server.turnClock(100);
    wait(100);
    server.requests.length = 0;
    await session.refresh();
    const sent = server.requests.filter(({ form }) => form.refresh_token && form.refresh_token !== "none");
    assert.equal(sent.length, 1);
  }
});

test("a thief has nothing of a bound token, nor of its refresh token", async () => {
  const { server, client } = await world();
  const session = await signIn(client, server);
  const token = await session.accessToken();
  for (const scheme of ["Bearer", "DPoP"]) {
    const headers = { Authorization: `${scheme} ${token}` };
    assert.equal((await server.fetch(`${API}/me`, { headers })).status, 401);
  }
  await session.refresh();
  const { form } = server.requests.findLast(({ endpoint }) => endpoint === "refresh");
  const body = new URLSearchParams({ ...form });
  const answer = await server.fetch(server.metadata.token_endpoint, { method: "POST", body });
  assert.equal((await answer.json()).error, "invalid_grant");
  await session.refresh();
});

test("a clock of this machine that is wrong is set right by the server's Date", async () => {
  const { server, client } = await world();
  server.turnClock(7200);
  const session = await signIn(client, server);
  assert.deepEqual(session.tokenBinding, { type: "dpop" });
});

test("a session that is signed in in one line can be bound too", async () => {
  const { session } = await signedIn({
    issuer: "https://one-line.example",
    dpop: "required",
    pushedAuthorizationRequests: true,
  });
  assert.deepEqual(session.tokenBinding, { type: "dpop" });
});

/** The client that a lie is told to: one that pushes, or one that has bound tokens. */
const CLIENTS = {
  "pushed-request": { pushedAuthorizationRequests: true, dpop: false },
  dpop: { pushedAuthorizationRequests: false, dpop: "required" },
};

/** The whole way, from discovery to a request to the API. */
const use = async (lies, step) => {
  const { server, client } = await world({ lies }, CLIENTS[step]);
  const session = await signIn(client, server);
  await session.userinfo();
  const response = await session.fetch(`${API}/me`);
  assert.equal(response.status, 200);
  await session.refresh();
  await session.userinfo();
};

for (const step of Object.keys(CLIENTS)) {
  test(`every lie about ${step} is refused, and without it the same server is believed`, async () => {
    const ours = LIES.filter((lie) => lie.step === step);
    assert.ok(ours.length >= 18);
    for (const { name } of ours) {
      await assert.rejects(
        use([name], step),
        (error) =>
          isPkceError(error) || error instanceof assert.AssertionError || /ended as/.test(error.message),
        `${name} is believed`,
      );
    }
    await use([], step);
  });
}

test("a lie about nonces or proofs ends a request, after one repetition at the most", async () => {
  for (const { name } of LIES.filter(({ name }) => /nonce|proofs/.test(name) && !/pushed/.test(name))) {
    const { server, client } = await world({ lies: [name] }, CLIENTS.dpop);
    const session = await signIn(client, server).catch(() => undefined);
    const asked = steps(server).filter((endpoint) => endpoint === "token");
    assert.ok(asked.length <= 2, `${name}: ${asked.length} requests`);
    if (!session) continue;
    const response = await session.fetch(`${API}/me`);
    assert.equal(response.status, 401, name);
    assert.ok(steps(server).filter((endpoint) => endpoint === "resource").length <= 2, name);
  }
});
