//! The user comes back: transaction + callback URL -> code (RFC 6749 sections 4.1.2 and 10.12, RFC 9207 section 2.4).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::setup::Setup;
use crate::flow::transaction::Transaction;
use crate::secret::matches;
use crate::table::record;
use crate::tables::{OTHER, about};
use crate::text::{Class, Write, after, all, contains, cut, from_form, nibble, parts, position};
use crate::url::{Url, is_link};

/// The parameters of a response, and what only a response in the fragment would carry.
const PARAMETERS: &[u8] = b"state code iss error error_description error_uri";
const IN_FRAGMENT: &[u8] = b"code state error access_token id_token";

/// The parameters of an authorization response, read once and not yet trusted; what is missing is empty.
pub(crate) struct Callback<'a> {
    address: &'a [u8],
    values: Box<[Vec<u8>; 6]>,
}

record! {
    /// What of a callback the token request is sent with, and what its answer has to agree with: the code, and the issuer that it named.
    pub(crate) struct Said / SaidParts { code iss }
}

/// What the server said when it refused: as it was sent, not to be trusted as HTML or link.
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) error: Vec<u8>,
    pub(crate) description: Vec<u8>,
    pub(crate) uri: Vec<u8>,
}

/// So many characters of a secret are struck out also where the rest of it does not follow. What is shorter than the other number
/// is no secret, but may be part of a word.
const PART: usize = 16;
const SHORTEST: usize = 4;

/// A text in which "..." stands in the place of these secrets, whichever of their characters are escaped: an error goes where no
/// secret goes.
#[inline(never)]
pub(crate) fn without(secrets: &[&[u8]], text: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some((first, after)) = rest.split_first() {
        match secrets.iter().find_map(|secret| after_secret(rest, secret)) {
            Some(behind) => {
                out.text(b"...");
                rest = behind;
            }
            None => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

/// What follows a secret, or the beginning of one; `None` when the text begins otherwise.
fn after_secret<'a>(text: &'a [u8], secret: &[u8]) -> Option<&'a [u8]> {
    let (mut length, mut rest) = (0_usize, text);
    for byte in secret {
        rest = match rest {
            [b'%', high, low, after @ ..] if (nibble(*high) << 4 | nibble(*low)) == *byte => after,
            [first, after @ ..] if first == byte => after,
            _ => break,
        };
        length = length.wrapping_add(1);
    }
    (length >= SHORTEST && length >= secret.len().min(PART)).then_some(rest)
}

/// What a server answered: what was asked for, or its refusal.
pub(crate) enum Answer<T> {
    Given(T),
    Refused(Box<Refusal>),
}

impl<'a> Callback<'a> {
    /// Reads the URL that the user came back with. `None` when it is not at the redirect URI or carries no response.
    ///
    /// # Errors
    /// [`Code::ParameterDuplicated`] naming the parameter (RFC 6749 section 3.1); [`Code::CallbackInvalid`] when an escape is broken or the
    /// response is in the fragment (RFC 9700 section 2.1.2); [`Code::StateMissing`]
    pub(crate) fn parse(url: &'a [u8], redirect_uri: &[u8]) -> Result<Option<Self>, Fault> {
        let (address, fragment) = cut(url, b'#');
        let Some(query) = response_query(address, redirect_uri) else { return Ok(None) };
        let mut in_fragment = parts(fragment.unwrap_or_default(), b'&');
        if in_fragment.any(|pair| contains(IN_FRAGMENT, cut(pair, b'=').0)) {
            return Err(about!(CallbackInvalid, OTHER, "fragment"));
        }
        let mut callback = Self { address, values: Default::default() };
        let mut seen = 0_u32;
        for pair in parts(query, b'&') {
            let (name, value) = cut(pair, b'=');
            let (Some(name), Some(value)) = (from_form(name), from_form(value.unwrap_or_default())) else {
                return Err(about!(CallbackInvalid, OTHER, "query"));
            };
            let Some(place) = position(PARAMETERS, &name) else { continue };
            let [low, ..] = place.to_le_bytes();
            let bit = 1_u32.wrapping_shl(u32::from(low));
            if seen & bit != 0 {
                return Err(Code::ParameterDuplicated.at(const { OTHER.place("state") }.wrapping_add(low)));
            }
            seen |= bit;
            // A parameter without a value is as if it were not there (RFC 6749 section 3.1).
            if let Some(slot) = callback.values.get_mut(place) {
                *slot = value;
            }
        }
        let [state, code, _, error, ..] = &*callback.values;
        match (state.is_empty(), code.is_empty() && error.is_empty()) {
            (true, true) => Ok(None),
            (true, false) => Err(about!(StateMissing, OTHER, "state")),
            _ => Ok(Some(callback)),
        }
    }

    /// The `state`, by which the transaction is found; see [`transaction::key`](crate::flow::transaction::key).
    pub(crate) fn state(&self) -> &[u8] {
        let [state, ..] = &*self.values;
        state
    }

    /// What the ID token has to agree with, and what nobody repeats: the fields of [`Said`].
    pub(crate) fn said(&self) -> Vec<u8> {
        let [_, code, iss, ..] = &*self.values;
        SaidParts { code, iss }.to_fields()
    }

    /// Checks the callback against its transaction and gives the code; `now` is in seconds since 1970.
    ///
    /// Nothing is believed, not even that the login was refused, before `state` and `iss` say that it is this server's
    /// answer to this login.
    ///
    /// # Errors
    /// [`Code::StateMismatch`], [`Code::TransactionInvalid`] when the transaction is of another configuration, [`Code::TransactionExpired`],
    /// [`Code::RedirectUriMismatch`], [`Code::ResponseIssuerMissing`], [`Code::ResponseIssuerMismatch`], [`Code::CallbackInvalid`],
    /// [`Code::CodeMissing`]
    pub(crate) fn accept(
        self,
        setup: &Setup<'_>,
        transaction: &Transaction<'_>,
        now: u64,
    ) -> Result<Answer<Vec<u8>>, Fault> {
        let [state, authorization_code, iss, error, description, uri] = *self.values;
        if !matches(transaction.state(), &state) {
            return Err(about!(StateMismatch, OTHER, "state"));
        }
        transaction.check_owner(setup)?;
        transaction.check_server(setup)?;
        if transaction.is_expired(now) {
            return Err(Code::TransactionExpired.into());
        }
        if response_query(self.address, transaction.redirect_uri()).is_none() {
            return Err(about!(RedirectUriMismatch, OTHER, "redirect_uri"));
        }
        if !iss.is_empty() {
            if setup.accepts(&iss).is_none() {
                return Err(about!(ResponseIssuerMismatch, OTHER, "iss"));
            }
        } else if !transaction.iss_required().is_empty() {
            return Err(about!(ResponseIssuerMissing, OTHER, "iss"));
        }
        if !error.is_empty() {
            // RFC 6749 appendix A.7.
            if !all(&error, &Class::Printable(b"\"\\")) {
                return Err(about!(CallbackInvalid, OTHER, "error"));
            }
            // The others are what `prompt=none` leads to where the user has to be asked (OpenID Connect Core section 3.1.2.6).
            let known =
                b"access_denied login_required interaction_required consent_required account_selection_required";
            let code = match position(known, &error) {
                Some(0) => Code::AccessDenied,
                Some(_) => Code::InteractionRequired,
                None => Code::AuthorizationRefused,
            };
            let uri = if is_link(&uri) { uri } else { Vec::new() };
            let secrets = [&*state, &authorization_code, transaction.code_verifier()];
            let [error, description, uri] = [error, description, uri].map(|text| without(&secrets, &text));
            return Ok(Answer::Refused(Box::new(Refusal { code, error, description, uri })));
        }
        if authorization_code.is_empty() {
            return Err(about!(CodeMissing, OTHER, "code"));
        }
        Ok(Answer::Given(authorization_code))
    }
}

/// The query that the server added to the redirect URI. `None` when the address is another one: scheme, host, port and
/// path have to be the same, and the redirect URI's own query has to be there still (RFC 6749 section 3.1.2, RFC 8252 section 8.10).
fn response_query<'a>(address: &'a [u8], redirect_uri: &[u8]) -> Option<&'a [u8]> {
    let (base, query) = cut(address, b'?');
    let (expected_base, expected_query) = cut(redirect_uri, b'?');
    if !is_same_base(base, expected_base) {
        return None;
    }
    let expected_query = expected_query.unwrap_or_default();
    let rest = after(query.unwrap_or_default(), expected_query)?;
    if expected_query.is_empty() || rest.is_empty() { Some(rest) } else { after(rest, b"&") }
}

/// Whether a callback at one of these redirect URIs is one at the other too.
pub(crate) fn is_same_place(one: &[u8], other: &[u8]) -> bool {
    [[one, other], [other, one]].iter().any(|[address, redirect_uri]| response_query(address, redirect_uri).is_some())
}

/// Character for character; but a browser writes scheme and host of a web address in lower case, leaves out the default
/// port, and writes the empty path as `/`.
fn is_same_base(base: &[u8], expected: &[u8]) -> bool {
    if base == expected {
        return true;
    }
    let (Some(base), Some(expected)) = (Url::parse(base), Url::parse(expected)) else { return false };
    expected.is_web() && base.has_origin_of(&expected) && significant_path(&base) == significant_path(&expected)
}

const fn significant_path<'a>(url: &Url<'a>) -> &'a [u8] {
    if url.path.is_empty() { b"/" } else { url.path }
}
