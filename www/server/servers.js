/** Brings the three servers up together: each needs to know where the others are. */
import { makeAuthorizationServer } from "./authorization-server.js";
import { listenOnLocalhost, listenOnLoopback, onlyForHosts } from "./loopback.js";
import { makePage } from "./page.js";
import { ENVIRONMENT_ID, pingOneShape } from "./pingone.js";

const SCOPE = "openid profile email";
const DEMO_CLIENT_ID = "pkce-wasm-demo";
const PINGONE_CLIENT_ID = "6f1d2c84-0f5b-4e0a-9c3e-2b7a51d0c9e8";

/**
 * Starts everything.
 *
 * @param {{ packageFolder: string, pageFolder?: string, port: number }} options - Where the package lies; where the page does
 * when it is not the demo's; the page's port or 0.
 * @returns {Promise<{ addresses: { app: string, issuer: string, pingone: string }, close: () => void }>}
 */
export async function startServers({ packageFolder, pageFolder, port }) {
  let servePage = (_request, response) => response.writeHead(503).end();
  const page = await listenOnLocalhost((request, response) => servePage(request, response), port);
  const demoSocket = await listenOnLoopback();
  const pingOneSocket = await listenOnLoopback();

  const pageHosts = [`localhost:${page.port}`, `127.0.0.1:${page.port}`, `[::1]:${page.port}`];
  const origins = pageHosts.map((host) => `http://${host}`);
  const app = `${origins[0]}/`;

  const demo = makeAuthorizationServer({
    name: "demo",
    title: "Demo authorization server",
    issuer: `http://127.0.0.1:${demoSocket.port}`,
    clientId: DEMO_CLIENT_ID,
    origins,
  });
  demoSocket.answer(onlyForHosts([`127.0.0.1:${demoSocket.port}`], demo.handler));

  const pingOne = makeAuthorizationServer({
    name: "pingone",
    title: "PingOne-shaped server",
    issuer: `http://127.0.0.1:${pingOneSocket.port}/${ENVIRONMENT_ID}/as`,
    clientId: PINGONE_CLIENT_ID,
    origins,
    shape: pingOneShape,
  });
  pingOneSocket.answer(onlyForHosts([`127.0.0.1:${pingOneSocket.port}`], pingOne.handler));

  const choices = [
    { id: "demo", label: "Demo server", issuer: demo.issuer, clientId: DEMO_CLIENT_ID, scope: SCOPE },
    {
      id: "pingone",
      label: "PingOne shape",
      issuer: pingOne.issuer,
      clientId: PINGONE_CLIENT_ID,
      scope: SCOPE,
    },
  ];
  servePage = onlyForHosts(
    pageHosts,
    makePage({
      packageFolder,
      pageFolder,
      choices,
      counters: () => ({ demo: demo.counters, pingone: pingOne.counters }),
    }),
  );

  return {
    addresses: { app, issuer: demo.issuer, pingone: pingOne.issuer },
    close: () => {
      page.close();
      demoSocket.close();
      pingOneSocket.close();
    },
  };
}
