/** What a sign-in came to, in plain words. */
import { element } from "./picture.js";

/** Who can do something about an error. */
const WHO_ACTS = {
  caller: "The application or its configuration has to change.",
  user: "Nothing is broken.",
  server: "The authorization server decided so; its administrator can say why.",
  peer: "The answer broke the rules, by mistake or on purpose, and was not accepted.",
  environment: "The network, the storage or the browser stands in the way.",
  internal: "The package itself is at fault: please report it.",
};

const TITLES = {
  access_denied: "The sign-in was cancelled",
  state_mismatch: "This callback was not for this sign-in",
  transaction_expired: "The sign-in took too long",
  network_failed: "The server could not be reached",
  metadata_not_found: "This issuer serves no metadata",
  pkce_unsupported: "This server does not offer PKCE with S256",
  popup_blocked: "The browser blocked the pop-up",
  popup_closed: "The pop-up was closed",
  storage_unavailable: "The browser does not let the page remember a sign-in",
};

/** The facts of an error as a list; foreign text stays text. */
function factsOf(error) {
  const rows = [
    ["Code", error.code === error.oauthError ? undefined : error.code],
    ["About", error.subject],
    ["HTTP status", error.status],
    ["Server’s error", error.oauthError],
    ["Server’s words", error.oauthErrorDescription],
  ];
  const list = element("dl", { class: "facts" });
  for (const [name, value] of rows) {
    if (value === undefined || value === null || value === "") continue;
    list.append(
      element("div", {}, element("dt", {}, name), element("dd", {}, element("code", {}, String(value)))),
    );
  }
  return list;
}

/** The words for an error. */
function wordsFor(error, fallback) {
  const title = TITLES[error.code] ?? fallback;
  return [title, [error.message || String(error), WHO_ACTS[error.blame]].filter(Boolean)];
}

/** The title and the sentences for an outcome. */
function describe(outcome) {
  if (outcome.title) return [outcome.title, [outcome.sentence]];
  switch (outcome.status) {
    case "signed-in":
      return [
        "You are signed in",
        ["The server gave this page tokens for the code and the verifier, which only this page had."],
      ];
    case "already-completed":
      return [
        "This sign-in was completed before",
        [
          "A reload, the back button or a second tab brought the same callback again. Nothing was sent again.",
          outcome.session
            ? "You are still signed in."
            : "You have signed out since, or the session is in another tab.",
        ],
      ];
    case "refused": {
      const [title, sentences] = wordsFor(outcome.error, "The sign-in did not succeed");
      const next = outcome.restart
        ? "Press Sign in to begin again."
        : "Beginning again will not help until that is changed.";
      return [title, [...sentences, next]];
    }
    case "other-login": {
      const [title, sentences] = wordsFor(
        outcome.error,
        "This callback belongs to no sign-in that began here",
      );
      return [title, [...sentences, "Nothing was sent to the server and nothing was changed."]];
    }
    case "handed-over":
      return ["The other window goes on", ["You may close this one."]];
    case "signed-out":
      return ["You are signed out", ["Here and at the server. It will ask who you are next time."]];
    case "error":
      return wordsFor(outcome.error, "Something went wrong");
    default:
      return [
        "Not signed in",
        [
          "Press Sign in. The server shows its page, and sends you back here.",
          ...(outcome.unverified
            ? [
                `Somebody says “${outcome.unverified.oauthError}”. Nothing shows who: the sign-in that is pending goes on.`,
              ]
            : []),
        ],
      ];
  }
}

/**
 * Shows an outcome.
 *
 * @param {object} outcome - What `handleRedirect` gave; `{ status: "error", error }` when something threw; or
 * or one of any status, with the page's own `title` and `sentence`.
 */
export function showOutcome(outcome) {
  const place = document.querySelector("#outcome");
  const [title, sentences] = describe(outcome);
  place.dataset.status = outcome.status;
  place.dataset.code = outcome.error ? String(outcome.error.code ?? outcome.error.name ?? "unknown") : "";
  place.replaceChildren(element("h3", {}, title), ...sentences.map((sentence) => element("p", {}, sentence)));
  if (outcome.error) place.append(factsOf(outcome.error));
}
