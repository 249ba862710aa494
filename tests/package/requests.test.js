// Requests of the packed tarball: what a host or a platform throws is told without secrets, and nothing stays on a signal.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { inspect } from "node:util";
import { ISSUER, load, METADATA, REDIRECT_URI, until } from "./installed.js";

const { beginAuthorization, Client, completeAuthorization, isPkceError, ready, refreshTokens, revokeTokens } =
  await load("pkce-wasm");
await ready();

const API = "https://api.example";
const TOKEN = "the-access-token+/=";
const REFRESH_TOKEN = "the-refresh-token+/=";

/** A session whose requests are made by that function. */
const signIn = async (resource, change = {}) => {
  const opened = [];
  const host = {
    open: (url) => void opened.push(url),
    fetch: (url, init) => {
      if (!url.startsWith(ISSUER)) return resource(url, init);
      return Promise.resolve(
        Response.json({ access_token: TOKEN, token_type: "Bearer", refresh_token: REFRESH_TOKEN }),
      );
    },
  };
  const config = {
    issuer: ISSUER,
    clientId: "requests",
    redirectUri: REDIRECT_URI,
    scope: "files",
    transactionStorage: "memory",
    resourceOrigins: [API, ...(change.resourceOrigins ?? [])],
    host,
  };
  const client = new Client(config, METADATA);
  client.login();
  const state = new URL(opened[0]).searchParams.get("state");
  const { session } = await client.handleRedirect(`${REDIRECT_URI}?code=c&state=${state}`);
  return { session, config };
};

/** Everything that an error shows, however deep. */
const shown = (error) =>
  [inspect(error, { depth: 20, showHidden: true }), error.stack, error.message, JSON.stringify(error)].join();

const rejection = async (promise) => {
  try {
    await promise;
  } catch (error) {
    assert.ok(isPkceError(error), `${error}`);
    return error;
  }
  assert.fail("it succeeded");
};

/** What a host throws: the request hangs on it. */
const failing = (url, init) => {
  const text = `${url} ${init.body ?? ""} ${JSON.stringify([...new Headers(init.headers)])}`;
  return Object.assign(new Error(`failed: ${text}`, { cause: new TypeError(text) }), {
    name: "HostError",
    config: init,
    request: { url, init },
  });
};
const FAILURES = {
  "throws at once": (url, init) => {
    throw failing(url, init);
  },
  rejects: async (url, init) => {
    throw failing(url, init);
  },
  "throws a text": (_, init) => {
    throw `${init.body} ${JSON.stringify([...new Headers(init.headers)])}`;
  },
  "throws nothing": () => {
    throw undefined;
  },
  "throws what cannot be read": () => {
    throw new Proxy({}, { get: () => assert.fail("read") });
  },
  "throws a circle": (url, init) => {
    const error = failing(url, init);
    error.cause.cause = error;
    throw error;
  },
  "gives nothing": () => undefined,
  "gives null": async () => null,
  "gives a text": async () => "ok",
  "gives what has no headers": async () => ({ status: 200, ok: true }),
  "gives headers that are an object": async () => ({
    status: 200,
    headers: { "content-type": "text/plain" },
  }),
};

test("EN6 what a host's fetch throws or gives in the place of a Response is network_failed, and shows no token", async () => {
  for (const [name, fail] of Object.entries(FAILURES)) {
    const { session } = await signIn(fail);
    const error = await rejection(session.fetch(`${API}/`));
    assert.equal(error.code, "network_failed", name);
    assert.doesNotMatch(shown(error), /the-access-token/, name);
  }
  const { session } = await signIn(FAILURES.rejects);
  const { cause } = await rejection(session.fetch(`${API}/`));
  assert.equal(cause.name, "HostError");
  assert.match(cause.message, /^failed: https:\/\/api\.example\/ .*\[secret\]/);
});

test("EN6 the requests to the server show neither code nor verifier nor token when they fail", async () => {
  const { config } = await signIn();
  const metadata = { ...METADATA, revocation_endpoint: `${ISSUER}/revoke` };
  const tokens = {
    accessToken: TOKEN,
    tokenType: "Bearer",
    scope: "files",
    refreshToken: REFRESH_TOKEN,
  };
  for (const [name, fetch] of Object.entries(FAILURES)) {
    const { transaction, state } = beginAuthorization(config, metadata);
    const verifier = transaction.split("\n").find((line) => line.length === 43 && line !== state);
    const callback = `${REDIRECT_URI}?code=the-code%2B%2F&state=${state}`;
    for (const [step, promise] of Object.entries({
      exchange: completeAuthorization(config, metadata, transaction, callback, { fetch }),
      refresh: refreshTokens(config, metadata, tokens, { fetch }),
      revocation: revokeTokens(config, metadata, tokens, { fetch }),
    })) {
      const error = await rejection(promise);
      assert.equal(error.code, "network_failed", `${step} ${name}`);
      const text = shown(error);
      for (const secret of ["the-code", verifier, "the-access-token", "the-refresh-token"])
        assert.equal(text.includes(secret), false, `${step} ${name}: ${secret}`);
    }
  }
});

test("EN6 headers that are none are config_invalid, and a token that no header takes is told without it", async () => {
  const { session } = await signIn(async () => new Response("ok"));
  for (const headers of [
    { "a b": "c" },
    { "X-Own": "line\nbreak" },
    [["one"]],
    { "X-Own": TOKEN, Authorization: `Bearer ${TOKEN}\n.` },
    Symbol("headers"),
    5,
  ]) {
    const error = await rejection(session.fetch(`${API}/`, { headers }));
    assert.deepEqual([error.code, error.subject], ["config_invalid", "headers"]);
    assert.doesNotMatch(shown(error), /the-access-token/);
  }
  // An engine that refuses what the module takes.
  const { set } = Headers.prototype;
  Headers.prototype.set = (name, value) => {
    throw new TypeError(`Headers.set: ${name}: ${value} is an invalid header value`);
  };
  try {
    const error = await rejection(session.fetch(`${API}/`));
    assert.equal(error.code, "token_response_invalid");
    assert.doesNotMatch(shown(error), /the-access-token/);
  } finally {
    Headers.prototype.set = set;
  }
});

for (const [name, any] of [
  ["", AbortSignal.any],
  [", also without AbortSignal.any", undefined],
]) {
  test(`EN7 no listener stays on a signal${name}`, async (context) => {
    const before = AbortSignal.any;
    AbortSignal.any = any;
    context.after(() => {
      AbortSignal.any = before;
    });
    const answers = {
      text: async () => new Response("ok"),
      "no body": async () => new Response(null, { status: 204 }),
      failure: async () => {
        throw new Error("offline");
      },
      redirect: async () => new Response(null, { status: 302, headers: { Location: "/" } }),
      refusal: async () =>
        new Response("", {
          status: 403,
          headers: { "WWW-Authenticate": 'Bearer error="insufficient_scope"' },
        }),
    };
    const { signal } = new AbortController();
    for (const [kind, answer] of Object.entries(answers)) {
      const { session } = await signIn(answer);
      for (let round = 0; round < 40; round++) {
        const response = await session.fetch(`${API}/`, { signal }).catch(() => {});
        if (round % 2) await response?.text();
      }
      await session.accessToken({ signal });
      assert.equal(getEventListeners(signal, "abort").length, 0, kind);
    }
  });

  test(`EN7 a signal counts also while the body is read${name}`, async (context) => {
    const before = AbortSignal.any;
    AbortSignal.any = any;
    let closed = 0;
    const server = createServer((_, response) => {
      response.on("close", () => {
        closed += 1;
      });
      response.writeHead(200).write("the beginning");
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    context.after(() => {
      AbortSignal.any = before;
      server.closeAllConnections();
      server.close();
    });
    const origin = `http://127.0.0.1:${server.address().port}`;
    const { session } = await signIn((url, init) => fetch(url, init), { resourceOrigins: [origin] });
    const controller = new AbortController();
    const response = await session.fetch(`${origin}/`, { signal: controller.signal });
    const reader = response.body.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "the beginning");
    controller.abort(new Error("enough"));
    await assert.rejects(reader.read());
    await until(() => closed === 1);
  });

  test(`EN7 what comes too late is given up${name}`, async (context) => {
    const before = AbortSignal.any;
    AbortSignal.any = any;
    context.after(() => {
      AbortSignal.any = before;
    });
    let answer;
    let cancelled = false;
    const { session } = await signIn(
      () =>
        new Promise((done) => {
          answer = done;
        }),
    );
    const { signal } = new AbortController();
    const error = await rejection(session.fetch(`${API}/`, { signal, timeout: 10 }));
    assert.equal(error.code, "timed_out");
    const body = new ReadableStream({
      cancel: () => {
        cancelled = true;
      },
    });
    answer(new Response(body));
    await until(() => cancelled);
    assert.equal(getEventListeners(signal, "abort").length, 0);
  });
}
