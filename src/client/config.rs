//! What the application is: its client id, its redirect URI (RFC 8252 section 7), its scopes.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::client::fields::{check_members, digits, field, flag, optional, part, read, read_optional, text};
use crate::error::{Code, Error};
use crate::flow::config::{self, CLOCK_TOLERANCE, MAX_CLOCK_TOLERANCE, TRANSACTION_MAX_AGE};
use crate::flow::setup::{self, Setup};
use crate::table::{elements, push_element};
use crate::tables::{self, ALL, Document, SETTINGS};
use crate::text::same;

/// What the application says of itself, not yet checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer identifier, exactly as the server's metadata spells it (RFC 8414 section 2).
    pub issuer: String,
    /// The `client_id` of the registration.
    pub client_id: String,
    /// One of the registered redirect URIs; sent byte for byte (RFC 6749 section 3.1.2).
    pub redirect_uri: String,
    /// Where the user comes back to after signing out at the server: one of the registered URIs (OpenID Connect RP-Initiated Logout section 3).
    pub post_logout_redirect_uri: Option<String>,
    /// Space-separated scopes; with an empty text none are sent (RFC 6749 section 3.3).
    pub scope: String,
    /// Seconds within which a login must be finished.
    pub transaction_max_age: u32,
    /// Seconds by which the server's clock may differ, at most [`Config::MAX_CLOCK_TOLERANCE`].
    pub clock_tolerance: u32,
    /// The only algorithm by which ID tokens may be signed: the `id_token_signed_response_alg` of the registration. With
    /// `None`, any that the server's metadata lists.
    pub id_token_signed_response_alg: Option<String>,
    /// Keeps sessions of one client apart: with another name, its records are another client's. Empty, as it is by default, is a name of its own.
    pub session_name: String,
    /// The origins, besides the userinfo endpoint, to which the access token may be sent.
    pub resource_origins: Vec<String>,
    /// The issuers that may share a redirect URI although they do not promise `iss`: all of them are trusted with each other's codes
    /// (RFC 9700 section 4.4). See [`RedirectUris`](crate::client::redirect_uris::RedirectUris).
    pub shared_redirect_uri_issuers: Vec<String>,
    /// Other audiences that an ID token may have beside this client, such as a project or an API of yours that you trust not to use it in this
    /// client's place. Its `azp` has to name this client then (OpenID Connect Core section 3.1.3.7, steps 3 to 5).
    pub trusted_audiences: Vec<String>,
    /// Other issuers that the server's metadata and its ID tokens may name in the place of `issuer`; nothing else is widened. `{tenantid}` in one stands for a
    /// GUID, which has to be the claim `tid` of the ID token. The callback's `iss`, the ID token and every refresh agree on one issuer. A pattern admits every tenant of
    /// the server: the application checks `tid`.
    pub accept_issuer: Vec<String>,
    /// What the application knows better than the server's metadata: a JSON object with members of RFC 8414 section 2 but `issuer`. They take the place of the
    /// document's own, and stand the same checks.
    pub metadata: Option<String>,
    /// The `client_secret` of a registration that has one although it is a public client's: for providers that require it of installed applications and call it not
    /// confidential themselves (RFC 8252 section 8.5), as Google does. It proves nothing, and is sent in the body of token and revocation requests.
    pub public_client_secret: Option<String>,
    /// Whether tokens are bound to a key (RFC 9449): see [`dpop`](crate::client::dpop).
    pub dpop: Dpop,
    /// The authorization request is pushed to the server also where that does not require it (RFC 9126): see [`par`](crate::client::par).
    pub pushed_authorization_requests: bool,
    /// The server supports S256 although its metadata does not say so.
    pub dangerously_assume_pkce_support: bool,
    /// `http` is allowed beyond the loopback hosts.
    pub dangerously_allow_http: bool,
    /// An ID token is accepted also where nothing can verify its signature and no TLS vouches for it. Given up is that it is
    /// the issuer's: whoever stands between names any user. A signature that is wrong is refused all the same.
    pub dangerously_allow_unverified_id_token: bool,
}

/// Whether tokens are bound to a key (RFC 9449).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dpop {
    /// They are of the type `Bearer`.
    #[default]
    Off,
    /// They are where there is a key and the server binds them; else [`TokenSet::unbound`](crate::TokenSet::unbound) says why not.
    Preferred,
    /// A login without a key does not begin, and a server that gives tokens of another type is refused.
    Required,
}

impl Settings {
    /// The settings of an OpenID Connect client, with everything else at its default.
    #[must_use]
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            redirect_uri: redirect_uri.into(),
            post_logout_redirect_uri: None,
            scope: "openid".into(),
            transaction_max_age: seconds(TRANSACTION_MAX_AGE),
            clock_tolerance: seconds(CLOCK_TOLERANCE),
            id_token_signed_response_alg: None,
            session_name: String::new(),
            resource_origins: Vec::new(),
            shared_redirect_uri_issuers: Vec::new(),
            trusted_audiences: Vec::new(),
            accept_issuer: Vec::new(),
            metadata: None,
            public_client_secret: None,
            dpop: Dpop::Off,
            pushed_authorization_requests: false,
            dangerously_assume_pkce_support: false,
            dangerously_allow_http: false,
            dangerously_allow_unverified_id_token: false,
        }
    }

    /// The fields of [`tables::Settings`].
    fn to_fields(&self) -> Vec<u8> {
        let list = |texts: &[String]| {
            let mut list = Vec::new();
            for text in texts {
                push_element(&mut list, field(text));
            }
            list
        };
        tables::Settings::of(tables::SettingsParts {
            issuer: field(&self.issuer),
            client_id: field(&self.client_id),
            redirect_uri: field(&self.redirect_uri),
            post_logout_redirect_uri: optional(self.post_logout_redirect_uri.as_deref()),
            scope: field(&self.scope),
            id_token_signed_response_alg: optional(self.id_token_signed_response_alg.as_deref()),
            transaction_max_age: &digits(self.transaction_max_age),
            clock_tolerance: &digits(self.clock_tolerance),
            session_name: field(&self.session_name),
            resource_origins: &list(&self.resource_origins),
            shared_redirect_uri_issuers: &list(&self.shared_redirect_uri_issuers),
            trusted_audiences: &list(&self.trusted_audiences),
            accept_issuer: &list(&self.accept_issuer),
            public_client_secret: optional(self.public_client_secret.as_deref()),
            dangerously_allow_http: flag(self.dangerously_allow_http),
            dangerously_assume_pkce_support: flag(self.dangerously_assume_pkce_support),
            dangerously_allow_unverified_id_token: flag(self.dangerously_allow_unverified_id_token),
            timeout: b"",
            storage: b"",
            transaction_storage: b"",
            host: b"",
            opens_browser: b"1",
            dangerously_allow_embedded_user_agent: b"",
            dpop: match self.dpop {
                Dpop::Off => b"",
                Dpop::Preferred => b"\"preferred\"",
                Dpop::Required => b"\"required\"",
            },
            pushed_authorization_requests: flag(self.pushed_authorization_requests),
            metadata: optional(self.metadata.as_deref().filter(|metadata| !metadata.is_empty())),
        })
        .to_fields()
    }
}

impl Settings {
    /// The settings of such fields, which were checked; what is not there is at its default.
    fn from_fields(fields: &tables::Settings<'_>) -> Self {
        let list = |field: &[u8]| elements(field).map(|element| part(element).into()).collect();
        let whole = |field: &[u8], default| seconds(config::whole(field, default).unwrap_or(default));
        Self {
            issuer: read(fields.issuer()),
            client_id: read(fields.client_id()),
            redirect_uri: read(fields.redirect_uri()),
            post_logout_redirect_uri: read_optional(fields.post_logout_redirect_uri()),
            scope: read_optional(fields.scope()).unwrap_or_else(|| "openid".into()),
            transaction_max_age: whole(fields.transaction_max_age(), TRANSACTION_MAX_AGE),
            clock_tolerance: whole(fields.clock_tolerance(), CLOCK_TOLERANCE),
            id_token_signed_response_alg: read_optional(fields.id_token_signed_response_alg()),
            session_name: read(fields.session_name()),
            resource_origins: list(fields.resource_origins()),
            shared_redirect_uri_issuers: list(fields.shared_redirect_uri_issuers()),
            trusted_audiences: list(fields.trusted_audiences()),
            accept_issuer: list(fields.accept_issuer()),
            metadata: read_optional(fields.metadata()),
            public_client_secret: read_optional(fields.public_client_secret()),
            dpop: match config::dpop_of(fields) {
                b"" => Dpop::Off,
                word if same(word, config::REQUIRED) => Dpop::Required,
                _ => Dpop::Preferred,
            },
            pushed_authorization_requests: config::is_set(fields.pushed_authorization_requests()),
            dangerously_assume_pkce_support: config::is_set(fields.dangerously_assume_pkce_support()),
            dangerously_allow_http: config::is_set(fields.dangerously_allow_http()),
            dangerously_allow_unverified_id_token: config::is_set(fields.dangerously_allow_unverified_id_token()),
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the defaults are small, and so is what was checked")]
const fn seconds(number: u64) -> u32 {
    number as u32
}

/// What the application is, checked. Made by [`Config::new`] only.
#[derive(Clone)]
pub struct Config(Box<(Settings, Vec<u8>)>);

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Config").field(self.settings()).finish()
    }
}

impl Config {
    /// The most seconds of clock tolerance that a configuration may ask for.
    pub const MAX_CLOCK_TOLERANCE: u32 = seconds(MAX_CLOCK_TOLERANCE);

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] naming the setting, [`Code::RedirectUriInvalid`],
    /// [`Code::EndpointInsecure`]
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let fields = settings.to_fields();
        config::check(&tables::Settings::of_table(&fields))?;
        Ok(Self(Box::new((settings, fields))))
    }

    /// Reads a configuration in JSON, with the members of the npm package's `Config`: for applications that are configured by a file. What
    /// concerns a page alone, such as `storage`, is checked and has no effect.
    ///
    /// # Errors
    /// those of [`Config::new`], and [`Code::MemberUnknown`] with the name of a member that does not exist in [`Details::found`](crate::error::Details::found)
    pub fn from_json(text: &str) -> Result<Self, Error> {
        check_members(&SETTINGS, ALL, text)?;
        let fields = SETTINGS.read(text.as_bytes(), Code::ConfigInvalid)?;
        let mut view = tables::Settings::of_table(&fields);
        // What runs natively is no page.
        let place = usize::from(const { SETTINGS.place("opens_browser").wrapping_sub(SETTINGS.place("issuer")) });
        if let Some(opens_browser) = view.fields_mut().get_mut(place) {
            *opens_browser = b"1";
        }
        config::check(&view)?;
        Ok(Self(Box::new((Settings::from_fields(&view), view.to_fields()))))
    }

    /// The settings, checked.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.0
    }

    /// A name for this client at this issuer, by which its records are known: a hash of the two, and of the name of the session
    /// where it has one.
    #[must_use]
    pub fn owner(&self) -> String {
        text(Setup::of_table(&self.setup()).owner())
    }

    /// The same as `flow` reads it.
    pub(crate) fn view(&self) -> tables::Settings<'_> {
        tables::Settings::of_table(&self.0.1)
    }

    /// The fields of a [`Setup`] that serves where no endpoint is asked for.
    pub(crate) fn setup(&self) -> Vec<u8> {
        setup::record(&self.view(), &Document::blank())
    }
}
