/** A browser without a window: it follows redirects, keeps cookies, and fills in forms. */

/** More steps than any sign-in takes. */
const MOST_STEPS = 20;

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#x27": "'", "#39": "'" };
const decode = (text) => text.replace(/&(#?\w+);/g, (all, name) => ENTITIES[name] ?? all);

/** The attributes of a tag. */
const attributes = (tag) =>
  Object.fromEntries(
    [...tag.matchAll(/([\w-]+)(?:\s*=\s*"([^"]*)")?/g)].map(([, name, value]) => [name, decode(value ?? "")]),
  );

/** The first form of a page: where it leads, the hidden fields, and its buttons. */
export const readForm = (page) => {
  const [, head, body] = /<form([^>]*)>(.*?)<\/form>/s.exec(page) ?? [];
  if (body === undefined) return undefined;
  const inputs = [...body.matchAll(/<(?:input|button)\b([^>]*)>/g)].map(([, tag]) => attributes(tag));
  return {
    ...attributes(head),
    hidden: inputs.filter(({ type }) => type === "hidden").map(({ name, value = "" }) => [name, value]),
    fields: inputs.map(({ name }) => name).filter(Boolean),
  };
};

export class Browser {
  /** Cookies by origin and name: cookies know no ports, but each server here has a browser's attention of its own. */
  #cookies = new Map();
  /** The pages that were shown, by path. */
  shown = [];

  /**
   * Goes to a URL, and on until a redirect leads to `back`.
   *
   * @param {string} url - Where to begin.
   * @param {string} back - Where the application is: that URL is not asked for.
   * @param {(form: { fields: string[] }) => Record<string, string>} fill - What the user writes into a form and which button they press.
   * @returns {Promise<string>} The URL by which the user came back.
   */
  async visit(url, back, fill) {
    let request = { url, init: {} };
    for (let step = 0; step < MOST_STEPS; step++) {
      const response = await this.#ask(request.url, request.init);
      const location = response.headers.get("location");
      if (location) {
        const next = new URL(location, request.url).href;
        if (next.split("?")[0] === back) return next;
        request = { url: next, init: {} };
        continue;
      }
      const page = await response.text();
      const form = response.ok ? readForm(page) : undefined;
      const path = new URL(request.url).pathname;
      if (!form) throw new Error(`${path} answered ${response.status} and no form: ${page.slice(0, 500)}`);
      this.shown.push(path);
      const body = new URLSearchParams([...form.hidden, ...Object.entries(fill(form))]);
      const target = new URL(form.action || request.url, request.url).href;
      request = { url: target, init: { method: "POST", body, headers: { Referer: request.url } } };
    }
    throw new Error(`no end after ${MOST_STEPS} steps`);
  }

  async #ask(url, { headers, ...init }) {
    const { origin } = new URL(url);
    const kept = this.#cookies.get(origin) ?? new Map();
    this.#cookies.set(origin, kept);
    const cookie = [...kept].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(url, { ...init, redirect: "manual", headers: { ...headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value === "" || /max-age=0\b/i.test(line)) kept.delete(name);
      else kept.set(name, value);
    }
    return response;
  }
}
