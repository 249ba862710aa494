/** The malicious app: it holds the intercepted code and really asks the token endpoint for tokens, in three ways. */
import { field } from "./exchange.js";
import { element } from "./picture.js";

/** The three ways. Each gives the parameters that it adds to the intercepted code. */
const ATTEMPTS = [
  { name: "no-verifier", title: "without a verifier", extra: () => ({}) },
  {
    name: "guessed-verifier",
    title: "with a guessed verifier",
    extra: ({ guess }) => ({ code_verifier: guess() }),
  },
  {
    name: "plain",
    title: "with the challenge it saw, asking for plain",
    extra: ({ challenge }) => ({ code_verifier: challenge, code_challenge_method: "plain" }),
  },
];

/** Posts a form as an app would that has nothing of this page but the code. */
async function post(url, parameters) {
  try {
    const response = await fetch(url, {
      method: "POST",
      body: parameters,
      credentials: "omit",
      cache: "no-store",
    });
    const body = await response.json().catch(() => ({}));
    return { status: response.status, ok: response.ok, body };
  } catch {
    return { status: 0, ok: false, body: { error: "no_answer" } };
  }
}

/** What became of one attempt, in words. */
function resultOf({ name, title }, { status, ok, body }) {
  const item = element("li", {
    "data-attempt": name,
    "data-status": String(status),
    "data-error": body.error ?? "",
  });
  const words = ok
    ? "The server gave tokens to the thief"
    : status === 0
      ? "No answer"
      : `Refused: HTTP ${status}`;
  item.append(element("strong", {}, `Code ${title}`), element("span", { class: "verdict" }, words));
  if (body.error) {
    const said = body.error_description ? `${body.error}: ${body.error_description}` : body.error;
    item.append(element("code", {}, said));
  }
  if (ok)
    item.append(element("span", {}, "This server does not enforce PKCE for this client: turn it on there."));
  return item;
}

/**
 * Lets the thief try. Stops when an attempt succeeds: the code is spent then.
 *
 * @param {object} options
 * @param {import("./exchange.js").Exchange} options.exchange - Where the messages are noted.
 * @param {string} options.tokenEndpoint
 * @param {{ clientId: string, redirectUri: string }} options.server - Public knowledge: it is in every app that is shipped.
 * @param {string} options.code - The intercepted code.
 * @param {string} options.state - The intercepted state.
 * @param {() => string} options.guess - Makes some verifier.
 * @param {HTMLElement} options.results - The list to write to.
 */
export async function letTheThiefTry({ exchange, tokenEndpoint, server, code, state, guess, results }) {
  results.replaceChildren();
  if (!exchange.messages.some((message) => message.name === "intercept")) {
    exchange.add({
      from: "browser",
      to: "thief",
      name: "intercept",
      title: "Thief receives the same callback",
      method: "GET",
      note: "For example an app that registered the same custom scheme. It also saw the challenge when the request went out.",
      fields: [field("code", code), field("state", state), field("code_challenge", exchange.challenge)],
      learns: { thief: ["code", "state", "code_challenge"] },
      bad: true,
    });
  }
  for (const attempt of ATTEMPTS) {
    const parameters = new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: server.redirectUri,
      client_id: server.clientId,
      ...attempt.extra({ guess, challenge: exchange.challenge }),
    });
    exchange.add({
      from: "thief",
      to: "server",
      name: `thief-${attempt.name}`,
      title: `Thief tries ${attempt.title}`,
      method: "POST",
      fields: [
        field("path", new URL(tokenEndpoint).pathname),
        ...[...parameters].map(([name, value]) => field(name, value)),
      ],
      bad: true,
    });
    const answer = await post(tokenEndpoint, parameters);
    exchange.add({
      from: "server",
      to: "thief",
      name: `thief-${attempt.name}-${answer.ok ? "tokens" : "refused"}`,
      title: answer.ok
        ? "Server gives the thief tokens"
        : answer.status === 0
          ? "No answer came"
          : "Server refuses the thief",
      method: answer.status === 0 ? "none" : String(answer.status),
      fields: Object.entries(answer.body ?? {}).map(([name, value]) => field(name, value)),
      learns: answer.ok ? { thief: ["tokens"] } : {},
      bad: !answer.ok,
    });
    results.append(resultOf(attempt, answer));
    if (answer.ok) return;
  }
}
