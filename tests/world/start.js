/** Starts an authorization server as a program of its own. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** How long a server may take to say where it is. One takes a second or two on an idle machine. */
const LIMIT = 60_000;

/** How often one is started before it has failed. */
const ATTEMPTS = 2;

/** The first line that a program says; nothing when it says none within the limit. */
const firstLine = (child) =>
  new Promise((done) => {
    const timer = setTimeout(done, LIMIT);
    const end = (line) => {
      clearTimeout(timer);
      done(line);
    };
    createInterface(child.stdout).once("line", end).once("close", end);
    child.once("error", () => end());
  });

/** What a line says: JSON, or where the program is. */
const read = (line) => (line.startsWith("{") ? JSON.parse(line) : { url: line });

/**
 * Starts a program that prints a line when it listens: JSON, or its URL.
 *
 * @returns {Promise<{ stop: () => void }>} What the program said, and what ends it.
 */
export const start = async (program, args, env = {}) => {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const child = spawn(program, args, {
      cwd: import.meta.dirname,
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    process.once("exit", () => child.kill());
    const line = await firstLine(child);
    if (line) return { ...read(line), stop: () => child.kill() };
    child.kill("SIGKILL");
  }
  throw new Error(`${program} ${args.join(" ")} did not say where it listens`);
};
