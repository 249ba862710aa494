// What the errors of the client say: loaded with the first of them.
import { own } from "../platform/own.js";
import { createErrors, isPkceError, say } from "./error.js";

/**
 * @param codes the rows of the table
 * @param load loads the sentences, in the order of the table
 */
export const createTalkingErrors = (codes, load) => {
  let sentences;
  let loading;

  /** Loads the sentences, and gives the error its own. Without them it has its code. */
  const tell = async (error) => {
    try {
      loading ??= load();
      sentences = (await loading).SENTENCES;
      say(error, sentences[errors.place(error.code)], own(error).subject);
    } catch {
      loading = undefined;
    }
    return error;
  };

  const errors = createErrors(codes, (error, place, subject) => {
    say(error, sentences?.[place] ?? error.code, subject);
    if (!sentences) tell(error);
    return error;
  });

  return {
    ...errors,
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
