//! The neighbour of RFC 7636 section 1 and RFC 9700 section 4: whoever sees, swaps or replays what passes between the
//! browser, the client and the server. The server is honest unless a test says otherwise, and checks what a server has to.

use hostile::client::{Browser, CLIENT_ID, REDIRECT_URI, config};
use hostile::honest::{self, with};
use hostile::{Reply, Scenario, Server};
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::http::Request;
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::secret::Secret;
use pkce_wasm::{Authorization, Callback, Code, Config, Error, Grant, Metadata, Transaction, Verifier, begin};
use serde_json::json;

/// The time of a login; only the ID token is held against the true one, and no test here gets that far.
const NOW: u64 = 1_800_000_000;

struct Victim {
    server: Server,
    browser: Browser,
    config: Config,
    metadata: Metadata,
}

impl Victim {
    async fn new() -> Self {
        let server = Server::start([]).await;
        let (issuer, browser) = (server.issuer("honest"), Browser::default());
        let metadata = browser.discover(&issuer).await.expect("the server is honest");
        Self { server, browser, config: config(&issuer).expect("the configuration is good"), metadata }
    }

    fn begin(&self) -> Authorization {
        begin(&self.config, &self.metadata, LoginOptions::default(), &mut SystemEntropy, NOW)
            .expect("the server can be used")
    }

    fn accept(&self, transaction: Transaction, url: &str) -> Result<Grant, Error> {
        let callback = Callback::parse(url, REDIRECT_URI).ok_or(Code::StateMissing)?;
        transaction.accept(&self.config, callback, NOW)
    }

    /// What the token endpoint answers to the client.
    async fn redeem(&self, grant: Grant) -> u16 {
        let (request, _) = grant.into_request(&self.config);
        self.browser.send(request).await.expect("the token endpoint answers").status
    }

    /// What it answers to somebody who has a code and these further fields.
    async fn steal(&self, code: &str, more: &[(&str, &str)]) -> u16 {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("client_id", CLIENT_ID),
        ];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields.iter().chain(more)).finish();
        let request = Request::post(format!("{}/token", self.server.issuer("honest")), Secret::new(form));
        self.browser.send(request).await.expect("the token endpoint answers").status
    }
}

fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once('?').expect("the URL has a query").1;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known == name).expect("the parameter is there").1.into_owned()
}

/// The URL with a parameter set to another value.
fn swapped(url: &str, name: &str, value: &str) -> String {
    let (base, query) = url.split_once('?').expect("the URL has a query");
    let pairs = form_urlencoded::parse(query.as_bytes()).map(|(known, old)| {
        let new = if known == name { value.to_owned() } else { old.into_owned() };
        (known.into_owned(), new)
    });
    format!("{base}?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

#[tokio::test]
async fn pk6_an_intercepted_code_is_worth_nothing_without_the_verifier() {
    let victim = Victim::new().await;
    let login = victim.begin();
    let callback = victim.browser.visit(&login.url).await;
    let code = parameter(&callback, "code");
    let challenge = parameter(&login.url, "code_challenge");
    let guess = Verifier::generate(43, &mut SystemEntropy).expect("there is randomness");
    for more in [vec![], vec![("code_verifier", guess.expose())], vec![("code_verifier", challenge.as_str())]] {
        assert_eq!(victim.steal(&code, &more).await, 400);
    }
    let grant = victim.accept(login.transaction, &callback).expect("the callback is the server's own");
    assert_eq!(victim.redeem(grant).await, 200, "the client itself gets its tokens");
}

#[tokio::test]
async fn pk7_an_injected_code_is_refused_by_the_server() {
    let victim = Victim::new().await;
    let attackers = victim.browser.visit(&victim.begin().url).await;
    let login = victim.begin();
    let callback = swapped(&victim.browser.visit(&login.url).await, "code", &parameter(&attackers, "code"));
    let grant = victim.accept(login.transaction, &callback).expect("nothing shows that the code is another's");
    assert_eq!(victim.redeem(grant).await, 400);
}

#[tokio::test]
async fn ac7_a_callback_of_another_browser_is_refused() {
    let victim = Victim::new().await;
    let attackers = victim.browser.visit(&victim.begin().url).await;
    let refused = victim.accept(victim.begin().transaction, &attackers).expect_err("the state is another's");
    assert_eq!(refused.code, Code::StateMismatch);
    assert_eq!(victim.server.hits("honest", "token"), 0);
}

#[tokio::test]
async fn pk8_a_request_whose_challenge_was_changed_leads_to_a_code_that_the_client_cannot_redeem() {
    let victim = Victim::new().await;
    let login = victim.begin();
    let neighbours = Verifier::generate(43, &mut SystemEntropy).expect("there is randomness");
    let changed = swapped(&login.url, "code_challenge", neighbours.challenge().as_str());
    let callback = victim.browser.visit(&changed).await;
    let grant = victim.accept(login.transaction, &callback).expect("nothing shows that the challenge was changed");
    assert_eq!(victim.redeem(grant).await, 400);
}

#[tokio::test]
async fn is1_a_mix_up_sends_no_code_to_the_attackers_server() {
    // The attacker's server sends the browser on to the honest one, hoping for its code.
    let forwarding = Scenario {
        metadata: |issuer| {
            let honest = issuer.replace("/attacker", "/honest/authorize");
            Reply::json(with(honest::metadata(issuer), "authorization_endpoint", json!(honest)))
        },
        ..Scenario::HONEST
    };
    let server = Server::start([("attacker", forwarding)]).await;
    let (issuer, browser) = (server.issuer("attacker"), Browser::default());
    let metadata = browser.discover(&issuer).await.expect("the metadata is well-formed");
    let config = config(&issuer).expect("the configuration is good");
    let refused = browser.sign_in(&config, &metadata).await.expect_err("the response names the honest server");
    assert_eq!(refused.code, Code::ResponseIssuerMismatch);
    assert_eq!((server.hits("honest", "authorize"), server.hits("attacker", "token")), (1, 0));
}

#[tokio::test]
async fn ac11_a_replayed_callback_is_refused_by_the_server() {
    let victim = Victim::new().await;
    let login = victim.begin();
    let record = login.transaction.to_record();
    let callback = victim.browser.visit(&login.url).await;
    for expected in [200, 400] {
        let transaction = Transaction::from_record(record.expose()).expect("the record is good");
        let grant = victim.accept(transaction, &callback).expect("the callback is the server's own");
        assert_eq!(victim.redeem(grant).await, expected);
    }
}

#[tokio::test]
async fn md10_metadata_that_changes_during_a_login_does_not_lead_the_code_elsewhere() {
    let victim = Victim::new().await;
    let login = victim.begin();
    let callback = victim.browser.visit(&login.url).await;
    let issuer = victim.server.issuer("honest");
    let changed = with(honest::metadata(&issuer), "token_endpoint", json!("https://login.example/token"));
    // The later document is a good one as far as it goes; the login keeps to the one that it began with.
    Metadata::from_json(&changed.to_string(), &issuer, false).expect("the document is well-formed");
    let grant = victim.accept(login.transaction, &callback).expect("the callback is the server's own");
    let (request, _) = grant.into_request(&victim.config);
    assert_eq!(request.url, format!("{issuer}/token"));
}

#[tokio::test]
async fn ac23_a_login_returns_to_no_other_origin() {
    let victim = Victim::new().await;
    let elsewhere = [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/%0a\n/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "",
    ];
    for return_to in elsewhere {
        let options = LoginOptions { return_to: Some(return_to.to_owned()), ..LoginOptions::default() };
        let refused = begin(&victim.config, &victim.metadata, options, &mut SystemEntropy, NOW);
        assert_eq!(refused.expect_err(return_to).code, Code::ReturnToRefused, "{return_to:?}");
    }
}
