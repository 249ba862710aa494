//! The user comes back: transaction + callback URL -> code (RFC 6749 sections 4.1.2 and 10.12, RFC 9207 section 2.4).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::setup::Setup;
use crate::flow::transaction::Transaction;
use crate::secret::matches;
use crate::table::record;
use crate::tables::{OTHER, about};
use crate::text::{Class, Write, after, all, cut, decode, is_utf8, nibble, parts, position};
use crate::url::{Url, is_link};

/// The parameters of a response, and two that only another kind of response has.
const PARAMETERS: &[u8] = b"state code iss error error_description error_uri access_token id_token";

/// By which of them a response in the fragment is known: neither by `iss` nor by what is said of an error.
const IN_FRAGMENT: u32 = 0b1100_1011;

/// The parameters of an authorization response, read and not yet trusted; what is missing is empty, and so is a `state` that stands twice.
pub(crate) struct Callback {
    values: Box<[Vec<u8>; 6]>,
    /// Which of them there are, each by a bit.
    seen: u32,
    /// What is wrong with it, if it is one.
    fault: Option<Fault>,
    /// In what its address is not the redirect URI: the place of the part's name in the tables; 0 when it is.
    pub(crate) difference: u8,
}

record! {
    /// What of a callback the token request is sent with, and what its answer has to agree with: the code, and the issuer that it named.
    pub(crate) struct Said / SaidParts { code iss }
}

/// What the server said when it refused: as it was sent, not to be trusted as HTML or link.
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) error: Vec<u8>,
    /// Bytes: some servers write in another encoding than UTF-8.
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

impl Callback {
    /// Reads a URL, whosever it is.
    pub(crate) fn read(url: &[u8], redirect_uri: &[u8]) -> Self {
        let (address, fragment) = cut(url, b'#');
        let (base, query) = cut(address, b'?');
        let (expected, own) = cut(redirect_uri, b'?');
        let (query, own) = (anew(query), anew(own));
        let mut callback =
            Self { values: Default::default(), seen: 0, fault: None, difference: difference(base, expected) };
        // Parameters may be added to those that the redirect URI has of its own (RFC 6749 sections 3.1.2 and 4.1.2), but none that bears their name.
        let is_own_there = own.is_empty() || parts(&own, b'&').all(|pair| count(&query, pair) == count(&own, pair));
        if callback.difference == 0 && !is_own_there {
            callback.difference = const { OTHER.place("query") };
        }
        callback.take(&query, &own);
        if callback.take(&anew(fragment), b"") & IN_FRAGMENT != 0 {
            // RFC 9700 section 2.1.2.
            callback.fault = Some(about!(CallbackInvalid, OTHER, "fragment"));
        }
        callback
    }

    /// Takes the parameters of a form that are not the redirect URI's own. Gives which are there, each by a bit.
    #[inline(never)]
    fn take(&mut self, form: &[u8], own: &[u8]) -> u32 {
        let mut seen = 0_u32;
        for pair in parts(form, b'&') {
            let (name, value) = cut(pair, b'=');
            let Some(place) = position(PARAMETERS, name) else { continue };
            if count(own, pair) >> 32 != 0 {
                continue;
            }
            let [low, ..] = place.to_le_bytes();
            let bit = 1_u32.wrapping_shl(u32::from(low));
            seen |= bit;
            let Some(slot) = self.values.get_mut(place) else { continue };
            if self.seen & bit == 0 {
                // A parameter without a value is as if it were not there (RFC 6749 section 3.1).
                *slot = decode(value.unwrap_or_default());
            } else {
                self.fault = Some(Code::ParameterDuplicated.at(const { OTHER.place("state") }.wrapping_add(low)));
                // Of two nobody can say which is meant.
                if place == 0 {
                    slot.clear();
                }
            }
            self.seen |= bit;
        }
        seen
    }

    /// The `state`, by which the transaction is found; see [`transaction::key`](crate::flow::transaction::key). Empty when there is none, or more than one.
    pub(crate) fn state(&self) -> &[u8] {
        let [state, ..] = &*self.values;
        state
    }

    /// Whether it is at the redirect URI and has the whole form of a response: `state` with `code` or `error`, each once, and in the query (RFC 6749 sections 3.1, 4.1.2
    /// and 4.1.2.1).
    pub(crate) fn is_response(&self) -> bool {
        let [state, code, _, error, ..] = &*self.values;
        self.difference == 0 && self.fault.is_none() && !state.is_empty() && !(code.is_empty() && error.is_empty())
    }

    /// The error of a response at the redirect URI of which nothing shows whose it is; empty when it is none.
    pub(crate) fn unverified(&self) -> &[u8] {
        let [_, _, _, error, ..] = &*self.values;
        if self.difference == 0 && self.fault.is_none() { bounded(error) } else { b"" }
    }

    /// Whether it is an error that shows not whose it is.
    pub(crate) fn is_bare(&self) -> bool {
        self.state().is_empty() && !self.unverified().is_empty()
    }

    /// Checks a callback, which was read with the redirect URI of its transaction, against that transaction and gives what it says: the fields of [`Said`]. `now` is in seconds since 1970.
    ///
    /// Nothing is believed, not even that the login was refused, before `state` and `iss` say that it is this server's
    /// answer to this login.
    ///
    /// # Errors
    /// [`Code::StateMissing`], [`Code::StateMismatch`], [`Code::TransactionInvalid`] when the transaction is of another configuration,
    /// [`Code::TransactionExpired`], [`Code::RedirectUriMismatch`] naming the part, [`Code::ParameterDuplicated`] naming the parameter
    /// (RFC 6749 section 3.1), [`Code::ResponseIssuerMissing`], [`Code::ResponseIssuerMismatch`], [`Code::CallbackInvalid`], [`Code::CodeMissing`]
    pub(crate) fn accept(
        &self,
        setup: &Setup<'_>,
        transaction: &Transaction<'_>,
        now: u64,
    ) -> Result<Answer<Vec<u8>>, Fault> {
        let [state, authorization_code, iss, error, description, uri] = &*self.values;
        if state.is_empty() {
            return Err(self.fault.unwrap_or(about!(StateMissing, OTHER, "state")));
        }
        if !matches(transaction.state(), state) {
            return Err(about!(StateMismatch, OTHER, "state"));
        }
        transaction.check_owner(setup)?;
        transaction.check_server(setup)?;
        if transaction.is_expired(now) {
            return Err(Code::TransactionExpired.into());
        }
        if self.difference != 0 {
            return Err(Code::RedirectUriMismatch.at(self.difference));
        }
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if !iss.is_empty() {
            if setup.accepts(iss).is_none() {
                return Err(about!(ResponseIssuerMismatch, OTHER, "iss"));
            }
        } else if !transaction.iss_required().is_empty() {
            return Err(about!(ResponseIssuerMissing, OTHER, "iss"));
        }
        if !error.is_empty() {
            if !is_error(error) {
                return Err(about!(CallbackInvalid, OTHER, "error"));
            }
            // The last four are what `prompt=none` leads to where the user has to be asked (OpenID Connect Core section 3.1.2.6). Some servers
            // send them at other logins, or have words of their own for a user who goes back.
            let known = b"access_denied user_denied consent_denied consent_required login_required \
                interaction_required account_selection_required";
            let code = match position(known, error) {
                Some(3..) if !transaction.is_silent().is_empty() => Code::InteractionRequired,
                None if after(error, b"user_cancel").is_none() => Code::AuthorizationRefused,
                _ => Code::AccessDenied,
            };
            let uri = if is_link(uri) { uri } else { b"".as_slice() };
            let secrets = [state, authorization_code, transaction.code_verifier()];
            let [error, description, uri] = [error, description, uri].map(|text| without(&secrets, text));
            return Ok(Answer::Refused(Box::new(Refusal { code, error, description, uri })));
        }
        if authorization_code.is_empty() {
            return Err(about!(CodeMissing, OTHER, "code"));
        }
        if !is_utf8(authorization_code) {
            return Err(about!(CallbackInvalid, OTHER, "code"));
        }
        Ok(Answer::Given(SaidParts { code: authorization_code, iss }.to_fields()))
    }
}

/// Whether it is of the alphabet of an `error` (RFC 6749 appendix A.7).
fn is_error(text: &[u8]) -> bool {
    all(text, const { &Class::printable(b"\"\\") })
}

/// The most of an `error` that is kept, or told of somebody who is not known.
const MOST_ERROR: usize = 128;

/// An `error` within bounds; empty when it is none.
#[inline(never)]
pub(crate) fn bounded(error: &[u8]) -> &[u8] {
    if is_error(error) { error.get(..error.len().min(MOST_ERROR)).unwrap_or_default() } else { b"" }
}

/// The parameters of a form in the one spelling that they have here.
#[inline(never)]
fn anew(form: Option<&[u8]>) -> Vec<u8> {
    let mut written = Vec::new();
    for pair in parts(form.unwrap_or_default(), b'&') {
        let (name, value) = cut(pair, b'=');
        if !pair.is_empty() {
            written.pair(&decode(name), &decode(value.unwrap_or_default()));
        }
    }
    written
}

/// How often a form has that parameter, in the upper half, and in the lower one how many others of its name, but for those of a response.
#[inline(never)]
fn count(form: &[u8], pair: &[u8]) -> u64 {
    let mut count = 0_u64;
    for other in parts(form, b'&') {
        let (name, _) = cut(other, b'=');
        if other == pair {
            count = count.wrapping_add(1 << 32);
        } else if name == cut(pair, b'=').0 && position(PARAMETERS, name).is_none() {
            count = count.wrapping_add(1);
        }
    }
    count
}

/// Whether a callback at one of these redirect URIs is one at the other too.
pub(crate) fn is_same_place(one: &[u8], other: &[u8]) -> bool {
    is_at(one, other) || is_at(other, one)
}

/// Whether a callback at this address is one of this redirect URI.
pub(crate) fn is_at(address: &[u8], redirect_uri: &[u8]) -> bool {
    Callback::read(address, redirect_uri).difference == 0
}

/// In which part an address without query is another one than that of the redirect URI: by more than the equivalence of RFC 3986, which knows
/// no case in scheme and authority (sections 3.1 and 3.2.2) and writes an empty path behind an authority as `/` (section 6.2.3).
fn difference(base: &[u8], expected: &[u8]) -> u8 {
    if base == expected {
        return 0;
    }
    let (Some(base), Some(expected)) = (Url::parse(base), Url::parse(expected)) else {
        return const { OTHER.place("redirect_uri") };
    };
    if !base.has_scheme(expected.scheme) {
        const { OTHER.place("scheme") }
    } else if !base.has_origin_of(&expected) {
        const { OTHER.place("host") }
    } else if significant_path(&base) != significant_path(&expected) {
        const { OTHER.place("path") }
    } else {
        0
    }
}

const fn significant_path<'a>(url: &Url<'a>) -> &'a [u8] {
    if url.authority.is_some() && url.path.is_empty() { b"/" } else { url.path }
}
