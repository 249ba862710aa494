// The kit in a service worker: a static page is application and authorization server at once.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { expect, test } from "@playwright/test";

const SCRIPTS = ["/dist/static.js", "/worker.js"];

test("a static page signs in at its own service worker, also after the browser ended that", async ({
  page,
}) => {
  const site = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    const isScript = SCRIPTS.includes(pathname) || pathname.startsWith("/dist/");
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html");
    const file = pathname === "/worker.js" ? "dist/worker.js" : isScript ? pathname.slice(1) : "index.html";
    const text = await readFile(new URL(file, import.meta.url), "utf8");
    response.end(text.replace("/dist/src.js", "/dist/static.js"));
  });
  await new Promise((listening) => site.listen(0, "127.0.0.1", listening));
  try {
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign in as Ada Demo" }).click();
    await expect(page.getByRole("button")).toHaveText("Hello Ada Demo");
    await expect(page.locator("p")).toHaveText("signature");

    const browser = await page.context().newCDPSession(page);
    await browser.send("ServiceWorker.enable");
    await browser.send("ServiceWorker.stopAllWorkers");
    await page.locator("p").click();
    await expect(page.locator("p")).toHaveText("refreshed");
  } finally {
    site.closeAllConnections();
    site.close();
  }
});
