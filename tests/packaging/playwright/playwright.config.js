// Chromium is the one that is installed: nothing is downloaded. Other fixtures take this as theirs; folders are those of whoever takes it.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.js",
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 60_000 },
  reporter: "line",
  outputDir: "results",
  use: { launchOptions: { executablePath: process.env.PKCE_E2E_BROWSER } },
});
