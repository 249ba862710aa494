// A port of the loopback interface, open for one sign-in (RFC 8252 sections 7.3 and 8.3). In Node.
import { createServer } from "node:http";

const PATH = "/callback";
/** Milliseconds after which nobody comes back any more. */
const PATIENCE = 600_000;

const HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
  "Cache-Control": "no-store",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  Connection: "close",
};
const BACK =
  '<!doctype html><html lang="en"><meta charset="utf-8"><title>Back to the application</title>' +
  "<h1>You can close this page</h1><p>The application has the answer.</p>";

const bind = (server, host) =>
  new Promise((done, failed) => {
    server.once("error", failed);
    server.listen(0, host, () => {
      server.removeListener("error", failed);
      done(`${host === "::1" ? "[::1]" : host}:${server.address().port}`);
    });
  });

/** Opens a port; gives the redirect URI that leads to it, and what closes it. Every answer is given to `arrive`. */
export const listenOnLoopback = async (arrive) => {
  let authority;
  const server = createServer(({ method, url, headers }, response) => {
    const say = (status, body = "") => response.writeHead(status, HEADERS).end(body);
    // A page elsewhere on the web whose name was pointed at this machine names itself here.
    if (headers.host !== authority) return say(421);
    if (url.split("?", 1)[0] !== PATH) return say(404);
    if (method !== "GET") return say(405);
    say(200, BACK);
    arrive(`http://${authority}${url}`);
  });
  // Where a machine has no IPv4, it has IPv6.
  authority = await bind(server, "127.0.0.1").catch(() => bind(server, "::1"));
  const close = () => {
    clearTimeout(timer);
    server.close();
  };
  const timer = setTimeout(close, PATIENCE);
  timer.unref();
  return { redirectUri: `http://${authority}${PATH}`, close };
};
