// The code of the guides, as it stands there, over plugins that are stand-ins: sign-in, an old launch URL, a sign-out by the system's browser and back.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { blocksOf, runBlock } from "./blocks.js";
import { load, metadataOf, pageStorage, until } from "./installed.js";
import { quiet, stub, TOKENS } from "./shells.js";

const ISSUER = "https://login.example.com";
const entries = {};
for (const entry of ["", "/capacitor", "/cordova", "/electron", "/electron/main", "/tauri"]) {
  entries[`pkce-wasm${entry}`] = await load(`pkce-wasm${entry}`);
}

const blocks = (shell) => blocksOf(`shells/${shell}.md`);
const run = (block, modules, names) => runBlock(block, { ...entries, ...modules }, names);

/** A device: the server's pages in its browser, what outlives the process, and what the page shows. */
const createDevice = (context) => {
  const device = { opened: [], items: new Map(), ears: new Set(), shown: [], errors: [] };
  device.page = () => {
    const buttons = { signInButton: {}, signOutButton: {} };
    const names = {
      ...buttons,
      showUser: (claims) => device.shown.push(claims?.sub ?? claims),
      showError: (error) => device.errors.push(error),
    };
    device.ears.clear();
    return { buttons, names };
  };
  device.answer = async (url) => {
    const { pathname } = new URL(url);
    if (pathname.endsWith("openid-configuration")) {
      const end_session_endpoint = `${ISSUER}/end`;
      return Response.json({
        ...metadataOf(ISSUER),
        id_token_signing_alg_values_supported: ["RS256"],
        end_session_endpoint,
      });
    }
    const { nonce } = device;
    const claims = {
      iss: ISSUER,
      aud: "my-app",
      sub: "ada",
      nonce,
      iat: Date.now() / 1000,
      exp: Date.now() / 1000 + 600,
    };
    const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    // Without keys the TLS of the token endpoint vouches for it.
    return Response.json({
      ...TOKENS,
      refresh_token: "rt",
      id_token: `${part({ alg: "RS256" })}.${part(claims)}.AAAA`,
    });
  };
  device.open = async (url) => void device.opened.push(url);
  device.hear = (url) => {
    for (const hear of device.ears) hear(url);
  };
  /** Where the browser comes back to. */
  device.back = (answer = {}) => {
    const asked = new URL(device.opened.at(-1)).searchParams;
    device.nonce = asked.get("nonce");
    const to = asked.get("redirect_uri") ?? asked.get("post_logout_redirect_uri");
    const parameters = new URLSearchParams({ ...answer, state: asked.get("state") });
    return `${to}?${parameters}`;
  };
  stub(context, {
    fetch: (url) => device.answer(url),
    localStorage: pageStorage(),
    document: new EventTarget(),
    handleOpenURL: undefined,
    // As in a page whose origin has no WebCrypto: the keys are not what is tried here.
    crypto: { getRandomValues: (bytes) => globalCrypto.getRandomValues(bytes) },
  });
  return device;
};
const globalCrypto = globalThis.crypto;

/** Starts the application of a guide on that device, by a URL if need be. */
const STARTS = {
  capacitor: async (device, launchUrl) => {
    const { names, buttons } = device.page();
    const modules = {
      "@capacitor/app": {
        App: {
          getLaunchUrl: async () => launchUrl && { url: launchUrl },
          addListener: async (_, listener) => {
            const hear = (url) => listener({ url });
            device.ears.add(hear);
            return { remove: async () => device.ears.delete(hear) };
          },
        },
      },
      "@capacitor/browser": { Browser: { open: ({ url }) => device.open(url), close: async () => {} } },
      "@capacitor/preferences": {
        Preferences: {
          get: async ({ key }) => ({ value: device.items.get(key) ?? null }),
          set: async ({ key, value }) => void device.items.set(key, value),
          remove: async ({ key }) => void device.items.delete(key),
        },
      },
    };
    await run(blocks("capacitor")[0], modules, names);
    return buttons;
  },
  tauri: async (device, launchUrl) => {
    const { names, buttons } = device.page();
    const modules = {
      "@tauri-apps/plugin-deep-link": {
        getCurrent: async () => (launchUrl ? [launchUrl] : null),
        onOpenUrl: async (listener) => {
          const hear = (url) => listener([url]);
          device.ears.add(hear);
          return () => device.ears.delete(hear);
        },
      },
      "@tauri-apps/plugin-opener": { openUrl: device.open },
    };
    await run(blocks("tauri")[0], modules, names);
    return buttons;
  },
  cordova: async (device, launchUrl) => {
    const { names, buttons } = device.page();
    globalThis.cordova = { platformId: "android", InAppBrowser: { open: device.open }, plugins: {} };
    globalThis.handleOpenURL = undefined;
    const running = run(blocks("cordova")[0], {}, { ...names, document });
    // The plugin has the URL of the launch before `deviceready`.
    if (launchUrl) globalThis.handleOpenURL(launchUrl);
    document.dispatchEvent(new Event("deviceready"));
    await running;
    device.ears.add((url) => globalThis.handleOpenURL(url));
    delete globalThis.cordova.isGone;
    return buttons;
  },
  electron: async (device, launchUrl) => {
    const { names, buttons } = device.page();
    const [main, page] = blocks("electron");
    const { argv } = process;
    process.argv = ["/usr/bin/app", ...(launchUrl ? [launchUrl] : [])];
    const events = {};
    let handle;
    const heard = new Set();
    const contents = {
      mainFrame: { url: "app://bundle/index.html" },
      send: (_, ...news) => {
        for (const hear of heard) hear(...news);
      },
    };
    const turned = (bytes) => Buffer.from(bytes.map((byte) => byte ^ 0x5a));
    class BrowserWindow {
      static fromWebContents = () => null;
      webContents = contents;
      on() {}
      isMinimized = () => false;
      focus() {}
      async loadURL() {}
    }
    const modules = {
      electron: {
        BrowserWindow,
        app: {
          on: (event, listener) => {
            events[event] = listener;
          },
          getPath: () => device.folder,
          requestSingleInstanceLock: () => true,
          setAsDefaultProtocolClient: () => true,
          whenReady: async () => {},
        },
        ipcMain: {
          handle: (_, listener) => {
            handle = listener;
          },
        },
        shell: { openExternal: device.open },
        safeStorage: {
          isEncryptionAvailable: () => true,
          encryptString: (text) => turned(Buffer.from(text)),
          decryptString: (bytes) => turned(bytes).toString(),
        },
      },
      "node:url": { fileURLToPath: String },
    };
    await run(main, modules, {});
    globalThis.pkceWasmShell = {
      ask: async (...question) =>
        handle({ senderFrame: contents.mainFrame, sender: contents }, ...structuredClone(question)),
      hear: (listener) => {
        heard.add(listener);
        return () => heard.delete(listener);
      },
    };
    await run(page, {}, names);
    process.argv = argv;
    device.ears.add((url) => events["second-instance"]({}, ["/usr/bin/app", url]));
    return buttons;
  },
};

for (const [shell, start] of Object.entries(STARTS)) {
  test(`${shell}: SH8 the code of the guide signs in, stays signed in at an old launch URL, and signs out by the system's browser`, async (context) => {
    const device = createDevice(context);
    device.folder = mkdtempSync(join(tmpdir(), "pkce-guide-"));
    context.after(() => {
      rmSync(device.folder, { recursive: true, force: true, maxRetries: 5 });
      for (const name of ["cordova", "pkceWasmShell"]) delete globalThis[name];
    });
    const { signInButton } = await start(device);
    assert.deepEqual(device.shown, [null]);
    await signInButton.onclick();
    await until(() => device.opened.length === 1);
    const callback = device.back({ code: "c" });
    // The application was killed meanwhile.
    await start(device, callback);
    await until(() => device.shown.includes("ada"));
    assert.deepEqual(device.errors, []);
    await quiet();
    // Days later the system starts it by the same URL, and somebody else's page by another one.
    device.shown = [];
    for (const url of [callback, "com.example.app:/callback?code=c&state=forgotten"]) {
      await start(device, url);
      await quiet();
    }
    assert.ok(device.shown.length >= 2 && device.shown.every((user) => user === "ada"), `${device.shown}`);
    const { signOutButton } = await start(device);
    device.shown = [];
    await signOutButton.onclick();
    await until(() => device.opened.length === 2);
    assert.match(
      device.opened[1],
      /^https:\/\/login\.example\.com\/end\?.*post_logout_redirect_uri=com\.example\.app/,
    );
    assert.deepEqual(device.shown, []);
    device.hear(device.back());
    await until(() => device.shown.length > 0);
    assert.deepEqual([device.shown, device.errors], [[null], []]);
    await quiet();
  });
}
