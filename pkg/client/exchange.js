// From the answer of an endpoint to what may be used: the server's keys are fetched, and the platform verifies the signature.
import { harmless } from "../platform/harmless.js";
import { own } from "../platform/own.js";
import { bytes, canVerify, verify } from "../platform/signature.js";
import { unless } from "../platform/wait.js";

/** What of a form nobody else may see. */
const SECRETS = ["code", "code_verifier", "refresh_token", "token"];

/** The claims and the header parameter of an ID token that are told when they are at fault, by the part that they stand in; and how long they may be. */
const TOLD = own({ alg: 0, iss: 1, aud: 1, azp: 1, tid: 1 });
const MOST_TOLD = 300;

export const createExchange = ({ ask, bodyOf, loadDpop, more, named, send: sendPlain, toJson }) => {
  /** What the ID token of an answer says there. Nothing where nobody can read it. */
  const found = (subject, answer) => {
    try {
      const part = JSON.parse(bodyOf(answer)).id_token.split(".")[TOLD[subject]];
      const value = own(JSON.parse(new TextDecoder().decode(bytes(part))))[subject];
      const text = typeof value === "string" ? value : toJson(value);
      return text.length > MOST_TOLD ? undefined : text;
    } catch {}
  };

  /** Sends a request, which may hold secrets. */
  const sendOnce = async (request, network) => {
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

  /** The same with a proof where there is a key; with the setup, where a code or a refresh token is sent. */
  const send = async (request, network, setup) => {
    const { jkt } = own(request);
    if (jkt === undefined) return sendOnce(request, network);
    const dpop = await loadDpop();
    return setup === undefined
      ? dpop.send(request, network, sendOnce)
      : dpop.spend(setup, request, network, sendOnce);
  };

  /** The key sets of this page, by where they are: their texts, and when they were fetched again for a key that was missing. */
  const known = new Map();

  const fetchKeys = async (url, network) => {
    const answer = await send({ url }, network);
    try {
      ask("keys", answer);
    } catch (error) {
      throw more(error, { url: url.split(/[?#]/, 1)[0], status: Number(answer.split("\n", 1)[0]) });
    }
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
      const { signature, digest, failure } = await unless(network.signal, named, verify(task));
      if (signature === "failed") throw named("id_token_verification_failed", failure);
      if (signature !== "invalid") return ask("conclude", unverified, signature, digest);
      invalid = "1";
    }
  };

  return {
    send,
    fetchKeys,
    /** Asks the module what an answer of the token endpoint is. What is refused is told. */
    read(name, setup, record, answer, said) {
      try {
        return ask(name, setup, record, answer, said);
      } catch (error) {
        const { subject, code } = own(error);
        if (subject in TOLD && code.startsWith("id_token_"))
          throw more(error, { found: found(subject, answer) });
        throw error;
      }
    },
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
