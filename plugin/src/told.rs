//! What pages are told: errors, outcomes, events and the session. Never a token.

use pkce_wasm::Error;
use pkce_wasm::client::session::Session;
use pkce_wasm::client::token_set::{Unbound, VerifiedBy};
use pkce_wasm::error::{Needed, Refusal};
use serde::Serialize;
use serde_json::Value;

/// An error as `pkce-wasm` has it in JavaScript.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The stable code.
    pub code: &'static str,
    /// The member, parameter or claim at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth_error_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    oauth_error_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    login_options: Option<Helps>,
}

/// The options of the login that would help.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Helps {
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr_values: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<u32>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let Refusal { error: word, error_description, error_uri } = error.refusal.clone().unwrap_or_default();
        let helps =
            |Needed { scope, acr_values, max_age }| Helps { scope: scope.unwrap_or_default(), acr_values, max_age };
        Self {
            code: error.code.name(),
            subject: error.subject,
            status: error.status,
            retry_after: error.retry_after,
            oauth_error: Some(word).filter(|word| !word.is_empty()),
            oauth_error_description: error_description,
            oauth_error_uri: error_uri,
            login_options: error.needed.clone().map(helps),
        }
    }
}

/// What a URL led to by which the user came back.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "status")]
pub enum Outcome {
    /// It is no callback of this application.
    None,
    /// The login is complete.
    #[serde(rename_all = "camelCase")]
    SignedIn {
        /// Where the login was to return to.
        #[serde(skip_serializing_if = "Option::is_none")]
        return_to: Option<String>,
    },
    /// This very callback was completed before.
    #[serde(rename_all = "camelCase")]
    AlreadyCompleted {
        /// Where the login was to return to.
        #[serde(skip_serializing_if = "Option::is_none")]
        return_to: Option<String>,
    },
    /// The login failed.
    #[serde(rename_all = "camelCase")]
    Refused {
        /// Why.
        error: Failure,
        /// Whether beginning it again may help.
        restart: bool,
        /// Where the login was to return to.
        #[serde(skip_serializing_if = "Option::is_none")]
        return_to: Option<String>,
    },
    /// It belongs to no login of this application. Nothing was changed.
    OtherLogin {
        /// Why.
        error: Failure,
    },
    /// The user came back from signing out at the server.
    #[serde(rename_all = "camelCase")]
    SignedOut {
        /// Where the sign-out was to return to.
        #[serde(skip_serializing_if = "Option::is_none")]
        return_to: Option<String>,
    },
}

/// What becomes of the session, and what redirects led to.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum Event {
    /// Somebody has signed in.
    SignedIn {
        /// `login`.
        reason: &'static str,
    },
    /// The tokens are fresh.
    Refreshed {
        /// `ageing`, `expired`, `refused` or `asked`.
        reason: &'static str,
        /// The session now.
        session: Told,
    },
    /// The user has signed out.
    SignedOut {
        /// `logout`.
        reason: &'static str,
    },
    /// In a minute the access token expires, and nothing trades for another.
    Expiring {
        /// `session_expired`.
        reason: &'static str,
    },
    /// The session is over.
    Expired {
        /// `session_expired` or `refresh_interrupted`.
        reason: &'static str,
    },
    /// A redirect was handled.
    Redirect {
        /// What it led to.
        outcome: Outcome,
    },
}

/// The session as a page sees it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The checked claims of the ID token.
    pub claims: Value,
    /// The scopes granted.
    pub scope: String,
    /// Seconds since 1970 at which the access token expires.
    pub expires_at: Option<u64>,
    /// Who says that the ID token is the issuer's.
    pub id_token_verified_by: Option<&'static str>,
    /// Whether there is a refresh token.
    pub renewable: bool,
    /// What the tokens are bound to.
    pub token_binding: Binding,
}

/// What tokens are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "type")]
pub enum Binding {
    /// To a key that this application has (RFC 9449).
    Dpop,
    /// To nothing.
    Bearer {
        /// Why, where bound tokens are preferred: `unavailable` or `server`.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
    },
}

impl From<&Session> for Told {
    fn from(session: &Session) -> Self {
        let tokens = &session.tokens;
        // The protocol has read it as JSON.
        let claims = tokens.claims.as_ref().and_then(|claims| serde_json::from_str(claims.as_str()).ok());
        Self {
            claims: claims.unwrap_or_default(),
            scope: tokens.scope.clone(),
            expires_at: tokens.expires_at,
            id_token_verified_by: tokens.id_token_verified_by.map(VerifiedBy::name),
            renewable: tokens.refresh_token.is_some(),
            token_binding: match tokens.dpop_jkt {
                Some(_) => Binding::Dpop,
                None => Binding::Bearer { reason: tokens.unbound.map(Unbound::name) },
            },
        }
    }
}
