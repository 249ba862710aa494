/** Who is signed in. */
import { element } from "./picture.js";

const panel = document.querySelector("#account");
const answer = document.querySelector("#userinfo-result");

/** Writes a claim; the style says so when it is not there. */
function writeClaim(claims, name) {
  const place = panel.querySelector(`[data-claim="${name}"]`);
  place.textContent = claims[name] === undefined ? "" : String(claims[name]);
}

/**
 * Shows the account of a session, or hides it.
 *
 * @param {import("./pkce-wasm/index.js").Session | null} session
 */
export function showAccount(session) {
  panel.hidden = session === null;
  document.body.dataset.signedIn = String(session !== null);
  answer.replaceChildren();
  for (const name of ["sub", "name", "email"]) writeClaim(session?.claims ?? {}, name);
  panel.querySelector("#granted-scope").textContent = session?.scope ?? "";
  const until = session?.expiresAt;
  panel.querySelector("#expires-at").textContent =
    typeof until === "number" ? new Date(until * 1000).toLocaleTimeString() : "the server did not say";
}

/**
 * Shows what the userinfo endpoint answered.
 *
 * @param {Record<string, unknown>} claims
 */
export function showUserinfo(claims) {
  const list = element("dl", { class: "facts" });
  for (const [name, value] of Object.entries(claims)) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    list.append(element("div", {}, element("dt", {}, name), element("dd", {}, text)));
  }
  answer.replaceChildren(element("h3", {}, "The userinfo endpoint says"), list);
}
