//! The configuration: that of `pkce-wasm`, with the member names of its npm package, as `tauri.conf.json` has it below `plugins.pkce`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use pkce_wasm::Config;
use pkce_wasm::error::{Code, Error};
use serde_json::{Map, Value};

/// How a loopback redirect URI begins whose port is chosen at run time (RFC 8252 section 7.3).
const LOOPBACK: [(&str, IpAddr); 2] =
    [("http://127.0.0.1/", IpAddr::V4(Ipv4Addr::LOCALHOST)), ("http://[::1]/", IpAddr::V6(Ipv6Addr::LOCALHOST))];
/// Milliseconds that a request may take where the configuration does not say, as in the npm package.
const TIMEOUT: u64 = 30_000;

/// The configuration, checked. All its members but `redirectUri` and `timeout` are the protocol's: it reads them itself.
#[derive(Debug)]
pub(crate) struct Configuration {
    members: Map<String, Value>,
    checked: Config,
    timeout: Duration,
}

impl Configuration {
    /// # Errors
    /// `config_invalid` naming the member, `redirect_uri_invalid`, `endpoint_insecure`
    pub(crate) fn new(members: Map<String, Value>) -> Result<Self, Error> {
        let checked = Config::from_json(&Value::Object(members.clone()).to_string())?;
        let timeout = Duration::from_millis(members.get("timeout").and_then(Value::as_u64).unwrap_or(TIMEOUT));
        Ok(Self { members, checked, timeout })
    }

    pub(crate) const fn checked(&self) -> &Config {
        &self.checked
    }

    pub(crate) const fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.checked.settings().issuer
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.checked.settings().redirect_uri
    }

    /// The address to listen at, and the path, where the redirect URI is one of the loopback interface without a port.
    pub(crate) fn loopback(&self) -> Option<(IpAddr, &str)> {
        LOOPBACK.iter().find_map(|(beginning, address)| {
            let path = self.redirect_uri().strip_prefix(beginning)?;
            // The slash belongs to the path.
            let path = self.redirect_uri().get(self.redirect_uri().len().checked_sub(path.len())?.checked_sub(1)?..)?;
            Some((*address, path)).filter(|_| !path.contains('?'))
        })
    }

    /// The same application at another redirect URI.
    ///
    /// # Errors
    /// `redirect_uri_invalid`
    pub(crate) fn at(&self, redirect_uri: &str) -> Result<Config, Error> {
        let mut members = self.members.clone();
        members.insert("redirectUri".to_owned(), redirect_uri.into());
        Config::from_json(&Value::Object(members).to_string())
    }
}

/// The members of a configuration that is an object, over those of another one.
///
/// # Errors
/// `config_invalid`
pub(crate) fn over(below: Value, above: Value) -> Result<Map<String, Value>, Error> {
    let object = |value| match value {
        Value::Object(members) => Ok(members),
        Value::Null => Ok(Map::new()),
        _ => Err(Error::new(Code::ConfigInvalid)),
    };
    let mut members = object(below)?;
    members.extend(object(above)?);
    Ok(members)
}
