// A newcomer without an authorization server: an empty folder, `create-vite`, the quick start of the README, and the service worker of the guide. Nothing is edited but the two
// placeholders, issuer and client id. PKCE_WORKSPACE is where the documents are.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "@playwright/test";

const here = import.meta.dirname;
const tool = (name) => join(here, "../../node_modules/.bin", name);
const document = (path) => readFileSync(join(process.env.PKCE_WORKSPACE, path), "utf8");

/** The first block of code in this language below a heading. */
const block = (text, heading, language) => {
  const [, section] = text.split(`\n## ${heading}\n`);
  return section.split(`\`\`\`${language}\n`)[1].split("```")[0];
};

const freePort = () =>
  new Promise((found) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });

test("a newcomer signs in at the server in their browser, and changes two words", async ({ page }) => {
  const app = join(here, "app");
  rmSync(app, { recursive: true, force: true });
  execFileSync(tool("create-vite"), ["app", "--template", "vanilla-ts", "--no-interactive"], { cwd: here });
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const quickStart = block(document("README.md"), "Quick start", "ts");
  const placeholders = [
    ['"https://login.example.com"', `"${origin}/as"`],
    ['"my-app"', '"newcomer"'],
  ];
  let main = quickStart;
  for (const [placeholder, value] of placeholders) {
    expect(main.split(placeholder)).toHaveLength(2);
    main = main.replace(placeholder, value);
  }
  writeFileSync(join(app, "src/main.ts"), main);
  const guide = document("pkg/guides/testing.md");
  const heading = "Sign in without a server";
  writeFileSync(join(app, "as.js"), block(guide, heading, "js"));
  const index = readFileSync(join(app, "index.html"), "utf8");
  writeFileSync(join(app, "index.html"), index.replace("<head>", `<head>\n${block(guide, heading, "html")}`));
  // What `npm run build` does before it bundles.
  execFileSync(tool("tsc"), [], { cwd: app });
  const vite = spawn(tool("vite"), ["--host", "localhost", "--strictPort", "--port", `${port}`], {
    cwd: app,
  });
  try {
    await expect
      .poll(() =>
        fetch(origin)
          .then(({ ok }) => ok)
          .catch(() => false),
      )
      .toBe(true);
    await page.goto(origin);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("button", { name: "Sign in as Ada Demo" }).click();
    await expect(page.locator("body")).toContainText("Hello Ada Demo");
    await expect(page).toHaveURL(`${origin}/callback`);
  } finally {
    vite.kill();
  }
});
