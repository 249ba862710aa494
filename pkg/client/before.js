// What version 0.1.0 kept. It is loaded where there is something of it.
import { own } from "../platform/own.js";

/** The session of a record, as this version keeps it; nothing where nobody can read it. */
export const adopt = ({ ask, toJson }, form) => {
  try {
    const kept = own(Object.fromEntries(new URLSearchParams(form)));
    const members = Object.entries(kept).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter) => letter.toUpperCase()),
      /^expires_|_details$/.test(name) ? JSON.parse(value) : value,
    ]);
    const { session, tokens } = ask("fromTokens", toJson(Object.fromEntries(members)));
    // The last three lines say how the attempts went to refresh it.
    const attempts = [kept.attempts, kept.failed, kept.retry_at].map((line) =>
      /^\d+$/.test(line) ? line : "",
    );
    return {
      id: encodeURIComponent(`0.1.0 ${own(own(tokens).claims).sub}`),
      session: `${session.slice(0, -attempts.length)}${attempts.join("\n")}\n`,
    };
  } catch {}
};

/** Forgets those of the logins of these names that nobody will finish. */
export const sweep = (place, names) => {
  for (const name of names) {
    const [, end] = /expires_at=(\d+)/.exec(place.get("", name)) ?? [];
    if (!(1000 * end > Date.now())) place.remove("", name);
  }
};
