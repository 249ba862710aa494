/** Where the authorization server speaks with the person: one page that signs in and consents in one step. */
import { ACCOUNT_ID } from "./account.js";
import { contentSecurityPolicy } from "./html.js";
import { errorPage, signInPage } from "./pages.js";

const LONGEST_FORM = 4096;

/** Reads a small form body; null when it is too long. */
async function readForm(request) {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) {
    body += chunk;
    if (body.length > LONGEST_FORM) return null;
  }
  return new URLSearchParams(body);
}

/** Sends a page. */
function sendPage(response, status, html, formTarget) {
  response.writeHead(status, {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    // As many servers do it: whoever opened this page in a pop-up loses sight of it.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": contentSecurityPolicy(formTarget),
  });
  response.end(html);
}

/** Where a form may lead, in the words of `form-action`: the browser checks redirects after a submission too. */
function sourceOf(redirectUri) {
  const { origin, protocol } = new URL(redirectUri);
  return origin === "null" ? protocol : origin;
}

/** Records that the account allows the client what it asked for. */
async function consent(provider, { params, grantId }) {
  const known = grantId ? await provider.Grant.find(grantId) : undefined;
  const grant = known ?? new provider.Grant({ accountId: ACCOUNT_ID, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? "openid");
  for (const resource of [params.resource ?? []].flat()) grant.addResourceScope(resource, params.scope ?? "");
  return grant.save();
}

/**
 * Makes the handler of `/interaction/…`.
 *
 * @param {{ provider: import("oidc-provider").default, title: string }} options
 * @returns {import("node:http").RequestListener}
 */
export function makeInteraction({ provider, title }) {
  const finish = (request, response, result) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });

  return async (request, response) => {
    try {
      const details = await provider.interactionDetails(request, response);
      const { client_id: clientId, redirect_uri: redirectUri } = details.params;
      const client = (await provider.Client.find(clientId))?.clientName ?? clientId;
      const scope = details.params.scope ?? "";
      const show = (status, problem) =>
        sendPage(response, status, signInPage({ title, client, scope, problem }), sourceOf(redirectUri));

      if (request.method !== "POST") return show(200);
      const form = await readForm(request);
      if (!form) return show(413, "That was too long.");
      if (form.get("action") === "cancel") {
        return await finish(request, response, {
          error: "access_denied",
          error_description: "The person at the sign-in page pressed Cancel",
        });
      }
      if (form.get("login")?.trim().toLowerCase() !== ACCOUNT_ID) {
        return show(422, `This demo knows one person only: ${ACCOUNT_ID}.`);
      }
      const grantId = await consent(provider, details);
      return await finish(request, response, { login: { accountId: ACCOUNT_ID }, consent: { grantId } });
    } catch (error) {
      if (error.name !== "SessionNotFound") console.error(error.stack);
      const description =
        "This sign-in is finished, was abandoned, or began in another browser. Go back to the application and begin again.";
      return sendPage(response, 400, errorPage({ title, error: "No such sign-in", description }));
    }
  };
}
