// How an application meets an MCP server, becomes a client of its authorization server, and signs in; by the packed tarball in Node.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import { address, expectedEngine, installed, load, pageStorage, setClockRight, wait } from "./installed.js";
import { AS, createWorld, MCP, REDIRECT_URI } from "./mcp_world.js";

const { engine, isPkceError } = await load("pkce-wasm");
const mcp = await load("pkce-wasm/mcp");
const { main } = await import(new URL("mcp/client_metadata.js", address("pkce-wasm/mcp")).href);

const code = (expected, subject) => (error) =>
  isPkceError(error) && error.code === expected && (subject === undefined || error.subject === subject);

const post = (auth, url = MCP) => auth.fetch(url, { method: "POST", body: "{}" });

/** The registrations that the authorization server was asked for. */
const registrations = (world) =>
  world
    .to(AS)
    .filter(({ url }) => url.endsWith("/register"))
    .map(({ body }) => JSON.parse(body));
const tokenRequests = (world) => world.to(AS).filter(({ url }) => url.endsWith("/token"));
const says = (world, members) => {
  const { metadata } = world.as;
  world.as.metadata = () => ({ ...metadata.call(world.as), ...members });
};

const realFetch = globalThis.fetch;
afterEach(() => {
  setClockRight();
  globalThis.fetch = realFetch;
  for (const name of ["location", "localStorage", "sessionStorage", "window"]) delete globalThis[name];
});

/** A page of the application, which is left when the user is sent away. */
const playPage = (world, { isHidden = () => false } = {}) => {
  globalThis.location = Object.assign(new URL("https://app.example/"), {
    assign: (url) => world.opened.push(url),
  });
  globalThis.localStorage = pageStorage();
  globalThis.sessionStorage = pageStorage();
  globalThis.window = { localStorage: globalThis.localStorage };
  globalThis.fetch = async (url, init) => {
    const answer = await world.fetch(url, init);
    if (init?.mode !== "no-cors" && isHidden(`${url}`, init)) throw new TypeError("Failed to fetch");
    return answer;
  };
};
const openPage = (options) =>
  mcp.mcpAuth({ serverUrl: MCP, redirectUri: REDIRECT_URI, storage: "local", ...options });

test("mc10 a request leads to a login, and the next start goes on with the session and asks no metadata", async () => {
  const world = createWorld();
  const auth = world.start(mcp);
  assert.equal((await post(auth)).status, 200);
  assert.equal(engine(), expectedEngine);
  assert.equal((await auth.session()).scope, "read");
  assert.equal(await auth.token(), [...world.as.tokens.keys()][0]);
  const before = world.asked.length;
  const again = world.start(mcp);
  assert.equal((await post(again)).status, 200);
  assert.equal(world.asked.length, before + 1, "one request");
  assert.equal(world.opened.length, 1);
});

test("mc10 requests that are refused at once share one login", async () => {
  const world = createWorld();
  const auth = world.start(mcp);
  const answers = await Promise.all([post(auth), post(auth), post(auth)]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(world.opened.length, 1);
});

test("mc10 an access token that has expired is refreshed, and nobody is asked", async () => {
  const world = createWorld();
  const auth = world.start(mcp);
  await post(auth);
  wait(7200);
  assert.equal((await post(auth)).status, 200);
  assert.ok(tokenRequests(world).some(({ body }) => body.includes("grant_type=refresh_token")));
  for (const { body } of tokenRequests(world)) assert.equal(new URLSearchParams(body).get("resource"), MCP);
  assert.equal(world.opened.length, 1);
});

test("mc4 more scopes are asked for together with those that were granted, and a request is sent again", async () => {
  const world = createWorld();
  const auth = world.start(mcp);
  await post(auth);
  world.mcp.needs = ["write"];
  assert.equal((await post(auth)).status, 200);
  const scopes = world.opened.map((url) => new URL(url).searchParams.get("scope"));
  assert.deepEqual(scopes, ["read", "read write"]);
});

test("mc4 a server that is never content is left after three logins", async () => {
  const world = createWorld();
  const auth = world.start(mcp);
  let round = 0;
  world.mcp.answer = function (url) {
    if (!url.startsWith(MCP)) return Response.json({ resource: MCP, authorization_servers: [AS] });
    round++;
    this.needs = [`scope${round}`];
    return this.refuse(round === 1 ? 401 : 403, round > 1 && "insufficient_scope");
  };
  await assert.rejects(post(auth), code("insufficient_scope"));
  assert.equal(world.opened.length, 3);
});

test("mc4 offline_access is asked for where the server lists it, with consent", async () => {
  const world = createWorld();
  says(world, { scopes_supported: ["read", "offline_access"] });
  await post(world.start(mcp));
  const { searchParams } = new URL(world.opened[0]);
  assert.equal(searchParams.get("scope"), "read offline_access");
  assert.equal(searchParams.get("prompt"), "consent");
});

describe("who the application is", () => {
  test("mc6 a client id that was given is used as it is", async () => {
    const world = createWorld();
    world.as.clients.set("given", [REDIRECT_URI]);
    assert.equal((await post(world.start(mcp, { clientId: "given" }))).status, 200);
    assert.deepEqual(registrations(world), []);
  });

  test("mc9 its secret goes to the server that issued it alone, and needs its issuer", async () => {
    const world = createWorld();
    world.as.clients.set("given", [REDIRECT_URI]);
    assert.throws(
      () => world.start(mcp, { clientId: "given", clientSecret: "s" }),
      code("config_invalid", "issuer"),
    );
    const auth = world.start(mcp, { clientId: "given", clientSecret: "the-secret", issuer: AS });
    assert.equal((await post(auth)).status, 200);
    const [request] = tokenRequests(world);
    assert.equal(request.headers.get("authorization"), `Basic ${btoa("given:the-secret")}`);
    assert.ok(!request.body.includes("client_id="), "one way to show who it is");
    const others = world.asked.filter((one) => one !== request);
    assert.ok(
      others.every(({ body, headers }) => !`${body}${[...headers]}`.includes(btoa("given:the-secret"))),
    );
  });

  test("mc6 a metadata document is the client where the server takes one, and nothing is registered", async () => {
    const world = createWorld();
    const clientMetadataUrl = "https://app.example/client.json";
    says(world, { client_id_metadata_document_supported: true });
    world.as.clients.set(clientMetadataUrl, [REDIRECT_URI]);
    assert.equal((await post(world.start(mcp, { clientMetadataUrl }))).status, 200);
    assert.deepEqual(registrations(world), []);
    const other = createWorld();
    await post(other.start(mcp, { clientMetadataUrl }));
    assert.equal(registrations(other).length, 1, "a server that takes none");
  });

  test("mc6 a registration asks for no secret, says of which type the application is, and is kept", async () => {
    const world = createWorld();
    const auth = world.start(mcp, { clientMetadata: { client_name: "App", software_id: "1", scope: "no" } });
    await post(auth);
    assert.deepEqual(registrations(world), [
      {
        application_type: "web",
        client_name: "App",
        software_id: "1",
        scope: "read write",
        redirect_uris: [REDIRECT_URI],
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: "none",
      },
    ]);
    const [request] = world.to(AS).filter(({ url }) => url.endsWith("/register"));
    assert.equal(request.headers.get("content-type"), "application/json");
    await auth.logout();
    assert.equal((await post(world.start(mcp))).status, 200);
    assert.equal(registrations(world).length, 1);
    await auth.forget();
    await post(world.start(mcp));
    assert.equal(registrations(world).length, 2, "it was forgotten");
  });

  test("mc9 a secret that was issued all the same is used, and one that ends is not kept beyond its end", async () => {
    const world = createWorld();
    const { registered } = world.as;
    world.as.registered = (asked) => ({
      ...registered.call(world.as, asked),
      client_secret: "issued-secret",
      token_endpoint_auth_method: "client_secret_post",
      client_secret_expires_at: 1,
    });
    await post(world.start(mcp));
    assert.equal(new URLSearchParams(tokenRequests(world)[0].body).get("client_secret"), "issued-secret");
    const again = world.start(mcp);
    await again.logout();
    const fresh = world.start(mcp);
    await post(fresh);
    assert.equal(registrations(world).length, 2);
  });

  test("mc6 where nobody registers the application is asked, and its answer is kept", async () => {
    const world = createWorld();
    says(world, { registration_endpoint: undefined });
    const asked = [];
    const askForClient = (question) => {
      asked.push(question);
      world.as.clients.set("answered", [question.redirectUri]);
      return { clientId: "answered" };
    };
    await assert.rejects(post(world.start(mcp)), code("registration_required"));
    assert.equal((await post(world.start(mcp, { askForClient }))).status, 200);
    assert.deepEqual(asked, [{ issuer: AS, resource: MCP, redirectUri: REDIRECT_URI }]);
    const again = world.start(mcp, { askForClient });
    await again.logout();
    await post(again);
    assert.equal(asked.length, 1);
  });

  test("mc8 a refusal is told in the server's words", async () => {
    const world = createWorld();
    world.as.registered = () =>
      Response.json({ error: "invalid_client_metadata", error_description: "no" }, { status: 400 });
    await assert.rejects(post(world.start(mcp)), (error) => {
      assert.ok(code("registration_refused")(error), error.stack);
      assert.deepEqual(
        [error.oauthError, error.oauthErrorDescription, error.status],
        ["invalid_client_metadata", "no", 400],
      );
      return /refused to register/.test(error.message);
    });
  });
});

describe("servers that do not promise iss", () => {
  test("mc7 each has a redirect URI of its own, at registration and at login", async () => {
    const world = createWorld();
    says(world, { authorization_response_iss_parameter_supported: undefined });
    assert.equal((await post(world.start(mcp))).status, 200);
    const [{ redirect_uris }] = registrations(world);
    assert.match(redirect_uris[0], /^https:\/\/app\.example\/callback\/[\w-]{16}$/);
    assert.equal(new URL(world.opened[0]).searchParams.get("redirect_uri"), redirect_uris[0]);
  });

  test("mc7 with a metadata document each is bound to one of those that it lists ahead", async () => {
    const clientMetadataUrl = "https://app.example/client.json";
    const world = createWorld();
    says(world, {
      authorization_response_iss_parameter_supported: undefined,
      client_id_metadata_document_supported: true,
    });
    world.as.clients.set(clientMetadataUrl, [`${REDIRECT_URI}/1`]);
    const auth = world.start(mcp, { clientMetadataUrl, redirectUriPool: 1 });
    assert.equal((await post(auth)).status, 200);
    assert.equal(auth.redirectUrl, `${REDIRECT_URI}/1`);
    // The same one again, and none for another issuer.
    await auth.forget();
    assert.equal((await post(world.start(mcp, { clientMetadataUrl, redirectUriPool: 1 }))).status, 200);
    world.evilMcp.resource = () => ({ resource: world.evilMcp.url });
    world.evilAs.issuer = new URL(world.evilMcp.url).origin;
    world.evilMcp.answer = (url, request) =>
      url.includes("oauth-authorization-server")
        ? Response.json({
            ...world.as.metadata(),
            issuer: world.evilAs.issuer,
            authorization_endpoint: `${world.evilAs.issuer}/a`,
            token_endpoint: `${world.evilAs.issuer}/t`,
          })
        : url.includes("well-known")
          ? Response.json({ resource: world.evilMcp.url })
          : world.evilMcp.refuse(401, request && "invalid_token");
    const other = world.start(mcp, { serverUrl: world.evilMcp.url, clientMetadataUrl, redirectUriPool: 1 });
    await assert.rejects(post(other, world.evilMcp.url), code("redirect_uri_shared", "redirectUriPool"));
  });
});

describe("where the servers are", () => {
  test("mc1 without a header the well-known places are asked, and a server that says nothing is its own", async () => {
    const world = createWorld();
    const places = [];
    world.mcp.answer = (url, { headers }) => {
      if (url.includes("well-known")) {
        places.push(url);
        return new Response("", { status: 404 });
      }
      return headers.get("authorization") ? Response.json({}) : new Response("", { status: 401 });
    };
    await assert.rejects(post(world.start(mcp)), code("metadata_not_found"));
    assert.deepEqual(places.slice(0, 2), [
      "https://mcp.example/.well-known/oauth-protected-resource/mcp",
      "https://mcp.example/.well-known/oauth-protected-resource",
    ]);
    assert.deepEqual(places.slice(2), [
      "https://mcp.example/.well-known/oauth-authorization-server",
      "https://mcp.example/.well-known/openid-configuration",
    ]);
  });

  test("mc3 an issuer that the resource spells with a slash is used as it spells itself", async () => {
    const world = createWorld();
    world.mcp.resource = () => ({ resource: MCP, authorization_servers: [`${AS}/`] });
    assert.equal((await post(world.start(mcp))).status, 200);
    assert.equal((await world.start(mcp).client()).metadata.issuer, AS);
  });

  test("mc3 the first server that can be used is, or the one that the application chooses", async () => {
    const world = createWorld();
    world.mcp.resource = () => ({ resource: MCP, authorization_servers: ["https://gone.example", AS] });
    assert.equal((await post(world.start(mcp))).status, 200);
    const asked = [];
    const chooseServer = (question) => {
      asked.push(question);
      return "https://else.example";
    };
    const auth = createWorld().start(mcp, { chooseServer });
    await assert.rejects(post(auth), code("authorization_server_not_found"));
    assert.deepEqual(asked, [{ authorizationServers: [AS], resource: MCP }]);
  });
});

describe("in a page", () => {
  const signIn = async (world, auth) => {
    await assert.rejects(post(auth), code("sign_in_required"));
    return openPage().handleRedirect(world.browse(world.opened.at(-1)));
  };

  test("mc10 it is left for the login, and signed in when it is back", async () => {
    const world = createWorld();
    playPage(world);
    assert.equal((await signIn(world, openPage())).status, "signed-in");
    assert.equal((await post(openPage())).status, 200);
    assert.deepEqual(await openPage().handleRedirect("https://app.example/"), { status: "none" });
  });

  test("mc9 a secret goes into the body where the server offers that", async () => {
    const world = createWorld();
    playPage(world);
    says(world, { token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"] });
    const { registered } = world.as;
    world.as.registered = (asked) => {
      const { token_endpoint_auth_method: _, ...client } = registered.call(world.as, asked);
      return { ...client, client_secret: "issued-secret" };
    };
    assert.equal((await signIn(world, openPage())).status, "signed-in");
    const [{ body, headers }] = tokenRequests(world);
    assert.equal(new URLSearchParams(body).get("client_secret"), "issued-secret");
    assert.equal(headers.get("authorization"), null);
  });

  test("mc10 nothing is opened where the application opens it itself, and login() leaves in the tick of the click", async () => {
    const world = createWorld();
    playPage(world);
    const auth = openPage({ interaction: "none" });
    await assert.rejects(post(auth), code("sign_in_required"));
    assert.deepEqual(world.opened, []);
    await auth.prepare();
    auth.login();
    assert.equal(world.opened.length, 1);
  });

  test("mc11 a header that the page cannot see stops nothing", async () => {
    const world = createWorld();
    playPage(world);
    const { fetch } = globalThis;
    globalThis.fetch = async (url, init) => {
      const answer = await fetch(url, init);
      answer.headers.delete("www-authenticate");
      return answer;
    };
    assert.equal((await signIn(world, openPage())).status, "signed-in");
    assert.equal(new URL(world.opened[0]).searchParams.get("scope"), "read write");
  });

  test("mc11 an answer that CORS hides is told as that, with its address", async () => {
    const world = createWorld();
    playPage(world, { isHidden: (url) => url === `${AS}/token` });
    const outcome = await signIn(world, openPage());
    assert.equal(outcome.status, "refused");
    assert.deepEqual([outcome.error.code, outcome.error.url], ["cors_refused", `${AS}/token`]);
    assert.match(outcome.error.message, /CORS policy/);
    const hidden = createWorld();
    playPage(hidden, { isHidden: (url) => url.startsWith(AS) });
    await assert.rejects(
      post(openPage()),
      (error) => error.code === "cors_refused" && error.url.startsWith(AS),
    );
  });

  test("mc11 a server that cannot be reached is no matter of CORS", async () => {
    const world = createWorld();
    playPage(world);
    const { fetch } = globalThis;
    globalThis.fetch = async (url, init) => {
      if (`${url}`.startsWith(AS)) throw new TypeError("Failed to fetch");
      return fetch(url, init);
    };
    await assert.rejects(post(openPage()), code("network_failed"));
  });

  test("mc11 before a login the server's own failures are told as those of a session are", async () => {
    const world = createWorld();
    playPage(world, { isHidden: (url) => url === MCP });
    const isHidden = (error) => code("cors_refused")(error) && error.url === MCP;
    await assert.rejects(post(openPage()), isHidden);
    await assert.rejects(openPage().fetch(new Request(MCP, { method: "POST", body: "{}" })), isHidden);
    globalThis.fetch = async () => {
      throw new TypeError("Failed to fetch");
    };
    const isAway = (error) => code("network_failed")(error) && error.retryable && error.url === MCP;
    await assert.rejects(post(openPage()), isAway);
    await assert.rejects(openPage().fetch("https://elsewhere.example/x"), code("network_failed"));
    for (const given of [
      (signal) => [MCP, { signal }],
      (signal) => [new Request(MCP, { signal })],
      (signal) => ["https://elsewhere.example/", { signal }],
    ]) {
      const controller = new AbortController();
      globalThis.fetch = (input, init) =>
        new Promise((_, failed) => {
          const { signal } = init ?? input;
          signal.addEventListener("abort", () => failed(signal.reason));
          controller.abort();
        });
      await assert.rejects(openPage().fetch(...given(controller.signal)), code("aborted"));
    }
  });
});

describe("what the SDKs take", () => {
  test("mc12 neither a verifier nor a refresh token leaves this package", async () => {
    const world = createWorld();
    const auth = world.start(mcp);
    await post(auth);
    assert.deepEqual(Object.keys(await auth.tokens()).sort(), [
      "access_token",
      "issuer",
      "scope",
      "token_type",
    ]);
    assert.equal(await auth.tokens({ issuer: "https://else.example" }), undefined);
    assert.throws(() => auth.codeVerifier(), code("config_invalid", "finishAuth"));
    assert.deepEqual(Object.keys(await auth.clientInformation()).sort(), ["client_id", "issuer"]);
    const { authorizationServerUrl, resourceMetadata } = await auth.discoveryState();
    assert.equal(authorizationServerUrl, AS);
    assert.equal(resourceMetadata.resource, MCP);
    assert.deepEqual(auth.clientMetadata.redirect_uris, [REDIRECT_URI]);
  });

  test("mc12 credentials that are invalid are dropped", async () => {
    const world = createWorld();
    const auth = world.start(mcp);
    await post(auth);
    await auth.invalidateCredentials("verifier");
    assert.ok(await auth.session());
    await auth.invalidateCredentials("tokens");
    assert.equal(await auth.tokens(), undefined);
    await auth.invalidateCredentials("all");
    await post(auth);
    assert.equal(registrations(world).length, 2);
  });

  test("mc12 a login of the SDK is one of this package", async () => {
    const world = createWorld();
    const auth = world.start(mcp);
    await auth.clientInformation();
    await auth.redirectToAuthorization(new URL(`${AS}/authorize?scope=write&state=x`));
    await world.back;
    assert.equal((await auth.session()).scope, "write");
    assert.notEqual(new URL(world.opened[0]).searchParams.get("state"), "x");
  });

  test("mc12 a 401 is answered by a refresh, else by a login", async () => {
    const world = createWorld();
    const auth = world.start(mcp);
    const response = () => world.mcp.refuse(401, "invalid_token");
    await auth.onUnauthorized({ response: response() });
    const first = await auth.token();
    await auth.onUnauthorized({ response: response() });
    assert.notEqual(await auth.token(), first);
    assert.equal(world.opened.length, 1);
  });
});

test("mc5 a request elsewhere is made without the token", async () => {
  const world = createWorld();
  const auth = world.start(mcp);
  await post(auth);
  await auth.fetch(`${AS}/.well-known/oauth-authorization-server`);
  assert.equal(world.asked.at(-1).headers.get("authorization"), null);
  assert.equal((await auth.fetch(new Request(MCP, { method: "POST", body: "{}" }))).status, 200);
});

test("what the application says has to be possible", () => {
  for (const [options, subject] of [
    [{ serverUrl: "mcp" }, "serverUrl"],
    [{ interaction: "always" }, "interaction"],
    [{ redirectUri: undefined }, "redirectUri"],
    [{ redirectUri: "/callback" }, "redirectUri"],
    [{ storage: "lokal" }, "storage"],
    [{ transactionStorage: "cookie" }, "transactionStorage"],
  ])
    assert.throws(() => createWorld().start(mcp, options), code("config_invalid", subject));
});

describe("the metadata document", () => {
  const url = "https://app.example/client.json";
  const levels = async (document, at = url) =>
    (await mcp.lintClientMetadataDocument(document, at)).map(({ level, member }) => `${level} ${member}`);

  test("mc13 what is made is right, and lists redirect URIs ahead", async () => {
    const document = await mcp.clientMetadataDocument({
      url,
      redirectUri: REDIRECT_URI,
      redirectUriPool: 2,
      clientMetadata: { client_name: "App" },
      scope: "read",
    });
    assert.deepEqual(document, {
      client_id: url,
      application_type: "web",
      client_name: "App",
      redirect_uris: [REDIRECT_URI, `${REDIRECT_URI}/1`, `${REDIRECT_URI}/2`],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      scope: "read",
    });
    assert.deepEqual(await levels(document), []);
    assert.deepEqual(await levels(JSON.stringify(document)), []);
    for (const [options, subject] of [
      [{ url: "http://app.example/c" }, "url"],
      [{ url: "https://app.example/" }, "url"],
      [{ url: "https://app.example/a/../c" }, "url"],
      [{ redirectUri: "http://app.example/cb" }, "redirectUri"],
    ])
      await assert.rejects(
        mcp.clientMetadataDocument({ url, redirectUri: REDIRECT_URI, ...options }),
        code("config_invalid", subject),
      );
  });

  test("mc13 what is wrong is found", async () => {
    const good = await mcp.clientMetadataDocument({
      url,
      redirectUri: REDIRECT_URI,
      clientMetadata: { client_name: "App" },
    });
    for (const [change, finding, at] of [
      [{ client_id: "https://app.example/other.json" }, "error client_id"],
      [{}, "error client_id", "https://app.example/else.json"],
      [{ client_name: undefined }, "error client_name"],
      [{ client_secret: "s" }, "error client_secret"],
      [{ token_endpoint_auth_method: "client_secret_post" }, "error token_endpoint_auth_method"],
      [{ token_endpoint_auth_method: "private_key_jwt" }, "error jwks_uri"],
      [{ token_endpoint_auth_method: undefined }, "warning token_endpoint_auth_method"],
      [{ redirect_uris: [] }, "error redirect_uris"],
      [{ redirect_uris: "x" }, "error redirect_uris"],
      [{ redirect_uris: [REDIRECT_URI] }, "warning redirect_uris"],
      [{ redirect_uris: [REDIRECT_URI, "http://app.example/cb"] }, "error redirect_uris"],
      [{ redirect_uris: [REDIRECT_URI, "http://127.0.0.1:8/cb"] }, "warning application_type"],
      [{ grant_types: ["authorization_code"] }, "warning grant_types"],
      [{ grant_types: ["implicit"] }, "error grant_types"],
      [{ response_types: ["token"] }, "error response_types"],
      [{ logo_uri: "https://cdn.example/logo.png" }, "warning logo_uri"],
      [{ logo_uri: "http://app.example/logo.png" }, "error logo_uri"],
      [{ filler: "x".repeat(6000) }, "warning "],
    ])
      assert.ok((await levels({ ...good, ...change }, at)).includes(finding), finding);
    assert.deepEqual(await levels("[]"), ["error "]);
    assert.deepEqual(await levels("{"), ["error "]);
  });

  test("mc13 the command makes one and looks at one", async () => {
    const lines = [];
    const print = (line) => lines.push(line);
    assert.equal(await main(["new", url, REDIRECT_URI, "App"], mcp, { print }), 0);
    const text = lines.pop();
    assert.equal(await main(["lint", url, "client.json"], mcp, { print, readFile: async () => text }), 0);
    assert.equal(lines.pop(), "nothing is wrong");
    const fetch = async () => new Response(text, { headers: { "content-type": "text/plain" } });
    assert.equal(await main(["lint", url], mcp, { print, fetch }), 1);
    assert.match(lines.pop(), /content type/);
    assert.equal(await main([], mcp, { print }), 2);
    assert.equal(await main(["new", "http://x", REDIRECT_URI], mcp, { print }), 1);
    const program = join(installed, "node_modules/pkce-wasm/bin/pkce-wasm.js");
    const words = ["client-metadata", "new", url, REDIRECT_URI, "App"];
    assert.equal(`${execFileSync(process.execPath, [program, ...words])}`, `${text}\n`);
  });
});
