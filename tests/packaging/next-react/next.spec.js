// React's binding in Next: pages are rendered without a window, taken over, and sign in.
import { expect, test } from "@playwright/test";
import { createServer } from "pkce-wasm/testing";

const API = "https://api.example.com";
const APP = process.env.PKCE_REACH_APP;

const open = async (page, path) => {
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/favicon/.test(message.location().url))
      complaints.push(message.text());
  });
  const server = createServer({ resources: { [API]: ({ sub }) => `orders of ${sub}` } });
  for (const origin of [server.issuer, API]) await page.route(`${origin}/**`, server.route);
  await page.goto(`${APP}${path}`);
  return { complaints, server };
};

test("what the server sends is there before any script runs", async ({ request }) => {
  const html = await (await request.get(`${APP}orders`)).text();
  expect(html).toContain("One moment");
  expect(html).toContain("For users who are signed in");
});

test("a page for users sends to sign in, and the user comes back to it", async ({ page }) => {
  const { complaints, server } = await open(page, "orders");
  await expect(page.locator("#orders")).toHaveText("orders of ada");
  await expect(page).toHaveURL(`${APP}orders`);
  expect(server.requests.filter(({ endpoint }) => endpoint === "token")).toHaveLength(1);
  expect(complaints).toEqual([]);
});

test("a user signs in where they are, opens a page for users, and signs out", async ({ page }) => {
  const { complaints } = await open(page, "");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.locator("#sign-out")).toHaveText("Ada Demo");
  await expect(page).toHaveURL(APP);
  await page.getByRole("link", { name: "Orders" }).click();
  await expect(page.locator("#orders")).toHaveText("orders of ada");
  await page.locator("#sign-out").click();
  await expect(page.locator("#sign-in")).toHaveText("Sign in");
  expect(complaints).toEqual([]);
});
