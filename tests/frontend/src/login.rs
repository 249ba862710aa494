//! The login: what the application knows, what it keeps while the user is away, and the steps of the crate in their order.

use std::rc::Rc;

use js_sys::{Array, JSON, Reflect};
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::metadata::Search;
use pkce_wasm::client::signature::{Signature, Step};
use pkce_wasm::client::transaction;
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::{
    Answer, Callback, Code, Config, Error, Jwks, Metadata, Settings, TokenSet, Transaction, Unverified, VerifiedBy, begin,
};
use wasm_bindgen::{JsCast, JsValue};

use crate::browser::{self, now, send};
use crate::signature;

/// A client at its server. Two are the same when they are one.
#[derive(Clone)]
pub(crate) struct Login(Rc<(Config, Metadata)>);

impl PartialEq for Login {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// The metadata of the server, at one of its places.
async fn discover(config: &Config) -> Result<Metadata, Error> {
    let mut search = Search::new(config)?;
    while let Some(request) = search.next_request() {
        if let Some((metadata, _)) = search.take(send(request).await)? {
            return Ok(metadata);
        }
    }
    Ok(search.end()?.0)
}

impl Login {
    /// Asks the page's server which client this is, and that client's server what it offers.
    pub(crate) async fn discover() -> Result<Self, String> {
        let (issuer, client_id, redirect_uri) = told().await?;
        let found = async {
            let settings = Settings::new(&issuer, client_id, redirect_uri);
            let config = Config::new(Settings { scope: "openid profile".into(), ..settings })?;
            let metadata = discover(&config).await?;
            Ok(Self(Rc::new((config, metadata))))
        };
        found.await.map_err(browser::sentence)
    }

    /// Keeps a new login in the page's storage, and sends the user away.
    pub(crate) fn begin(&self) -> Result<(), String> {
        let (config, metadata) = &*self.0;
        let begun = begin(config, metadata, LoginOptions::default(), &mut SystemEntropy, now());
        let begun = begun.map_err(browser::sentence)?;
        browser::keep(&begun.transaction.key(), begun.transaction.to_record().expose()).map_err(browser::sentence)?;
        browser::leave(&begun.url)
    }

    /// The tokens of the login that the user comes back from; `None` when they come from anywhere else.
    pub(crate) async fn finish(&self) -> Result<Option<TokenSet>, String> {
        let (config, _) = &*self.0;
        let url = browser::address();
        let redirect_uri = browser::without_query(&url);
        let finished = async {
            let Some(callback) = Callback::parse(&url, redirect_uri) else { return Ok(None) };
            // What this browser did not begin is somebody else's.
            let Some(record) = browser::take(&transaction::key(callback.state())) else { return Ok(None) };
            browser::replace_address(redirect_uri);
            let grant = Transaction::from_record(&record)?.accept(config, callback, now())?;
            let (request, exchange) = grant.into_request(config);
            match exchange.finish(&send(request).await?, now())? {
                Answer::Tokens(tokens) => Ok(Some(tokens)),
                Answer::Unverified(unverified) => verified(unverified).await.map(Some),
            }
        };
        finished.await.map_err(browser::sentence)
    }
}

/// Has the signature of the ID token verified by the server's keys.
async fn verified(unverified: Unverified) -> Result<TokenSet, pkce_wasm::Error> {
    let Step::Fetch(request) = unverified.next(None, None, now())? else { return Err(Code::Internal.into()) };
    let keys = Jwks::from_response(&send(request).await?)?;
    // They are fresh: where the right one is missing, fetching them again would not help.
    let verdict = match unverified.next(Some(&keys), Some(now()), now())? {
        Step::Verify(check) => signature::verify(&check).await,
        Step::Fetch(_) => return Err(Code::SigningKeyNotFound.into()),
    };
    if verdict.signature == Signature::Invalid {
        return Err(Code::IdTokenSignatureInvalid.into());
    }
    unverified.conclude(&verdict)
}

/// Who says that the ID token is the issuer's.
pub(crate) fn vouched(tokens: &TokenSet) -> &'static str {
    match tokens.id_token_verified_by {
        Some(VerifiedBy::Signature) => "signature",
        Some(VerifiedBy::Tls) => "tls",
        _ => "nobody",
    }
}

/// The first server in the list of the demo's page: issuer, client id, redirect URI.
async fn told() -> Result<(String, String, String), String> {
    let text = browser::fetch_text("/config.json").await?;
    let parsed = JSON::parse(&text).map_err(|_| "the page's configuration is not JSON".to_owned())?;
    let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).unwrap_or_default();
    let servers: Array = get(&parsed, "servers").unchecked_into();
    let member = |name: &str| get(&servers.get(0), name).as_string().unwrap_or_default();
    Ok((member("issuer"), member("clientId"), member("redirectUri")))
}
