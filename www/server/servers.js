/** Brings the three servers up together: each needs to know where the others are. */
import { makeAuthorizationServer } from "./authorization-server.js";
import { listenOnLocalhost, listenOnLoopback, onlyForHosts } from "./loopback.js";
import { makePage } from "./page.js";
import { ENVIRONMENT_ID, pingOneShape } from "./pingone.js";

const SCOPE = "openid profile email";
const DEMO_CLIENT_ID = "pkce-wasm-demo";
/** The client whose users are let in without PKCE, so that the page shows what a thief gets by it. */
const WITHOUT_PKCE_CLIENT_ID = "pkce-wasm-demo-without-pkce";
const PINGONE_CLIENT_ID = "6f1d2c84-0f5b-4e0a-9c3e-2b7a51d0c9e8";

/** The client of the application in www/webview. */
const APPLICATION_CLIENT_ID = "pkce-wasm-demo-application";
/** The origins of Tauri's WebViews: WebKit's, and those of Windows and Android. */
const APPLICATION_ORIGINS = ["tauri://localhost", "http://tauri.localhost"];
/** A private-use scheme has a single slash (RFC 8252 section 7.1). */
const APPLICATION_CALLBACK = "com.example.pkce-demo:/callback";
/** As PingOne's documents write it: sent and compared as it is. */
const APPLICATION_CALLBACK_PINGONE = "com.example.pkce-demo://callback";

/**
 * Starts everything.
 *
 * @param {{ packageFolder: string, pageFolder?: string, port: number }} options - Where the package lies; where the page does
 * when it is not the demo's; the page's port or 0.
 * @returns {Promise<{ addresses: { app: string, issuer: string, pingone: string, application: object[] }, close: () => void }>}
 * Where the page and the issuers are, and the servers that the application in www/webview offers.
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
    withoutPkce: WITHOUT_PKCE_CLIENT_ID,
    origins,
    application: {
      clientId: APPLICATION_CLIENT_ID,
      redirectUri: APPLICATION_CALLBACK,
      origins: APPLICATION_ORIGINS,
    },
  });
  demoSocket.answer(onlyForHosts([`127.0.0.1:${demoSocket.port}`], demo.handler));

  const pingOne = makeAuthorizationServer({
    name: "pingone",
    title: "PingOne-shaped server",
    issuer: `http://127.0.0.1:${pingOneSocket.port}/${ENVIRONMENT_ID}/as`,
    clientId: PINGONE_CLIENT_ID,
    origins,
    application: {
      clientId: APPLICATION_CLIENT_ID,
      redirectUri: APPLICATION_CALLBACK_PINGONE,
      origins: APPLICATION_ORIGINS,
    },
    shape: pingOneShape,
  });
  pingOneSocket.answer(onlyForHosts([`127.0.0.1:${pingOneSocket.port}`], pingOne.handler));

  const choices = [
    {
      id: "demo",
      label: "Demo",
      note: "oidc-provider, a certified OpenID server, on this machine.",
      issuer: demo.issuer,
      clientId: DEMO_CLIENT_ID,
      withoutPkce: WITHOUT_PKCE_CLIENT_ID,
      scope: SCOPE,
    },
    {
      id: "pingone",
      label: "Like PingOne",
      note: "The same server with the paths and the answers of PingOne, which many companies use.",
      issuer: pingOne.issuer,
      clientId: PINGONE_CLIENT_ID,
      scope: SCOPE,
    },
  ];
  const callbacks = { demo: APPLICATION_CALLBACK, pingone: APPLICATION_CALLBACK_PINGONE };
  const application = choices.map(({ id, label, issuer, scope }) => ({
    id,
    label,
    issuer,
    scope,
    clientId: APPLICATION_CLIENT_ID,
    redirectUri: callbacks[id],
  }));
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
    addresses: { app, issuer: demo.issuer, pingone: pingOne.issuer, application },
    close: () => {
      page.close();
      demoSocket.close();
      pingOneSocket.close();
    },
  };
}
