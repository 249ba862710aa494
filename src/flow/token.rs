//! The token endpoint: grant -> token request; response -> tokens (RFC 6749 sections 4.1.3, 5 and 6).

use alloc::string::String;

use crate::encoding::Form;
use crate::error::{Code, Error, Refusal};
use crate::flow::callback::Grant;
use crate::flow::config::{Config, asks_for_openid};
use crate::flow::id_token::{self, Authentication};
use crate::flow::metadata::Metadata;
use crate::flow::transaction::Transaction;
use crate::http::{Request, Response};
use crate::json::Json;
use crate::secret::Secret;
use crate::url::is_link;

/// What the token endpoint granted, checked.
#[derive(Debug)]
pub struct TokenSet<J> {
    /// To be shown to the resource server, and to nobody else.
    pub access_token: Secret,
    /// `Bearer`, in the server's own spelling.
    pub token_type: String,
    /// Seconds since 1970 after which the access token is not to be used; `None` when the server did not say.
    pub expires_at: Option<u64>,
    /// The scopes granted.
    pub scope: String,
    /// Trades for fresh tokens.
    pub refresh_token: Option<Secret>,
    /// The ID token as it came.
    pub id_token: Option<Secret>,
    /// The checked claims of the ID token.
    pub claims: Option<J>,
}

impl<J: Json> TokenSet<J> {
    /// The user, by the `sub` of the ID token.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        self.claims.as_ref()?.string("sub")
    }

    /// Tokens are shown to no other server than the one that issued them, as far as the ID token tells (RFC 9700 section 4.9).
    pub(crate) fn check_issuer(&self, metadata: &Metadata) -> Result<(), Error> {
        match self.claims.as_ref().and_then(|claims| claims.string("iss")) {
            Some(iss) if iss != metadata.issuer => Err(Error::new(Code::IssuerMismatch).about("iss")),
            _ => Ok(()),
        }
    }
}

/// A token request that was sent: what its answer has to agree with.
#[derive(Debug)]
pub struct Exchange {
    issuer: String,
    client_id: String,
    scope: String,
    nonce: Option<String>,
    clock_tolerance: u32,
    authentication: Authentication,
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
            clock_tolerance: config.settings().clock_tolerance,
            authentication: Authentication {
                // Counted from the beginning of the login: however long the user then takes, they are asked once.
                earliest: self.max_age.map(|max_age| self.created_at.saturating_sub(max_age)),
                acr_values: self.acr_values.clone(),
            },
            previous: None,
        }
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
    Ok((
        Request::post(metadata.token_endpoint.clone(), Secret::new(form.finish())),
        Exchange {
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            scope: tokens.scope,
            nonce: None,
            clock_tolerance: settings.clock_tolerance,
            authentication: Authentication { earliest: None, acr_values: None },
            previous: Some(Previous { subject, nonce, iat, auth_time, refresh_token, id_token: tokens.id_token }),
        },
    ))
}

impl Exchange {
    /// Reads the answer of the token endpoint; `now` is in seconds since 1970.
    ///
    /// # Errors
    /// [`Code::ServerError`], [`Code::TokenRefused`], [`Code::TokenResponseInvalid`], [`Code::AccessTokenMissing`],
    /// [`Code::TokenTypeUnsupported`], [`Code::IdTokenMissing`], [`Code::InsufficientUserAuthentication`] and the errors of the ID token
    pub fn finish<J: Json>(self, response: &Response, now: u64) -> Result<TokenSet<J>, Error> {
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
        let expires_at = match answer.member("expires_in") {
            Some(value) => Some(now.saturating_add(lifetime(&value).ok_or_else(|| invalid("expires_in"))?)),
            None => None,
        };
        let scope = optional("scope")?;
        let refresh_token = optional("refresh_token")?.filter(|token| !token.is_empty()).map(Secret::new);
        let id_token = optional("id_token")?.map(Secret::new);

        let claims: Option<J> = match &id_token {
            Some(token) => Some(id_token::validate(
                token.expose(),
                &id_token::Expected {
                    issuer: &self.issuer,
                    client_id: &self.client_id,
                    nonce: self.nonce.as_deref(),
                    now,
                    clock_tolerance: self.clock_tolerance,
                },
            )?),
            None if self.previous.is_none() && asks_for_openid(&self.scope) => {
                return Err(Error::new(Code::IdTokenMissing).about("id_token"));
            }
            None => None,
        };

        if let Some(claims) = &claims {
            id_token::check_authentication(claims, &self.authentication, now, self.clock_tolerance)?;
        }

        let (refresh_token, id_token, claims) = match self.previous {
            Some(previous) => {
                let claims = same_login(claims, &previous, self.clock_tolerance)?;
                let (id_token, claims) = match claims {
                    Some(claims) => (id_token, Some(claims)),
                    None => {
                        let kept = previous.id_token;
                        let claims = kept.as_ref().and_then(|token| crate::jwt::Jwt::decode(token.expose()));
                        (kept, claims.map(|jwt| jwt.claims))
                    }
                };
                // Without a new refresh token the old one stays in use (RFC 6749 section 6).
                (Some(refresh_token.unwrap_or(previous.refresh_token)), id_token, claims)
            }
            None => (refresh_token, id_token, claims),
        };

        Ok(TokenSet {
            access_token: Secret::new(access_token),
            token_type,
            expires_at,
            scope: scope.unwrap_or(self.scope),
            refresh_token,
            id_token,
            claims,
        })
    }
}

/// A refreshed ID token is about the user of the first one, and newer; its nonce and `auth_time`, if any, are the same
/// (OpenID Connect Core section 12.2).
fn same_login<J: Json>(claims: Option<J>, previous: &Previous, clock_tolerance: u32) -> Result<Option<J>, Error> {
    if let (Some(fresh), Some(_)) = (&claims, &previous.subject) {
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
    Ok(claims)
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
