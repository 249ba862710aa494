// A server that takes a Request and gives a Response, as Deno, Bun and workers have it: it signs its users in, the tokens stay here, and the browser has a
// cookie. Each user has a Client: outside of a page the memory with pending logins and sessions belongs to it. Where a runtime has several processes
// or isolates, keep a user at one of them.
import { Client, discover } from "pkce-wasm";

const IDLE = 3_600_000;
const MOST = 10_000;

/**
 * The server: `Deno.serve(createApp(options).fetch)`, `Bun.serve(createApp(options))`.
 *
 * @param {{ issuer: string, clientId: string, origin: string }} options - `origin` is where the browser finds this server.
 */
export function createApp({ issuer, clientId, origin }) {
  const visitors = new Map();
  let discovered;

  /** Somebody with a session at this server. */
  function welcome(metadata) {
    const visitor = { seen: Date.now() };
    visitor.client = new Client(
      {
        issuer,
        clientId,
        redirectUri: `${origin}/callback`,
        postLogoutRedirectUri: `${origin}/`,
        scope: "openid profile",
        transactionStorage: "memory",
        // Where the Client would send a page is where the answer sends the browser.
        host: {
          open: (url) => {
            visitor.leave = url;
          },
        },
      },
      metadata,
    );
    return visitor;
  }

  function forget(id) {
    visitors.get(id)?.client.close();
    visitors.delete(id);
  }

  /** Gives the visitor a new id, and the cookie that tells it to the browser. */
  function name(visitor) {
    for (const [id, { seen }] of visitors) {
      if (seen < Date.now() - IDLE || visitors.size >= MOST) forget(id);
      else break;
    }
    const id = `${crypto.randomUUID()}${crypto.randomUUID()}`;
    visitors.set(id, visitor);
    const secure = origin.startsWith("https:") ? "; Secure" : "";
    return `session=${id}; HttpOnly; SameSite=Lax; Path=/${secure}`;
  }

  function visitorOf(request) {
    const id = /(?:^|; )session=([\w-]+)/.exec(request.headers.get("Cookie"))?.[1];
    const visitor = visitors.get(id);
    if (!visitor) return {};
    visitor.seen = Date.now();
    // The one that was seen last is the last of the map.
    visitors.delete(id);
    visitors.set(id, visitor);
    return { id, visitor };
  }

  const redirect = (location, cookie) => {
    const headers = new Headers({ Location: location });
    if (cookie) headers.set("Set-Cookie", cookie);
    return new Response(null, { status: 303, headers });
  };

  const routes = {
    "GET /": async (request) => {
      const session = await visitorOf(request).visitor?.client.session();
      return Response.json({ user: session?.claims.sub ?? null });
    },

    "POST /sign-in": async () => {
      discovered ??= discover(issuer);
      // What failed is tried again with the next request.
      const visitor = welcome(
        await discovered.catch((error) => {
          discovered = undefined;
          throw error;
        }),
      );
      await visitor.client.login({ returnTo: "/" });
      return redirect(visitor.leave, name(visitor));
    },

    "GET /callback": async (request) => {
      const { id, visitor } = visitorOf(request);
      if (!visitor) return redirect("/");
      const { pathname, search } = new URL(request.url);
      const outcome = await visitor.client.handleRedirect(origin + pathname + search);
      if (outcome.status === "refused") return new Response(outcome.error.message, { status: 400 });
      if (outcome.status !== "signed-in") return redirect("/");
      // Whoever knew the old cookie does not know the new one.
      visitors.delete(id);
      return redirect(outcome.returnTo ?? "/", name(visitor));
    },

    "POST /sign-out": async (request) => {
      const { id, visitor } = visitorOf(request);
      if (!visitor) return redirect("/");
      const { client } = visitor;
      await client.logout({ endSession: "end_session_endpoint" in client.metadata });
      forget(id);
      return redirect(visitor.leave ?? "/", "session=; Max-Age=0; Path=/");
    },
  };

  return {
    async fetch(request) {
      const route = routes[`${request.method} ${new URL(request.url).pathname}`];
      return route ? route(request) : new Response("Not found", { status: 404 });
    },
  };
}
