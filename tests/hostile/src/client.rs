//! The crate, taken through the cases over real HTTP on the loopback interface.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{self, header};
use futures_util::future::join_all;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::jwks::Jwks;
use pkce_wasm::client::metadata::Search;
use pkce_wasm::client::signature::{Signature, Step, Verdict};
use pkce_wasm::client::token::Answer;
use pkce_wasm::client::{token, userinfo};
use pkce_wasm::http::{Request, Response};
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::secret::Secret;
use pkce_wasm::{Callback, Code, Config, Error, Exchange, Metadata, Settings, TokenSet, begin};

use crate::cases::{self, Case, Expected, Group};
use crate::server::{Server, now};
use crate::verify;

/// The client of all cases, as it is registered.
pub const CLIENT_ID: &str = "app";
/// Where it wants its users back.
pub const REDIRECT_URI: &str = "https://app.example/callback";

/// The most bytes of an answer that are read, as in the npm package.
const MAX_BODY: usize = 1 << 20;
/// How long an answer may take, and how long one is waited for that never comes.
const PATIENCE: Duration = Duration::from_secs(60);
const SHORT_PATIENCE: Duration = Duration::from_secs(2);

/// What became of the cases of a group.
#[derive(Debug, Default)]
pub struct Tally {
    /// Lies told.
    pub tried: usize,
    /// Lies believed.
    pub accepted: usize,
    /// Honest cases.
    pub honest: usize,
    /// A sentence for each case that did not end as it has to.
    pub wrong: Vec<String>,
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tried, accepted, honest, .. } = self;
        write!(formatter, "bad inputs: {tried} tried, {accepted} accepted; {honest} honest ones beside them")
    }
}

/// Runs every case of a group, all at once, and counts.
pub async fn run(group: Group) -> Tally {
    let cases: Vec<Case> = cases::all().into_iter().filter(|case| case.group == group).collect();
    let server = Server::start(cases.iter().map(|case| (case.name, case.scenario))).await;
    let browser = Browser::default();
    let ends = join_all(cases.iter().map(|case| browser.clone().run(case, &server))).await;

    let mut tally = Tally::default();
    for (case, end) in cases.iter().zip(ends) {
        if case.is_lie() {
            tally.tried += 1;
            tally.accepted += usize::from(end.is_ok());
        } else {
            tally.honest += 1;
        }
        let end = end.map_err(|error| (error.code, error.subject));
        let good = match case.expected {
            Expected::Accepted => end.is_ok(),
            Expected::Refused(code) => end.is_err_and(|(found, _)| found == code),
        };
        if !good {
            tally.wrong.push(format!("{}: {end:?} instead of {:?}", case.name, case.expected));
        }
        tally.wrong.extend(indiscretions(case, &server));
    }
    tally
}

/// The requests that nobody should have made after such a lie.
fn indiscretions(case: &Case, server: &Server) -> Vec<String> {
    let forbidden: &[&str] = match (case.expected, case.group) {
        (Expected::Accepted, _) => &[],
        (_, Group::Metadata) => &["authorize", "token", "userinfo", "elsewhere/metadata"],
        (_, Group::Authorization) => &["token", "userinfo"],
        (_, Group::Token | Group::IdToken | Group::Signature) => &["userinfo", "elsewhere/token", "elsewhere/jwks"],
        (_, Group::Userinfo) => &["elsewhere/userinfo"],
        (_, Group::Refresh) => &["elsewhere/token"],
    };
    let mut found: Vec<String> = forbidden
        .iter()
        .filter(|place| server.hits(case.name, place) > 0)
        .map(|place| format!("{}: {place} was asked", case.name))
        .collect();
    let most = if case.group == Group::Refresh || case.refreshes { 2 } else { 1 };
    if server.hits(case.name, "token") > most {
        found.push(format!("{}: the token endpoint was asked again", case.name));
    }
    found
}

/// What stands for the browser and the network: follows no redirect, and reads no more than an honest answer has.
#[derive(Clone, Debug)]
pub struct Browser(Arc<Client<HttpConnector, Full<Bytes>>>, Duration);

impl Default for Browser {
    fn default() -> Self {
        Self(Arc::new(Client::builder(TokioExecutor::new()).build_http()), PATIENCE)
    }
}

impl Browser {
    /// The login at a case's issuer, as far as the step at which it lies.
    async fn run(mut self, case: &Case, server: &Server) -> Result<(), Error> {
        if matches!(case.expected, Expected::Refused(Code::TimedOut)) {
            self.1 = SHORT_PATIENCE;
        }
        let issuer = server.issuer(case.name);
        let mut settings = settings(&issuer);
        (case.configure)(&mut settings);
        let config = Config::new(settings)?;
        let metadata = self.discover_for(&config).await?;
        let tokens = self.sign_in_with(&config, &metadata, (case.options)()).await?;
        if case.group == Group::Userinfo || !case.is_lie() {
            let answer = self.send(userinfo::request(&metadata, &tokens)?).await?;
            userinfo::finish(&answer, &tokens)?;
        }
        if case.group == Group::Refresh || case.refreshes {
            self.refresh(&config, &metadata, tokens).await?;
        }
        Ok(())
    }

    /// The metadata of an issuer.
    pub async fn discover(&self, issuer: &str) -> Result<Metadata, Error> {
        self.discover_for(&config(issuer)?).await
    }

    /// The metadata for a configuration.
    async fn discover_for(&self, config: &Config) -> Result<Metadata, Error> {
        let mut search = Search::new(config)?;
        while let Some(request) = search.next_request() {
            if let Some((metadata, _)) = search.take(self.send(request).await)? {
                return Ok(metadata);
            }
        }
        Ok(search.end()?.0)
    }

    /// A whole login.
    pub async fn sign_in(&self, config: &Config, metadata: &Metadata) -> Result<TokenSet, Error> {
        self.sign_in_with(config, metadata, LoginOptions::default()).await
    }

    /// A whole login that asks for more.
    async fn sign_in_with(
        &self,
        config: &Config,
        metadata: &Metadata,
        options: LoginOptions,
    ) -> Result<TokenSet, Error> {
        let login = begin(config, metadata, options, &mut SystemEntropy, now())?;
        let url = self.visit(&login.url).await;
        let callback = Callback::parse(&url, REDIRECT_URI).ok_or(Code::StateMissing)?;
        let (request, exchange) = login.transaction.accept(config, callback, now())?.into_request(config);
        self.finish(exchange, self.send(request).await?).await
    }

    /// Fresh tokens.
    async fn refresh(&self, config: &Config, metadata: &Metadata, tokens: TokenSet) -> Result<TokenSet, Error> {
        let (request, exchange) = token::refresh(config, metadata, tokens)?;
        self.finish(exchange, self.send(request).await?).await
    }

    /// From the token response to the tokens.
    async fn finish(&self, exchange: Exchange, answer: Response) -> Result<TokenSet, Error> {
        let unverified = match exchange.finish(&answer, now())? {
            Answer::Tokens(tokens) => return Ok(tokens),
            Answer::Unverified(unverified) => unverified,
        };
        let (mut keys, mut refetched_at) = (None, None);
        let mut verdict = None;
        while verdict.is_none() {
            let mut next = unverified.next(keys.as_ref(), refetched_at, now())?;
            if let Step::Verify(check) = &next {
                let found = verify::verdict(check);
                if found.signature == Signature::Valid {
                    verdict = Some(found);
                    continue;
                }
                next = unverified.next_after_invalid(refetched_at, now())?;
            }
            if let Step::Fetch(request) = next {
                refetched_at = keys.is_some().then(now);
                keys = Some(self.keys(request).await?);
            }
        }
        unverified.conclude(&verdict.unwrap_or(Verdict::UNAVAILABLE))
    }

    async fn keys(&self, request: Request) -> Result<Jwks, Error> {
        self.send(request)
            .await
            .and_then(|answer| Jwks::from_response(&answer))
            .map_err(|error| if error.code.retryable() { error.code(Code::SigningKeysUnavailable) } else { error })
    }

    /// Where the authorization endpoint sends the user: the callback URL.
    pub async fn visit(&self, url: &str) -> String {
        // A browser keeps the fragment of an address to itself.
        let url = url.split('#').next().unwrap_or_default();
        let request = http::Request::get(url).body(Full::default()).expect("the authorization URL is one");
        let answer = self.0.request(request).await.expect("the authorization endpoint answers");
        let location = answer.headers().get(header::LOCATION).expect("the authorization endpoint redirects");
        location.to_str().expect("a location is text").to_owned()
    }

    /// Sends a request of the crate.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let mut parts = http::Request::builder().uri(&request.url);
        if let Some(token) = &request.bearer {
            parts = parts.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let body = match &request.form {
            Some(form) => {
                parts = parts.method("POST").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
                Full::from(form.expose().to_owned())
            }
            None => Full::default(),
        };
        let request = parts.body(body).expect("what the crate asks for can be sent");
        tokio::time::timeout(self.1, self.read(request)).await.map_err(|_| Error::new(Code::TimedOut))?
    }

    async fn read(&self, request: http::Request<Full<Bytes>>) -> Result<Response, Error> {
        let answer = self.0.request(request).await.map_err(|_| Error::new(Code::NetworkFailed))?;
        let (head, body) = answer.into_parts();
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Error::new(Code::ResponseTooLarge)),
            Err(_) => return Err(Error::new(Code::NetworkFailed)),
        };
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(Response {
            status: head.status.as_u16(),
            content_type: content_type.map(str::to_owned),
            // A page cannot see it either, unless the server lets it.
            date: None,
            retry_after: None,
            body: Secret::new(String::from_utf8_lossy(&body).into_owned()),
        })
    }
}

/// The scopes that it asks for.
const SCOPE: &str = "openid profile";

/// The configuration of the client at an issuer.
pub fn config(issuer: &str) -> Result<Config, Error> {
    Config::new(settings(issuer))
}

fn settings(issuer: &str) -> Settings {
    Settings { scope: SCOPE.to_owned(), ..Settings::new(issuer, CLIENT_ID, REDIRECT_URI) }
}
