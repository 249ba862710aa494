//! The requests of the plugin: without cookies and referrer, without following redirects, bounded, and within a time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pkce_wasm::client::resource;
use pkce_wasm::error::{Code, Error};
use pkce_wasm::http::{Request, Response};
use pkce_wasm::secret::Secret;
use pkce_wasm::{Config, Metadata};
use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use reqwest::{Client, Method, Url};
use zeroize::Zeroize;

/// The header of a proof, and that of the nonce for the next one (RFC 9449 sections 4.1 and 8.1).
const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The most bytes of an answer of the authorization server: no honest one is larger.
const MAX_BODY: usize = 1 << 20;

/// Headers that say who asks or how the message is framed (Fetch section "forbidden request-header"), and those that take the
/// token and its proof.
const RESERVED: [&str; 21] = [
    "accept-charset",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "dpop",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What such headers also begin with.
const RESERVED_BEGINNINGS: [&str; 2] = ["proxy-", "sec-"];
/// Methods that no page can use (Fetch section "forbidden method").
const FORBIDDEN_METHODS: [&str; 3] = ["CONNECT", "TRACE", "TRACK"];

/// A request of the application, before it has a token.
#[derive(Debug)]
pub(crate) struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    timeout: Duration,
    is_manual: bool,
}

impl Call {
    /// Reads what a page or the application wants. The address is read once: what is checked is what is asked.
    ///
    /// # Errors
    /// `origin_refused`, `config_invalid` naming `method` or `headers`
    pub(crate) fn new(
        url: &str,
        method: &str,
        headers: &[(String, String)],
        body: Option<Vec<u8>>,
        timeout: Duration,
        is_manual: bool,
    ) -> Result<Self, Error> {
        let refused = || Error::new(Code::OriginRefused).about("url");
        let url = Url::parse(url).map_err(|_| refused())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused());
        }
        let method = Method::from_bytes(method.as_bytes())
            .ok()
            .filter(|method| !FORBIDDEN_METHODS.iter().any(|name| method.as_str().eq_ignore_ascii_case(name)))
            .ok_or_else(|| Error::new(Code::ConfigInvalid).about("method"))?;
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok().filter(is_free);
            let value = HeaderValue::from_str(value).ok();
            let (name, value) = name.zip(value).ok_or_else(|| Error::new(Code::ConfigInvalid).about("headers"))?;
            map.append(name, value);
        }
        Ok(Self { method, url, headers: map, body, timeout, is_manual })
    }

    pub(crate) fn method(&self) -> &str {
        self.method.as_str()
    }

    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Refuses an origin that is not in the configuration (RFC 6750 section 5.3).
    ///
    /// # Errors
    /// `origin_refused`
    pub(crate) fn check(&self, config: &Config, metadata: &Metadata) -> Result<(), Error> {
        resource::check(config, metadata, self.url.as_str())
    }
}

fn is_free(name: &HeaderName) -> bool {
    let name = name.as_str();
    !RESERVED.contains(&name) && !RESERVED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// What an answer says of proofs, in its headers; empty where there is none.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) nonce: String,
    pub(crate) www_authenticate: String,
}

/// The network.
#[derive(Debug)]
pub(crate) struct Http {
    client: Client,
    timeout: Duration,
}

impl Http {
    /// # Errors
    /// `network_failed` where TLS cannot be set up
    pub(crate) fn new(timeout: Duration) -> Result<Self, Error> {
        // Another one may be there already: it serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).referer(false).build();
        Ok(Self { client: client.map_err(|_| Code::NetworkFailed)?, timeout })
    }

    /// How long a request may take.
    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends a request of the protocol, with a proof where there is one, and reads the whole answer.
    ///
    /// # Errors
    /// `network_failed`, `timed_out`, `response_too_large`
    pub(crate) async fn send(&self, request: &Request, proof: Option<&str>) -> Result<(Response, Heard), Error> {
        let mut wanted = match &request.form {
            Some(form) => self
                .client
                .post(&request.url)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.expose().to_owned()),
            None => self.client.get(&request.url),
        };
        if let Some(token) = &request.bearer {
            wanted = wanted.header(AUTHORIZATION, credentials(token, proof)?);
        }
        if let Some(proof) = proof {
            wanted = wanted.header(DPOP, proof);
        }
        let mut answer = wanted.timeout(self.timeout).send().await.map_err(|error| failed(&error))?;
        let (mut response, heard) = Self::heads(&answer);
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| failed(&error))? {
            if body.len().saturating_add(part.len()) > MAX_BODY {
                body.zeroize();
                return Err(Code::ResponseTooLarge.into());
            }
            body.extend_from_slice(&part);
        }
        let body =
            String::from_utf8(body).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        response.body = Secret::new(body);
        Ok((response, heard))
    }

    /// What the headers of an answer say, without its body.
    pub(crate) fn heads(answer: &reqwest::Response) -> (Response, Heard) {
        let text = |name: HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let content_type = text(CONTENT_TYPE).map(str::to_owned);
        let date = text(DATE).and_then(seconds);
        let retry_after = text(RETRY_AFTER)
            .and_then(|value| value.parse().ok().or_else(|| seconds(value).map(|then| then.saturating_sub(now()))));
        // What stands in two headers is no nonce, and all challenges are one list (RFC 9110 section 5.3).
        let joined = |name: HeaderName| {
            let values = answer.headers().get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.collect::<Vec<_>>().join(", ")
        };
        let heard = Heard { nonce: joined(DPOP_NONCE), www_authenticate: joined(WWW_AUTHENTICATE) };
        let status = answer.status().as_u16();
        (Response { status, content_type, date, retry_after, body: Secret::new(String::new()) }, heard)
    }

    /// Sends a request of the application with the access token (RFC 6750 section 2.1), and with its proof where there is one
    /// (RFC 9449 section 7.1); waits for the beginning of the answer.
    ///
    /// # Errors
    /// `network_failed`, `timed_out`, `redirect_not_followed`, `token_response_invalid`
    pub(crate) async fn call(
        &self,
        call: &Call,
        token: &Secret,
        proof: Option<&str>,
    ) -> Result<reqwest::Response, Error> {
        let mut wanted = self.client.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
        wanted = wanted.header(AUTHORIZATION, credentials(token, proof)?);
        if let Some(proof) = proof {
            wanted = wanted.header(DPOP, proof);
        }
        if let Some(body) = &call.body {
            wanted = wanted.body(body.clone());
        }
        let answer = tokio::time::timeout(call.timeout, wanted.send()).await.map_err(|_| Code::TimedOut)?;
        let answer = answer.map_err(|error| failed(&error))?;
        if matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) && !call.is_manual {
            return Err(Code::RedirectNotFollowed.into());
        }
        Ok(answer)
    }
}

fn credentials(token: &Secret, proof: Option<&str>) -> Result<HeaderValue, Error> {
    let scheme = if proof.is_some() { "DPoP " } else { "Bearer " };
    let mut value =
        HeaderValue::from_str(&[scheme, token.expose()].concat()).map_err(|_| Code::TokenResponseInvalid)?;
    value.set_sensitive(true);
    Ok(value)
}

fn failed(error: &reqwest::Error) -> Error {
    Error::new(if error.is_timeout() { Code::TimedOut } else { Code::NetworkFailed })
}

/// The time of an HTTP date, in seconds since 1970.
fn seconds(date: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(date).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
