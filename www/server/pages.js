/** The pages of the authorization servers: plain HTML with one stylesheet of their own, nothing fetched, no script. They are drawn in Node and in a service worker. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #eef1f4; --card: #fff; --ink: #17212b; --quiet: #566270; --line: #c9d1d9;
  --accent: #1c5d99; --accent-ink: #fff; --warn: #a3281e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #10161c; --card: #19222b; --ink: #e8edf2; --quiet: #9dabb9; --line: #384654;
    --accent: #7db8ec; --accent-ink: #0c1a26; --warn: #ff9d90;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem 1rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main {
  width: 100%; max-width: 25rem; padding: 1.75rem 1.5rem; background: var(--card);
  border: 1px solid var(--line); border-top: 4px solid var(--accent); border-radius: .75rem;
}
.server { margin: 0 0 .25rem; color: var(--quiet); font-size: .875rem; }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; letter-spacing: -.01em; }
p { margin: 0 0 1rem; }
ul { margin: 0 0 1.25rem; padding-left: 1.25rem; }
label { display: block; margin-bottom: .25rem; font-weight: 600; font-size: .9375rem; }
input {
  width: 100%; min-height: 2.75rem; padding: .5rem .75rem; margin-bottom: 1rem; font: inherit; color: inherit;
  background: var(--paper); border: 1px solid var(--line); border-radius: .5rem;
}
fieldset { margin: 0 0 1.25rem; padding: 0; border: 0; }
legend { padding: 0; margin-bottom: .5rem; font-weight: 600; font-size: .9375rem; }
.person {
  display: flex; gap: .75rem; align-items: center; margin-bottom: .5rem; padding: .5rem .75rem; font-weight: 400;
  border: 1px solid var(--line); border-radius: .5rem; cursor: pointer;
}
.person input { flex: none; width: 1.25rem; min-height: 1.25rem; margin: 0; accent-color: var(--accent); }
.person small, .note { color: var(--quiet); font-size: .875rem; }
.note { margin: 1.25rem 0 0; }
.hint { margin: -.75rem 0 1.25rem; color: var(--quiet); font-size: .875rem; }
.problem { color: var(--warn); font-weight: 600; }
.actions { display: flex; gap: .75rem; flex-wrap: wrap; }
button {
  flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  border-radius: .5rem; border: 1px solid var(--line); background: transparent; color: inherit;
}
button.main { background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
`;

const SCOPES = {
  openid: "who you are",
  profile: "your name",
  email: "your e-mail address",
  offline_access: "to stay signed in when you are away",
};

/** Makes text harmless in HTML. */
function inert(text) {
  return String(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A whole document. */
function document({ title, heading, body }) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${inert(heading)}: ${inert(title)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="server">${inert(title)}</p>
<h1>${inert(heading)}</h1>
${body}
</main>
</body>
</html>
`;
}

/** Asks for a name, which may be typed, and for a password, which may be anything. */
const NAME_AND_PASSWORD = `<label for="login">Name</label>
<input id="login" name="login" value="ada" required autocomplete="username" autocapitalize="none" spellcheck="false">
<label for="password">Password</label>
<input id="password" name="password" type="password" value="demo" autocomplete="off" aria-describedby="hint">
<p class="hint" id="hint">This is a demo: any password works, and none is kept.</p>`;

/** Asks which of these people is there. */
function choiceOf(people) {
  const choices = people.map(
    ({ sub, name, email }, index) => `<label class="person">
<input type="radio" name="login" value="${inert(sub)}"${index === 0 ? ' id="login" checked' : ""}>
<span>${inert(name)}<br><small>${inert(email)}</small></span>
</label>`,
  );
  return `<fieldset><legend>Who are you today?</legend>${choices.join("")}</fieldset>`;
}

/**
 * The page that asks who is there, and whether the application may know.
 *
 * @param {object} options
 * @param {string} options.title - What the server calls itself.
 * @param {string} options.client - What it calls the application.
 * @param {string} options.scope
 * @param {string} [options.problem] - What was wrong with the form.
 * @param {{ sub: string, name: string, email: string }[]} [options.people] - Who can sign in, without a password; absent where a name is typed.
 * @param {string} [options.note] - A sentence about this server.
 */
export function signInPage({ title, client, scope, problem, people, note }) {
  const wishes = scope.split(" ").filter((word) => word !== "");
  const items = wishes.map((word) => `<li>${inert(SCOPES[word] ?? word)} <code>${inert(word)}</code></li>`);
  return document({
    title,
    heading: "Sign in",
    body: `<p>Signing in lets <strong>${inert(client)}</strong> know:</p>
<ul>${items.join("")}</ul>
${problem ? `<p class="problem" role="alert">${inert(problem)}</p>` : ""}
<form method="post">
${people ? choiceOf(people) : NAME_AND_PASSWORD}
<div class="actions">
<button class="main" id="submit" name="action" value="sign-in" autofocus>Sign in</button>
<button id="cancel" name="action" value="cancel" formnovalidate>Cancel</button>
</div>
</form>
${note ? `<p class="note">${inert(note)}</p>` : ""}`,
  });
}

/**
 * The page for what went wrong.
 *
 * @param {{ title: string, error: string, description?: string }} options
 */
export function errorPage({ title, error, description }) {
  return document({
    title,
    heading: "This did not work",
    body: `<p><code>${inert(error)}</code></p>${description ? `<p>${inert(description)}</p>` : ""}`,
  });
}

/**
 * The page that asks whether the session at the authorization server shall end too.
 *
 * @param {{ title: string, form: string }} options - `form` is the provider's own, named `op.logoutForm`.
 */
export function signOutPage({ title, form }) {
  return document({
    title,
    heading: "Sign out here too?",
    body: `<p>The application has asked to end your session at this authorization server.</p>
${form}
<div class="actions">
<button class="main" id="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button id="cancel" form="op.logoutForm">Stay signed in</button>
</div>`,
  });
}

/**
 * The page after that.
 *
 * @param {{ title: string }} options
 */
export function signedOutPage({ title }) {
  return document({
    title,
    heading: "Signed out",
    body: "<p>Your session at this server has ended. You may close this page.</p>",
  });
}
