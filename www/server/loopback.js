/** Listening on loopback only, and closing again. */
import http from "node:http";

/** Listens with one server on one address; gives the port. */
function listen(server, host, port) {
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen({ host, port }, () => {
      server.off("error", fail);
      done(server.address().port);
    });
  });
}

/** Closes a server together with its open connections. */
function close(server) {
  server.close();
  server.closeAllConnections();
}

/**
 * Listens on 127.0.0.1, and on the same port of ::1 where the machine has IPv6, so that `localhost` works whichever
 * of the two a browser takes it for.
 *
 * @param {http.RequestListener} handler - Answers every request.
 * @param {number} port - The port, or 0 for any free one.
 * @returns {Promise<{ port: number, close: () => void }>}
 */
export async function listenOnLocalhost(handler, port) {
  for (let attempt = 0; ; attempt += 1) {
    const four = http.createServer(handler);
    const chosen = await listen(four, "127.0.0.1", port);
    const six = http.createServer(handler);
    try {
      await listen(six, "::1", chosen);
      return {
        port: chosen,
        close: () => {
          close(four);
          close(six);
        },
      };
    } catch (error) {
      if (error.code !== "EADDRINUSE") return { port: chosen, close: () => close(four) };
      close(four);
      if (port !== 0 || attempt === 9) throw error;
    }
  }
}

/**
 * Listens on any free port of 127.0.0.1. The handler may be set later, because an issuer's name holds its port.
 *
 * @returns {Promise<{ port: number, answer: (handler: http.RequestListener) => void, close: () => void }>}
 */
export async function listenOnLoopback() {
  let handler = (_request, response) => response.writeHead(503).end();
  const server = http.createServer((request, response) => handler(request, response));
  const port = await listen(server, "127.0.0.1", 0);
  return {
    port,
    answer: (next) => {
      handler = next;
    },
    close: () => close(server),
  };
}

/**
 * Refuses requests that name another host: a page elsewhere on the web whose name was pointed at this machine
 * reaches nothing here.
 *
 * @param {string[]} hosts - The accepted values of the header `Host`.
 * @param {http.RequestListener} handler - Answers the others.
 * @returns {http.RequestListener}
 */
export function onlyForHosts(hosts, handler) {
  return (request, response) => {
    if (hosts.includes(request.headers.host)) return handler(request, response);
    response.writeHead(421, { "Content-Type": "text/plain; charset=utf-8" });
    response.end("This server answers only on its own loopback address.\n");
  };
}
