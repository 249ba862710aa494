//! A chosen set of the lies of `tests/hostile`, of every group, told to the package in the demo page, through a real redirect.
//! One browser for each step sees all lies of that step.

use std::io::{Write as _, stdout};

use e2e::{App, Outcome, Page};
use hostile::cases::{self, Case};
use hostile::{Expected, Group, Server};

const METADATA: [&str; 16] = [
    "metadata-not-found",
    "metadata-html",
    "metadata-not-json",
    "metadata-as-text",
    "metadata-under-503",
    "metadata-moved-here",
    "metadata-moved-to-another-origin",
    "metadata-too-large",
    "metadata-cut",
    "issuer-with-trailing-slash",
    "issuer-missing",
    "pkce-not-mentioned",
    "pkce-plain-only",
    "authorization-endpoint-script",
    "token-endpoint-http",
    "token-endpoint-missing",
];

const RESPONSES: [&str; 10] = [
    "iss-of-another-server",
    "iss-missing",
    "state-of-another-login",
    "state-missing",
    "code-twice",
    "error-of-another-server",
    "error-beside-a-code",
    "code-in-the-fragment",
    "token-in-the-fragment",
    "code-empty",
];

const TOKENS: [&str; 27] = [
    "tokens-under-203",
    "tokens-moved-307",
    "tokens-under-206",
    "tokens-under-500",
    "tokens-html",
    "tokens-refused",
    "tokens-too-large",
    "tokens-halved",
    "access-token-missing",
    "access-token-number",
    "token-type-missing",
    "token-type-mac",
    "refresh-token-with-a-line-break",
    "access-token-with-a-line-break",
    "id-token-missing",
    "id-token-of-two-parts",
    "iss-wrong",
    "aud-of-another",
    "aud-with-a-second",
    "azp-of-another",
    "nonce-wrong",
    "nonce-missing",
    "exp-past",
    "iat-future",
    "sub-missing",
    "crit",
    "at-hash-of-another-token",
];

/// Each with the number of times that the keys are asked for.
const SIGNATURES: [(&str, u32); 10] = [
    ("alg-none", 1),
    ("alg-hs256-with-the-public-key", 1),
    ("alg-not-listed", 1),
    ("signature-empty", 1),
    ("signature-of-another-key", 1),
    ("claims-changed-after-signing", 1),
    ("keys-decoys-only", 1),
    ("keys-html", 1),
    // Once more for the key that is missing; then no more.
    ("kid-unknown", 2),
    ("key-for-encryption", 2),
];

const USERINFO: [&str; 4] = ["userinfo-of-another", "userinfo-of-nobody", "userinfo-html", "userinfo-moved"];

const REFRESH: [&str; 4] =
    ["refresh-sub-of-another", "refresh-aud-of-another", "refresh-token-type-mac", "refresh-moved"];

/// The cases of those names, each with what the page has to show of it.
fn chosen(names: &[&str], status: &str) -> Vec<(Case, Outcome)> {
    let expectation = |name: &&str| {
        let case = cases::named(name);
        let Expected::Refused(code) = case.expected else { panic!("{name} is no lie") };
        // A page that keeps its logins by their state does not find one under another state.
        let outcome = match case.name {
            "state-of-another-login" => Outcome::error("other-login", "transaction_not_found"),
            "state-missing" => Outcome::of("none"),
            _ => Outcome::error(status, code.name()),
        };
        (case, outcome)
    };
    names.iter().map(expectation).collect()
}

async fn serve(chosen: &[(Case, Outcome)]) -> Server {
    Server::start(chosen.iter().map(|(case, _)| (case.name, case.scenario))).await
}

/// Signs in at an issuer that sends the browser straight back.
async fn sign_in(app: &App, server: &Server, name: &str) -> Page {
    app.start_afresh().await;
    let page = app.use_own_server(&server.issuer(name), "hostile").await;
    assert_eq!(page.outcome, Outcome::of("none"), "{name}");
    app.browser.click("#sign-in").await;
    // Of a callback that shows no state nothing becomes: it stays where it is.
    let is_back = |page: &Page| page.outcome.status != "none" || page.href.contains("/callback?");
    app.until("the callback is dealt with", |page| page.ready && is_back(page)).await
}

/// The same server without a lie is believed: what follows is refused for the lie alone.
async fn sign_in_honestly(app: &App, server: &Server) {
    let page = sign_in(app, server, "honest").await;
    assert_eq!(page.outcome, Outcome::of("signed-in"));
    assert_eq!(page.claims.get("sub").map(String::as_str), Some(hostile::honest::SUBJECT));
}

/// What was seen of each lie.
#[derive(Default)]
struct Tally {
    tried: u32,
    accepted: u32,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, case: &Case, accepted: bool, seen: &Outcome, expected: &Outcome) {
        self.tried += 1;
        self.accepted += u32::from(accepted);
        if accepted || seen != expected {
            self.wrong.push(format!("{}: {seen:?} instead of {expected:?}", case.name));
        }
    }

    fn finish(self, group: Group) {
        let Self { tried, accepted, wrong } = self;
        // Past the capture of the test runner, which shows only what failing tests print.
        writeln!(stdout(), "{}: bad inputs: {tried} tried, {accepted} accepted", group.name())
            .expect("the output can be written");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[tokio::test]
async fn an_issuer_that_cannot_be_used_is_said_to_be_so() {
    let chosen = chosen(&METADATA, "error");
    let server = serve(&chosen).await;
    let app = App::start().await;
    let mut tally = Tally::default();
    for (case, expected) in &chosen {
        app.start_afresh().await;
        let page = app.use_own_server(&server.issuer(case.name), "hostile").await;
        tally.add(case, page.outcome.status == "none", &page.outcome, expected);
        for place in ["elsewhere/metadata", "authorize", "token"] {
            assert_eq!(server.hits(case.name, place), 0, "{}: {place} was asked", case.name);
        }
    }
    tally.finish(Group::Metadata);

    app.start_afresh().await;
    let page = app.use_own_server(&Server::nobody().await, "hostile").await;
    assert_eq!(page.outcome, Outcome::error("error", "network_failed"));

    // The page is none the worse for it.
    app.start_afresh().await;
    app.sign_in().await;
}

#[tokio::test]
async fn an_authorization_response_that_cannot_be_trusted_signs_nobody_in() {
    let chosen = chosen(&RESPONSES, "refused");
    let server = serve(&chosen).await;
    let app = App::start().await;
    sign_in_honestly(&app, &server).await;
    let mut tally = Tally::default();
    for (case, expected) in &chosen {
        let page = sign_in(&app, &server, case.name).await;
        tally.add(case, page.signed_in, &page.outcome, expected);
        if expected.status == "refused" {
            page.assert_no_response_is_left();
        }
        assert_eq!(server.hits(case.name, "token"), 0, "{}: the code was sent", case.name);
    }
    tally.finish(Group::Authorization);
}

#[tokio::test]
async fn a_token_response_that_cannot_be_trusted_signs_nobody_in() {
    let chosen = chosen(&TOKENS, "refused");
    let server = serve(&chosen).await;
    let app = App::start().await;
    sign_in_honestly(&app, &server).await;
    let mut tally = Tally::default();
    for (case, expected) in &chosen {
        let page = sign_in(&app, &server, case.name).await;
        tally.add(case, page.signed_in, &page.outcome, expected);
        assert_eq!(server.hits(case.name, "token"), 1, "token requests of {}", case.name);
        assert_eq!(server.hits(case.name, "elsewhere/token"), 0, "{}: a redirect was followed", case.name);
    }
    tally.finish(Group::Token);
}

/// The module reads JSON in the page as it does natively: an ID token with a claim given twice is refused, and of another member
/// given twice the last one counts.
#[tokio::test]
async fn id15_a_member_given_twice_counts_as_it_does_natively() {
    let lies = [
        "token-type-twice-the-last-wrong",
        "access-token-twice-the-last-empty",
        "nonce-twice-the-last-wrong",
        "iss-twice-the-last-wrong",
        "claims-twice-the-last-ones-good",
        "sub-twice-and-once-escaped",
    ];
    let honest = ["members-twice-the-last-ones-good"];
    let chosen = chosen(&lies, "refused");
    let known = honest.map(|name| (name, cases::named(name).scenario));
    let server = Server::start(chosen.iter().map(|(case, _)| (case.name, case.scenario)).chain(known)).await;
    let app = App::start().await;
    for name in honest {
        assert_eq!(sign_in(&app, &server, name).await.outcome, Outcome::of("signed-in"), "{name}");
    }
    let mut tally = Tally::default();
    for (case, expected) in &chosen {
        let page = sign_in(&app, &server, case.name).await;
        tally.add(case, page.signed_in, &page.outcome, expected);
    }
    tally.finish(Group::Token);
}

#[tokio::test]
async fn a_signature_that_is_not_the_servers_own_signs_nobody_in() {
    let chosen = chosen(&SIGNATURES.map(|(name, _)| name), "refused");
    let honest = [("keys-rotated", 2), ("kid-absent-one-key", 1), ("signed-es256", 1), ("signed-ps256", 1)];
    let known = honest.iter().chain(&[("keys-under-503", 1)]).map(|(name, _)| (*name, cases::named(name).scenario));
    let server = Server::start(chosen.iter().map(|(case, _)| (case.name, case.scenario)).chain(known)).await;
    let app = App::start().await;
    for (name, fetches) in honest {
        assert_eq!(sign_in(&app, &server, name).await.outcome, Outcome::of("signed-in"), "{name}");
        assert_eq!(server.hits(name, "jwks"), fetches, "{name}");
    }
    let mut tally = Tally::default();
    for ((case, expected), (_, fetches)) in chosen.iter().zip(SIGNATURES) {
        let page = sign_in(&app, &server, case.name).await;
        tally.add(case, page.signed_in, &page.outcome, expected);
        assert_eq!(server.hits(case.name, "jwks"), fetches, "{}: {:?}", case.name, page.outcome);
    }
    // Keys that are not to be had now cost no code: the same callback may be handled again.
    for (name, code) in [("keys-under-503", "server_error"), ("keys-html", "jwks_invalid")] {
        assert_eq!(sign_in(&app, &server, name).await.outcome, Outcome::error("refused", code), "{name}");
        assert_eq!(server.hits(name, "token"), 0, "{name}: the code was sent");
    }
    tally.finish(Group::Signature);
}

#[tokio::test]
async fn claims_of_the_userinfo_endpoint_that_cannot_be_trusted_are_not_shown() {
    let chosen = chosen(&USERINFO, "error");
    let server = serve(&chosen).await;
    let app = App::start().await;
    sign_in_honestly(&app, &server).await;
    app.browser.click("#userinfo").await;
    app.browser.wait_for("#userinfo-result dl").await;
    let mut tally = Tally::default();
    for (case, expected) in &chosen {
        let page = sign_in(&app, &server, case.name).await;
        assert_eq!(page.outcome, Outcome::of("signed-in"), "{}", case.name);
        app.browser.click("#userinfo").await;
        let shown =
            "return document.querySelector('#userinfo-result dl') || document.querySelector('#outcome').dataset.code
            ? document.querySelector('#userinfo-result').children.length : null;";
        let shown = app.browser.until(shown).await.expect("the userinfo endpoint is asked");
        let page = app.ready().await;
        tally.add(case, shown != 0, &page.outcome, expected);
        assert_eq!(server.hits(case.name, "elsewhere/userinfo"), 0, "{}: a redirect was followed", case.name);
    }
    tally.finish(Group::Userinfo);
}

/// Refreshes the session of the page, by a client of its own.
const REFRESH_SESSION: &str = "
    window.refreshed = null;
    const { issuer, clientId, scope } = JSON.parse(sessionStorage.getItem('demo.own-server'));
    const redirectUri = `${location.origin}/callback`;
    import('/pkce-wasm/index.js')
        .then(({ Client }) => Client.discover({ issuer, clientId, scope, redirectUri, storage: 'session' }))
        .then((client) => client.session())
        .then((session) => session.refresh())
        .then(() => { window.refreshed = 'refreshed'; }, (error) => { window.refreshed = error.code ?? String(error); });
    return null;";

async fn refresh(app: &App) -> Outcome {
    app.browser.run(REFRESH_SESSION).await.expect("the page runs script");
    let code = app.browser.until("return window.refreshed;").await.expect("the refresh has an end");
    Outcome::error("error", code.as_str().unwrap_or_default())
}

#[tokio::test]
async fn fresh_tokens_that_cannot_be_trusted_are_not_taken() {
    let chosen = chosen(&REFRESH, "error");
    let server = serve(&chosen).await;
    let app = App::start().await;
    sign_in_honestly(&app, &server).await;
    assert_eq!(refresh(&app).await.code, "refreshed");
    let mut tally = Tally::default();
    for (case, expected) in &chosen {
        let page = sign_in(&app, &server, case.name).await;
        assert_eq!(page.outcome, Outcome::of("signed-in"), "{}", case.name);
        let outcome = refresh(&app).await;
        tally.add(case, outcome.code == "refreshed", &outcome, expected);
        assert_eq!(server.hits(case.name, "token"), 2, "token requests of {}", case.name);
        assert_eq!(server.hits(case.name, "elsewhere/token"), 0, "{}: a redirect was followed", case.name);
    }
    tally.finish(Group::Refresh);
}
