// The same application in each framework, in a real browser. Its servers are the test kit.
import { readFile } from "node:fs/promises";
import { expect, test } from "@playwright/test";
import { createServer } from "pkce-wasm/testing";

const APP = "https://app.example";
const API = "https://api.example.com";
const TYPES = { js: "text/javascript", html: "text/html" };
const FRAMEWORKS = ["react", "vue", "svelte", "angular"];

/** Opens a page of the application; gives the server, and whatever the page complained of. */
const open = async (page, framework, path, options) => {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  const resources = { [API]: ({ url, sub }) => [`${url.pathname} of ${sub}`, "two"] };
  const server = createServer({ resources, ...options });
  await page.route(`${APP}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    const file = pathname.endsWith(".js") ? pathname.slice(1) : "index.html";
    const body = await readFile(new URL(`dist/${framework}/${file}`, import.meta.url));
    await route.fulfill({ body, contentType: TYPES[file.split(".").at(-1)] });
  });
  for (const origin of [server.issuer, API]) await page.route(`${origin}/**`, server.route);
  await page.goto(`${APP}${path}`);
  return { server, complaints };
};

const count = (server, wanted) => server.requests.filter(({ endpoint }) => endpoint === wanted).length;

for (const framework of FRAMEWORKS) {
  test(`${framework}: a user signs in on the page where they are, and signs out`, async ({ page }) => {
    const { server, complaints } = await open(page, framework, "/?city=LA");
    await expect(page.locator("#home")).toBeVisible();
    await page.locator("#sign-in").click();
    await expect(page.locator("#user")).toHaveText("Ada Demo");
    await expect(page).toHaveURL(`${APP}/?city=LA`);
    await expect(page.locator("#home")).toBeVisible();
    await page.getByRole("link", { name: "Orders" }).click();
    await expect(page.locator("#orders")).toHaveText("/orders of ada, two");
    await expect(page).toHaveURL(`${APP}/orders?open=1#top`);
    await page.getByRole("link", { name: "Home" }).click();
    await page.locator("#sign-out").click();
    await expect(page.locator("#sign-in")).toBeVisible();
    expect([count(server, "authorize"), count(server, "token")]).toEqual([1, 1]);
    expect(complaints).toEqual([]);
  });

  test(`${framework}: a page for users sends to sign in, and the user comes back to it`, async ({ page }) => {
    const { server, complaints } = await open(page, framework, "/orders?open=1#top");
    await expect(page.locator("#orders")).toHaveText("/orders of ada, two");
    await expect(page).toHaveURL(`${APP}/orders?open=1#top`);
    expect([count(server, "authorize"), count(server, "token")]).toEqual([1, 1]);
    // Nothing of the callback is in the history.
    expect(await page.evaluate(() => JSON.stringify(history.state))).not.toMatch(/code=|state=/);
    expect(complaints).toEqual([]);
  });

  test(`${framework}: a page for users is opened from another one`, async ({ page }) => {
    const { server } = await open(page, framework, "/");
    await page.getByRole("link", { name: "Orders" }).click();
    await expect(page.locator("#orders")).toHaveText("/orders of ada, two");
    await expect(page).toHaveURL(`${APP}/orders?open=1#top`);
    expect(count(server, "token")).toBe(1);
  });

  test(`${framework}: a user who declines is told so, and not sent again`, async ({ page }) => {
    const { server } = await open(page, framework, "/orders", { decide: false });
    await expect(page.locator("[role=alert]")).toHaveText(/declined/);
    await expect(page.locator("#orders")).toHaveCount(0);
    expect(new URL(page.url()).search).toBe("");
    expect(count(server, "authorize")).toBe(1);
    await page.locator("#sign-in").click();
    await expect.poll(() => count(server, "authorize")).toBe(2);
  });

  test(`${framework}: parameters of the application that look like a callback are left alone`, async ({
    page,
  }) => {
    const { complaints } = await open(page, framework, "/?state=CA&city=LA#map");
    await expect(page.locator("#home")).toBeVisible();
    await expect(page.locator("#sign-in")).toBeVisible();
    expect(complaints).toEqual([]);
  });

  test(`${framework}: what the pointer makes ready is what the click uses`, async ({ page }) => {
    const { server, complaints } = await open(page, framework, "/", {
      requirePushedAuthorizationRequests: true,
    });
    await page.locator("#sign-in").hover();
    await expect.poll(() => count(server, "par")).toBe(1);
    expect(count(server, "authorize")).toBe(0);
    await page.locator("#sign-in").click();
    await expect(page.locator("#user")).toHaveText("Ada Demo");
    expect([count(server, "par"), count(server, "authorize"), count(server, "token")]).toEqual([1, 1, 1]);
    expect(complaints).toEqual([]);
  });

  test(`${framework}: a server that cannot be reached is told of, and asked again`, async ({ page }) => {
    const { server } = await open(page, framework, "/");
    let isDown = true;
    await page.route(`${server.issuer}/**`, (route) => (isDown ? route.abort() : server.route(route)));
    await page.reload();
    await expect(page.locator("[role=alert]")).toBeVisible();
    isDown = false;
    await page.locator("#sign-in").click();
    await expect(page.locator("#user")).toHaveText("Ada Demo");
  });
}

/** Where auth0-react expects the endpoints: it asks no metadata. */
const PATHS = { "/oauth/token": "/token", "/v2/logout": "/end_session" };

for (const [client, options] of [
  ["react-oidc-context", {}],
  ["auth0-react", { issuer: "https://login.example.com/", alg: "RS256" }],
]) {
  test(`${client}: the application that the lines are counted beside does the same`, async ({ page }) => {
    const { server } = await open(page, client, "/", options);
    const { origin } = new URL(server.issuer);
    await page.route(`${origin}/**`, (route) => {
      const request = route.request();
      const url = new URL(request.url());
      url.pathname = PATHS[url.pathname] ?? url.pathname;
      const moved = { url: () => url.href, __proto__: null };
      for (const name of ["method", "headers", "postData", "isNavigationRequest"])
        moved[name] = () => request[name]();
      return server.route({
        request: () => moved,
        fulfill: (answer) => route.fulfill(answer),
        abort: (code) => route.abort(code),
      });
    });
    await page.getByRole("link", { name: "Orders" }).click();
    await expect(page.locator("#orders")).toHaveText("/orders of ada, two");
    await expect(page).toHaveURL(`${APP}/orders?open=1#top`);
    await expect(page.locator("#user")).toHaveText("Ada Demo");
    await page.locator("#sign-out").click();
    expect(count(server, "token")).toBe(1);
  });
}
