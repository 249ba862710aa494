// Records in a file of the application that only this user of this machine can read. In Electron's main process.
import { createHash } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What the file begins with, and how many bytes of the SHA-256 of the rest follow: a file that was cut is told from a key that is lost. */
const MARK = Buffer.from("pkce-wasm:1\n");
const SUM = 8;

const sumOf = (bytes) => createHash("sha256").update(bytes).digest().subarray(0, SUM);

/** What is encrypted in a file; nothing when it is empty or was cut. Files of older versions are that alone. */
const unframed = (file) => {
  if (!file.subarray(0, MARK.length).equals(MARK)) return file.length > 0 ? file : undefined;
  const bytes = file.subarray(MARK.length + SUM);
  return sumOf(bytes).equals(file.subarray(MARK.length, MARK.length + SUM)) ? bytes : undefined;
};

/** What was written is on the disk. */
const flushed = async (path, mode, work) => {
  const file = await open(path, mode, 0o600);
  try {
    await work?.(file);
    await file.sync();
  } finally {
    await file.close();
  }
};

/** Where Linux has no keyring, Electron encrypts with a password that everybody knows: that is not secure. */
const isKnown = (safeStorage) => safeStorage.getSelectedStorageBackend?.() === "basic_text";

/** Electron 46 has the asynchronous functions alone; older releases have the others alone, or both. */
const cipherOf = (safeStorage) => {
  const has = (name) => typeof safeStorage?.[name] === "function";
  if (has("encryptStringAsync")) {
    return {
      isSecure: async () => Boolean(await safeStorage.isAsyncEncryptionAvailable()) && !isKnown(safeStorage),
      encrypt: (text) => safeStorage.encryptStringAsync(text),
      decrypt: async (bytes) => {
        try {
          return (await safeStorage.decryptStringAsync(bytes)).result;
        } catch (error) {
          // Written by an older release.
          if (!has("decryptString")) throw error;
          return safeStorage.decryptString(bytes);
        }
      },
    };
  }
  return {
    isSecure: async () => Boolean(safeStorage?.isEncryptionAvailable()) && !isKnown(safeStorage),
    encrypt: async (text) => safeStorage.encryptString(text),
    decrypt: async (bytes) => safeStorage.decryptString(bytes),
  };
};

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {}
};

/** @param begun is called when the store begins anew, since nothing can be read from its file any more: with the reason */
export const createStore = (app, safeStorage, begun) => {
  const cipher = cipherOf(safeStorage);
  const file = () => join(app.getPath("userData"), "pkce-wasm.bin");

  const startAnew = async (reason) => {
    await rm(file());
    begun(reason);
    return new Map();
  };

  const read = async () => {
    let bytes;
    try {
      bytes = await readFile(file());
    } catch (cause) {
      if (cause.code === "ENOENT") return new Map();
      throw cause;
    }
    const encrypted = unframed(bytes);
    if (!encrypted) return startAnew("the file was empty or cut");
    let text;
    try {
      text = await cipher.decrypt(encrypted);
    } catch (cause) {
      throw new Error(
        "pkce-wasm.bin cannot be decrypted: its key is lost, or the keychain refuses it. host.reset() begins anew.",
        { cause },
      );
    }
    const items = parse(text);
    if (Object(items) !== items || Array.isArray(items)) return startAnew("the file holds no records");
    return new Map(Object.entries(items));
  };

  const write = async (items) => {
    const bytes = await cipher.encrypt(JSON.stringify(Object.fromEntries(items)));
    // In one step: a process that is killed, or a machine that loses its power, leaves the old file or the new one.
    const fresh = `${file()}.new`;
    await flushed(fresh, "w", (handle) => handle.writeFile(Buffer.concat([MARK, sumOf(bytes), bytes])));
    await rename(fresh, file());
    // Windows opens no folder.
    await flushed(dirname(file()), "r").catch(() => {});
  };

  // Of several windows, each sees what the others wrote before.
  let last = Promise.resolve();
  const inTurn = (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
  const next = (work) => inTurn(async () => work(await read()));
  return {
    isSecure: cipher.isSecure,
    getItem: (name) =>
      next((items) => {
        const item = items.get(name);
        return typeof item === "string" ? item : null;
      }),
    setItem: async (name, item) => {
      if (typeof name !== "string" || typeof item !== "string") throw new TypeError("an item is a text");
      return next((items) => write(items.set(name, item)));
    },
    removeItem: (name) => next((items) => items.delete(name) && write(items)),
    reset: () =>
      inTurn(async () => {
        for (const end of ["", ".new"]) await rm(`${file()}${end}`, { force: true });
      }),
  };
};
