/**
 * A server of the Model Context Protocol, by its SDK, that is protected by tokens; and oidc-provider as its authorization server, at which
 * any client may register. One line of JSON says where they are.
 *
 *     node server.js [OPTIONS]
 *
 * OPTIONS is JSON: `issParameter: false` for an authorization server that sends no `iss`; `registration: false` for one at which no client
 * can register; `exposed: false` for a server whose challenges pages cannot read; `cors: false` for one that lets no page see anything, and
 * an authorization server that refuses requests from pages; `page` is a folder to serve beside it.
 *
 * - `/mcp` asks for the scope `notes:read`, and for `notes:write` where a note is added.
 * - `/test/counters` says what the authorization server answered, and which clients registered.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InvalidTokenError } from "@modelcontextprotocol/sdk/server/auth/errors.js";
import { requireBearerAuth } from "@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js";
import { mcpAuthMetadataRouter } from "@modelcontextprotocol/sdk/server/auth/router.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import express from "express";
import { z } from "zod/v4";
import { makeAuthorizationServer } from "../../www/server/authorization-server.js";
import { listenOnLocalhost, listenOnLoopback } from "../../www/server/loopback.js";

const {
  issParameter = true,
  registration = true,
  exposed = true,
  cors = true,
  page,
} = JSON.parse(process.argv[2] ?? "{}");

const SCOPES = ["notes:read", "notes:write"];

// The library speaks of its own defaults through the console: that belongs to standard error.
console.log = console.error;
console.info = console.error;

const issuerSocket = await listenOnLoopback();
const resourceSocket = await listenOnLoopback();
const issuer = `http://127.0.0.1:${issuerSocket.port}`;
const resource = `http://127.0.0.1:${resourceSocket.port}/mcp`;

const registered = [];
let tokens;

/** Answers without the headers by which pages of other origins may see the answer. */
const closed = (handler) => (request, response) => {
  const { writeHead } = response;
  response.writeHead = (...head) => {
    const names = response.getHeaderNames().filter((name) => name.startsWith("access-control-"));
    for (const name of names) response.removeHeader(name);
    return writeHead.apply(response, head);
  };
  return handler(request, response);
};
const served = cors ? (handler) => handler : closed;

/** The clients register themselves; tokens are for one resource; a page of any origin may ask. */
const shape = {
  configure: (plain) => ({
    ...plain,
    clients: [],
    clientBasedCORS: () => cors,
    scopes: [...SCOPES, "offline_access"],
    features: {
      ...plain.features,
      dPoP: { enabled: true, nonceSecret: randomBytes(32) },
      registration: { enabled: registration },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, indicator) => ({
          scope: SCOPES.join(" "),
          audience: indicator,
          accessTokenFormat: "opaque",
        }),
      },
    },
  }),
  dress: (provider) => {
    tokens = provider.AccessToken;
    provider.on("registration_create.success", (_context, { clientId, redirectUris, applicationType }) => {
      registered.push({ clientId, redirectUris, applicationType });
    });
    provider.use(async (context, next) => {
      // Pages register too: the library lets them do all else.
      if (context.path === "/reg") {
        context.set("Access-Control-Allow-Origin", "*");
        context.set("Access-Control-Allow-Headers", "content-type");
        if (context.method === "OPTIONS") {
          context.status = 204;
          return;
        }
      }
      await next();
      if (issParameter) return;
      const location = context.response.get("location");
      if (context.body?.issuer)
        context.body = { ...context.body, authorization_response_iss_parameter_supported: false };
      if (location?.includes("iss=")) {
        const url = new URL(location, issuer);
        url.searchParams.delete("iss");
        context.set("location", url.href);
      }
    });
  },
};

const authorizationServer = makeAuthorizationServer({
  name: "notes",
  title: "Notes",
  issuer,
  clientId: "nobody",
  origins: [],
  application: { clientId: "nobody", redirectUri: "", origins: [] },
  shape,
});
issuerSocket.answer(served(authorizationServer.handler));

/** What is known of an access token: the authorization server runs in this process. */
const verifier = {
  async verifyAccessToken(token) {
    const found = await tokens.find(token);
    if (!found) throw new InvalidTokenError("The token is unknown or has expired");
    return {
      token,
      clientId: found.clientId,
      scopes: found.scope.split(" "),
      expiresAt: found.exp,
      resource: new URL(found.aud),
    };
  },
};

const notes = ["Water the plants"];

/** A server for one request: it keeps no session. */
const makeServer = () => {
  const server = new McpServer({ name: "notes", version: "1.0.0" });
  const say = (text) => ({ content: [{ type: "text", text }] });
  server.registerTool(
    "list_notes",
    {
      title: "List notes",
      description: "All notes, one a line.",
      annotations: { readOnlyHint: true },
      outputSchema: { notes: z.array(z.string()) },
    },
    () => ({ ...say(notes.join("\n")), structuredContent: { notes } }),
  );
  server.registerTool(
    "add_note",
    {
      title: "Add a note",
      description: "Adds a note. Asks for one more permission the first time.",
      inputSchema: { text: z.string().min(1).describe("The note") },
    },
    ({ text }) => {
      notes.push(text);
      return say(`Added: ${text}`);
    },
  );
  return server;
};

const app = express();
app.disable("x-powered-by");

app.use((request, response, next) => {
  response.set("Access-Control-Allow-Origin", "*");
  if (exposed) response.set("Access-Control-Expose-Headers", "WWW-Authenticate");
  if (request.method !== "OPTIONS") return next();
  response.set("Access-Control-Allow-Methods", "GET, POST, DELETE");
  response.set("Access-Control-Allow-Headers", "authorization, content-type, dpop, mcp-protocol-version");
  response.status(204).end();
});

const oauthMetadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
app.use(
  mcpAuthMetadataRouter({
    oauthMetadata,
    resourceServerUrl: new URL(resource),
    scopesSupported: SCOPES,
    resourceName: "Notes",
  }),
);

const asks = (...requiredScopes) =>
  requireBearerAuth({
    verifier,
    requiredScopes,
    expectedResource: resource,
    resourceMetadataUrl: `${new URL(resource).origin}/.well-known/oauth-protected-resource/mcp`,
  });
const asksToRead = asks("notes:read");
const asksToWrite = asks(...SCOPES);
const adds = ({ method, params }) => method === "tools/call" && params?.name === "add_note";

app.all("/mcp", express.json(), (request, response, next) =>
  (adds(request.body ?? {}) ? asksToWrite : asksToRead)(request, response, next),
);
app.post("/mcp", async (request, response) => {
  const server = makeServer();
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  response.on("close", () => {
    transport.close();
    server.close();
  });
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
});
app.all("/mcp", (_request, response) => response.status(405).end());

app.get("/test/counters", (_request, response) =>
  response.json({ ...authorizationServer.counters, registered, notes }),
);
resourceSocket.answer(served(app));

/** The page of an example, at `localhost`. */
const pageSocket = page
  ? await listenOnLocalhost(async (request, response) => {
      const { pathname } = new URL(request.url, issuer);
      const file = /^\/[\w-]+\.(?:js|css|wasm)$/.test(pathname) ? pathname.slice(1) : "index.html";
      const types = { js: "text/javascript", css: "text/css", wasm: "application/wasm", html: "text/html" };
      try {
        const body = await readFile(join(page, file));
        response.writeHead(200, {
          "Content-Type": types[file.split(".").at(-1)],
          "Cache-Control": "no-store",
        });
        response.end(body);
      } catch {
        response.writeHead(404).end();
      }
    }, 0)
  : undefined;

process.stdin.on("close", () => process.exit(0));
process.stdin.resume();
const at = pageSocket && `http://localhost:${pageSocket.port}`;
process.stdout.write(`${JSON.stringify({ issuer, resource, app: at })}\n`);
