//! The token endpoint: grant -> token request; response -> tokens (RFC 6749 sections 4.1.3, 5 and 6).

use alloc::string::String;

use crate::encoding::Form;
use crate::error::{Code, Error, Refusal};
use crate::flow::authorize::with_resource;
use crate::flow::callback::Grant;
use crate::flow::config::{Config, asks_for_openid};
use crate::flow::id_token::{self, Authentication, Claimed};
use crate::flow::metadata::Metadata;
use crate::flow::signature::Unverified;
pub use crate::flow::token_set::{TokenSet, VerifiedBy};
use crate::flow::transaction::Transaction;
use crate::http::{Request, Response};
use crate::json::Json;
use crate::jwt::Jwt;
use crate::secret::Secret;
use crate::url::{Url, is_link};

/// An answer of the token endpoint, checked.
#[derive(Debug)]
pub enum Answer<J> {
    /// It brought no ID token: these are the tokens.
    Tokens(TokenSet<J>),
    /// It brought an ID token, whose signature is still to be verified.
    Unverified(Unverified<J>),
}

/// A token request that was sent: what its answer has to agree with.
#[derive(Debug)]
pub struct Exchange {
    issuer: String,
    client_id: String,
    scope: String,
    nonce: Option<String>,
    jwks_uri: Option<String>,
    signing_algs: Option<String>,
    signed_response_alg: Option<String>,
    clock_tolerance: u32,
    /// Who vouches for an ID token whose signature cannot be verified.
    voucher: Option<VerifiedBy>,
    authentication: Authentication,
    resource: Option<String>,
    previous: Option<Previous>,
}

/// What a refresh starts from.
#[derive(Debug)]
struct Previous {
    subject: Option<String>,
    nonce: Option<String>,
    iat: Option<f64>,
    auth_time: Option<f64>,
    refresh_token: Secret,
    id_token: Option<Secret>,
    id_token_verified_by: Option<VerifiedBy>,
    authorization_details: Option<String>,
}

impl Grant {
    /// The token request of this grant, which is spent by it (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    #[must_use]
    pub fn into_request(self, config: &Config) -> (Request, Exchange) {
        let Self { code, transaction } = self;
        let form = Form::new()
            .with("grant_type", "authorization_code")
            .with("code", code.expose())
            .with("redirect_uri", &transaction.redirect_uri)
            .with("client_id", &transaction.client_id)
            .with("code_verifier", transaction.code_verifier.expose());
        let form = with_resource(form, transaction.resource.as_deref());
        let exchange = transaction.exchange(config);
        (Request::post(transaction.token_endpoint, Secret::new(form.finish())), exchange)
    }
}

impl Transaction {
    /// What the answer to the token request has to agree with. For the crate's own use: outside, only a grant gives it.
    pub(crate) fn exchange(&self, config: &Config) -> Exchange {
        Exchange {
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            scope: self.scope.clone(),
            nonce: self.nonce.clone(),
            jwks_uri: self.jwks_uri.clone(),
            signing_algs: self.signing_algs.clone(),
            signed_response_alg: config.settings().id_token_signed_response_alg.clone(),
            clock_tolerance: config.settings().clock_tolerance,
            voucher: voucher(config, &self.token_endpoint),
            authentication: Authentication {
                // Counted from the beginning of the login: however long the user then takes, they are asked once.
                earliest: self.max_age.map(|max_age| self.created_at.saturating_sub(max_age)),
                acr_values: self.acr_values.clone(),
            },
            resource: self.resource.clone(),
            previous: None,
        }
    }
}

/// Who vouches for an ID token without its signature: TLS, when it is the issuer's own from end to end; otherwise nobody, and
/// that only where the application wants it so.
pub(crate) fn voucher(config: &Config, endpoint: &str) -> Option<VerifiedBy> {
    let settings = config.settings();
    let is_tls = |url: &str| Url::parse(url).is_some_and(|url| url.has_scheme("https"));
    if is_tls(&settings.issuer) && is_tls(endpoint) {
        Some(VerifiedBy::Tls)
    } else {
        settings.dangerously_allow_unverified_id_token.then_some(VerifiedBy::Nothing)
    }
}

/// The request that trades a refresh token for fresh tokens (RFC 6749 section 6).
///
/// # Errors
/// [`Code::RefreshTokenMissing`], [`Code::IssuerMismatch`]
pub fn refresh<J: Json>(
    config: &Config,
    metadata: &Metadata,
    tokens: TokenSet<J>,
) -> Result<(Request, Exchange), Error> {
    metadata.check_issuer(config)?;
    tokens.check_issuer(metadata)?;
    let subject = tokens.subject();
    let nonce = tokens.claims.as_ref().and_then(|claims| claims.string("nonce"));
    let time = |claim: &str| tokens.claims.as_ref().and_then(|claims| claims.number(claim));
    let (iat, auth_time) = (time("iat"), time("auth_time"));
    let settings = config.settings();
    let refresh_token = tokens.refresh_token.ok_or(Code::RefreshTokenMissing)?;
    let form = Form::new()
        .with("grant_type", "refresh_token")
        .with("refresh_token", refresh_token.expose())
        .with("client_id", &settings.client_id);
    let form = with_resource(form, tokens.resource.as_deref());
    Ok((
        Request::post(metadata.token_endpoint.clone(), Secret::new(form.finish())),
        Exchange {
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            scope: tokens.scope,
            nonce: None,
            jwks_uri: metadata.jwks_uri.clone(),
            signing_algs: metadata.signing_algs.clone(),
            signed_response_alg: settings.id_token_signed_response_alg.clone(),
            clock_tolerance: settings.clock_tolerance,
            voucher: voucher(config, &metadata.token_endpoint),
            authentication: Authentication { earliest: None, acr_values: None },
            resource: tokens.resource,
            previous: Some(Previous {
                subject,
                nonce,
                iat,
                auth_time,
                refresh_token,
                id_token: tokens.id_token,
                id_token_verified_by: tokens.id_token_verified_by,
                authorization_details: tokens.authorization_details.as_ref().map(Json::to_text),
            }),
        },
    ))
}

impl Exchange {
    /// Reads the answer of the token endpoint; `now` is in seconds since 1970. What it brings can be used when the signature
    /// of its ID token was verified: see [`Unverified`].
    ///
    /// # Errors
    /// [`Code::ServerError`], [`Code::TokenRefused`], [`Code::TokenResponseInvalid`], [`Code::AccessTokenMissing`],
    /// [`Code::TokenTypeUnsupported`], [`Code::IdTokenMissing`], [`Code::InsufficientUserAuthentication`] and the errors of the ID token
    pub fn finish<J: Json>(self, response: &Response, now: u64) -> Result<Answer<J>, Error> {
        let answer: J = successful(response, Code::TokenRefused)?;
        let invalid = |subject: &'static str| Error::new(Code::TokenResponseInvalid).about(subject);
        let optional = |name: &'static str| match answer.member(name) {
            Some(value) => value.as_string().map(Some).ok_or_else(|| invalid(name)),
            None => Ok(None),
        };

        let access_token = optional("access_token")?
            .filter(|token| !token.is_empty())
            .ok_or_else(|| Error::new(Code::AccessTokenMissing).about("access_token"))?;
        let token_type = optional("token_type")?.ok_or_else(|| invalid("token_type"))?;
        if !token_type.eq_ignore_ascii_case("bearer") {
            return Err(Error::new(Code::TokenTypeUnsupported).about("token_type"));
        }
        let expires_in = match answer.member("expires_in") {
            Some(value) => Some(lifetime(&value).ok_or_else(|| invalid("expires_in"))?),
            None => None,
        };
        let scope = optional("scope")?;
        let refresh_token = optional("refresh_token")?.filter(|token| !token.is_empty()).map(Secret::new);
        let id_token = optional("id_token")?.map(Secret::new);
        let authorization_details = answer.member("authorization_details");
        if authorization_details.as_ref().is_some_and(|details| details.as_elements().is_none()) {
            return Err(invalid("authorization_details"));
        }

        let clock = response.clock(now);
        let claimed: Option<Claimed<J>> = match &id_token {
            Some(token) => Some(id_token::validate(
                token.expose(),
                &id_token::Expected {
                    issuer: &self.issuer,
                    client_id: &self.client_id,
                    nonce: self.nonce.as_deref(),
                    signing_algs: self.signing_algs.as_deref(),
                    signed_response_alg: self.signed_response_alg.as_deref(),
                    now: clock,
                    clock_tolerance: self.clock_tolerance,
                },
            )?),
            None if self.previous.is_none() && asks_for_openid(&self.scope) => {
                return Err(Error::new(Code::IdTokenMissing).about("id_token"));
            }
            None => None,
        };

        if let Some(claimed) = &claimed {
            // The login was begun by this machine's clock, the user authenticated by the server's.
            let begun = |earliest: u64| earliest.saturating_add(clock).saturating_sub(now);
            let earliest = self.authentication.earliest.map(begun);
            let asked = Authentication { earliest, ..self.authentication };
            id_token::check_authentication(&claimed.claims, &asked, clock, self.clock_tolerance)?;
        }

        let mut tokens = TokenSet {
            access_token: Secret::new(access_token),
            token_type,
            expires_at: expires_in.map(|seconds| now.saturating_add(seconds)),
            expires_in,
            scope: scope.unwrap_or(self.scope),
            refresh_token,
            id_token: None,
            claims: None,
            id_token_verified_by: None,
            resource: self.resource,
            authorization_details,
        };
        if let Some(previous) = self.previous {
            if let Some(claimed) = &claimed {
                check_same_login(&claimed.claims, &previous, self.clock_tolerance)?;
            }
            // Without a new refresh token the old one stays in use (RFC 6749 section 6), and so does the old ID token.
            tokens.refresh_token = Some(tokens.refresh_token.unwrap_or(previous.refresh_token));
            tokens.claims =
                previous.id_token.as_ref().and_then(|token| Jwt::decode(token.expose())).map(|jwt| jwt.claims);
            tokens.id_token = previous.id_token;
            tokens.id_token_verified_by = previous.id_token_verified_by;
            let previous = previous.authorization_details;
            tokens.authorization_details = tokens.authorization_details.or_else(|| J::parse(&previous?));
        }
        match (id_token, claimed) {
            (Some(id_token), Some(claimed)) => {
                Unverified::new(tokens, id_token, claimed, self.jwks_uri, self.voucher).map(Answer::Unverified)
            }
            _ => Ok(Answer::Tokens(tokens)),
        }
    }
}

/// A refreshed ID token is about the user of the first one, and newer; its nonce and `auth_time`, if any, are the same
/// (OpenID Connect Core section 12.2).
fn check_same_login<J: Json>(fresh: &J, previous: &Previous, clock_tolerance: u32) -> Result<(), Error> {
    if previous.subject.is_some() {
        if fresh.string("sub") != previous.subject {
            return Err(Error::new(Code::IdTokenSubjectMismatch).about("sub"));
        }
        if fresh.member("nonce").is_some() && fresh.string("nonce") != previous.nonce {
            return Err(Error::new(Code::IdTokenNonceMismatch).about("nonce"));
        }
        let iat = fresh.number("iat").map(|iat| iat + f64::from(clock_tolerance));
        if iat < previous.iat {
            return Err(Error::new(Code::IdTokenInvalid).about("iat"));
        }
        if previous.auth_time.is_some()
            && fresh.member("auth_time").is_some()
            && fresh.number("auth_time") != previous.auth_time
        {
            return Err(Error::new(Code::IdTokenInvalid).about("auth_time"));
        }
    }
    Ok(())
}

/// The JSON object of a 200 answer; otherwise what the server said of its refusal (RFC 6749 section 5.2).
pub(crate) fn successful<J: Json>(response: &Response, refused: Code) -> Result<J, Error> {
    let status = response.status;
    response.check_status()?;
    let object = if response.is_json() { J::parse(response.body.expose()).filter(J::is_object) } else { None };
    if status == 200 {
        return object.ok_or(Error::new(Code::TokenResponseInvalid).status(status));
    }
    match object.as_ref().and_then(|object| object.string("error").map(|error| (object, error))) {
        Some((object, error)) => Err(Error::new(refused).status(status).refusal(Refusal {
            error,
            error_description: object.string("error_description"),
            error_uri: object.string("error_uri").filter(|uri| is_link(uri)),
        })),
        None => Err(Error::new(Code::TokenResponseInvalid).status(status)),
    }
}

/// The seconds of `expires_in`: a number, or one in a string, as some servers have it. Not negative, and finite; a fraction is dropped.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value was found to lie between 0 and 2^53"
)]
fn lifetime<J: Json>(value: &J) -> Option<u64> {
    const MAX: f64 = 9_007_199_254_740_992.0;
    if let Some(text) = value.as_string() {
        return text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok().map(u64::from))?;
    }
    let number = value.as_number()?;
    if (0.0..MAX).contains(&number) { Some(number as u64) } else { None }
}
