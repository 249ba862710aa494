// From the answer of an endpoint to what may be used: the server's keys are fetched, and the platform verifies the signature.
import { harmless } from "../platform/harmless.js";
import { own } from "../platform/own.js";
import { canVerify, verify } from "../platform/signature.js";
import { unless } from "../platform/wait.js";

/** What of a form nobody else may see. */
const SECRETS = ["code", "code_verifier", "refresh_token", "token"];

export const createExchange = ({ ask, bodyOf, named, send: sendPlain }) => {
  /** Sends a request, which may hold secrets. */
  const send = async (request, network) => {
    try {
      return await sendPlain(request, network);
    } catch (error) {
      const { bearer, form } = own(request);
      const values = new URLSearchParams(form);
      const secrets = [bearer, ...SECRETS.map((name) => values.get(name))];
      if (error.cause && error.code !== "aborted") error.cause = harmless(error.cause, secrets);
      throw error;
    }
  };

  /** The key sets of this page, by where they are: their texts, and when they were fetched again for a key that was missing. */
  const known = new Map();

  const fetchKeys = async (url, network) => {
    const answer = await send({ url }, network);
    ask("keys", answer);
    const again = known.has(url) ? `${Math.floor(Date.now() / 1000)}` : "";
    known.set(url, { keys: bodyOf(answer), again });
  };

  const verified = async ({ unverified, keys: url }, network, spent) => {
    if (!canVerify()) return ask("conclude", unverified, "unavailable", "");
    for (let invalid = ""; ; ) {
      const { keys, again } = own(known.get(url));
      const task = ask("check", unverified, keys, again, invalid);
      if (task.fetch !== undefined) {
        try {
          await fetchKeys(task.fetch, network);
        } catch (error) {
          if (!spent || !error.retryable) throw error;
          return ask("conclude", unverified, "unfetched", "");
        }
        invalid = "";
        continue;
      }
      const { signature, digest } = await unless(network.signal, named, verify(task));
      if (signature !== "invalid") return ask("conclude", unverified, signature, digest);
      invalid = "1";
    }
  };

  return {
    send,
    fetchKeys,
    /** Whether the keys have to be fetched before a signature can be verified. */
    lacks: (url) => Boolean(url) && canVerify() && !known.has(url),
    /**
     * Goes on with what the module made of an answer. Where the keys cannot be fetched, the tokens of a refresh stay (`spent`): the
     * same request again would not bring them. Where nobody asked for an ID token, the tokens serve without one that is not right.
     */
    async conclude(step, network, spent) {
      if (step.unverified === undefined) return step;
      try {
        return await verified(step, network, spent);
      } catch (error) {
        if (!step.optional || error.code === "aborted") throw error;
        return ask("conclude", step.unverified, "unfetched", "");
      }
    },
  };
};
