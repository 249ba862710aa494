//! What a resource server asks for: the challenges of `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9470 section 3).

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::fields::text;
use crate::flow::challenge;

pub use crate::flow::challenge::Scheme;

/// A challenge of a resource server, in its own words: not to be trusted as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// How the access token is to be shown.
    pub scheme: Scheme,
    /// What is wrong with the token or with what it was used for (RFC 6750 section 3.1, RFC 9470 section 3).
    pub error: Option<String>,
    /// The same for a person.
    pub error_description: Option<String>,
    /// The scopes that are needed, separated by spaces.
    pub scope: Option<String>,
    /// What is protected (RFC 9110 section 11.5).
    pub realm: Option<String>,
    /// The values of `acr` that serve, separated by spaces (RFC 9470 section 3).
    pub acr_values: Option<String>,
    /// Seconds within which the user has to have been authenticated (RFC 9470 section 3); `None` also when it is no whole number.
    pub max_age: Option<u64>,
    /// Where the resource server says more of itself (RFC 9728 section 5.1): see [`protected_resource`](crate::client::protected_resource).
    pub resource_metadata: Option<String>,
}

/// The challenges of a header for the schemes that this crate knows, in their order. Several headers of this name are
/// one, joined by commas (RFC 9110 section 5.3).
///
/// What breaks the grammar ends the list: the challenge in which it stands is left out, and so is all that follows.
#[must_use]
pub fn parse(header: &str) -> Vec<Challenge> {
    challenge::parse(header.as_bytes())
        .into_iter()
        .map(|challenge| Challenge {
            scheme: challenge.scheme,
            error: challenge.error.map(text),
            error_description: challenge.error_description.map(text),
            scope: challenge.scope.map(text),
            realm: challenge.realm.map(text),
            acr_values: challenge.acr_values.map(text),
            max_age: challenge.max_age,
            resource_metadata: challenge.resource_metadata.map(text),
        })
        .collect()
}
