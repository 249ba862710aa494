//! What a login is about: the tokens.

use alloc::string::String;

use zeroize::Zeroizing;

use crate::client::fields::{Fields, field, optional, optional_digits, read, read_optional};
use crate::client::json_text::JsonText;
use crate::flow::tokens::{Session, SessionParts};
use crate::secret::Secret;
use crate::text::{number, plain};

/// What the token endpoint granted, checked.
#[derive(Debug)]
pub struct TokenSet {
    /// To be shown to the resource server, and to nobody else.
    pub access_token: Secret,
    /// `Bearer`, or `DPoP` for tokens that are bound to a key, in the server's own spelling.
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
    pub claims: Option<JsonText>,
    /// Who says that the ID token is the issuer's.
    pub id_token_verified_by: Option<VerifiedBy>,
    /// Where the access token is to be used, as the login asked: absolute URIs, separated by spaces (RFC 8707 section 2).
    pub resource: Option<String>,
    /// What exactly the tokens allow, as the server granted it: an array of objects (RFC 9396 section 7).
    pub authorization_details: Option<JsonText>,
    /// The members of the answer that nothing here reads, a JSON object of at most 4096 bytes (RFC 6749 section 5.1); they may hold secrets. Members that would go beyond are left
    /// out. Those of a refresh take the place of the ones before.
    pub extra: Option<Secret>,
    /// The thumbprint of the key that the tokens are bound to (RFC 9449 section 6): a [`proof`](crate::client::dpop) of it goes with every request that shows them.
    pub dpop_jkt: Option<String>,
    /// Why they are bound to none although that was preferred ([`Dpop::Preferred`](crate::client::config::Dpop::Preferred)).
    pub unbound: Option<Unbound>,
}

/// Why tokens are not bound to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unbound {
    /// There was no key, or the server says that it takes none of its kind.
    Unavailable,
    /// The server binds no tokens.
    Server,
}

impl Unbound {
    /// The name in records and in JavaScript.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Server => "server",
        }
    }

    fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Unavailable, Self::Server].into_iter().find(|reason| reason.name().as_bytes() == name)
    }
}

impl TokenSet {
    /// The user, by the `sub` of the ID token.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        self.claims.as_ref()?.string("sub")
    }

    /// The fields of a [`Session`] of these tokens.
    pub(crate) fn to_fields(&self) -> Fields {
        let details = self.authorization_details.as_ref().map(JsonText::as_str);
        Zeroizing::new(
            Session::of(SessionParts {
                version: Session::VERSION,
                access_token: field(self.access_token.expose()),
                token_type: field(&self.token_type),
                scope: field(&self.scope),
                refresh_token: optional(self.refresh_token.as_ref().map(Secret::expose)),
                id_token: optional(self.id_token.as_ref().map(Secret::expose)),
                id_token_verified_by: optional(self.id_token_verified_by.map(VerifiedBy::name)),
                resource: optional(self.resource.as_deref()),
                expires_at: &optional_digits(self.expires_at),
                expires_in: &optional_digits(self.expires_in),
                authorization_details: optional(details),
                extra: self.extra.as_ref().map(|extra| extra.expose().as_bytes()).unwrap_or_default(),
                binding: optional(self.dpop_jkt.as_deref().or(self.unbound.map(Unbound::name))),
                attempts: b"",
                failed: b"",
                retry_at: b"",
            })
            .to_fields(),
        )
    }

    /// The tokens of such fields.
    pub(crate) fn from_fields(fields: &[u8]) -> Self {
        let session = Session::of_table(fields);
        let secret = |field: &[u8]| read_optional(field).map(Secret::new);
        Self {
            access_token: Secret::new(read(session.access_token())),
            token_type: read(session.token_type()),
            expires_at: number(session.expires_at()),
            expires_in: number(session.expires_in()),
            scope: read(session.scope()),
            refresh_token: secret(session.refresh_token()),
            id_token: secret(session.id_token()),
            claims: session.claims_text().and_then(|claims| JsonText::from_bytes(&claims)),
            id_token_verified_by: VerifiedBy::from_name(&read(session.id_token_verified_by())),
            resource: read_optional(session.resource()),
            authorization_details: JsonText::from_bytes(plain(session.authorization_details())),
            extra: secret(session.extra()),
            dpop_jkt: read_optional(session.jkt()),
            unbound: Unbound::from_name(session.binding()),
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
