/** The sequence picture and the table of who knows what. */
import { deriveChallenge } from "./pkce-wasm/index.js";

const PARTIES = ["app", "browser", "server", "thief"];

const PARTY_NAMES = { app: "App", browser: "Browser", server: "Server", thief: "Thief" };

const FACTS = [
  ["code_challenge", "challenge"],
  ["state", "state"],
  ["code", "code"],
  ["code_verifier", "verifier"],
  ["tokens", "tokens"],
  ["key", "key"],
];

/** The rows that are there only when somebody knows the fact. */
const RARE = ["key"];

/**
 * Makes an element.
 *
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node|string)} children - Text is text, never HTML.
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Who knows what after a step, and what is new in it. */
function knowledgeAfter(messages, step) {
  const known = Object.fromEntries(PARTIES.map((party) => [party, new Map()]));
  for (const [index, message] of messages.slice(0, step + 1).entries()) {
    for (const [party, facts] of Object.entries(message.learns)) {
      for (const fact of facts) if (!known[party].has(fact)) known[party].set(fact, index);
    }
  }
  return known;
}

/** A long name that may be broken after its underscores. */
function breakable(name) {
  const parts = name.split(/(?<=_)/);
  return parts.flatMap((part, index) => (index === 0 ? [part] : [element("wbr"), part]));
}

/** The bytes of a challenge, in hexadecimal digits, four bytes a group. */
function hexOf(challenge) {
  const bytes = atob(challenge.replaceAll("-", "+").replaceAll("_", "/"));
  const digits = Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("");
  return digits.replace(/.{8}(?=.)/g, "$& ");
}

/** How a challenge is made of a verifier, which is shown once it is spent. */
function derivationOf(challenge, verifier) {
  const row = (name, ...shown) => element("div", {}, element("dt", {}, name), element("dd", {}, ...shown));
  const list = element("dl", { class: "derivation", "data-spent": String(Boolean(verifier)) });
  const derived = verifier ? deriveChallenge(verifier) : challenge;
  const hidden = element("span", { class: "secret" }, "still secret: shown when the code is redeemed");
  const isSame = derived === challenge;
  list.append(
    row("verifier", verifier ? element("code", { "data-derivation": "verifier" }, verifier) : hidden),
    row("↓ SHA-256", element("code", {}, hexOf(derived))),
    row("↓ base64url", element("code", { "data-derivation": "challenge" }, derived)),
    row(
      "challenge",
      element("code", {}, challenge),
      ...(verifier
        ? [
            element(
              "span",
              { class: `key ${isSame ? "good" : "bad"}` },
              isSame ? " ✓ the same" : " ✗ another",
            ),
          ]
        : []),
    ),
  );
  return list;
}

/** What a message carried, as a list of names and values. */
function detailsOf(message, spentVerifier) {
  const list = element("dl", { class: "fields" });
  for (const { name, value, secret } of message.fields) {
    const shown = element("dd", {}, element("code", {}, value));
    if (secret) shown.append(" ", element("span", { class: "secret" }, "secret"));
    list.append(element("div", {}, element("dt", {}, ...breakable(name)), shown));
  }
  const details = element("div", { class: "details" });
  if (message.note) details.append(element("p", {}, message.note));
  if (message.challenge) details.append(derivationOf(message.challenge, spentVerifier));
  if (message.fields.length > 0) details.append(list);
  return details;
}

/** The arrow between two lanes. */
function arrowOf(message) {
  const from = PARTIES.indexOf(message.from);
  const to = PARTIES.indexOf(message.to);
  const direction = from === to ? "self" : from < to ? "right" : "left";
  const arrow = element("span", { class: "arrow", "data-direction": direction });
  const start = 2 * Math.min(from, to) + 2;
  arrow.style.gridColumn =
    direction === "self" ? `${start} / span 1` : `${start} / ${2 * Math.max(from, to) + 2}`;
  return element("span", { class: "lanes", "aria-hidden": "true" }, arrow);
}

/** One step of the sequence. */
function stepOf(message, index, spentVerifier) {
  const route =
    message.from === message.to
      ? PARTY_NAMES[message.from]
      : `${PARTY_NAMES[message.from]} to ${PARTY_NAMES[message.to]}`;
  const button = element(
    "button",
    { type: "button", class: "step", "aria-expanded": "false" },
    element(
      "span",
      { class: "title" },
      element("span", { class: "number" }, `${index + 1}`),
      element("span", {}, message.title),
      element("span", { class: "unseen" }, ` (${route})`),
    ),
    element("span", { class: "method" }, message.method ?? ""),
    arrowOf(message),
  );
  const item = element("li", {
    "data-from": message.from,
    "data-to": message.to,
    "data-message": message.name,
  });
  if (message.mark) item.dataset.mark = message.mark;
  item.append(button, detailsOf(message, spentVerifier));
  return item;
}

/** Draws an exchange and keeps the drawing up to date. */
export class Picture {
  #exchange;
  #list = document.querySelector("#sequence");
  #table = document.querySelector("#knowledge");
  #caption = document.querySelector("#knowledge-caption");
  #selected = -1;
  /** The verifier that is shown. */
  #spent = null;

  /** @param {import("./exchange.js").Exchange} exchange */
  constructor(exchange) {
    this.#exchange = exchange;
    this.#list.addEventListener("click", (event) => this.#choose(event));
    this.#list.addEventListener("focusin", (event) => this.#choose(event));
    this.#list.addEventListener("keydown", (event) => this.#move(event));
    exchange.onMessage(() => this.draw());
    this.draw();
  }

  /** Draws what is new, and shows the latest step. */
  draw() {
    const { messages, spentVerifier } = this.#exchange;
    if (messages.length < this.#list.children.length) this.#list.replaceChildren();
    if (spentVerifier !== this.#spent) {
      this.#spent = spentVerifier;
      for (const [index, item] of [...this.#list.children].entries()) {
        const message = messages[index];
        if (message.challenge) item.querySelector(".details").replaceWith(detailsOf(message, spentVerifier));
      }
    }
    const before = this.#list.children.length;
    for (let index = before; index < messages.length; index += 1) {
      this.#list.append(stepOf(messages[index], index, spentVerifier));
    }
    document.querySelector("#sequence-empty").hidden = messages.length > 0;
    if (messages.length !== before || messages.length === 0) this.#select(messages.length - 1);
  }

  /** The step that an event is about, or -1. */
  #indexOf(event) {
    const item = event.target.closest(".step")?.parentElement;
    return item ? [...this.#list.children].indexOf(item) : -1;
  }

  #choose(event) {
    const index = this.#indexOf(event);
    if (index < 0 || index === this.#selected) return;
    // What is unfolded above closes: keep the chosen step where the eye and the pointer are.
    const item = this.#list.children[index];
    const before = item.getBoundingClientRect().top;
    this.#select(index);
    window.scrollBy({ top: item.getBoundingClientRect().top - before, behavior: "instant" });
    item.querySelector(".step").scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  #move(event) {
    const last = this.#list.children.length - 1;
    const here = this.#indexOf(event);
    const places = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: last };
    if (here < 0 || !(event.key in places)) return;
    event.preventDefault();
    const there = Math.max(0, Math.min(last, places[event.key]));
    this.#list.children[there].querySelector(".step").focus();
  }

  #select(index) {
    this.#selected = index;
    for (const [place, item] of [...this.#list.children].entries()) {
      const chosen = place === index;
      item.classList.toggle("selected", chosen);
      const button = item.querySelector(".step");
      button.setAttribute("aria-expanded", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
    this.#tell(index);
  }

  #tell(index) {
    const known = knowledgeAfter(this.#exchange.messages, index);
    this.#caption.textContent =
      index < 0 ? "What each party knows" : `What each party knows after step ${index + 1}`;
    this.#table.replaceChildren(
      ...FACTS.filter(
        ([fact]) => !RARE.includes(fact) || PARTIES.some((party) => known[party].has(fact)),
      ).map(([fact, name]) => {
        const cells = PARTIES.map((party) => {
          const since = known[party].get(fact);
          const words = since === undefined ? "does not know" : since === index ? "knows now" : "knows";
          const mark = element(
            "span",
            { class: "mark", "aria-hidden": "true" },
            since === undefined ? "·" : "✓",
          );
          const cell = element("td", { "data-party": party, "data-knows": String(since !== undefined) });
          if (since === index) cell.dataset.new = "true";
          cell.append(mark, element("span", { class: "unseen" }, words));
          return cell;
        });
        return element("tr", { "data-fact": fact }, element("th", { scope: "row" }, name), ...cells);
      }),
    );
  }
}
