//! The authorization request: the URL to send the user to, and the transaction to keep (RFC 6749 section 4.1.1, RFC 7636 section 4.3).

use alloc::vec::Vec;

use crate::encoding::write_base64url_to;
use crate::error::{Code, Fault};
use crate::flow::config::{
    WORD, are_resources, asks_for_openid, is_list_or_absent, is_set, is_way_back, resources, whole,
};
use crate::flow::metadata::check_keys;
use crate::flow::setup::Setup;
use crate::flow::transaction::{POPUP, Transaction, TransactionParts};
use crate::json;
use crate::pkce::{Challenge, MIN_LENGTH, Method};
use crate::random::Entropy;
use crate::secret::Wiped;
use crate::table::{elements, field};
use crate::tables::{DETAIL, Detail, Options, REQUESTED, Requested, about};
use crate::text::{Write, all, contains, cut, digits, from_form, has, joined, number_or, parts, plain};

/// The parameters of the request, in their order.
const PARAMETERS: &str = "response_type client_id redirect_uri scope state code_challenge code_challenge_method nonce \
    prompt login_hint max_age acr_values ui_locales claims authorization_details dpop_jkt";

/// The parameters that this crate sets, or that would change what it sets.
const PROTECTED: &[u8] = b"response_type response_mode client_id redirect_uri scope state nonce code_challenge \
    code_challenge_method code_verifier request request_uri client_secret prompt login_hint max_age acr_values \
    ui_locales claims resource authorization_details dpop_jkt";

/// Begins a login: a fresh verifier, `state` and `nonce`, the request that shows only the challenge, and the transaction
/// that keeps the rest. Writes the URL, and gives the fields of the transaction; `now` is in seconds since 1970. `dpop_jkt` is the thumbprint of the key that its
/// tokens are to be bound to, or empty (RFC 9449 section 10).
///
/// # Errors
/// [`Code::ConfigInvalid`] naming the option, [`Code::ParameterProtected`], [`Code::ReturnToRefused`],
/// [`Code::MetadataInvalid`], [`Code::RandomnessUnavailable`], [`Code::DpopUnavailable`] where a key is required and there is none
pub(crate) fn begin(
    setup: &Setup<'_>,
    options: &Options<'_>,
    dpop_jkt: &[u8],
    entropy: &mut impl Entropy,
    now: u64,
    url: &mut Vec<u8>,
) -> Result<Vec<u8>, Fault> {
    if dpop_jkt.is_empty() && !setup.may_bear() {
        return Err(about!(DpopUnavailable, SETTINGS, "dpop"));
    }
    check_options(options)?;
    let required_acr = required_acr(options)?;
    let scope = if options.scope().is_empty() { setup.scope() } else { options.scope() };
    let is_openid = asks_for_openid(scope);
    // Without an ID token nothing would say how and when the user was authenticated.
    if !(is_openid || options.max_age().is_empty() && options.acr_values().is_empty() && required_acr.is_empty()) {
        return Err(about!(ConfigInvalid, OPTIONS, "scope"));
    }

    if is_openid {
        check_keys(setup.jwks_uri())?;
    }

    // The three secrets at once, for the platform takes as long for them as for one. Of the verifier's 33 bytes any 43 characters
    // carry 256 bits and more (RFC 7636 section 7.1).
    let mut octets = Wiped::new([0; 97]);
    entropy.fill(octets.as_mut_slice())?;
    let (of_verifier, rest) = octets.split_at_checked(33).unwrap_or_default();
    let (of_state, of_nonce) = rest.split_at_checked(32).unwrap_or_default();
    let mut code_verifier = Wiped::new(Vec::new());
    write_base64url_to(&mut code_verifier, of_verifier);
    code_verifier.truncate(MIN_LENGTH);
    let mut state = Vec::new();
    if is_set(options.popup()) {
        state.text(POPUP);
    }
    write_base64url_to(&mut state, of_state);
    let mut nonce = Vec::new();
    if is_openid {
        write_base64url_to(&mut nonce, of_nonce);
    }
    let max_age =
        if options.max_age().is_empty() { Vec::new() } else { digits(whole(options.max_age(), 0).unwrap_or_default()) };
    let created_at = digits(now);
    let expires_at = digits(now.saturating_add(number_or(setup.transaction_max_age(), 0)));

    let endpoint = (setup.authorization_endpoint(), about!(MetadataInvalid, METADATA, "authorization_endpoint"));
    begin_request(setup.authorization_endpoint(), url);
    url.pairs(
        PARAMETERS,
        &[
            b"code",
            setup.client_id(),
            setup.redirect_uri(),
            plain(scope),
            &state,
            Challenge::of(&code_verifier).as_bytes(),
            Method::S256.name().as_bytes(),
            &nonce,
            options.prompt(),
            options.login_hint(),
            &max_age,
            options.acr_values(),
            options.ui_locales(),
            options.claims(),
            options.authorization_details(),
            dpop_jkt,
        ],
    );
    write_resources(options.resource(), url);
    end_request(endpoint, PROTECTED, options.extra_parameters(), url)?;

    Ok(TransactionParts {
        version: Transaction::VERSION,
        created_at: &created_at,
        expires_at: &expires_at,
        state: &state,
        code_verifier: &code_verifier,
        nonce: &nonce,
        issuer: setup.issuer(),
        client_id: setup.client_id(),
        redirect_uri: setup.redirect_uri(),
        token_endpoint: setup.token_endpoint(),
        jwks_uri: setup.jwks_uri(),
        signing_algs: setup.signing_algs(),
        scope,
        max_age: &max_age,
        acr_values: &required_acr,
        resource: options.resource(),
        iss_required: setup.iss_required(),
        return_to: options.return_to(),
        session_name: setup.session_name(),
        is_silent: if contains(options.prompt(), b"none") { b"1" } else { b"" },
        dpop_jkt,
    }
    .to_fields())
}

fn check_options(options: &Options<'_>) -> Result<(), Fault> {
    if !is_list_or_absent(plain(options.scope())) {
        return Err(about!(ConfigInvalid, OPTIONS, "scope"));
    }
    check_return_to(options)?;
    if !is_list_or_absent(options.acr_values()) {
        return Err(about!(ConfigInvalid, OPTIONS, "acr_values"));
    }
    if !is_list_or_absent(options.ui_locales()) {
        return Err(about!(ConfigInvalid, OPTIONS, "ui_locales"));
    }
    if !are_resources(options.resource()) {
        return Err(about!(ConfigInvalid, OPTIONS, "resource"));
    }
    if whole(options.max_age(), 0).is_none() {
        return Err(about!(ConfigInvalid, OPTIONS, "max_age"));
    }
    if !are_details(options.authorization_details()) {
        return Err(about!(ConfigInvalid, OPTIONS, "authorization_details"));
    }
    Ok(())
}

/// The values of `acr` of which the ID token has to have one, separated by spaces: nothing where the login only asks for them (OpenID Connect Core
/// section 3.1.2.1: voluntary), and an empty text where any serves. What is essential in `claims` is required too (section 5.5.1.1).
fn required_acr(options: &Options<'_>) -> Result<Vec<u8>, Fault> {
    let (mut fields, mut text) = (Vec::new(), joined(&[options.claims()]));
    // From the object to its `id_token`, to the `acr` in there, to its members. What is no object asks for nothing.
    for place in 0..3 {
        fields = REQUESTED.read(&text, Code::ConfigInvalid).unwrap_or_default();
        text = joined(&[Requested::of_table(&fields).fields().get(place).copied().unwrap_or_default()]);
    }
    let requested = Requested::of_table(&fields);
    let (is_required, is_essential) = (is_set(options.require_acr()), is_set(requested.essential()));
    if !(is_required || is_essential) {
        return Ok(Vec::new());
    }
    let asked = options.acr_values();
    let values = if requested.values().is_empty() { requested.value() } else { requested.values() };
    let values = if is_essential || asked.is_empty() { values } else { b"" };
    let mut required = Vec::new();
    for value in elements(values) {
        if value.is_empty() || !all(value, &WORD) {
            return Err(about!(ConfigInvalid, OPTIONS, "claims"));
        }
        // Where both are required one has to be of both.
        if !is_required || asked.is_empty() || contains(asked, value) {
            if !required.is_empty() {
                required.push(b' ');
            }
            required.text(value);
        }
    }
    if !required.is_empty() {
        return Ok(required);
    }
    if !values.is_empty() {
        return Err(about!(ConfigInvalid, OPTIONS, "claims"));
    }
    if asked.is_empty() && !is_essential {
        return Err(about!(ConfigInvalid, OPTIONS, "require_acr"));
    }
    Ok(joined(&[field(asked)]))
}

/// # Errors
/// [`Code::ReturnToRefused`]
pub(crate) fn check_return_to(options: &Options<'_>) -> Result<(), Fault> {
    if is_way_back(options.return_to()) { Ok(()) } else { Err(about!(ReturnToRefused, OPTIONS, "return_to")) }
}

/// Whether every object has its `type` (RFC 9396 section 2).
pub(crate) fn are_details(details: &[u8]) -> bool {
    if details.is_empty() {
        return true;
    }
    let mut have_type = true;
    let visited = json::parse(details).and_then(|details| {
        details.each(b'[', &mut |_, detail| {
            let fields = DETAIL.take(detail, Code::ConfigInvalid);
            have_type &= fields.is_ok_and(|fields| !Detail::of_table(&fields).kind().is_empty());
        })
    });
    visited.is_some() && have_type
}

/// Writes a parameter for each of these places.
pub(crate) fn write_resources(list: &[u8], form: &mut Vec<u8>) {
    for uri in resources(plain(list)) {
        form.pair(b"resource", uri);
    }
}

/// Begins the URL that leads the user to an endpoint with a request. The endpoint's own query is kept.
pub(crate) fn begin_request(endpoint: &[u8], url: &mut Vec<u8>) {
    url.text(endpoint);
    if !has(endpoint, b'?') {
        url.push(b'?');
    }
}

/// Adds the parameters of the caller, a JSON object of strings, and sees to it that no parameter stands twice (RFC 6749 section 3.1).
/// The endpoint comes with what is wrong when it is refused.
///
/// # Errors
/// [`Code::ConfigInvalid`], [`Code::ParameterProtected`], that of the endpoint
pub(crate) fn end_request(
    (endpoint, invalid): (&[u8], Fault),
    protected: &[u8],
    extra: &[u8],
    url: &mut Vec<u8>,
) -> Result<(), Fault> {
    let mut taken = joined(&[protected]);
    let mut outcome = Ok(());
    if let Some(extra) = json::parse(extra) {
        let visited = extra.each(b'{', &mut |key, value| {
            let (mut name, mut text) = (Vec::new(), Vec::new());
            key.text(&mut name);
            if value.text(&mut text).is_none() {
                outcome = Err(about!(ConfigInvalid, OPTIONS, "extra_parameters"));
            } else if contains(&taken, &name) {
                outcome = Err(Code::ParameterProtected.into());
            }
            taken.push(b' ');
            taken.text(&name);
            url.pair(&name, &text);
        });
        visited.ok_or(about!(ConfigInvalid, OPTIONS, "extra_parameters"))?;
    }
    outcome?;
    for pair in parts(cut(endpoint, b'?').1.unwrap_or_default(), b'&') {
        let (name, value) = cut(pair, b'=');
        let is_taken = from_form(name).is_none_or(|name| contains(&taken, &name));
        if !pair.is_empty() && (is_taken || from_form(value.unwrap_or_default()).is_none()) {
            return Err(invalid);
        }
    }
    Ok(())
}
