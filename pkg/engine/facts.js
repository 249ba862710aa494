// What an error says beside its code: its sentence, and the facts. Loaded with the first error.
export { SENTENCES } from "../dist/sentences.js";

/** The most characters of what others wrote that are told. */
const MOST = 300;

const quoted = (text) => (text.length > MOST ? `${text.slice(0, MOST)}...` : text);

/** What is at fault, what should be there and what is; where the answer came from; and what the server said. */
export const factsOf = ({ subject, expected, found, url, status, oauthError, oauthErrorDescription }) => {
  const values = [expected && `expected ${quoted(expected)}`, found && `found ${quoted(found)}`];
  const told = values.filter(Boolean).join(", ");
  const words = [oauthError, oauthErrorDescription].filter(Boolean).join(": ");
  return [
    told && subject ? `${subject}: ${told}` : told || subject,
    url && `${url} answered ${status ?? "nothing"}`,
    words && `the server said ${quoted(words)}`,
  ]
    .filter(Boolean)
    .join("; ");
};
