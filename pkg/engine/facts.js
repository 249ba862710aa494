// What an error says beside its code: its sentence, and the facts. Loaded with the first error.
export { SENTENCES } from "../dist/sentences.js";

/** What is at fault and what was found there; where the answer came from, and its status. */
export const factsOf = ({ subject, found, url, status }) => {
  const what = found === undefined ? subject : `${subject}: found ${found}`;
  const where = url && `${url} answered ${status ?? "nothing"}`;
  return [what, where].filter(Boolean).join(", ");
};
