//! What the tests share: one application, one honest server, and the ways in which a login between them goes.
#![allow(dead_code, reason = "each test file uses its own part of it")]

pub(crate) mod entropy;
pub(crate) mod signing;

use std::fmt::Debug;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::logout::revocation_requests;
use pkce_wasm::encoding::{Form, base64url, form_pairs};
use pkce_wasm::http::{Request, Response};
use pkce_wasm::secret::Secret;
use pkce_wasm::{
    Answer, Authorization, Callback, Code, Config, Error, Exchange, Grant, JsonText, Jwks, Metadata, Settings, Step,
    TokenSet, Transaction, Unverified, begin,
};
use serde_json::{Value, json};

use self::entropy::Seeded;

/// Seconds since 1970: the present of all tests.
pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const CLIENT_ID: &str = "app";
pub(crate) const REDIRECT_URI: &str = "https://app.example/callback";
pub(crate) const SUBJECT: &str = "alice";

pub(crate) const CODE: &str = "code-2d1e";
pub(crate) const ACCESS_TOKEN: &str = "access-7f3a";
pub(crate) const REFRESH_TOKEN: &str = "refresh-91c0";

pub(crate) fn settings() -> Settings {
    Settings::new(ISSUER, CLIENT_ID, REDIRECT_URI)
}

pub(crate) fn config() -> Config {
    config_with(|_| {})
}

pub(crate) fn config_with(change: impl FnOnce(&mut Settings)) -> Config {
    try_config(change).unwrap()
}

pub(crate) fn try_config(change: impl FnOnce(&mut Settings)) -> Result<Config, Error> {
    let mut settings = settings();
    change(&mut settings);
    Config::new(settings)
}

/// The metadata document of the honest server.
pub(crate) fn document() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://as.example/authorize",
        "token_endpoint": "https://as.example/token",
        "userinfo_endpoint": "https://as.example/userinfo",
        "revocation_endpoint": "https://as.example/revoke",
        "jwks_uri": "https://as.example/jwks",
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
    })
}

pub(crate) fn document_with(change: impl FnOnce(&mut Value)) -> Value {
    let mut document = document();
    change(&mut document);
    document
}

pub(crate) fn metadata() -> Metadata {
    metadata_with(|_| {})
}

pub(crate) fn metadata_with(change: impl FnOnce(&mut Value)) -> Metadata {
    try_metadata(change).unwrap()
}

pub(crate) fn try_metadata(change: impl FnOnce(&mut Value)) -> Result<Metadata, Error> {
    Metadata::from_json(&document_with(change).to_string(), ISSUER, false)
}

/// The server promises `iss` in its responses (RFC 9207 section 3).
pub(crate) fn promises_iss(document: &mut Value) {
    document["authorization_response_iss_parameter_supported"] = json!(true);
}

pub(crate) fn login() -> Authorization {
    login_with(LoginOptions::default())
}

pub(crate) fn login_with(options: LoginOptions) -> Authorization {
    try_login(options).unwrap()
}

pub(crate) fn try_login(options: LoginOptions) -> Result<Authorization, Error> {
    begin(&config(), &metadata(), options, &mut Seeded(7), NOW)
}

pub(crate) fn login_at(metadata: &Metadata) -> Authorization {
    begin(&config(), metadata, LoginOptions::default(), &mut Seeded(7), NOW).unwrap()
}

/// The decoded parameters of a URL's query.
pub(crate) fn parameters(url: &str) -> Vec<(String, String)> {
    form_pairs(url.split_once('?').unwrap().1).unwrap()
}

/// The decoded fields of a request's form.
pub(crate) fn fields(request: &Request) -> Vec<(String, String)> {
    form_pairs(request.form.as_ref().unwrap().expose()).unwrap()
}

/// The names of a request's fields.
pub(crate) fn names(request: &Request) -> Vec<String> {
    fields(request).into_iter().map(|(name, _)| name).collect()
}

/// The one value of that name.
pub(crate) fn value(pairs: &[(String, String)], name: &str) -> Option<String> {
    let mut values = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone());
    let value = values.next();
    assert_eq!(values.next(), None, "{name} stands twice");
    value
}

pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    value(&parameters(url), name)
}

pub(crate) fn state(login: &Authorization) -> String {
    parameter(&login.url, "state").unwrap()
}

pub(crate) fn code_verifier(transaction: &Transaction) -> String {
    line(transaction.to_record().expose(), "code_verifier")
}

/// The lines of the record of a login, by the names of what they hold.
pub(crate) const LINES: [&str; 21] = [
    "v",
    "created_at",
    "expires_at",
    "state",
    "code_verifier",
    "nonce",
    "issuer",
    "client_id",
    "redirect_uri",
    "token_endpoint",
    "jwks_uri",
    "signing_algs",
    "scope",
    "max_age",
    "acr_values",
    "resource",
    "iss_required",
    "return_to",
    "session_name",
    "is_silent",
    "dpop_jkt",
];

/// That line of the record of a login.
pub(crate) fn line(record: &str, name: &str) -> String {
    assert_eq!(record.lines().count(), LINES.len(), "a record has a line for each of its fields");
    let place = LINES.iter().position(|known| *known == name).expect("a line of the record");
    record.lines().nth(place).unwrap().to_owned()
}

/// The record of a login with another line in that place; an empty one is a field that is not there.
pub(crate) fn with_line(record: &str, name: &str, replacement: &str) -> String {
    let lines = record.lines().zip(LINES);
    lines.map(|(line, known)| [if known == name { replacement } else { line }, "\n"].concat()).collect()
}

/// JSON of the crate as another parser reads it.
pub(crate) fn read_json(text: &JsonText) -> Value {
    serde_json::from_str(text.as_str()).expect("what was accepted is JSON")
}

/// The claims of the ID token of those tokens.
pub(crate) fn claims_of(tokens: &TokenSet) -> Value {
    read_json(tokens.claims.as_ref().expect("there is an ID token"))
}

/// The URL of a response with those parameters and nothing else.
pub(crate) fn response_url(parameters: &[(&str, &str)]) -> String {
    let form = parameters.iter().fold(Form::new(), |form, (name, value)| form.with(name, value));
    [REDIRECT_URI, "?", &form.finish()].concat()
}

/// The URL of a response to this login, with the right `state` and those parameters.
pub(crate) fn answer(login: &Authorization, parameters: &[(&str, &str)]) -> String {
    let state = state(login);
    response_url(&[&[("state", state.as_str())], parameters].concat())
}

pub(crate) fn parse(url: &str) -> Option<Callback> {
    Callback::parse(url, REDIRECT_URI)
}

/// The user comes back to this URL.
pub(crate) fn come_back(transaction: Transaction, url: &str) -> Result<Grant, Error> {
    transaction.accept(&config(), parse(url).ok_or(Code::StateMissing)?, NOW)
}

/// The user comes back with the right `state` and those parameters.
pub(crate) fn come_back_with(login: Authorization, parameters: &[(&str, &str)]) -> Result<Grant, Error> {
    let url = answer(&login, parameters);
    come_back(login.transaction, &url)
}

pub(crate) fn grant() -> Grant {
    come_back_with(login(), &[("code", CODE)]).unwrap()
}

/// A token request that was sent, and the `nonce` of its login.
pub(crate) fn exchange() -> (Request, Exchange, String) {
    let login = login();
    let nonce = parameter(&login.url, "nonce").unwrap();
    let grant = come_back_with(login, &[("code", CODE)]).unwrap();
    let (request, exchange) = grant.into_request(&config());
    (request, exchange, nonce)
}

/// The claims of an ID token with nothing wrong.
pub(crate) fn claims(nonce: &str) -> Value {
    json!({
        "iss": ISSUER,
        "sub": SUBJECT,
        "aud": CLIENT_ID,
        "exp": NOW.saturating_add(300),
        "iat": NOW,
        "nonce": nonce,
    })
}

/// The header of an ID token.
pub(crate) const RS256: &str = r#"{"alg":"RS256"}"#;

/// An ID token of the honest server.
pub(crate) fn id_token(claims: &Value) -> String {
    signed(RS256, &claims.to_string())
}

/// A JWT that the honest server signed by the `alg` of its header; with a signature that is none when it has no such `alg`.
pub(crate) fn signed(header: &str, claims: &str) -> String {
    let input = [header, claims].map(|part| base64url(part.as_bytes())).join(".");
    let header: Value = serde_json::from_str(header).unwrap_or_default();
    let signature = header["alg"].as_str().and_then(|alg| signing::sign(alg, &input));
    [&input, ".", &base64url(&signature.unwrap_or_else(|| b"no signature".to_vec()))].concat()
}

pub(crate) fn jwt(header: &str, claims: &str, signature: &str) -> String {
    [header, claims, signature].map(|part| base64url(part.as_bytes())).join(".")
}

/// A token response with nothing wrong.
pub(crate) fn token_response(nonce: &str) -> Value {
    json!({
        "access_token": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": REFRESH_TOKEN,
        "id_token": id_token(&claims(nonce)),
    })
}

pub(crate) fn response(status: u16, content_type: Option<&str>, body: &str) -> Response {
    Response {
        status,
        content_type: content_type.map(Into::into),
        date: None,
        retry_after: None,
        body: Secret::new(body.into()),
    }
}

pub(crate) fn json_response(status: u16, body: &Value) -> Response {
    response(status, Some("application/json"), &body.to_string())
}

pub(crate) fn ok(body: &Value) -> Response {
    json_response(200, body)
}

/// Reads the answer to an exchange, and verifies its ID token by the honest server's keys.
pub(crate) fn finish(exchange: Exchange, answer: &Response, now: u64) -> Result<TokenSet, Error> {
    match exchange.finish(answer, now)? {
        Answer::Tokens(tokens) => Ok(tokens),
        Answer::Unverified(unverified) => verify(unverified, &signing::key_set(), now),
    }
}

/// Verifies an ID token by a key set that was fetched just now.
pub(crate) fn verify(unverified: Unverified, keys: &Value, now: u64) -> Result<TokenSet, Error> {
    let keys = Jwks::from_response(&ok(keys))?;
    let verdict = match unverified.next(Some(&keys), Some(now), now)? {
        Step::Verify(check) => signing::verify(&check),
        Step::Fetch(_) => panic!("the keys were fetched just now"),
    };
    unverified.conclude(&verdict)
}

/// The exchange is answered by an honest token response after that change.
pub(crate) fn redeem(change: impl FnOnce(&mut Value)) -> Result<TokenSet, Error> {
    let (_, exchange, nonce) = exchange();
    redeem_from_exchange(exchange, &nonce, change)
}

/// This exchange, whose login had that nonce, is answered by an honest token response after that change.
pub(crate) fn redeem_from_exchange(
    exchange: Exchange,
    nonce: &str,
    change: impl FnOnce(&mut Value),
) -> Result<TokenSet, Error> {
    let mut answer = token_response(nonce);
    change(&mut answer);
    finish(exchange, &ok(&answer), NOW)
}

/// The exchange is answered in that way.
pub(crate) fn redeem_from(answer: &Response) -> Result<TokenSet, Error> {
    finish(exchange().1, answer, NOW)
}

/// The exchange is answered with an ID token of those claims, after that change.
pub(crate) fn redeem_claims(change: impl FnOnce(&mut Value)) -> Result<TokenSet, Error> {
    let (_, exchange, nonce) = exchange();
    let mut claims = claims(&nonce);
    change(&mut claims);
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(id_token(&claims));
    finish(exchange, &ok(&answer), NOW)
}

/// The requests that revoke those tokens, in the order in which they are to be sent.
pub(crate) fn try_revocations(config: &Config, metadata: &Metadata, tokens: &TokenSet) -> Result<Vec<Request>, Error> {
    let (refresh_token, access_token) = revocation_requests(config, metadata, tokens)?;
    Ok(refresh_token.into_iter().chain([access_token]).collect())
}

pub(crate) fn revocations() -> Vec<Request> {
    try_revocations(&config(), &metadata(), &signed_in()).unwrap()
}

pub(crate) fn signed_in() -> TokenSet {
    redeem(|_| {}).unwrap()
}

/// What went wrong.
pub(crate) fn code<T: Debug>(result: Result<T, Error>) -> Code {
    result.unwrap_err().code
}

/// What went wrong, and with which member, parameter or claim.
pub(crate) fn fault<T: Debug>(result: Result<T, Error>) -> (Code, Option<&'static str>) {
    let error = result.unwrap_err();
    (error.code, error.subject)
}

/// Takes a member out of an object.
pub(crate) fn without(object: &mut Value, member: &str) {
    object.as_object_mut().unwrap().remove(member).expect("the member was there");
}
