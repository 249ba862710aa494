// Servers that lie to an application which meets them for the first time: nothing of an honest server reaches an evil one, and nobody is signed in by a lie.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { load } from "./installed.js";
import { AS, createWorld, EVIL_AS, EVIL_MCP, MCP, REDIRECT_URI } from "./mcp_world.js";

const { isPkceError } = await load("pkce-wasm");
const mcp = await load("pkce-wasm/mcp");

let tried = 0;
let accepted = 0;
after(() => console.log(`bad inputs: ${tried} tried, ${accepted} accepted`));

/** Makes the request that leads to a login; what it came to. */
const ask = async (auth, url = MCP, init = { method: "POST" }) => {
  try {
    const answer = await auth.fetch(url, init);
    return { status: answer.status };
  } catch (error) {
    assert.ok(isPkceError(error), `${error.stack}`);
    return { code: error.code, error };
  }
};

/**
 * A lie. It is believed when somebody is signed in, or when a secret of the honest servers has reached an evil one. A login that never comes back is ended.
 */
const lie = (name, { codes, options, tell, act = (auth) => ask(auth), check, mayBeSignedIn = false }) =>
  test(name, async () => {
    const world = createWorld();
    const auth = world.start(mcp, { transactionMaxAge: 1, ...options?.(world) });
    tried += 1;
    accepted += 1;
    await tell?.(world);
    const came = await act(auth, world);
    await world.back;
    assert.deepEqual(world.stolen(), [], "a secret reached an evil server");
    if (!mayBeSignedIn) assert.equal(await auth.session(), null, "somebody is signed in");
    if (codes) assert.ok(codes.includes(came.code), `${came.code ?? came.status}: ${came.error?.stack}`);
    await check?.({ world, auth, came });
    auth.close();
    accepted -= 1;
  });

test("an honest server is met, and signs in", async () => {
  const world = createWorld();
  const auth = world.start(mcp);
  assert.deepEqual(await ask(auth), { status: 200 });
  assert.equal(world.opened.length, 1);
  const { resource } = world.as.tokens.get(await auth.token());
  assert.equal(resource, MCP);
  const again = world.start(mcp);
  assert.deepEqual(await ask(again), { status: 200 });
  assert.equal(world.opened.length, 1, "the session is kept");
  assert.equal(world.to(AS).filter(({ url }) => url.endsWith("/register")).length, 1, "and the registration");
  auth.close();
  again.close();
});

describe("a resource that names an attacker's server", () => {
  const names = (world) => {
    world.mcp.resource = () => ({ resource: MCP, authorization_servers: [EVIL_AS] });
  };
  const codes = ["authorization_server_not_found"];
  const check = ({ world }) => assert.deepEqual(world.to(EVIL_AS), [], "it is not even asked");

  lie("where the application names its own", { tell: names, options: () => ({ issuer: AS }), codes, check });
  lie("where the application has a secret for its own", {
    tell: names,
    options: (world) => {
      world.as.secret = "the-secret-of-the-application";
      return { issuer: AS, clientId: "app", clientSecret: world.as.secret };
    },
    codes,
    check,
  });
  lie("beside the honest one, which is not in the application's choice", {
    tell: (world) => {
      world.mcp.resource = () => ({ resource: MCP, authorization_servers: [AS] });
    },
    options: () => ({ chooseServer: () => EVIL_AS }),
    codes,
    check,
  });
  lie("that sends the user to the honest one, which says who it is", {
    tell: (world) => {
      names(world);
      const { evilAs, as } = world;
      const { metadata } = evilAs;
      evilAs.metadata = () => ({
        ...metadata.call(evilAs),
        authorization_endpoint: `${AS}/authorize`,
        authorization_response_iss_parameter_supported: false,
      });
      // The attacker has registered a client at the honest server.
      evilAs.registered = (asked) => {
        as.clients.set("attacker", asked.redirect_uris);
        return { ...asked, client_id: "attacker" };
      };
    },
    codes: ["issuer_mismatch", "response_issuer_mismatch"],
  });
  lie("that sends the user to the honest one as the client that this application is there", {
    tell: async (world) => {
      const before = world.start(mcp, { serverUrl: MCP });
      world.as.plain = world.as.metadata();
      world.as.metadata = () => ({
        ...world.as.plain,
        authorization_response_iss_parameter_supported: false,
      });
      assert.equal((await ask(before)).status, 200);
      before.close();
      const [clientId] = world.as.clients.keys();
      const { evilAs } = world;
      const { metadata } = evilAs;
      evilAs.metadata = () => ({
        ...metadata.call(evilAs),
        authorization_endpoint: `${AS}/authorize`,
        authorization_response_iss_parameter_supported: false,
      });
      evilAs.registered = (asked) => ({ ...asked, client_id: clientId });
    },
    act: (_, world) => {
      const auth = world.start(mcp, { serverUrl: EVIL_MCP, transactionMaxAge: 1 });
      return ask(auth, EVIL_MCP);
    },
    mayBeSignedIn: true,
    codes: ["transaction_expired"],
    check: ({ world }) => assert.equal(world.stuck.length, 1, "the honest server knows no such redirect URI"),
  });
  lie("that says that it is the honest one", {
    tell: (world) => {
      names(world);
      world.evilAs.metadata = () => world.as.metadata();
    },
    codes: ["issuer_mismatch", "authorization_server_not_found"],
  });
  for (const issuer of [
    "http://as.example",
    "javascript:alert(1)",
    `${AS}#x`,
    "as.example",
    `${AS}?x=1`,
    "",
  ]) {
    lie(`by ${JSON.stringify(issuer)}, which is no server`, {
      tell: (world) => {
        world.mcp.resource = () => ({ resource: MCP, authorization_servers: [issuer] });
      },
      codes: ["authorization_server_not_found", "resource_metadata_invalid"],
    });
  }
  lie("among ten thousand, to have this application ask them all", {
    tell: (world) => {
      const servers = Array.from({ length: 10_000 }, (_, at) => `https://victim-${at}.example`);
      world.mcp.resource = () => ({ resource: MCP, authorization_servers: servers });
    },
    codes: ["authorization_server_not_found", "response_too_large", "resource_metadata_invalid"],
    check: ({ world }) => assert.ok(world.asked.length < 50, `${world.asked.length} requests`),
  });
});

describe("metadata that change between two looks", () => {
  /** Signs in while all is honest; the next start of the application is told the lie. */
  const later = (name, { tell, ...rest }) =>
    lie(name, {
      ...rest,
      mayBeSignedIn: true,
      act: async (auth, world) => {
        assert.equal((await ask(auth)).status, 200);
        auth.close();
        world.asked.length = 0;
        await tell(world);
        const again = world.start(mcp, { transactionMaxAge: 1 });
        await (await again.session())?.refresh().catch(() => {});
        const came = await ask(again);
        world.again = again;
        return came;
      },
    });

  later("an authorization server that names another issuer", {
    tell: (world) => {
      const { metadata } = world.as;
      world.as.metadata = () => ({
        ...metadata.call(world.as),
        issuer: EVIL_AS,
        token_endpoint: `${EVIL_AS}/token`,
      });
      world.as.tokens.clear();
      world.as.refreshTokens.clear();
    },
    check: ({ world, came }) => {
      assert.notEqual(came.status, 200);
      assert.deepEqual(world.to(EVIL_AS), []);
    },
  });
  later("a resource that names another authorization server, while its session lives", {
    tell: (world) => {
      world.as.secret = undefined;
      world.mcp.resource = () => ({ resource: MCP, authorization_servers: [EVIL_AS] });
      world.mcp.servers = [world.evilAs];
    },
    check: ({ world }) => {
      const sent = world.to(EVIL_AS).filter(({ url }) => url.endsWith("/token"));
      assert.ok(sent.every(({ body }) => !body.includes("refresh_token=")));
    },
  });
  lie("a client secret stays with the server that issued it", {
    options: (world) => {
      world.as.secret = "issued-by-the-honest-server";
    },
    mayBeSignedIn: true,
    act: async (auth, world) => {
      assert.equal((await ask(auth)).status, 200);
      await auth.logout();
      world.mcp.resource = () => ({ resource: MCP, authorization_servers: [EVIL_AS] });
      world.mcp.servers = [world.evilAs];
      auth.close();
      const again = world.start(mcp, { transactionMaxAge: 1 });
      await again.forget();
      return ask(again);
    },
  });
});

describe("an answer to the registration", () => {
  const answers = (change) => (world) => {
    const { as } = world;
    const { registered } = as;
    as.registered = (asked) => change(registered.call(as, asked), asked);
  };
  const codes = [
    "registration_response_invalid",
    "registration_refused",
    "response_too_large",
    "redirect_not_followed",
    "server_error",
  ];
  const bad = (name, change, more) => lie(name, { tell: answers(change), codes, ...more });

  bad("with another redirect URI", (client) => ({
    ...client,
    redirect_uris: ["https://evil.example/callback"],
  }));
  bad("with a redirect URI that is almost the one", (client) => ({
    ...client,
    redirect_uris: [`${REDIRECT_URI}/`],
  }));
  bad("with no redirect URI", (client) => ({ ...client, redirect_uris: [] }));
  bad("with a redirect URI that is none", (client) => ({ ...client, redirect_uris: [null] }));
  bad("without a client id", ({ client_id: _, ...client }) => client);
  for (const clientId of ["", 7, null, ["a"], "a\nb", "ä"]) {
    bad(`with ${JSON.stringify(clientId)} as client id`, (client) => ({ ...client, client_id: clientId }));
  }
  bad("with a method that was not asked for and needs a key", (client) => ({
    ...client,
    token_endpoint_auth_method: "private_key_jwt",
  }));
  lie("with a secret that would be a header of its own", {
    tell: answers((client) => ({
      ...client,
      client_secret: "a\r\nX-Evil: 1",
      token_endpoint_auth_method: "client_secret_basic",
    })),
    mayBeSignedIn: true,
    check: ({ world }) => assert.ok(world.asked.every(({ headers }) => !headers.has("x-evil"))),
  });
  bad("of a megabyte", (client) => ({ ...client, client_name: "x".repeat(1 << 20) }), {
    check: ({ world }) => {
      const kept = [...world.items.values()].join("").length;
      assert.ok(kept < 20_000, `${kept} characters are kept`);
    },
  });
  bad(
    "that is no JSON",
    () => new Response("<html>", { status: 201, headers: { "content-type": "text/html" } }),
  );
  bad(
    "that is a redirect",
    () => new Response(null, { status: 307, headers: { location: `${EVIL_AS}/register` } }),
  );
  bad("that is an error beside a client", (client) =>
    Response.json({ error: "invalid_redirect_uri", ...client }),
  );
  lie("from an endpoint without TLS", {
    tell: ({ as }) => {
      const { metadata } = as;
      as.metadata = () => ({ ...metadata.call(as), registration_endpoint: "http://as.example/register" });
    },
    codes: ["endpoint_insecure", "metadata_invalid"],
    check: ({ world }) => assert.ok(world.asked.every(({ url }) => url.startsWith("https:"))),
  });
});

describe("tokens of one server", () => {
  const signedIn = (name, act, check) =>
    lie(name, {
      mayBeSignedIn: true,
      act: async (auth, world) => {
        assert.equal((await ask(auth)).status, 200);
        world.asked.length = 0;
        return act(auth, world);
      },
      check,
    });
  const unsigned = ({ world }) =>
    assert.ok(world.asked.every(({ headers }) => !headers.has("authorization")));

  signedIn("are not shown to another server", (auth) => ask(auth, EVIL_MCP), unsigned);
  for (const url of [
    "https://mcp.example.evil-mcp.example/mcp",
    "https://mcp.example@evil-mcp.example/mcp",
    "http://mcp.example/mcp",
    "https://mcp.example:8443/mcp",
    "https://mcp.example/mcp-of-somebody-else",
    "https://mcp.example/other",
    "https://mcp.example/mcp/%2e%2e/other",
    "https://mcp.example/mcp/..%2fother",
  ]) {
    signedIn(
      `are not shown at ${url}`,
      async (auth) =>
        auth.fetch(url).then(
          ({ status }) => ({ status }),
          (error) => ({ error }),
        ),
      unsigned,
    );
  }
  signedIn(
    "are not shown to another server by the application's own hand",
    async (auth) => {
      const token = await auth.token();
      return ask(auth, EVIL_MCP, { headers: { Authorization: `Bearer ${token}` } });
    },
    ({ world, came }) => {
      assert.equal(came.code, "origin_refused");
      unsigned({ world });
    },
  );
  signedIn(
    "do not follow a redirect to another server",
    async (auth, world) => {
      world.mcp.answer = () => new Response(null, { status: 307, headers: { location: EVIL_MCP } });
      return ask(auth);
    },
    ({ world }) => assert.ok(world.asked.every(({ redirect }) => redirect !== "follow")),
  );
  lie("are not another server's that is met with the same storage", {
    mayBeSignedIn: true,
    act: async (auth, world) => {
      assert.equal((await ask(auth)).status, 200);
      world.evilMcp.resource = () => ({ resource: EVIL_MCP, authorization_servers: [AS] });
      world.evilMcp.servers = [world.as];
      const other = world.start(mcp, { serverUrl: EVIL_MCP });
      assert.equal(await other.session(), null);
      assert.equal(await other.token(), undefined);
      // The user signs in there too: that server gets a token of its own.
      const first = await auth.token();
      world.asked.length = 0;
      await ask(other, EVIL_MCP);
      const shown = world.to(new URL(EVIL_MCP).origin).map(({ headers }) => headers.get("authorization"));
      assert.ok(!shown.includes(`Bearer ${first}`));
      assert.ok(
        shown.filter(Boolean).every((token) => world.as.tokens.get(token.slice(7)).resource === EVIL_MCP),
      );
      // What it was given for itself is no loot.
      for (const [token, { resource }] of world.as.tokens)
        if (resource === EVIL_MCP) world.as.tokens.delete(token);
      other.close();
      return {};
    },
  });
  lie("are not asked for in the name of another server", {
    tell: (world) => {
      world.evilMcp.resource = () => ({ resource: MCP, authorization_servers: [AS] });
      world.evilMcp.servers = [world.as];
    },
    options: () => ({ serverUrl: EVIL_MCP }),
    act: (auth) => ask(auth, EVIL_MCP),
    codes: ["resource_mismatch"],
    check: ({ world }) => assert.deepEqual([world.opened, world.to(AS)], [[], []]),
  });
});

describe("a challenge", () => {
  /** The server's challenge names that place for its metadata; other places have none. */
  const points = (place, document, options) => (world) => {
    const { mcp: server, evilMcp } = world;
    server.challenge = () => `Bearer resource_metadata="${place}"`;
    const answer = server.answer.bind(server);
    server.answer = (url, request) =>
      url === place
        ? Response.json(document)
        : options?.silent && url.includes("well-known")
          ? new Response("", { status: 404 })
          : answer(url, request);
    evilMcp.answer = () => Response.json(document);
  };

  lie("whose metadata are on another origin and name another resource", {
    tell: points("https://evil-mcp.example/metadata", {
      resource: "https://bank.example/mcp",
      authorization_servers: [EVIL_AS],
    }),
    codes: ["resource_mismatch"],
    check: ({ world }) => assert.deepEqual([world.opened, world.to(EVIL_AS)], [[], []]),
  });
  lie("whose metadata name the origin in the place of the server, at a path that others may have", {
    tell: points("https://mcp.example/files/metadata.json", {
      resource: "https://mcp.example",
      authorization_servers: [EVIL_AS],
    }),
    codes: ["resource_mismatch"],
    check: ({ world }) => assert.deepEqual([world.opened, world.to(EVIL_AS)], [[], []]),
  });
  lie("whose metadata name a part of the server", {
    tell: points("https://mcp.example/.well-known/oauth-protected-resource/mcp", {
      resource: "https://mcp.example/mcp/part",
      authorization_servers: [EVIL_AS],
    }),
    codes: ["resource_mismatch"],
  });
  for (const place of [
    "http://mcp.example/metadata",
    "http://127.0.0.1:8080/metadata",
    "https://localhost/metadata",
    "https://[::1]/metadata",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:application/json,{}",
    "//evil-mcp.example/metadata",
    "https://mcp.example/metadata#x",
  ]) {
    lie(`whose metadata are at ${place}, where nobody is to be asked`, {
      tell: points(place, { resource: MCP, authorization_servers: [EVIL_AS] }),
      mayBeSignedIn: true,
      check: ({ world }) => {
        const asked = world.asked.map(({ url }) => url);
        assert.ok(
          asked.every((url) => /^https:\/\/(?:mcp|as)\.example\//.test(url)),
          `${asked}`,
        );
      },
    });
  }
  lie("with a scope of 10,000 words", {
    tell: ({ mcp: server }) => {
      server.needs = Array.from({ length: 10_000 }, (_, at) => `scope-${at}`);
    },
    mayBeSignedIn: true,
    check: ({ world }) => {
      assert.ok(world.opened.length <= 3);
      for (const url of world.opened) assert.ok(url.length < 8000, `${url.length} characters`);
    },
  });
  for (const scope of [
    'read\\" &prompt=none',
    "read&resource=https://evil.example",
    "read\tadmin",
    "réad",
    "read\\\\x",
  ]) {
    lie(`with the scope ${JSON.stringify(scope)}, which is none`, {
      tell: ({ mcp: server }) => {
        server.challenge = () => `Bearer scope="${Buffer.from(scope).toString("latin1")}"`;
      },
      mayBeSignedIn: true,
      check: ({ world }) => {
        for (const url of world.opened) {
          const { searchParams } = new URL(url);
          assert.deepEqual(searchParams.getAll("resource"), [MCP]);
          assert.notEqual(searchParams.get("prompt"), "none");
          assert.match(searchParams.get("scope") ?? "", /^[\x21\x23-\x5b\x5d-\x7e ]*$/);
        }
      },
    });
  }
  lie("for one scope more after each login, without end", {
    tell: ({ mcp: server }) => {
      let number = 0;
      server.answer = ((answer) => (url, request) => {
        if (request.headers.has("authorization")) {
          number += 1;
          server.needs = ["read", `more-${number}`];
        }
        return answer(url, request);
      })(server.answer.bind(server));
    },
    mayBeSignedIn: true,
    codes: ["insufficient_scope"],
    check: ({ world }) => assert.ok(world.opened.length <= 4, `${world.opened.length} logins`),
  });
  lie("for a scope that the token has", {
    tell: ({ mcp: server }) => {
      server.answer = (
        (answer) => (url, request) =>
          request.headers.has("authorization")
            ? server.refuse(403, "insufficient_scope")
            : answer(url, request)
      )(server.answer.bind(server));
    },
    mayBeSignedIn: true,
    check: ({ world, came }) => {
      assert.notEqual(came.status, 200);
      assert.ok(world.opened.length <= 3, `${world.opened.length} logins`);
    },
  });
  lie("by 401 whatever token is shown", {
    tell: ({ mcp: server }) => {
      server.answer = (
        (answer) => (url, request) =>
          request.headers.has("authorization") ? server.refuse(401, "invalid_token") : answer(url, request)
      )(server.answer.bind(server));
    },
    mayBeSignedIn: true,
    check: ({ world, came }) => {
      assert.notEqual(came.status, 200);
      assert.ok(world.opened.length <= 4, `${world.opened.length} logins`);
    },
  });
});

describe("authorization servers that send no iss", () => {
  /** None of the servers sends `iss`. */
  const silent = (world) => {
    for (const server of [world.as, world.evilAs]) {
      const { metadata } = server;
      server.metadata = () => ({
        ...metadata.call(server),
        authorization_response_iss_parameter_supported: false,
      });
    }
  };

  lie("an answer at the redirect URI of another server is refused", {
    tell: silent,
    act: async (auth, world) => {
      const other = world.start(mcp, { serverUrl: EVIL_MCP });
      assert.equal((await ask(other, EVIL_MCP)).status, 200);
      other.close();
      const elsewhere = new URL(world.opened[0]).searchParams.get("redirect_uri");
      const { browse } = world;
      world.browse = (url) => {
        const back = browse(url);
        return back && `${elsewhere}${new URL(back).search}`;
      };
      return ask(auth);
    },
    codes: ["redirect_uri_mismatch", "transaction_expired"],
    check: ({ world }) => {
      const [own, others] = world.opened.map((url) => new URL(url).searchParams.get("redirect_uri"));
      assert.notEqual(own, others);
      assert.ok(own.startsWith(`${REDIRECT_URI}/`) && others.startsWith(`${REDIRECT_URI}/`));
    },
  });
  lie("two of them do not share a client id that was registered ahead", {
    tell: silent,
    options: (world) => {
      for (const server of [world.as, world.evilAs]) server.clients.set("app", [REDIRECT_URI]);
      return { clientId: "app" };
    },
    act: async (auth, world) => {
      const other = world.start(mcp, { serverUrl: EVIL_MCP, clientId: "app" });
      assert.equal((await ask(other, EVIL_MCP)).status, 200);
      other.close();
      return ask(auth);
    },
    codes: ["redirect_uri_shared"],
  });
  lie("no more of them are met than the metadata document has redirect URIs", {
    tell: (world) => {
      silent(world);
      for (const server of [world.as, world.evilAs]) {
        const { metadata } = server;
        server.metadata = () => ({ ...metadata.call(server), client_id_metadata_document_supported: true });
        server.clients.set("https://app.example/client.json", [`${REDIRECT_URI}/1`, `${REDIRECT_URI}/2`]);
      }
    },
    options: () => ({ clientMetadataUrl: "https://app.example/client.json", redirectUriPool: 1 }),
    act: async (auth, world) => {
      const more = { clientMetadataUrl: "https://app.example/client.json", redirectUriPool: 1 };
      const other = world.start(mcp, { serverUrl: EVIL_MCP, ...more });
      assert.equal((await ask(other, EVIL_MCP)).status, 200);
      other.close();
      return ask(auth);
    },
    codes: ["redirect_uri_shared", "authorization_server_not_found"],
  });
});
