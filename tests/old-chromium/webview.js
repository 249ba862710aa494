// WebViews of another make: `node webview.js RELEASE FOLDER TARBALL`. RELEASE is the Chromium in a QtWebEngine of PyPI, FOLDER is where it is installed. It needs a
// `python3` with `venv`.
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { serve } from "./server.js";

const run = promisify(execFile);

/** The wheels that fit each other, by the Chromium in them. */
const WHEELS = {
  83: ["PyQt5==5.15.6", "PyQt5-Qt5==5.15.2", "PyQtWebEngine==5.15.5", "PyQtWebEngine-Qt5==5.15.2"],
  87: ["PyQt5==5.15.11", "PyQt5-Qt5==5.15.19", "PyQtWebEngine==5.15.7", "PyQtWebEngine-Qt5==5.15.19"],
  102: ["PyQt6==6.4.2", "PyQt6-Qt6==6.4.3", "PyQt6-WebEngine==6.4.0", "PyQt6-WebEngine-Qt6==6.4.3"],
};

const [release, folder, tarball] = process.argv.slice(2);
const place = join(folder, `qt-${release}`);
if (!existsSync(place)) {
  mkdirSync(folder, { recursive: true });
  // Complete, or not there.
  const part = `${place}.part`;
  rmSync(part, { recursive: true, force: true });
  await run("python3", ["-m", "venv", part]);
  await run(join(part, "bin/python"), ["-m", "pip", "install", "--quiet", ...WHEELS[release]], {
    timeout: 600_000,
  });
  renameSync(part, place);
}
const { origin, end } = await serve(tarball);
try {
  const script = fileURLToPath(new URL("webview.py", import.meta.url));
  const { stdout } = await run(join(place, "bin/python"), [script, origin], { timeout: 240_000 });
  console.log(stdout.trim().split("\n").pop());
} finally {
  end();
}
