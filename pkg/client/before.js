// What version 0.1.0 kept. It is loaded where there is something of it.
import { toJson } from "../engine/json.js";
import { own } from "../platform/own.js";
import { BEFORE, PENDING, REMAINS } from "../platform/records.js";
import { MOST_SWEPT } from "./kept.js";

/** The place of `network_failed` in the table of codes. Those before it are of calls that are wrong: no refresh fails with one. */
const NETWORK_FAILED = 15;

/** The session of a record, as this version keeps it; nothing where nobody can read it. */
export const adopt = (ask, form) => {
  try {
    const kept = own(Object.fromEntries(new URLSearchParams(form)));
    const members = Object.entries(kept).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
      /^expires_|_details$/.test(name) ? JSON.parse(value) : value,
    ]);
    const { session, tokens } = ask("fromTokens", toJson(Object.fromEntries(members)));
    // The last five lines say how the attempts went to refresh it; the last two were not known then.
    const attempts = [kept.attempts, kept.failed, kept.retry_at, "", ""].map((line) =>
      /^\d+$/.test(line) ? line : "",
    );
    attempts[1] &&= `{"code":${Math.max(NETWORK_FAILED, attempts[1])}}`;
    return {
      id: encodeURIComponent(`0.1.0 ${own(own(tokens).claims).sub}`),
      session: `${session.slice(0, -attempts.length)}${attempts.join("\n")}\n`,
    };
  } catch {}
};

/** Forgets the logins that nobody will finish. */
export const sweep = (place) => {
  for (const kind of [PENDING, REMAINS]) {
    for (const name of place.names(BEFORE[kind], MOST_SWEPT)) {
      const [, end] = /expires_at=(\d+)/.exec(place.get("", name)) ?? [];
      if (!(1000 * end > Date.now())) place.remove("", name);
    }
  }
};
