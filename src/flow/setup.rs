//! The application and its server in one record, which every later step is given: both were checked, and nothing of
//! them is looked at twice. Holds no secret: the one of a
//! public client is none (RFC 8252 section 8.5).

use alloc::vec::Vec;

use crate::encoding::write_hash;
use crate::error::{Code, Fault};
use crate::flow::config::{self, CLOCK_TOLERANCE, TRANSACTION_MAX_AGE, whole};
use crate::flow::issuer::tenant;
use crate::flow::metadata;
use crate::table::{elements, join, join_with, record};
use crate::tables::{Document, METADATA, SETTINGS, Settings};
use crate::text::{Write, digits, joined, number_or, plain, same};
use crate::url::is_tls;

record! {
    /// The application and its server, checked.
    pub(crate) struct Setup / SetupParts {
        issuer client_id redirect_uri post_logout_redirect_uri scope signed_response_alg transaction_max_age
        clock_tolerance session_name resource_origins shared_issuers trusted_audiences accept_issuer public_client_secret allow_http allow_unverified
        authorization_endpoint token_endpoint userinfo_endpoint revocation_endpoint end_session_endpoint
        pushed_authorization_request_endpoint jwks_uri signing_algs iss_required dpop pushes
    }
}

/// Stands in the place of what the application says of `dpop` where it prefers a key that the server does not take.
const NO_KEY: &[u8] = b"none";

/// Checks a configuration and the metadata of its server, both JSON, and gives the fields of the record.
///
/// # Errors
/// those of [`config::check`], [`metadata::read`] and [`metadata::check_server`]
pub(crate) fn setup(config: &[u8], document: &[u8]) -> Result<Vec<u8>, Fault> {
    let fields = SETTINGS.read(config, Code::ConfigInvalid)?;
    let settings = Settings::of_table(&fields);
    config::check(&settings)?;
    let allow_http = config::is_set(settings.dangerously_allow_http());
    let fields =
        metadata::read(document, settings.metadata(), settings.issuer(), settings.accept_issuer(), allow_http)?;
    let document = Document::of_table(&fields);
    metadata::check_server(&document, &settings)?;
    Ok(record(&settings, &document))
}

/// The record of a configuration and of the metadata of its server, both checked. With blank metadata it serves where no
/// endpoint is asked for.
pub(crate) fn record(settings: &Settings<'_>, document: &Document<'_>) -> Vec<u8> {
    let max_age = digits(whole(settings.transaction_max_age(), TRANSACTION_MAX_AGE).unwrap_or_default());
    let tolerance = digits(whole(settings.clock_tolerance(), CLOCK_TOLERANCE).unwrap_or_default());
    let scope = config::scope_of(settings);
    // The fields stand in the order of the tables.
    let settings_from = settings.fields().get(..15).unwrap_or_default();
    let checked =
        [scope, settings.id_token_signed_response_alg(), &max_age, &tolerance, plain(settings.session_name())];
    let mut record = join_with(settings_from, 4, &checked);
    record.text(&join(&[settings.dangerously_allow_unverified_id_token()]));
    record.text(&join(document.fields().get(1..10).unwrap_or_default()));
    let is_pushed = config::is_set(document.require_pushed_authorization_requests())
        || config::is_set(settings.pushed_authorization_requests());
    let dpop = config::dpop_of(settings);
    let dpop = if same(dpop, config::PREFERRED) && !metadata::takes_proofs(document) { NO_KEY } else { dpop };
    record.text(&join(&[dpop, if is_pushed { b"1" } else { b"" }]));
    record
}

const _: () = {
    assert!(SETTINGS.place("scope") == SETTINGS.place("issuer").wrapping_add(4));
    assert!(SETTINGS.place("session_name") == SETTINGS.place("scope").wrapping_add(4));
    assert!(SETTINGS.place("dangerously_allow_http") == SETTINGS.place("issuer").wrapping_add(14));
    assert!(METADATA.place("authorization_endpoint") == METADATA.place("issuer").wrapping_add(1));
    assert!(
        METADATA.place("authorization_response_iss_parameter_supported") == METADATA.place("issuer").wrapping_add(9)
    );
};

impl Setup<'_> {
    /// Whether the application asks for tokens that are bound to a key (RFC 9449).
    pub(crate) fn is_bound(&self) -> bool {
        !self.dpop().is_empty()
    }

    /// Whether a login has no key all the same: it is only preferred, and the server takes none of its kind.
    pub(crate) fn has_no_key(&self) -> bool {
        same(self.dpop(), NO_KEY)
    }

    /// Whether the tokens may also be of the type `Bearer`.
    pub(crate) fn may_bear(&self) -> bool {
        !same(self.dpop(), config::REQUIRED)
    }

    /// Whether the authorization request is pushed (RFC 9126).
    pub(crate) fn is_pushed(&self) -> bool {
        config::is_set(self.pushes())
    }

    /// A name for this client at this issuer, by which its records are known: a hash of the two, and of the name of the session
    /// where it has one.
    pub(crate) fn owner(&self) -> Vec<u8> {
        let mut owner = Vec::new();
        let mut hashed = joined(&[self.issuer(), b"\n", self.client_id()]);
        if !self.session_name().is_empty() {
            // Neither of the two has a line break.
            hashed.push(b'\n');
            hashed.text(self.session_name());
        }
        write_hash(&mut owner, &hashed);
        owner
    }

    /// Whether a token, a session or a response may be of that issuer: the tenant that it names, which is empty where it names none.
    pub(crate) fn accepts<'b>(&self, issuer: &'b [u8]) -> Option<&'b [u8]> {
        if issuer == self.issuer() {
            return Some(b"");
        }
        elements(self.accept_issuer()).find_map(|pattern| tenant(pattern, issuer))
    }

    /// Seconds by which the server's clock may differ.
    #[inline(never)]
    #[allow(clippy::cast_precision_loss, reason = "at most a few minutes")]
    pub(crate) fn tolerance(&self) -> f64 {
        number_or(self.clock_tolerance(), 0) as f64
    }

    /// Who vouches for an ID token without its signature: TLS, when it is the issuer's own from end to end; otherwise
    /// nobody, and that only where the application wants it so (OpenID Connect Core section 3.1.3.7, step 6).
    pub(crate) fn voucher(&self, endpoint: &[u8]) -> &'static [u8] {
        if is_tls(self.issuer()) && is_tls(endpoint) {
            b"tls"
        } else if config::is_set(self.allow_unverified()) {
            b"nothing"
        } else {
            b""
        }
    }
}
