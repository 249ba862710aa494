//! The authorization request: the URL to send the user to, and the transaction to keep (RFC 6749 section 4.1.1, RFC 7636 section 4.3).

use alloc::string::String;
use alloc::vec::Vec;

use zeroize::Zeroizing;

use crate::client::config::Config;
use crate::client::fields::{
    check_members, flag, from_object, optional, optional_digits, read_optional, text, to_object,
};
use crate::client::metadata::Metadata;
use crate::client::transaction::Transaction;
use crate::error::{Code, Error};
use crate::flow::setup::Setup;
use crate::flow::transaction::is_token;
use crate::flow::{authorize, config};
use crate::json;
use crate::random::Entropy;
use crate::tables::{OF_LOGIN, OPTIONS, Options, OptionsParts, about};

/// What a single login may ask for.
#[derive(Clone, Debug, Default)]
pub struct LoginOptions {
    /// Scopes of this login instead of the configured ones; with an empty text none are sent (RFC 6749 section 3.3).
    pub scope: Option<String>,
    /// A path of the application's origin to return to; kept in the transaction, never in the URL.
    pub return_to: Option<String>,
    /// `prompt` (OpenID Connect Core section 3.1.2.1).
    pub prompt: Option<String>,
    /// `login_hint` (OpenID Connect Core section 3.1.2.1).
    pub login_hint: Option<String>,
    /// `max_age`, in seconds: the user has to have been authenticated no longer before the login than this. The ID token
    /// has to say so in `auth_time` (OpenID Connect Core section 3.1.2.1).
    pub max_age: Option<u32>,
    /// `acr_values`, separated by spaces: ways of authentication that are asked for, the best one first. The server need not meet them (OpenID
    /// Connect Core section 3.1.2.1): see `require_acr`.
    pub acr_values: Option<String>,
    /// Whether the `acr` of the ID token has to be one of `acr_values`, or where there are none one of those that `claims` asks for (OpenID Connect Core
    /// section 3.1.3.7). An `acr` that is essential in the `id_token` of `claims` is required in any case (section 5.5.1.1).
    pub require_acr: bool,
    /// `ui_locales`: languages, the best one first, separated by spaces (OpenID Connect Core section 3.1.2.1).
    pub ui_locales: Option<String>,
    /// `claims`: single claims to be told (OpenID Connect Core section 5.5).
    pub claims: Option<ClaimsRequest>,
    /// `resource`: where the access token is to be used, absolute URIs, separated by spaces (RFC 8707 section 2).
    pub resource: Option<String>,
    /// `authorization_details`: what exactly the tokens are to allow (RFC 9396 section 2).
    pub authorization_details: Option<AuthorizationDetails>,
    /// The thumbprint of the key that the tokens are to be bound to (RFC 9449 section 10): see [`PublicKey::thumbprint`](crate::client::dpop::PublicKey::thumbprint).
    /// With [`Dpop::Preferred`](crate::client::config::Dpop::Preferred) it is passed over where the server says that it takes no proof by ES256:
    /// [`Transaction::dpop_jkt`] has none then, and no proof is to be sent.
    pub dpop_jkt: Option<String>,
    /// Whether another window than the one that begins the login comes back with the callback.
    pub popup: bool,
    /// Further parameters. They cannot replace one that this crate sets.
    pub extra_parameters: Vec<(String, String)>,
}

impl LoginOptions {
    /// Reads options in JSON, with the members of the npm package's `LoginOptions`: for applications whose pages are written in JavaScript.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] naming the option, [`Code::MemberUnknown`] with the name of a member that does not exist in [`Details::found`](crate::error::Details::found)
    pub fn from_json(text: &str) -> Result<Self, Error> {
        check_members(&OPTIONS, OF_LOGIN, text)?;
        let fields = OPTIONS.read(text.as_bytes(), Code::ConfigInvalid)?;
        let options = Options::of_table(&fields);
        let max_age = config::whole(options.max_age(), 0).ok_or(about!(ConfigInvalid, OPTIONS, "max_age"))?;
        Ok(Self {
            scope: read_optional(options.scope()),
            return_to: read_optional(options.return_to()),
            prompt: read_optional(options.prompt()),
            login_hint: read_optional(options.login_hint()),
            max_age: if options.max_age().is_empty() { None } else { u32::try_from(max_age).ok() },
            acr_values: read_optional(options.acr_values()),
            require_acr: config::is_set(options.require_acr()),
            ui_locales: read_optional(options.ui_locales()),
            claims: read_optional(options.claims()).map(ClaimsRequest::parse).transpose()?,
            resource: read_optional(options.resource()),
            authorization_details: read_optional(options.authorization_details())
                .map(AuthorizationDetails::parse)
                .transpose()?,
            dpop_jkt: None,
            popup: config::is_set(options.popup()),
            extra_parameters: from_object(options.extra_parameters())?,
        })
    }
}

/// The value of `claims`: a JSON object (OpenID Connect Core section 5.5).
#[derive(Clone, Debug)]
pub struct ClaimsRequest(String);

impl ClaimsRequest {
    /// Takes a text that is a JSON object.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`]
    pub fn parse(text: String) -> Result<Self, Error> {
        match json::parse(text.as_bytes()) {
            Some(claims) if claims.kind() == b'{' => Ok(Self(text)),
            _ => Err(about!(ConfigInvalid, OPTIONS, "claims").into()),
        }
    }
}

/// The value of `authorization_details`: a JSON array of objects, each with its `type` (RFC 9396 section 2).
#[derive(Clone, Debug)]
pub struct AuthorizationDetails(String);

impl AuthorizationDetails {
    /// Takes a text that is such an array.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`]
    pub fn parse(text: String) -> Result<Self, Error> {
        if !text.is_empty() && authorize::are_details(text.as_bytes()) {
            Ok(Self(text))
        } else {
            Err(about!(ConfigInvalid, OPTIONS, "authorization_details").into())
        }
    }
}

/// An authorization request that is ready to be sent.
#[derive(Debug)]
pub struct Authorization {
    /// Send the user here.
    pub url: String,
    /// Keep this until the user comes back.
    pub transaction: Transaction,
}

/// Begins a login: a fresh verifier, `state` and `nonce`, the request that shows only the challenge, and the transaction that keeps the rest.
///
/// `now` is in seconds since 1970. An application with several servers calls
/// [`RedirectUris::note`](crate::client::redirect_uris::RedirectUris::note) before.
///
/// # Errors
/// [`Code::ServerUnsupported`] where the request has to be pushed ([`par::begin`](crate::client::par::begin)),
/// those of [`Metadata::check`],
/// [`Code::DpopUnavailable`] where a key is required and `dpop_jkt` is missing,
/// [`Code::ConfigInvalid`] naming the option, [`Code::ParameterProtected`],
/// [`Code::ReturnToRefused`], [`Code::MetadataInvalid`],
/// [`Code::RandomnessUnavailable`]
#[allow(clippy::needless_pass_by_value, reason = "the options of one login are spent by it")]
pub fn begin(
    config: &Config,
    metadata: &Metadata,
    options: LoginOptions,
    entropy: &mut impl Entropy,
    now: u64,
) -> Result<Authorization, Error> {
    let (url, transaction, setup) = begin_at(config, metadata, &options, entropy, now)?;
    if Setup::of_table(&setup).is_pushed() {
        return Err(about!(ServerUnsupported, METADATA, "require_pushed_authorization_requests").into());
    }
    Ok(Authorization { url: text(url), transaction })
}

/// The URL of the whole request, the transaction, and the fields of the [`Setup`].
pub(crate) fn begin_at(
    config: &Config,
    metadata: &Metadata,
    options: &LoginOptions,
    entropy: &mut impl Entropy,
    now: u64,
) -> Result<(Vec<u8>, Transaction, Vec<u8>), Error> {
    metadata.check(config)?;
    let setup = metadata.setup(config)?;
    let dpop_jkt = options.dpop_jkt.as_deref().unwrap_or_default();
    let dpop_jkt = if Setup::of_table(&setup).has_no_key() { "" } else { dpop_jkt };
    if !dpop_jkt.is_empty() && !is_token(dpop_jkt.as_bytes()) {
        return Err(about!(ConfigInvalid, PAGE, "dpop_jkt").into());
    }
    let options = Options::of(OptionsParts {
        revoke: b"",
        end_session: b"",
        return_to: optional(options.return_to.as_deref()),
        extra_parameters: &to_object(&options.extra_parameters),
        scope: optional(options.scope.as_deref()),
        resource: optional(options.resource.as_deref()),
        popup: flag(options.popup),
        require_acr: flag(options.require_acr),
        prompt: optional(options.prompt.as_deref()),
        login_hint: optional(options.login_hint.as_deref()),
        max_age: &optional_digits(options.max_age),
        acr_values: optional(options.acr_values.as_deref()),
        ui_locales: optional(options.ui_locales.as_deref()),
        claims: options.claims.as_ref().map(|claims| claims.0.as_bytes()).unwrap_or_default(),
        authorization_details: options
            .authorization_details
            .as_ref()
            .map(|details| details.0.as_bytes())
            .unwrap_or_default(),
    })
    .to_fields();
    let mut url = Vec::new();
    let (view, options) = (Setup::of_table(&setup), Options::of_table(&options));
    let transaction = authorize::begin(&view, &options, dpop_jkt.as_bytes(), entropy, now, &mut url)?;
    Ok((url, Transaction(Zeroizing::new(transaction)), setup))
}
