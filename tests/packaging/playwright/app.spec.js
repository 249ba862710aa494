// An application in a real browser, whose authorization server is the kit: no port, no network.
import { readFile } from "node:fs/promises";
import { expect, test } from "@playwright/test";
import { createServer } from "pkce-wasm/testing";

const APP = "https://app.example";
const TYPES = { js: "text/javascript", html: "text/html" };

/** Serves this folder as an application of one page. */
const serve = async (route) => {
  const { pathname } = new URL(route.request().url());
  const file = pathname.startsWith("/dist/") ? pathname.slice(1) : "index.html";
  const body = await readFile(new URL(file, import.meta.url));
  await route.fulfill({ body, contentType: TYPES[file.split(".").at(-1)] });
};

const open = async (page, options) => {
  const server = createServer({ issuer: "https://as.example", ...options });
  await page.route(`${APP}/**`, serve);
  await page.route(`${server.issuer}/**`, server.route);
  await page.goto(APP);
  return server;
};

test("a user signs in, stays signed in, and signs out", async ({ page }) => {
  const server = await open(page, { alg: "RS256" });
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("button")).toHaveText("Hello Ada Demo");
  expect(page.url()).toBe(`${APP}/callback`);
  expect(await page.getAttribute("html", "data-verified")).toBe("signature");
  await page.reload();
  await page.getByRole("button", { name: "Hello Ada Demo" }).click();
  await page.reload();
  await expect(page.getByRole("button")).toHaveText("Sign in");
  expect(server.requests.filter(({ endpoint }) => endpoint === "token")).toHaveLength(1);
});

test("the page of the server asks the user, who declines", async ({ page }) => {
  await open(page, { decide: "ask" });
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.locator("p")).toHaveText("access_denied");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign in as Ada Demo" }).click();
  await expect(page.getByRole("button")).toHaveText("Hello Ada Demo");
});

test("a signature of another key signs nobody in", async ({ page }) => {
  await open(page, { lies: ["signature-of-another-key"] });
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.locator("p")).toHaveText("id_token_signature_invalid");
});
