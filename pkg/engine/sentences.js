// What the errors of the client say: loaded with the first of them.
import { own } from "../platform/own.js";
import { within } from "../platform/wait.js";
import { createErrors, isPkceError } from "./error.js";

/** Milliseconds that an error waits for its sentence. */
const PATIENCE = 2000;

/**
 * @param codes the rows of the table
 * @param load loads the sentences, in the order of the table, and what tells the facts of an error
 */
export const createTalkingErrors = (codes, load) => {
  let said;
  let loading;

  /** Gives an error its sentence and its facts. Until these are loaded it has its code. */
  const phrase = (error) => said?.phrase(error, errors.place(error.code)) ?? error;

  /** Loads the sentences first. */
  const tell = async (error) => {
    try {
      loading = loading ?? load();
      said = await loading;
      phrase(error);
    } catch {
      loading = undefined;
    }
    return error;
  };

  const errors = createErrors(codes, (error) => {
    phrase(error);
    if (!said) tell(error);
    return error;
  });

  /** Waits until an error has its sentence, but not for long: the network may be what failed. */
  const whole = async (error) => {
    if (isPkceError(error) && !said) await within(PATIENCE, tell(error)).catch(() => {});
  };

  /** What is no error of this package was thrown by what it was given: a getter, a Proxy, a function of the host. */
  const known = (error) => (isPkceError(error) ? error : errors.named("config_invalid", error));

  return {
    ...errors,
    /** An error of which more is known. */
    more: (error, facts) => phrase(Object.assign(error, facts)),
    /** Does the work, which throws no other errors. */
    guarded: (work) => {
      try {
        return work();
      } catch (error) {
        throw known(error);
      }
    },
    /** The same for a promise, or what gives one; waits for the sentence of an error before it is thrown, or given as that of an outcome. */
    told: async (work) => {
      try {
        const result = await (typeof work === "function" ? work() : work);
        const { error } = own(result);
        if (error) await whole(error);
        return result;
      } catch (thrown) {
        const error = known(thrown);
        await whole(error);
        throw error;
      }
    },
  };
};
