//! Between the objects of JavaScript and the types of the protocol.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Storage;

use crate::error::{Code, Error};
use crate::flow::authorize::{AuthorizationDetails, ClaimsRequest, LoginOptions};
use crate::flow::config::{Config, Settings};
use crate::flow::logout::LogoutOptions;
use crate::flow::metadata::Metadata;
use crate::flow::token::{TokenSet, VerifiedBy};
use crate::flow::user_agent::UserAgent;
use crate::http::Response;
use crate::json::Json;
use crate::secret::Secret;

/// An object under construction.
pub(crate) struct Members(Object);

impl Members {
    pub(crate) fn new() -> Self {
        Self(Object::new())
    }

    pub(crate) fn with(self, name: &str, value: JsValue) -> Self {
        // Setting a member of a fresh object cannot fail.
        let _ = Reflect::set(&self.0, &JsValue::from_str(name), &value);
        self
    }

    pub(crate) fn with_some(self, name: &str, value: Option<JsValue>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn with_text(self, name: &str, value: Option<&str>) -> Self {
        self.with_some(name, value.map(JsValue::from_str))
    }

    pub(crate) fn finish(self) -> JsValue {
        self.0.into()
    }
}

/// What nearly every call is given: the application and its server, checked, and what the face needs to know beside.
pub(crate) struct Context {
    pub(crate) config: Config,
    pub(crate) metadata: Metadata,
    /// Where the session is: `memory`, `session`, `local` or `host`.
    pub(crate) storage: Option<String>,
    /// Where the logins are, likewise.
    pub(crate) transaction_storage: Option<String>,
    /// What lives as long as the page; the package's client brings it along.
    pub(crate) memory: Option<Storage>,
    /// What the host keeps, loaded for this call.
    pub(crate) records: Option<Storage>,
    /// Whether the platform has `crypto.subtle`; the package's client says when it has not.
    pub(crate) can_verify: bool,
}

impl Context {
    pub(crate) fn read(members: &JsValue, metadata: &JsValue) -> Result<Box<Self>, Error> {
        let mut settings = Settings::new(
            required_text(members, "issuer", "issuer")?,
            required_text(members, "clientId", "client_id")?,
            required_text(members, "redirectUri", "redirect_uri")?,
        );
        settings.post_logout_redirect_uri = text(members, "postLogoutRedirectUri", "post_logout_redirect_uri")?;
        if let Some(scope) = text(members, "scope", "scope")? {
            settings.scope = scope;
        }
        if let Some(seconds) = whole(members, "transactionMaxAge", "transaction_max_age")? {
            settings.transaction_max_age = seconds;
        }
        if let Some(seconds) = whole(members, "clockTolerance", "clock_tolerance")? {
            settings.clock_tolerance = seconds;
        }
        settings.id_token_signed_response_alg =
            text(members, "idTokenSignedResponseAlg", "id_token_signed_response_alg")?;
        if let Some(origins) = members.member("resourceOrigins") {
            for origin in origins.as_elements().ok_or_else(|| invalid("resource_origins"))? {
                settings.resource_origins.push(Json::as_string(&origin).unwrap_or_default());
            }
        }
        settings.dangerously_allow_unverified_id_token = flag(members, "dangerouslyAllowUnverifiedIdToken");
        settings.dangerously_assume_pkce_support = flag(members, "dangerouslyAssumePkceSupport");
        settings.dangerously_allow_http = flag(members, "dangerouslyAllowHttp");
        let records = kept(members, "records");
        let storage = tier(members, "storage", "storage", records.is_some())?;
        let transaction_storage = tier(members, "transactionStorage", "transaction_storage", records.is_some())?;
        whole(members, "timeout", "timeout")?;
        let config = Config::new(settings)?;
        let settings = config.settings();
        let metadata = Metadata::from_json(metadata, &settings.issuer, settings.dangerously_allow_http)?;
        metadata.check(&config)?;
        Ok(Box::new(Self {
            config,
            metadata,
            storage,
            transaction_storage,
            memory: kept(members, "memory"),
            records,
            can_verify: members.member("subtle").and_then(|subtle| subtle.as_boolean()).unwrap_or(true),
        }))
    }
}

/// Whether the page is in a WebView, as far as the package's client can tell.
pub(crate) fn is_embedded(members: &JsValue) -> bool {
    let text = members.string("userAgent").unwrap_or_default();
    UserAgent { text: &text, in_shell: flag(members, "inShell"), installed: flag(members, "installed") }.is_embedded()
}

pub(crate) fn login_options(options: &JsValue) -> Result<LoginOptions, Error> {
    let json = |name: &str| options.member(name).map(|value| value.to_text());
    Ok(LoginOptions {
        scope: text(options, "scope", "scope")?,
        return_to: text(options, "returnTo", "return_to")?,
        prompt: text(options, "prompt", "prompt")?,
        login_hint: text(options, "loginHint", "login_hint")?,
        max_age: whole(options, "maxAge", "max_age")?,
        acr_values: text(options, "acrValues", "acr_values")?,
        ui_locales: text(options, "uiLocales", "ui_locales")?,
        claims: json("claims").map(ClaimsRequest::parse::<JsValue>).transpose()?,
        resource: text(options, "resource", "resource")?,
        authorization_details: json("authorizationDetails").map(AuthorizationDetails::parse::<JsValue>).transpose()?,
        popup: flag(options, "popup"),
        extra_parameters: extra_parameters(options)?,
    })
}

pub(crate) fn logout_options(options: &JsValue) -> Result<LogoutOptions, Error> {
    Ok(LogoutOptions {
        return_to: text(options, "returnTo", "return_to")?,
        extra_parameters: extra_parameters(options)?,
    })
}

#[inline(never)]
fn extra_parameters(options: &JsValue) -> Result<Vec<(String, String)>, Error> {
    let mut extra_parameters = Vec::new();
    if let Some(extra) = options.member("extraParameters") {
        let names = Reflect::own_keys(&extra).map_err(|_| invalid("extra_parameters"))?;
        for name in names.iter() {
            let name = name.as_string().ok_or_else(|| invalid("extra_parameters"))?;
            let value = extra.string(&name).ok_or_else(|| invalid("extra_parameters"))?;
            extra_parameters.push((name, value));
        }
    }
    Ok(extra_parameters)
}

/// A token set as JavaScript sees it.
pub(crate) fn from_tokens(tokens: &TokenSet<JsValue>) -> JsValue {
    Members::new()
        .with_text("accessToken", Some(tokens.access_token.expose()))
        .with_text("tokenType", Some(&tokens.token_type))
        .with_some("expiresAt", tokens.expires_at.map(from_seconds))
        .with_some("expiresIn", tokens.expires_in.map(from_seconds))
        .with_text("scope", Some(&tokens.scope))
        .with_text("refreshToken", tokens.refresh_token.as_ref().map(Secret::expose))
        .with_text("idToken", tokens.id_token.as_ref().map(Secret::expose))
        .with_some("claims", tokens.claims.clone())
        .with_text("idTokenVerifiedBy", tokens.id_token_verified_by.map(VerifiedBy::name))
        .with_text("resource", tokens.resource.as_deref())
        .with_some("authorizationDetails", tokens.authorization_details.clone())
        .finish()
}

/// A token set that JavaScript gave back.
pub(crate) fn to_tokens(tokens: &JsValue) -> Result<TokenSet<JsValue>, Error> {
    Ok(TokenSet {
        access_token: Secret::new(required_text(tokens, "accessToken", "access_token")?),
        token_type: required_text(tokens, "tokenType", "token_type")?,
        expires_at: whole(tokens, "expiresAt", "expires_at")?.map(u64::from),
        expires_in: whole(tokens, "expiresIn", "expires_in")?.map(u64::from),
        scope: required_text(tokens, "scope", "scope")?,
        refresh_token: text(tokens, "refreshToken", "refresh_token")?.map(Secret::new),
        id_token: text(tokens, "idToken", "id_token")?.map(Secret::new),
        claims: tokens.member("claims"),
        id_token_verified_by: tokens.string("idTokenVerifiedBy").and_then(|name| VerifiedBy::from_name(&name)),
        resource: text(tokens, "resource", "resource")?,
        authorization_details: tokens.member("authorizationDetails"),
    })
}

/// The answer to a request, as the transport brings it; or why there is none.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status that is none becomes 0")]
pub(crate) fn to_response(answer: &JsValue) -> Result<Response, Error> {
    let status = answer.number("status").unwrap_or_default() as u16;
    match answer.string("failure").as_deref() {
        Some("timed_out") => return Err(Error::new(Code::TimedOut)),
        Some("response_too_large") => return Err(Error::new(Code::ResponseTooLarge).status(status)),
        Some(_) => return Err(Error::new(Code::NetworkFailed)),
        None => {}
    }
    // A page sees a redirect that was not followed as an opaque answer with the status 0; a server sees it as it is.
    if matches!(status, 0 | 300..=399) || flag(answer, "redirected") {
        return Err(Error::new(Code::RedirectNotFollowed).status(status));
    }
    Ok(Response {
        status,
        content_type: answer.string("type"),
        date: seconds(answer, "date"),
        retry_after: seconds(answer, "retryAfter"),
        body: Secret::new(answer.string("body").unwrap_or_default()),
    })
}

/// A member that is a number of seconds.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is not negative")]
pub(crate) fn seconds(object: &JsValue, name: &str) -> Option<u64> {
    object.number(name).filter(|seconds| *seconds >= 0.0).map(|seconds| seconds as u64)
}

/// Seconds since 1970 as JavaScript has them.
#[allow(clippy::cast_precision_loss, reason = "exact up to the year 285 million")]
pub(crate) fn from_seconds(time: u64) -> JsValue {
    JsValue::from_f64(time as f64)
}

/// Seconds since 1970, now.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a clock before 1970 counts as 1970")]
pub(crate) fn now() -> u64 {
    (js_sys::Date::now() / 1000.0) as u64
}

fn invalid(subject: &'static str) -> Error {
    Error::new(Code::ConfigInvalid).about(subject)
}

fn text(object: &JsValue, name: &str, subject: &'static str) -> Result<Option<String>, Error> {
    match object.member(name) {
        Some(value) => Json::as_string(&value).map(Some).ok_or_else(|| invalid(subject)),
        None => Ok(None),
    }
}

fn required_text(object: &JsValue, name: &str, subject: &'static str) -> Result<String, Error> {
    text(object, name, subject)?.ok_or_else(|| invalid(subject))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value was found to be a u32")]
fn whole(object: &JsValue, name: &str, subject: &'static str) -> Result<Option<u32>, Error> {
    let Some(value) = object.member(name) else { return Ok(None) };
    match value.as_number() {
        Some(number) if (0.0..=f64::from(u32::MAX)).contains(&number) => Ok(Some(number as u32)),
        _ => Err(invalid(subject)),
    }
}

pub(crate) fn flag(object: &JsValue, name: &str) -> bool {
    object.member(name).and_then(|value| value.as_boolean()).unwrap_or(false)
}

/// Where records are to be: the tier of the host only where there is one.
fn tier(object: &JsValue, name: &str, subject: &'static str, has_host: bool) -> Result<Option<String>, Error> {
    let tier = text(object, name, subject)?;
    match tier.as_deref() {
        None | Some("memory" | "session" | "local") => Ok(tier),
        Some("host") if has_host => Ok(tier),
        _ => Err(invalid(subject)),
    }
}

/// An object of the package that has the methods of a storage.
fn kept(object: &JsValue, name: &str) -> Option<Storage> {
    object.member(name).map(JsCast::unchecked_into)
}
