// The official SDKs, of both generations, with this package behind them, at a real MCP server.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { installed, load } from "../package/installed.js";
import { Browser } from "../world/browser.js";
import { start } from "../world/start.js";
import { place } from "./place.js";

const { isPkceError } = await load("pkce-wasm");
const { mcpAuth } = await load("pkce-wasm/mcp");

const REDIRECT_URI = "http://127.0.0.1:8000/callback";
const allow = ({ fields }) => (fields.includes("login") ? { login: "ada" } : {});
const GENERATIONS = [
  ["1.x", Client1, Transport1],
  ["2.x", Client2, Transport2],
];

const startServer = (options = {}) =>
  start(process.execPath, [`${import.meta.dirname}/server.js`, JSON.stringify(options)]);
const countersOf = async ({ resource }) => (await fetch(new URL("/test/counters", resource))).json();

/** An application whose user signs in as soon as a URL is opened; nothing is when `opens` is false. */
const application = (server, options) => {
  const app = { opened: [], asked: [], browser: new Browser() };
  app.auth = mcpAuth({
    serverUrl: server.resource,
    redirectUri: REDIRECT_URI,
    clientMetadata: { client_name: "An application" },
    host: {
      open: (url) => {
        app.opened.push(url);
        const { searchParams } = new URL(url);
        const back = searchParams.get("redirect_uri");
        app.back = app.browser.visit(url, back, allow).then((callback) => app.auth.handleRedirect(callback));
      },
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        app.asked.push({ url: `${url}`, init, status: response.status });
        return response;
      },
    },
    ...options,
  });
  return app;
};

const textOf = ({ content }) => content.map(({ text }) => text).join("\n");

for (const [generation, Client, Transport] of GENERATIONS) {
  describe(`the SDK ${generation}`, () => {
    let server;
    before(async () => {
      server = await startServer();
    });
    after(() => server?.stop());

    const connect = async (options) => {
      const client = new Client({ name: "test", version: "1" });
      await client.connect(new Transport(new URL(server.resource), options));
      return client;
    };

    test("auth.fetch signs in, lists tools, and asks for more where a tool needs it", async () => {
      const { auth, opened } = application(server);
      const client = await connect({ fetch: auth.fetch });
      assert.equal(opened.length, 1);
      const { searchParams } = new URL(opened[0]);
      assert.equal(searchParams.get("resource"), server.resource);
      assert.equal(searchParams.get("scope").split(" ")[0], "notes:read");
      assert.equal(searchParams.get("code_challenge_method"), "S256");
      const { tools } = await client.listTools();
      assert.deepEqual(
        tools.map(({ name }) => name),
        ["list_notes", "add_note"],
      );
      assert.match(textOf(await client.callTool({ name: "list_notes" })), /Water the plants/);
      const note = `by ${generation}`;
      assert.equal(
        textOf(await client.callTool({ name: "add_note", arguments: { text: note } })),
        `Added: ${note}`,
      );
      assert.equal(opened.length, 2, "a step up");
      const wanted = new URL(opened[1]).searchParams.get("scope").split(" ");
      assert.ok(["notes:read", "notes:write"].every((scope) => wanted.includes(scope)));
      await client.callTool({ name: "add_note", arguments: { text: "again" } });
      assert.equal(opened.length, 2, "the permission stays");
      await client.close();
      auth.close();
    });

    test("authProvider gives its token, and asks for a login", async () => {
      const { auth, opened, ...app } = application(server);
      await auth.login();
      assert.equal(opened.length, 1);
      const client = await connect({ authProvider: auth });
      assert.equal((await client.listTools()).tools.length, 2);
      assert.equal(opened.length, 1);
      await client.close();
      auth.close();
      assert.ok(app.asked.every(({ init }) => !`${init?.body}`.includes("client_secret")));
    });

    test("authProvider without a session: the login is this package's, and the SDK redeems no code", async () => {
      const app = application(server);
      await connect({ authProvider: app.auth }).then(
        (client) => client.close(),
        (error) => assert.match(`${error.name} ${error.message}`, /Unauthorized|sign_in_required/i),
      );
      await app.back;
      assert.equal(app.opened.length, 1);
      assert.ok(await app.auth.session());
      const client = await connect({ authProvider: app.auth });
      assert.equal((await client.listTools()).tools.length, 2);
      assert.equal(app.opened.length, 1);
      const exchanges = app.asked.filter(({ url }) => new URL(url).pathname === "/token");
      assert.equal(exchanges.length, 1);
      await client.close();
      app.auth.close();
    });

    test("a session lives on after a refresh, and ends with a sign-out", async () => {
      const { auth, opened } = application(server);
      const client = await connect({ fetch: auth.fetch });
      const before = await auth.token();
      await (await auth.session()).refresh();
      assert.notEqual(await auth.token(), before);
      assert.equal((await client.listTools()).tools.length, 2);
      assert.equal(opened.length, 1);
      await auth.logout({ revoke: true });
      assert.equal(await auth.session(), null);
      assert.equal(await auth.token(), undefined);
      await client.close();
      auth.close();
    });
  });
}

describe("a page that is asked to sign in by a click", () => {
  test("with interaction none a login asks for what the challenge said, and for more after a 403", async () => {
    const server = await startServer();
    const { auth, opened } = application(server, { interaction: "none" });
    const transport = () => new Transport1(new URL(server.resource), { fetch: auth.fetch });
    const asksToSignIn = (error) => isPkceError(error, "sign_in_required");
    await assert.rejects(new Client1({ name: "test", version: "1" }).connect(transport()), asksToSignIn);
    assert.equal(opened.length, 0);
    await auth.prepare();
    await auth.login();
    const scopeOf = (url) => new URL(url).searchParams.get("scope").split(" ");
    assert.deepEqual(scopeOf(opened[0]), ["notes:read", "offline_access"]);
    const client = new Client1({ name: "test", version: "1" });
    await client.connect(transport());
    const wanted = { name: "add_note", arguments: { text: "by a click" } };
    await assert.rejects(
      client.callTool(wanted),
      (error) => asksToSignIn(error) || isPkceError(error, "insufficient_scope"),
    );
    assert.equal(opened.length, 1);
    await auth.login();
    assert.deepEqual(scopeOf(opened[1]), ["notes:read", "notes:write", "offline_access"]);
    assert.equal(textOf(await client.callTool(wanted)), "Added: by a click");
    await client.close();
    auth.close();
    server.stop();
  });
});

describe("registration at a real server", () => {
  test("a server that sends no iss has a redirect URI of its own, registered and sent", async () => {
    const server = await startServer({ issParameter: false });
    const { auth, opened } = application(server);
    await auth.login();
    const { registered } = await countersOf(server);
    const sent = new URL(opened[0]).searchParams.get("redirect_uri");
    assert.match(sent, /^http:\/\/127\.0\.0\.1:8000\/callback\/[\w-]+$/);
    assert.deepEqual(
      registered.map(({ redirectUris }) => redirectUris),
      [[sent]],
    );
    assert.ok(await auth.session());
    auth.close();
    server.stop();
  });

  test("a server that promises iss is registered at with the redirect URI as it is, once", async () => {
    const server = await startServer();
    const { auth } = application(server);
    await auth.login();
    await auth.logout();
    await auth.login();
    const { registered } = await countersOf(server);
    assert.equal(registered.length, 1);
    assert.deepEqual(registered[0].redirectUris, [REDIRECT_URI]);
    assert.equal(registered[0].applicationType, "native");
    auth.close();
    server.stop();
  });

  test("a server that registers nobody asks the application for a client", async () => {
    const server = await startServer({ registration: false });
    const asked = [];
    const { auth } = application(server, { askForClient: (question) => void asked.push(question) });
    await assert.rejects(auth.login(), (error) => isPkceError(error, "registration_required"));
    assert.deepEqual(asked, [
      { issuer: server.issuer, resource: server.resource, redirectUri: REDIRECT_URI },
    ]);
    auth.close();
    server.stop();
  });
});

describe("the example in a terminal", () => {
  let server;
  const { folder, remove } = place(installed);
  before(async () => {
    server = await startServer();
  });
  after(() => {
    server?.stop();
    remove();
  });

  /** Runs it to its end. The user does what it asks for; `meet` may do more with the redirect URI. */
  const run = async (words, meet) => {
    const [browser, printed] = [new Browser(), []];
    const program = spawn(process.execPath, [`${folder}/command.js`, server.resource, ...words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const end = new Promise((done) => program.once("close", done));
    for await (const line of createInterface(program.stdout)) {
      const [, url] = /^Open (.*)/.exec(line) ?? [];
      if (!url) {
        printed.push(line);
        continue;
      }
      const back = new URL(url).searchParams.get("redirect_uri");
      await meet?.(back);
      const page = await fetch(await browser.visit(url, back, allow));
      assert.equal(page.status, 200);
      assert.match(await page.text(), /close this page/);
    }
    assert.equal(await end, 0);
    return printed;
  };

  test("prints the tools after the sign-in, and answers nobody else at its port", async () => {
    const printed = await run([], async (back) => {
      for (const query of ["code=stolen&state=guessed", "error=access_denied", ""]) {
        assert.equal((await fetch(`${back}?${query}`)).status, 404, query);
      }
    });
    assert.match(printed.join("\n"), /^list_notes: .*\nadd_note: /);
  });

  test("calls a tool that needs another scope", async () => {
    assert.deepEqual(await run(["add_note", '{ "text": "by hand" }']), ["Added: by hand"]);
  });
});
