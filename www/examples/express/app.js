// A server that signs its users in: the tokens stay here, the browser has a cookie. Each user has a Client: in a server process the memory with
// pending logins and sessions belongs to it. With several processes, keep a user at one of them.
import { randomBytes } from "node:crypto";
import express from "express";
import { Client, discover } from "pkce-wasm";

const { ISSUER = "https://login.example.com", CLIENT_ID = "my-app", ORIGIN, PORT = 3000 } = process.env;
const IDLE = 3_600_000;

const metadata = await discover(ISSUER);
const visitors = new Map();

/** Somebody with a session at this server; forgotten after an hour without a request. */
function welcome(response) {
  const id = randomBytes(32).toString("base64url");
  const visitor = { id };
  visitor.client = new Client(
    {
      issuer: ISSUER,
      clientId: CLIENT_ID,
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
  visitor.timer = setTimeout(forget, IDLE, visitor).unref();
  name(visitor, id, response);
  return visitor;
}

/** Gives the visitor an id and the browser a cookie with it. */
function name(visitor, id, response) {
  visitors.delete(visitor.id);
  visitors.set(id, Object.assign(visitor, { id }));
  response.cookie("session", id, { httpOnly: true, sameSite: "lax", secure: origin.startsWith("https:") });
}

function forget({ id, client, timer }) {
  visitors.delete(id);
  clearTimeout(timer);
  client.close();
}

function visitorOf(request) {
  const visitor = visitors.get(/(?:^|; )session=([\w-]+)/.exec(request.headers.cookie)?.[1]);
  visitor?.timer.refresh();
  return visitor;
}

const app = express();

app.get("/", async (request, response) => {
  const session = await visitorOf(request)?.client.session();
  const name = session?.claims.name ?? session?.claims.sub;
  const [greeting, way] = session ? [`Hello ${name}`, "sign-out"] : ["Nobody is signed in", "sign-in"];
  const text = greeting.replace(/[&<>]/g, (character) => `&#${character.codePointAt()};`);
  response.send(
    `<!doctype html><p>${text}</p><form method="post" action="/${way}"><button>${way}</button></form>`,
  );
});

app.post("/sign-in", async (_request, response) => {
  const visitor = welcome(response);
  await visitor.client.login({ returnTo: "/" });
  response.redirect(303, visitor.leave);
});

app.get("/callback", async (request, response) => {
  const visitor = visitorOf(request);
  if (!visitor) return response.redirect(303, "/");
  const outcome = await visitor.client.handleRedirect(origin + request.originalUrl);
  if (outcome.status === "refused") return response.status(400).type("text").send(outcome.error.message);
  // Whoever knew the old cookie does not know the new one.
  if (outcome.status === "signed-in") name(visitor, randomBytes(32).toString("base64url"), response);
  response.redirect(303, outcome.returnTo ?? "/");
});

// The access token is used here and never shown to the browser.
app.get("/profile", async (request, response) => {
  const session = await visitorOf(request)?.client.session();
  if (!session) return response.status(401).end();
  response.set("Cache-Control", "no-store").json(await session.userinfo());
});

app.post("/sign-out", async (request, response) => {
  const visitor = visitorOf(request);
  if (!visitor) return response.redirect(303, "/");
  await visitor.client.logout({ endSession: "end_session_endpoint" in metadata });
  forget(visitor);
  response.clearCookie("session").redirect(303, visitor.leave ?? "/");
});

let origin = ORIGIN;
const server = app.listen(PORT, "127.0.0.1", () => {
  origin ??= `http://127.0.0.1:${server.address().port}`;
  console.log(origin);
});
