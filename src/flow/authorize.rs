//! The authorization request: the URL to send the user to, and the transaction to keep (RFC 6749 section 4.1.1, RFC 7636 section 4.3).

use alloc::string::String;
use alloc::vec::Vec;

use crate::encoding::{Form, decimal, form_pairs};
use crate::error::{Code, Error};
use crate::flow::config::{Config, asks_for_openid, check_list};
use crate::flow::metadata::Metadata;
use crate::flow::transaction::{POPUP, Transaction};
use crate::json::Json;
use crate::pkce::{MIN_LENGTH, Method, Verifier};
use crate::random::{Entropy, token};
use crate::secret::Secret;
use crate::url::Url;

/// What a single login may ask for.
#[derive(Clone, Debug, Default)]
pub struct LoginOptions {
    /// Scopes of this login instead of the configured ones.
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
    /// `acr_values`, separated by spaces: the `acr` of the ID token has to be one of them (OpenID Connect Core section 3.1.3.7).
    pub acr_values: Option<String>,
    /// `ui_locales`: languages, the best one first, separated by spaces (OpenID Connect Core section 3.1.2.1).
    pub ui_locales: Option<String>,
    /// `claims`: single claims to be told (OpenID Connect Core section 5.5).
    pub claims: Option<ClaimsRequest>,
    /// `resource`: where the access token is to be used, absolute URIs, separated by spaces (RFC 8707 section 2).
    pub resource: Option<String>,
    /// `authorization_details`: what exactly the tokens are to allow (RFC 9396 section 2).
    pub authorization_details: Option<AuthorizationDetails>,
    /// Whether another window than the one that begins the login comes back with the callback.
    pub popup: bool,
    /// Further parameters. They cannot replace one that this crate sets.
    pub extra_parameters: Vec<(String, String)>,
}

/// The value of `claims`: a JSON object (OpenID Connect Core section 5.5).
#[derive(Clone, Debug)]
pub struct ClaimsRequest(String);

impl ClaimsRequest {
    /// Takes a text that is a JSON object.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`]
    pub fn parse<J: Json>(text: String) -> Result<Self, Error> {
        match J::parse(&text) {
            Some(claims) if claims.is_object() => Ok(Self(text)),
            _ => Err(Error::new(Code::ConfigInvalid).about("claims")),
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
    pub fn parse<J: Json>(text: String) -> Result<Self, Error> {
        match J::parse(&text).and_then(|details| details.as_elements()) {
            Some(details) if details.iter().all(|detail| detail.string("type").is_some()) => Ok(Self(text)),
            _ => Err(Error::new(Code::ConfigInvalid).about("authorization_details")),
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

/// The parameters that this crate sets, or that would change what it sets.
const PROTECTED: [&str; 21] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "request",
    "request_uri",
    "client_secret",
    "prompt",
    "login_hint",
    "max_age",
    "acr_values",
    "ui_locales",
    "claims",
    "resource",
    "authorization_details",
];

/// Begins a login: a fresh verifier, `state` and `nonce`, the request that shows only the challenge, and the transaction that keeps the rest.
///
/// `now` is in seconds since 1970.
///
/// # Errors
/// [`Code::IssuerMismatch`], [`Code::PkceUnsupported`], [`Code::ConfigInvalid`] naming the option, [`Code::ParameterProtected`],
/// [`Code::ReturnToRefused`], [`Code::MetadataInvalid`], [`Code::RandomnessUnavailable`]
pub fn begin(
    config: &Config,
    metadata: &Metadata,
    options: LoginOptions,
    entropy: &mut impl Entropy,
    now: u64,
) -> Result<Authorization, Error> {
    metadata.check(config)?;
    let settings = config.settings();
    let scope = match options.scope {
        Some(scope) => {
            check_list(&scope, "scope")?;
            scope
        }
        None => settings.scope.clone(),
    };
    if !options.return_to.as_deref().is_none_or(is_local_path) {
        return Err(Error::new(Code::ReturnToRefused).about("return_to"));
    }

    if let Some(acr_values) = &options.acr_values {
        check_list(acr_values, "acr_values")?;
    }
    if let Some(ui_locales) = &options.ui_locales {
        check_list(ui_locales, "ui_locales")?;
    }
    let mut resource = options.resource.iter().flat_map(|list| list.split(' '));
    if !resource.all(|uri| Url::parse(uri).is_some_and(|url| url.fragment.is_none())) {
        return Err(Error::new(Code::ConfigInvalid).about("resource"));
    }
    let is_openid = asks_for_openid(&scope);
    // Without an ID token nothing would say how and when the user was authenticated.
    if !is_openid && (options.max_age.is_some() || options.acr_values.is_some()) {
        return Err(Error::new(Code::ConfigInvalid).about("scope"));
    }

    let code_verifier = Verifier::generate(MIN_LENGTH, entropy)?;
    let state = token(entropy)?;
    let state = if options.popup { [POPUP, &state].concat() } else { state };
    let nonce = if is_openid { Some(token(entropy)?) } else { None };

    let max_age = options.max_age.map(u64::from);

    let form = Form::new()
        .with("response_type", "code")
        .with("client_id", &settings.client_id)
        .with("redirect_uri", &settings.redirect_uri)
        .with("scope", &scope)
        .with("state", &state)
        .with("code_challenge", code_verifier.challenge().as_str())
        .with("code_challenge_method", Method::S256.name())
        .with_some("nonce", nonce.as_deref())
        .with_some("prompt", options.prompt.as_deref())
        .with_some("login_hint", options.login_hint.as_deref())
        .with_some("max_age", max_age.map(decimal).as_deref())
        .with_some("acr_values", options.acr_values.as_deref())
        .with_some("ui_locales", options.ui_locales.as_deref())
        .with_some("claims", options.claims.as_ref().map(|claims| claims.0.as_str()))
        .with_some("authorization_details", options.authorization_details.as_ref().map(|details| details.0.as_str()));
    let form = with_resource(form, options.resource.as_deref());

    Ok(Authorization {
        url: request_url(
            (&metadata.authorization_endpoint, "authorization_endpoint"),
            form,
            &PROTECTED,
            &options.extra_parameters,
        )?,
        transaction: Transaction {
            state: Secret::new(state),
            code_verifier,
            nonce,
            created_at: now,
            expires_at: now.saturating_add(u64::from(settings.transaction_max_age)),
            issuer: settings.issuer.clone(),
            client_id: settings.client_id.clone(),
            redirect_uri: settings.redirect_uri.clone(),
            token_endpoint: metadata.token_endpoint.clone(),
            jwks_uri: metadata.jwks_uri.clone(),
            signing_algs: metadata.signing_algs.clone(),
            scope,
            max_age,
            acr_values: options.acr_values,
            resource: options.resource,
            iss_required: metadata.iss_parameter_supported,
            return_to: options.return_to,
        },
    })
}

/// Adds where the access token is to be used: a parameter for each place (RFC 8707 section 2).
pub(crate) fn with_resource(mut form: Form, resource: Option<&str>) -> Form {
    if let Some(list) = resource {
        for uri in list.split(' ') {
            form = form.with("resource", uri);
        }
    }
    form
}

/// The URL that leads the user to an endpoint with a request: what this crate sets, and the parameters of the caller. The endpoint's own
/// query is kept; no parameter may then stand twice (RFC 6749 section 3.1).
pub(crate) fn request_url(
    (endpoint, name): (&str, &'static str),
    mut form: Form,
    protected: &[&str],
    extra_parameters: &[(String, String)],
) -> Result<String, Error> {
    let mut taken = Vec::from(protected);
    for (name, value) in extra_parameters {
        if taken.contains(&name.as_str()) {
            return Err(Error::new(Code::ParameterProtected));
        }
        taken.push(name);
        form = form.with(name, value);
    }
    let (base, query) = endpoint.split_once('?').unwrap_or((endpoint, ""));
    let pairs = form_pairs(query).filter(|pairs| pairs.iter().all(|(name, _)| !taken.contains(&name.as_str())));
    if pairs.is_none() {
        return Err(Error::new(Code::MetadataInvalid).about(name));
    }
    let joint = if query.is_empty() || query.ends_with('&') { "" } else { "&" };
    Ok([base, "?", query, joint, &form.finish()].concat())
}

/// Whether a browser reads this as a path of the same origin: `//host` and `/\host` lead elsewhere, and so do they
/// behind a tab or a line break, which a browser drops (RFC 9700 section 4.11.1).
pub(crate) fn is_local_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}
