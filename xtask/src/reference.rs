//! The error reference: `ERRORS.md`, from the table of codes.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use pkce_wasm::error::{Blame, Code, Error, Refusal};

use crate::process::root;

/// What stands before the table.
const PREFACE: &str = "\
# Errors

<!-- Made from the table in src/error.rs by `cargo xtask lint --fix`. -->

What fails in a login or a session is a `PkceError` (in Rust an `Error`) with one of these codes. The codes are stable; the sentences may change.

```js
import { isPkceError } from \"pkce-wasm\";

try {
  await client.login();
} catch (error) {
  if (!isPkceError(error)) throw error;
  console.error(error.code, error.blame, error.retryable, error.subject, error.status, error.oauthError);
}
```

| member | meaning |
| --- | --- |
| `code` | one of the codes below |
| `message` | `code: sentence (facts)`: the sentence below says what happened and what to do. The facts are the member at fault by the name that JavaScript has for it, what \
was expected and what was found, the URL and the status of the answer where there are such, the places where metadata were looked for, and the server's words. Where the sentences are not loaded yet, it is the code alone. |
| `blame` | who must act: see the table below |
| `retryable` | whether the same call may succeed later without a change |
| `subject` | the member, parameter or claim at fault, where one can be named |
| `expected`, `found` | what should be there and what is, where that helps: never a secret |
| `url` | the URL that did not answer, or whose answer was refused, without its query: with `network_failed`, `timed_out`, `cors_refused` and the errors of the signing keys |
| `status` | the HTTP status of the answer that was refused |
| `places` | the URLs at which metadata was looked for, where none was found |
| `retryAfter` | seconds after which the same call may succeed |
| `loginOptions` | with `insufficient_scope` and `insufficient_user_authentication` of `session.fetch()`: the options of the `login()` that would help |
| `oauthError`, `oauthErrorDescription`, `oauthErrorUri` | what the server said (RFC 6749 sections 4.1.2.1 and 5.2): text, not to be used as HTML |

No message of this package holds a verifier, a code or a token, and these are struck out of the server's words. `cause` is the platform's or the host's own
error. What `handleRedirect()` refuses is not thrown: it is the `error` of the outcome. `JSON.stringify(error)` keeps the message and every member but `cause`.
";

/// Who must act, what that means, and what whoever catches such an error does.
const BLAMES: [(Blame, &str, &str); 6] = [
    (
        Blame::Caller,
        "the application's developer",
        "Correct the call or the configuration. A user can do nothing about it.",
    ),
    (Blame::User, "the person at the device", "Say what happened, and offer to sign in again."),
    (
        Blame::Server,
        "whoever runs the authorization server",
        "The server understood the request and refused it: log `oauthError` and `status`, and compare the registration of the client.",
    ),
    (
        Blame::Peer,
        "whoever runs the authorization server, or nobody: it may be an attack",
        "What arrived is not what the protocol foresees. Nothing of it was used. If it comes again, compare issuer, redirect URI and registration.",
    ),
    (
        Blame::Environment,
        "the network, the storage or the engine beneath the page",
        "Say so, and offer to try again where `retryable` is true.",
    ),
    (Blame::Internal, "the makers of this package", "Report it, with the version and what was called."),
];

/// What the sentence in the table has no room for.
const NOTES: &[(Code, &str)] = &[
    (
        Code::CodeAlreadyUsed,
        "The page was closed, reloaded or killed after the code had been sent and before the answer was kept. A code is redeemed once \
         (RFC 6749 section 4.1.2), so it is not sent again, and nobody is half signed in. The outcome is `refused` with `restart`: \
         say that it did not work and call `client.login()`. Mostly the server still knows the user, and no password is asked for.",
    ),
    (
        Code::TransactionNotFound,
        "Usual causes: the link was opened in another browser or profile; the site's data were deleted during the login; \
         `transactionStorage` is `\"session\"` or `\"memory\"` and the user came back in another tab, or to another copy of this package in \
         the page; the callback is another library's; somebody sent the user a callback of their own (RFC 6749 section 10.12). \
         The address bar is left as it is.",
    ),
    (
        Code::TransactionExpired,
        "The login took longer than `transactionMaxAge` (600 seconds), or a clock was set ahead during it.",
    ),
    (
        Code::ConfigInvalid,
        "About `issuer`: it is an absolute URL with its scheme, such as `https://login.example.com`, and not the URL of a discovery document: leave out what begins \
         with `/.well-known/`. About `type`, from `client.on()`: there is no such event. From `login()` about `redirect_uri`, with `expected` and `found`: the page and the redirect URI are on this machine, but under two names \
         or ports (`127.0.0.1` and `localhost`). Those are two origins, which share no storage: the page that the user comes back to could not see the login. Open \
         the page at the origin of the redirect URI.",
    ),
    (
        Code::AuthorizationRefused,
        "`restart` is true for `temporarily_unavailable` and `server_error` (RFC 6749 section 4.1.2.1): beginning the login again may help. Everything \
         else is about the request or the registration, and would be refused again.",
    ),
    (
        Code::TransactionInvalid,
        "With the stateless steps: pass the string that `beginAuthorization` gave, unchanged, with the same configuration. \
         From `handleRedirect()`: another client on the same redirect URI began the login; its own `handleRedirect()` finishes it.",
    ),
    (
        Code::NetworkFailed,
        "A browser does not tell a page why. Where the network tab shows an answer, it is CORS: the server has to allow the page's origin \
         at its metadata, token, userinfo and key endpoints. From `Client.discover()`, `places` are the URLs that were asked. Where the network tab shows none: connection, TLS, or `connect-src` of the page's policy.",
    ),
    (
        Code::IssuerMismatch,
        "The `issuer` of the configuration has to be that of the metadata, character for character (RFC 8414 section 3.3): a slash at the end counts.",
    ),
    (
        Code::MetadataNotFound,
        "Asked for are `/.well-known/openid-configuration` after the issuer, then `/.well-known/oauth-authorization-server` before the issuer's path; where there is \
         a path, then `/.well-known/openid-configuration` before it. `places` are the URLs that were asked. Where the server has no document, see `metadata` in the configuration.",
    ),
    (
        Code::PkceUnsupported,
        "`code_challenge_methods_supported` has to hold `S256` (RFC 9700 section 2.1.1). Some servers support it without saying so.",
    ),
    (
        Code::RedirectUriMismatch,
        "`subject` names the part that differs: `scheme`, `host` (with the port), `path` or `query`; `expected` is the redirect URI, `found` the \
         address without its query. Equal are what RFC 3986 calls equivalent: scheme and host in any case, an empty path and `/` behind a host. \
         Of the redirect URI's own query the order and the spelling of escapes may differ, and parameters may be added, but none of its own \
         names. Mostly the server, a proxy or a router adds or removes a slash. The login stays pending, and the address bar is left as it is.",
    ),
    (
        Code::TokenRefused,
        "With `oauthError` `invalid_grant`: the code is spent or too old, the redirect URI or the verifier is another one, or the \
         refresh token has ended: `restart`. With `invalid_client` or `unauthorized_client`: the registration wants a client secret. \
         Register a public client (`token_endpoint_auth_method` `none`).",
    ),
    (
        Code::IdTokenExpired,
        "The clocks differ by more than `clockTolerance` (60 seconds). Where the server lets the page see its `Date` \
         (`Access-Control-Expose-Headers: Date`), its clock counts, up to two days off.",
    ),
    (Code::IdTokenNotYetValid, "As `id_token_expired`: mostly the clock of the device is behind."),
    (
        Code::IdTokenUnverifiable,
        "On an insecure origin there is no WebCrypto, and with a server on `http` no TLS either: nothing shows whose the ID token is.",
    ),
    (
        Code::SigningKeysUnavailable,
        "The host of the `jwks_uri` may be another than the issuer's: it has to be in `connect-src`, and to allow the page's origin.",
    ),
    (
        Code::StorageUnavailable,
        "Mostly thrown by `login()` before the user is sent away. Private windows and blocked cookies can be the cause. In Node, in another server process and in a test without a DOM there is no \
         `localStorage`: set `transactionStorage: \"memory\"`, with a `host` that opens the browser beside the page.",
    ),
    (
        Code::EngineNotReady,
        "Only the synchronous functions, called where WebAssembly is missing or forbidden (Lockdown Mode, a policy without `'wasm-unsafe-eval'`), \
         or by a page in Chromium before 115: \
         `await ready()` once before, for example at the start of the page.",
    ),
    (
        Code::EngineUnavailable,
        "The policy forbids WebAssembly, and the file of the twin (`dist/client_twin.js` or `dist/pkce_twin.js`) was not found \
         beside the script or is forbidden too.",
    ),
    (
        Code::EngineUnsupported,
        "A plain script throws it while it is loaded, before there is a `pkceWasm`: listen for `error` at `window`. A browser that is too old for the modules does not run \
         them; [a page can say so](pkg/guides/content-security.md#old-browsers).",
    ),
    (
        Code::AccessDenied,
        "The user pressed Cancel, or a rule of the server does not let this user into this application. `oauthError` has the server's own word: some \
         say `consent_required`, `login_required` or `user_cancelled_login` for it.",
    ),
    (
        Code::EndpointInsecure,
        "With the `subject` `issuer` it is the `issuer` of your configuration: write `https`. `dangerouslyAllowHttp` allows `http` elsewhere too; it gives up what TLS protects.",
    ),
    (
        Code::SessionExpired,
        "The access token has expired, and there is no refresh token or the server does not take it any more.",
    ),
    (
        Code::ModuleInvalid,
        "`initialize()` of `pkce-wasm/slim` got bytes of another version, or a page instead of the file: look at what the URL answers.",
    ),
];

/// What stands before the table of what helps.
const AGAIN: &str = "
## What helps

`retryable` is a member of each error: the same call may succeed later without a change. `restart` is a member of the outcome `refused`: a new `client.login()` may
end otherwise. With every other code neither helps: something has to be changed first.

| code | `retryable` | `restart` |
| --- | --- | --- |
";

/// Whether another login helps after that error, as the table says it.
fn restart(code: Code) -> String {
    let helps = |error: &str| {
        let refusal = Refusal { error: error.into(), ..Refusal::default() };
        Error::new(code).refusal(refusal).restart_helps()
    };
    if helps("") {
        return "yes".into();
    }
    if !code.name().ends_with("_refused") {
        return "no".into();
    }
    // What servers say of a refusal (RFC 6749 sections 4.1.2.1 and 5.2).
    let said = [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
        "invalid_scope",
        "access_denied",
        "server_error",
        "temporarily_unavailable",
    ];
    let helping: Vec<_> = said.into_iter().filter(|error| helps(error)).map(|error| format!("`{error}`")).collect();
    if helping.is_empty() { "no".into() } else { format!("where `oauthError` is {}", helping.join(", ")) }
}

/// Where it is.
fn path() -> PathBuf {
    root().join("ERRORS.md")
}

/// Compares what is checked in with the table, or writes it.
pub(crate) fn check(fix: bool) -> Result<()> {
    let made = text()?;
    if fix {
        return fs::write(path(), made).context("cannot write ERRORS.md");
    }
    let kept = fs::read_to_string(path()).context("cannot read ERRORS.md")?;
    ensure!(kept == made, "ERRORS.md is not what src/error.rs says: cargo xtask lint --fix writes it");
    Ok(())
}

/// The document.
fn text() -> Result<String> {
    let mut text = String::from(PREFACE);
    text.push_str("\n| `blame` | who must act | what to do |\n| --- | --- | --- |\n");
    for (blame, who, what) in BLAMES {
        writeln!(text, "| [`{0}`](#blame-{0}) | {who} | {what} |", blame.name())?;
    }
    text.push_str(AGAIN);
    for code in Code::ALL {
        let restart = restart(*code);
        if code.retryable() || restart != "no" {
            let retryable = if code.retryable() { "yes" } else { "no" };
            writeln!(text, "| [`{0}`](#{0}) | {retryable} | {restart} |", code.name())?;
        }
    }
    for (blame, who, _) in BLAMES {
        writeln!(text, "\n## blame: {}\n\nWho must act: {who}.", blame.name())?;
        for code in Code::ALL.iter().filter(|code| code.blame() == blame) {
            writeln!(text, "\n### {}\n\n{}", code.name(), code.message())?;
            if let Some((_, note)) = NOTES.iter().find(|(of, _)| of == code) {
                writeln!(text, "\n{note}")?;
            }
        }
    }
    Ok(text)
}
