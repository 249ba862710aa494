//! What a login is about: the tokens.

use alloc::string::String;

use crate::error::{Code, Error};
use crate::flow::metadata::Metadata;
use crate::json::Json;
use crate::secret::Secret;

/// What the token endpoint granted, checked.
#[derive(Debug)]
pub struct TokenSet<J> {
    /// To be shown to the resource server, and to nobody else.
    pub access_token: Secret,
    /// `Bearer`, in the server's own spelling.
    pub token_type: String,
    /// Seconds since 1970 after which the access token is not to be used; `None` when the server did not say.
    pub expires_at: Option<u64>,
    /// The seconds that the server gave it; `None` when it did not say.
    pub expires_in: Option<u64>,
    /// The scopes granted.
    pub scope: String,
    /// Trades for fresh tokens.
    pub refresh_token: Option<Secret>,
    /// The ID token as it came.
    pub id_token: Option<Secret>,
    /// The checked claims of the ID token.
    pub claims: Option<J>,
    /// Who says that the ID token is the issuer's.
    pub id_token_verified_by: Option<VerifiedBy>,
    /// Where the access token is to be used, as the login asked: absolute URIs, separated by spaces (RFC 8707 section 2).
    pub resource: Option<String>,
    /// What exactly the tokens allow, as the server granted it: an array of objects (RFC 9396 section 7).
    pub authorization_details: Option<J>,
}

impl<J> TokenSet<J> {
    /// No tokens.
    pub(crate) fn empty() -> Self {
        Self {
            access_token: Secret::default(),
            token_type: String::new(),
            expires_at: None,
            expires_in: None,
            scope: String::new(),
            refresh_token: None,
            id_token: None,
            claims: None,
            id_token_verified_by: None,
            resource: None,
            authorization_details: None,
        }
    }
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

/// Who says that an ID token is the issuer's (OpenID Connect Core section 3.1.3.7, step 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifiedBy {
    /// Its signature, by a key of the issuer.
    Signature,
    /// The TLS of the token endpoint: the signature could not be verified here.
    Tls,
    /// Nobody: [`Settings::dangerously_allow_unverified_id_token`](crate::Settings) allowed it.
    Nothing,
}

impl VerifiedBy {
    /// The name in records and in JavaScript.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Tls => "tls",
            Self::Nothing => "nothing",
        }
    }

    /// What has that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Signature, Self::Tls, Self::Nothing].into_iter().find(|by| by.name() == name)
    }
}
