// What the adapters open: pages of the web alone, at the address that was read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ISSUER, load } from "./installed.js";

const { tauriHost } = await load("pkce-wasm/tauri");
const { capacitorHost } = await load("pkce-wasm/capacitor");
const { cordovaHost } = await load("pkce-wasm/cordova");

const nothing = () => {};
const HOSTS = {
  tauri: (open) => tauriHost({ deepLink: {}, opener: { openUrl: open } }),
  capacitor: (open) => capacitorHost({ App: {}, Browser: { open: ({ url }) => open(url), close: nothing } }),
  cordova: (open) => cordovaHost({ open }),
};

for (const [shell, hostOf] of Object.entries(HOSTS)) {
  test(`${shell}: EN10 pages of the web alone are opened, at the address that was read`, async () => {
    const opened = [];
    const host = hostOf((url) => void opened.push(url));
    for (const url of [
      "file:///etc/passwd",
      "calc:",
      "",
      "/auth",
      "javascript:void 0",
      "intent://as.example/#Intent;scheme=https;end",
      `blob:${ISSUER}/auth`,
      [`${ISSUER}/auth`],
      { toString: () => `${ISSUER}/auth` },
      null,
      undefined,
      5,
    ]) {
      await assert.rejects(async () => host.open(url), TypeError, `${url}`);
    }
    assert.deepEqual(opened, []);
    for (const url of [
      `${ISSUER}/auth?a=b%20c`,
      ` ${ISSUER}/au\nth?a=b%20c\r\n`,
      "HTTPS://as.example/auth?a=b%20c",
    ]) {
      await host.open(url);
    }
    assert.deepEqual(opened, Array(3).fill(`${ISSUER}/auth?a=b%20c`));
  });
}
