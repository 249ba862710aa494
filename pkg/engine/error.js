// The error class, and how errors are made.
import { own } from "../platform/own.js";

/** See error.d.ts. Made from a row of the table of codes: `code:blame`, and `:1` behind it where the same call may be tried again. */
export class PkceError extends Error {
  constructor(row, details) {
    const [code, blame, retryable] = row.split(":");
    super(code, details);
    Object.assign(this, details, {
      name: "PkceError",
      code,
      blame,
      retryable: Boolean(retryable),
    });
  }

  toJSON() {
    return { ...this, message: this.message };
  }
}

export const isPkceError = (value) => value?.name === "PkceError" && typeof value.code === "string";

/** Gives an error its sentence. */
export const say = (error, sentence) => {
  error.message = `${error.code}: ${sentence}`;
  return error;
};

/**
 * @param codes the rows of the table
 * @param finish gives an error what it says, by its place in the table
 */
export const createErrors = (codes, finish) => {
  const place = (code) => codes.findIndex((row) => row.startsWith(`${code}:`));
  const at = (place, details) => finish(new PkceError(codes[place], own(details)), place);
  return {
    place,
    /** The error of a code, with its cause and the member it is about. */
    named: (code, cause, subject) => at(place(code), subject ? { cause, subject } : cause && { cause }),
    /** The error that the module tells of: its place in the table, and its details. */
    failed: at,
  };
};
