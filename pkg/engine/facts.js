// What an error says beside its code: its sentence, and the facts. Loaded with the first error.
import { SENTENCES } from "../dist/sentences.js";
import { own } from "../platform/own.js";

export { SENTENCES };

/** The most characters of what others wrote that are told. */
const MOST = 300;

const quoted = (text) => (text.length > MOST ? `${text.slice(0, MOST)}...` : text);

/** A name as JavaScript spells it. */
const inJavaScript = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());

/** The members of `Config` and of the options of a login and a sign-out, and words that other libraries have for them. */
const MEMBERS =
  "issuer acceptIssuer metadata clientId redirectUri postLogoutRedirectUri sessionName sharedRedirectUriIssuers trustedAudiences scope storage \
resourceOrigins dpop pushedAuthorizationRequests transactionStorage transactionMaxAge clockTolerance idTokenSignedResponseAlg timeout host publicClientSecret trace dangerouslyAssumePkceSupport \
dangerouslyAllowHttp dangerouslyAllowUnverifiedIdToken dangerouslyAllowEmbeddedUserAgent returnTo prompt loginHint maxAge acrValues requireAcr uiLocales \
claims appState resource authorizationDetails extraParameters popup features fallback signal revoke endSession".split(
    " ",
  );
const OTHERS = own({
  authority: "issuer",
  domain: "issuer",
  realm: "issuer",
  scopes: "scope",
  audience: "resource, or extraParameters",
  state: "appState",
  redirectUrl: "redirectUri",
  callbackUrl: "redirectUri",
  clientSecret: "none: a public client has no secret",
});

/** By how many letters two names differ, at the least. */
const distance = (one, other) => {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let at = 1; at <= one.length; at++) {
    const next = [at];
    for (let to = 1; to <= other.length; to++)
      next.push(Math.min(next[to - 1] + 1, row[to] + 1, row[to - 1] + (one[at - 1] !== other[to - 1])));
    row = next;
  }
  return row[other.length];
};

/** The member that is meant by a name that is none; nothing when it is like none. */
const meant = (name) => {
  const given = inJavaScript(name);
  if (MEMBERS.includes(given)) return given;
  if (OTHERS[given]) return OTHERS[given];
  const lower = given.toLowerCase();
  const ranked = MEMBERS.map((member) => [distance(lower, member.toLowerCase()), member]);
  const [[letters, nearest]] = ranked.sort(([one], [other]) => one - other);
  return letters <= Math.max(2, nearest.length / 3) ? nearest : undefined;
};

/** What is at fault, what should be there and what is; where the answer came from; and what the server said. */
const factsOf = ({ code, subject, expected, found, url, status, places, ...error }) => {
  const right = code === "member_unknown" && subject ? meant(subject) : undefined;
  // The caller knows no other spelling.
  const camel = /^(config|redirect_uri)_invalid$/.test(code) && subject ? inJavaScript(subject) : subject;
  const member = MEMBERS.includes(camel) ? camel : subject;
  const values = [expected && `expected ${quoted(expected)}`, found && `found ${quoted(found)}`];
  const told = values.filter(Boolean).join(", ");
  const words = [error.oauthError, error.oauthErrorDescription].filter(Boolean).join(": ");
  return [
    told && member ? `${member}: ${told}` : told || member,
    // One of another object has the right name.
    right && right !== subject && `meant is ${right}`,
    url ? `${url} answered ${status ?? "nothing"}` : status && `status ${status}`,
    places && `looked for at ${places.join(", ")}`,
    words && `the server said ${quoted(words)}`,
  ]
    .filter(Boolean)
    .join("; ");
};

/** Gives an error its sentence and its facts, also where an engine keeps its message a second time: V8, which prints that one. */
export const phrase = (error, place) => {
  const { message, stack } = error;
  const facts = factsOf(own(error));
  const sentence = SENTENCES[place];
  error.message = `${error.code}: ${facts ? `${sentence} (${facts})` : sentence}`;
  const head = [`Error: ${message}`, `PkceError: ${message}`].find((head) => `${stack}`.startsWith(head));
  if (head) error.stack = `PkceError: ${error.message}${stack.slice(head.length)}`;
  return error;
};
