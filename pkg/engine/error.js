// The error class, and what it says. The sentences are not loaded before the first error.
import { own } from "../platform/own.js";

const BLAMES = {
  c: "caller",
  u: "user",
  s: "server",
  p: "peer",
  e: "environment",
  i: "internal",
};

const message = (code, sentence, subject) =>
  subject ? `${sentence ?? code} (${subject})` : (sentence ?? code);

/** See error.d.ts. Made from a row of the table of codes, `code:b` or `code:b!`: who must act by a letter, and whether to try again. */
export class PkceError extends Error {
  constructor(row, sentence, details) {
    const [code, [blame, retryable]] = row.split(":");
    super(message(code, sentence, details?.subject), details);
    Object.assign(this, details, {
      name: "PkceError",
      code,
      blame: BLAMES[blame],
      retryable: Boolean(retryable),
    });
  }
}

export const isPkceError = (value) => value?.name === "PkceError" && typeof value.code === "string";

/**
 * @param codes the rows of the table
 * @param load loads the sentences, in the order of the table
 * @param sentences the same, where they are at hand
 */
export const createErrors = (codes, load, sentences) => {
  let loading;

  /** Loads the sentences, and gives the error what it has to say. Without them it has its code. */
  const tell = async (error) => {
    try {
      loading ??= load();
      sentences = (await loading).SENTENCES;
      const { code, subject } = error;
      error.message = message(code, sentences[place(code)], subject);
    } catch {
      loading = undefined;
    }
    return error;
  };

  const place = (code) => codes.findIndex((row) => row.startsWith(`${code}:`));

  /** The error in a place of the table. */
  const at = (place, details) => {
    const error = new PkceError(codes[place], sentences?.[place], own(details));
    if (!sentences) tell(error);
    return error;
  };

  return {
    /** The error of a code, with its cause and the member it is about. */
    named: (code, cause, subject) => at(place(code), cause && (subject ? { cause, subject } : { cause })),
    /** The error that the module tells of: `{ code }`, a place in the table, and its details. */
    failed: (details) => at(details.code, details),
    /** What another error says, as this one: of a code's place. */
    place,
    /** Waits for an error's sentence before it is thrown. */
    told: async (promise) => {
      try {
        return await promise;
      } catch (error) {
        throw isPkceError(error) && !sentences ? await tell(error) : error;
      }
    },
  };
};
