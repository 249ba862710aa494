//! A redirect URI of its own for each server that does not promise `iss` (RFC 9700 section 4.4): the record of those in use.

use alloc::string::String;

use crate::client::config::Config;
use crate::client::fields::text;
use crate::client::metadata::Metadata;
use crate::error::Error;
use crate::flow::redirect_uris;
use crate::flow::setup::Setup;

/// The redirect URIs in use at servers that do not promise `iss` in their responses (RFC 9207 section 3), at most 32, each for 30 days
/// after the last login there.
///
/// An application with more than one such server keeps this record, and calls [`RedirectUris::note`] before each
/// [`begin`](crate::begin): otherwise a server that lies may get the codes of another one (mix-up).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RedirectUris(String);

impl RedirectUris {
    /// Reads a record that was kept; one that cannot be read counts as none.
    #[must_use]
    pub fn from_record(record: &str) -> Self {
        Self(record.into())
    }

    /// The record to keep. Holds no secret.
    #[must_use]
    pub fn to_record(&self) -> &str {
        &self.0
    }

    /// Notes a login that is about to begin; `now` is in seconds since 1970.
    ///
    /// Two redirect URIs are different only if neither would be accepted as a callback of the other.
    ///
    /// # Errors
    /// [`Code::RedirectUriShared`](crate::Code::RedirectUriShared) when another server without `iss` uses this redirect URI, unless
    /// [`Settings::shared_redirect_uri_issuers`](crate::Settings) names both; [`Code::IssuerMismatch`](crate::Code::IssuerMismatch)
    pub fn note(&mut self, config: &Config, metadata: &Metadata, now: u64) -> Result<(), Error> {
        self.0 = text(redirect_uris::note(&Setup::of_table(&metadata.setup(config)?), self.0.as_bytes(), now)?);
        Ok(())
    }
}
