// React's binding: in strict mode, rendered on a server, and mounted again as by a development server that replaces modules.
import { AuthProvider, RequireAuth, useAuth } from "pkce-wasm/react";
import { createServer, signedIn } from "pkce-wasm/testing";
import { act, createElement, StrictMode } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

const until = async (condition) => {
  for (let round = 0; round < 3000; round++) {
    if (condition()) return;
    await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
  }
  throw new Error(`never: ${condition}`);
};

const Who = () => {
  const { claims, error, status } = useAuth();
  return createElement("p", null, error?.code ?? claims?.name ?? status);
};

const app = (props, ...children) =>
  createElement(StrictMode, null, createElement(AuthProvider, props, ...children));

const mount = async (element) => {
  const root = document.body.appendChild(document.createElement("main"));
  const tree = createRoot(root);
  await act(() => tree.render(element));
  return { root, tree };
};

/** What a server lets a page know, and the page's own origin as redirect URI. */
const configOf = (server) => ({
  issuer: server.issuer,
  clientId: "app",
  redirectUri: "/callback",
  scope: "openid profile",
  host: server.host,
});

afterEach(() => history.replaceState(null, "", "/"));

test("the client of the kit is enough for a component", async () => {
  const { client } = await signedIn({ user: { sub: "grace", name: "Grace" } });
  const { root } = await mount(app({ client }, createElement(Who)));
  await until(() => root.textContent === "Grace");
  await act(() => client.logout());
  await until(() => root.textContent === "signed-out");
});

test("in strict mode a guard sends to sign in once, and the callback is redeemed once, before anything inside is rendered", async () => {
  const server = createServer({ issuer: "https://strict.example" });
  const config = configOf(server);
  history.replaceState(null, "", "/orders?open=1");
  const guarded = createElement(RequireAuth, { fallback: "leaving" }, createElement(Who));
  const first = await mount(app({ config }, guarded));
  await until(() => server.returned !== undefined);
  expect(first.root.textContent).toBe("leaving");
  await act(() => first.tree.unmount());

  // The user is back: the page is loaded at the callback.
  history.replaceState(null, "", server.returned);
  const seen = [];
  const Router = () => {
    seen.push(location.pathname + location.search);
    return guarded;
  };
  const { root } = await mount(app({ config }, createElement(Router)));
  await until(() => root.textContent === "Ada Demo");
  expect(new Set(seen)).toEqual(new Set(["/orders?open=1"]));
  const count = (wanted) => server.requests.filter(({ endpoint }) => endpoint === wanted).length;
  expect([count("authorize"), count("token")]).toEqual([1, 1]);

  // A module was replaced: everything is mounted again.
  const again = await mount(app({ config: { ...config } }, guarded));
  await until(() => again.root.textContent === "Ada Demo");
  expect(count("token")).toBe(1);
});

// React renders for a server only where there is a MessageChannel, which Jest's jsdom lacks.
const whereRendered = globalThis.MessageChannel ? test : test.skip;

whereRendered("a page that was rendered on a server is taken over as it is", async () => {
  const { renderToString } = await import("react-dom/server");
  const server = createServer({ issuer: "https://rendered.example" });
  const element = app(
    { config: () => configOf(server) },
    createElement(Who),
    createElement(RequireAuth, null, "inside"),
  );
  const html = renderToString(element);
  expect(html).toBe("<p>loading</p>");
  const root = document.body.appendChild(document.createElement("main"));
  root.innerHTML = html;
  const complaints = [];
  await act(() => {
    hydrateRoot(root, element, { onRecoverableError: (error) => complaints.push(error) });
  });
  await until(() => root.textContent === "signed-out");
  expect(complaints).toEqual([]);
});

test("after an error, and after a sign-out, a guard sends nobody away", async () => {
  const server = createServer({ issuer: "https://guard.example", decide: false });
  const config = configOf(server);
  const fallback = ({ error, reason }) => error?.code ?? reason ?? "leaving";
  const guarded = createElement(RequireAuth, { fallback }, createElement(Who));
  const first = await mount(app({ config }, guarded));
  await until(() => server.returned !== undefined);
  await act(() => first.tree.unmount());
  history.replaceState(null, "", server.returned);
  const { root } = await mount(app({ config }, guarded));
  await until(() => root.textContent === "access_denied");
  expect(server.requests.filter(({ endpoint }) => endpoint === "authorize")).toHaveLength(1);

  const other = await signedIn();
  const last = await mount(app({ client: other.client }, guarded));
  await until(() => last.root.textContent === "Ada Demo");
  await act(() => other.client.logout());
  await until(() => last.root.textContent === "signed-out");
  expect(other.server.requests.filter(({ endpoint }) => endpoint === "authorize")).toHaveLength(1);
});

test("claims that the application does not take are an error", async () => {
  const { client } = await signedIn();
  const parseClaims = () => {
    throw Object.assign(new Error("no department"), { code: "no department" });
  };
  const { root } = await mount(app({ client, parseClaims }, createElement(Who)));
  await until(() => root.textContent === "no department");
});
