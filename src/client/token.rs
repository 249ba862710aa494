//! The token endpoint: grant -> token request; response -> tokens (RFC 6749 sections 4.1.3, 5 and 6).

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::client::callback::Grant;
use crate::client::config::Config;
use crate::client::fields::{Fields, fault_in, read, refused_in, secret, text};
use crate::client::metadata::Metadata;
use crate::client::signature::Unverified;
pub use crate::client::token_set::{TokenSet, VerifiedBy};
use crate::error::Error;
use crate::flow::callback;
use crate::flow::id_token;
use crate::flow::setup::Setup;
use crate::flow::token;
use crate::flow::tokens::Session;
use crate::flow::transaction::Transaction;
use crate::http::{Request, Response};

/// An answer of the token endpoint, checked.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart as soon as it is made")]
pub enum Answer {
    /// It brought no ID token: these are the tokens.
    Tokens(TokenSet),
    /// It brought an ID token, whose signature is still to be verified.
    Unverified(Unverified),
}

/// A token request that was sent: what its answer has to agree with.
pub struct Exchange {
    setup: Vec<u8>,
    /// The login; that of a refresh holds no secret.
    transaction: Fields,
    /// The session that is refreshed; blank in a login.
    before: Fields,
    /// What the callback said; blank in a refresh.
    said: Fields,
}

impl Grant {
    /// The token request of this grant, which is spent by it (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    #[must_use]
    pub fn into_request(self, config: &Config) -> (Request, Exchange) {
        let (setup, transaction) = (config.setup(), self.transaction.view());
        let mut form = Vec::new();
        token::redeem(&Setup::of_table(&setup), &transaction, self.code.expose().as_bytes(), &mut form);
        let request = Request::post(read(transaction.token_endpoint()), secret(form));
        let before = Zeroizing::new(Session::blank().to_fields());
        let said = Zeroizing::new(
            callback::SaidParts { code: self.code.expose().as_bytes(), iss: self.iss.as_bytes() }.to_fields(),
        );
        (request, Exchange { setup, transaction: self.transaction.0, before, said })
    }
}

/// The request that trades a refresh token for fresh tokens (RFC 6749 section 6).
///
/// # Errors
/// [`Code::RefreshTokenMissing`](crate::Code::RefreshTokenMissing), [`Code::IssuerMismatch`](crate::Code::IssuerMismatch)
#[allow(clippy::needless_pass_by_value, reason = "a refresh token is sent once")]
pub fn refresh(config: &Config, metadata: &Metadata, tokens: TokenSet) -> Result<(Request, Exchange), Error> {
    let (setup, before) = (metadata.setup(config)?, tokens.to_fields());
    let (view, session) = (Setup::of_table(&setup), Session::of_table(&before));
    let mut form = Vec::new();
    token::refresh(&view, &session, &mut form)?;
    let said = Zeroizing::new(callback::Said::blank().to_fields());
    let request = Request::post(read(view.token_endpoint()), secret(form));
    let transaction = Zeroizing::new(token::renewal(&view, &session).to_fields());
    Ok((request, Exchange { setup, transaction, before, said }))
}

impl Exchange {
    /// Reads the answer of the token endpoint; `now` is in seconds since 1970. What it brings can be used when the signature
    /// of its ID token was verified: see [`Unverified`].
    ///
    /// # Errors
    /// [`Code::ServerError`](crate::Code::ServerError), [`Code::TokenRefused`](crate::Code::TokenRefused),
    /// [`Code::TokenResponseInvalid`](crate::Code::TokenResponseInvalid), [`Code::AccessTokenMissing`](crate::Code::AccessTokenMissing),
    /// [`Code::TokenTypeUnsupported`](crate::Code::TokenTypeUnsupported), [`Code::IdTokenMissing`](crate::Code::IdTokenMissing),
    /// [`Code::InsufficientUserAuthentication`](crate::Code::InsufficientUserAuthentication) and the errors of the ID token
    #[allow(clippy::needless_pass_by_value, reason = "an answer is read once")]
    pub fn finish(self, response: &Response, now: u64) -> Result<Answer, Error> {
        let (setup, transaction) = (Setup::of_table(&self.setup), Transaction::of_table(&self.transaction));
        let before = Session::of_table(&self.before);
        let said = callback::Said::of_table(&self.said);
        let answer = token::finish(&setup, &transaction, &before, &said, &response.reply(), now);
        let told = |fault| {
            let error = fault_in(response)(fault);
            match id_token::said(fault, response.body.expose().as_bytes()) {
                Some(said) => error.found(text(said)),
                None => error,
            }
        };
        match answer.map_err(told)? {
            callback::Answer::Given(token::Grant::Tokens(fields)) => {
                Ok(Answer::Tokens(TokenSet::from_fields(&Zeroizing::new(fields))))
            }
            callback::Answer::Given(token::Grant::Unverified(fields)) => {
                Ok(Answer::Unverified(Unverified(Zeroizing::new(fields))))
            }
            callback::Answer::Refused(refusal) => Err(refused_in(response, *refusal)),
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[exchange]")
    }
}
