//! The end of a session: revocation (RFC 7009), and the way to the server to sign out there too (OpenID Connect RP-Initiated Logout 1.0).

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::config::Config;
use crate::client::fields::{
    check_members, fault_in, from_object, optional, read, read_optional, refused_in, secret, text, to_object,
};
use crate::client::metadata::Metadata;
use crate::client::token_set::TokenSet;
use crate::client::transaction::Tombstone;
use crate::error::{Code, Error};
use crate::flow::callback::Answer;
use crate::flow::logout;
use crate::flow::setup::Setup;
use crate::flow::tokens::Session;
use crate::http::{Request, Response};
use crate::random::Entropy;
use crate::secret::Secret;
use crate::tables::{OF_LOGOUT, OPTIONS, Options, OptionsParts};

/// The requests that make the server forget the refresh token, when there is one, and then the access token: the first
/// may take the others along (RFC 7009 section 2.1). Send both, whatever the first one is answered; once the refresh token is gone, it is no failure when the
/// access token is refused.
///
/// # Errors
/// [`Code::IssuerMismatch`]; about the `revocation_endpoint` [`Code::EndpointMissing`], [`Code::MetadataInvalid`], [`Code::EndpointInsecure`]
pub fn revocation_requests(
    config: &Config,
    metadata: &Metadata,
    tokens: &TokenSet,
) -> Result<(Option<Request>, Request), Error> {
    let (setup, fields) = (metadata.setup(config)?, tokens.to_fields());
    let setup = Setup::of_table(&setup);
    logout::check_revocation(&setup, &Session::of_table(&fields))?;
    let request = |token: &Secret, hint: &str| {
        let mut form = Vec::new();
        logout::revoke(&setup, token.expose().as_bytes(), hint, &mut form);
        Request::post(read(setup.revocation_endpoint()), secret(form))
    };
    let refresh_token = tokens.refresh_token.as_ref().map(|token| request(token, "refresh_token"));
    Ok((refresh_token, request(&tokens.access_token, "access_token")))
}

/// Reads the answer to one of them. Any 2xx is success, whatever its body, and an unknown token is no error (RFC 7009 section 2.2).
///
/// # Errors
/// [`Code::ServerError`], [`Code::RedirectNotFollowed`],
/// [`Code::RevocationRefused`]
pub fn finish_revocation(response: &Response) -> Result<(), Error> {
    match logout::finish_revocation(&response.reply(), b"").map_err(fault_in(response))? {
        Answer::Given(()) => Ok(()),
        Answer::Refused(refusal) => Err(refused_in(response, *refusal)),
    }
}

/// What a single sign-out at the server may ask for.
#[derive(Clone, Debug, Default)]
pub struct LogoutOptions {
    /// A path of the application's origin to return to; kept here, never in the URL.
    pub return_to: Option<String>,
    /// Further parameters, as `logout_hint` and `ui_locales`. They cannot replace one that this crate sets.
    pub extra_parameters: Vec<(String, String)>,
}

impl LogoutOptions {
    /// Reads options in JSON, with the members of the npm package's `LogoutOptions`: of these, `revoke` and `endSession` say which functions to call, and are for the caller to read.
    /// Whoever signs out is to be signed out whatever this gives: forget the tokens first.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] naming the option, [`Code::MemberUnknown`] with the name of a member that does not exist in [`Details::found`](crate::error::Details::found)
    pub fn from_json(text: &str) -> Result<Self, Error> {
        check_members(&OPTIONS, OF_LOGOUT, text)?;
        let fields = OPTIONS.read(text.as_bytes(), Code::ConfigInvalid)?;
        let options = Options::of_table(&fields);
        Ok(Self {
            return_to: read_optional(options.return_to()),
            extra_parameters: from_object(options.extra_parameters())?,
        })
    }
}

/// A sign-out that is ready to be asked for.
#[derive(Debug)]
pub struct EndSession {
    /// Send the user here, by navigation.
    pub url: String,
    /// What to keep until they come back, by its name, which is found by the `state` of the URL that they come back with. `None` where nothing
    /// says where to come back to.
    pub expected: Option<(String, Tombstone)>,
}

/// Builds the request that ends the session at the server; `now` is in seconds since 1970. The tokens are to be forgotten before the user leaves
/// (OpenID Connect RP-Initiated Logout section 2).
///
/// # Errors
/// [`Code::IssuerMismatch`]; about the `end_session_endpoint` [`Code::EndpointMissing`], [`Code::MetadataInvalid`], [`Code::EndpointInsecure`];
/// [`Code::ReturnToRefused`], [`Code::ParameterProtected`], [`Code::RandomnessUnavailable`]
#[allow(clippy::needless_pass_by_value, reason = "the options of one sign-out are spent by it")]
pub fn end_session(
    config: &Config,
    metadata: &Metadata,
    tokens: Option<&TokenSet>,
    options: LogoutOptions,
    entropy: &mut impl Entropy,
    now: u64,
) -> Result<EndSession, Error> {
    let (setup, fields) = (metadata.setup(config)?, tokens.map(TokenSet::to_fields));
    let session = fields.as_deref().map(|fields| Session::of_table(fields));
    let options = Options::of(OptionsParts {
        revoke: b"",
        end_session: b"",
        return_to: optional(options.return_to.as_deref()),
        extra_parameters: &to_object(&options.extra_parameters),
        scope: b"",
        resource: b"",
        popup: b"",
        require_acr: b"",
        prompt: b"",
        login_hint: b"",
        max_age: b"",
        acr_values: b"",
        ui_locales: b"",
        claims: b"",
        authorization_details: b"",
    })
    .to_fields();
    let setup = Setup::of_table(&setup);
    let mut url = Vec::new();
    let (key, remains) =
        logout::end_session(&setup, session.as_ref(), &Options::of_table(&options), entropy, now, &mut url)?;
    Ok(EndSession {
        url: text(url),
        expected: Tombstone::from_fields(&remains).map(|tombstone| (text(key), tombstone)),
    })
}

/// The name of the sign-out from which the user may have come back to this URL; `None` when it is no such place. Whether it was one of ours, only
/// what is kept under the name can say (OpenID Connect RP-Initiated Logout section 3).
#[must_use]
pub fn returned(config: &Config, url: &str) -> Option<String> {
    logout::returned(&Setup::of_table(&config.setup()), url.as_bytes()).map(text)
}
