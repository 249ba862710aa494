//! What the server says of itself.

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::metadata::discovery_requests;
use pkce_wasm::client::userinfo;
use pkce_wasm::encoding::form_pairs;
use pkce_wasm::random::Entropy;
use pkce_wasm::url::Url;
use pkce_wasm::{Code, Config, Metadata, Settings, TokenSet, Transaction, begin};
use serde_json::Value;

use crate::peer::{CLIENT_ID, NOW, REDIRECT_URI, accepted, fields, lines, only, response};
use crate::url::is_secure;

/// What a login goes to; the other endpoints are looked at when they are used.
const ENDPOINTS: [&str; 2] = ["authorization_endpoint", "token_endpoint"];

/// Known octets, others at each call.
struct Counted(u8);

impl Entropy for Counted {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Code> {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(5).wrapping_add(77);
            *byte = self.0;
        }
        Ok(())
    }
}

/// The input is the issuer that is asked, and on the next lines what it answers.
pub fn metadata(data: &[u8]) {
    let Some(([issuer], body)) = lines(data) else { return };
    assert_asks_the_issuer(issuer);
    for allow_http in [false, true] {
        let answer = response(200, Some("application/json"), body);
        let Ok((metadata, document)) = Metadata::from_response(&answer, issuer, allow_http) else { continue };
        let kept = Metadata::from_json(&document, issuer, allow_http).expect("what was accepted once");
        let Some(document) = accepted(&document) else { continue };
        assert_eq!(document["issuer"], issuer, "the metadata of another issuer was accepted");
        for name in ENDPOINTS {
            assert_sound(&document[name], issuer, allow_http);
        }
        if let Ok(request) = userinfo::request(&metadata, &tokens()) {
            assert_eq!(document["userinfo_endpoint"], request.url);
            assert_sound(&document["userinfo_endpoint"], issuer, allow_http);
        }
        // What is kept is read again in the same way.
        assert_eq!(format!("{metadata:?}"), format!("{kept:?}"));
        assert_login(&metadata, &document, issuer, allow_http);
    }
}

/// Tokens without an ID token, which may be any server's.
fn tokens() -> TokenSet {
    let record = ["2", "a", "Bearer", "", "", "", "", "", "", "", "", "", "", "", "", ""]
        .map(|line| [line, "\n"].concat())
        .concat();
    TokenSet::from_record(&record).expect("a record of an access token alone")
}

/// The requests of discovery go to the issuer and nowhere else.
fn assert_asks_the_issuer(issuer: &str) {
    let Ok(requests) = discovery_requests(issuer, false) else { return };
    let Ok(asked) = ::url::Url::parse(issuer) else { return };
    assert!(is_secure(&asked), "{issuer}");
    for request in requests {
        let url = ::url::Url::parse(&request.url).expect("a path changes no authority");
        assert_eq!(url.origin(), asked.origin(), "{issuer}: {}", request.url);
        // Where an issuer has dots for segments, a browser resolves them.
        if Url::parse(issuer.as_bytes())
            .is_some_and(|written| matches!(asked.path().as_bytes().strip_prefix(written.path), Some(b"" | b"/")))
        {
            assert!(url.path().contains("/.well-known/"), "{}", request.url);
        }
        assert_eq!((url.query(), url.fragment()), (None, None), "{}", request.url);
        assert!(request.form.is_none() && request.bearer.is_none());
    }
}

fn assert_sound(endpoint: &Value, issuer: &str, allow_http: bool) {
    let Some(endpoint) = endpoint.as_str() else {
        assert!(endpoint.is_null(), "{endpoint} is no endpoint");
        return;
    };
    // What a browser does not take for a URL it sends nothing to.
    let Ok(url) = ::url::Url::parse(endpoint) else { return };
    let is_local = |url: &::url::Url| url.scheme() == "http" && is_secure(url);
    let issuer_is_local = || {
        let issuer = ::url::Url::parse(issuer).map(|mut issuer| issuer.set_scheme("http").map(|()| issuer));
        issuer.is_ok_and(|issuer| issuer.is_ok_and(|issuer| is_local(&issuer)))
    };
    let is_sound = match url.scheme() {
        "https" => true,
        "http" => allow_http || is_local(&url) && issuer_is_local(),
        _ => false,
    };
    assert!(is_sound, "{issuer}: {endpoint}");
    assert_eq!((url.username(), url.password(), url.fragment()), ("", None, None), "{endpoint}");
}

/// A login that begins there says what it has to, once, and where it was told to.
fn assert_login(metadata: &Metadata, document: &Value, issuer: &str, allow_http: bool) {
    let mut settings = Settings::new(issuer, CLIENT_ID, REDIRECT_URI);
    settings.dangerously_allow_http = allow_http;
    let Ok(config) = Config::new(settings) else { return };
    let Ok(login) = begin(&config, metadata, LoginOptions::default(), &mut Counted(1), NOW) else { return };

    let methods = document["code_challenge_methods_supported"].as_array().expect("a list of methods");
    assert!(methods.iter().any(|method| method == "S256"), "{document}");
    let endpoint = document["authorization_endpoint"].as_str().unwrap();
    assert!(login.url.starts_with(endpoint), "{} is not at {endpoint}", login.url);
    let query = login.url.split_once('?').map(|(_, query)| query).unwrap();
    let own = endpoint.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let expected = form_pairs(own).expect("the query of an endpoint that was accepted");
    assert_eq!(form_pairs(query).unwrap().get(..expected.len()), Some(expected.as_slice()), "{}", login.url);
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(only(query, name).as_deref(), Some(value), "{}", login.url);
    }
    assert_eq!(only(query, "code_challenge").map(|challenge| challenge.len()), Some(43));
    assert_eq!(only(query, "code_verifier"), None);

    let record = login.transaction.to_record();
    let [_, _, _, state, Some(verifier), _, kept_issuer, _, _, token_endpoint, ..] = &fields(record.expose())[..]
    else {
        panic!("{record:?} has too few fields")
    };
    assert_eq!(*state, only(query, "state"));
    assert_eq!(token_endpoint.as_deref(), document["token_endpoint"].as_str());
    assert_eq!(kept_issuer.as_deref(), Some(issuer));
    assert!(!login.url.contains(verifier), "the verifier is in {}", login.url);
    let revived = Transaction::from_record(record.expose()).expect("a record that was just written");
    assert_eq!(revived.to_record().expose(), record.expose());
}
