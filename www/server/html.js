/** The policy under which the pages of the authorization servers run in Node. */
import { createHash } from "node:crypto";
import { STYLE } from "./pages.js";

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/**
 * The policy under which these pages run.
 *
 * @param {string} [formTarget] - Where the browser may end up after a form was sent, beside this server itself.
 */
export function contentSecurityPolicy(formTarget = "") {
  return [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    "img-src data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action 'self' ${formTarget}`.trim(),
  ].join("; ");
}
