//! The whole login of a client that keeps its records: what becomes of a callback, by what is kept of it, and how a login
//! ends (RFC 6749 section 10.5: a code is redeemed once).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::{Code, Fault, PASSING};
use crate::flow::callback::{Answer, Callback, Refusal, Said, bounded, is_at};
use crate::flow::setup::Setup;
use crate::flow::token::redeem;
use crate::flow::transaction::{Outcome, Tombstone, Transaction, bury, is_state, key};
use crate::tables::about;
use crate::text::{contains, same};

/// What becomes of a callback.
#[allow(clippy::large_enum_variant, reason = "it is taken apart as soon as it is made")]
pub(crate) enum Arrival<'a> {
    /// The URL is none of this client's.
    None,
    /// It is an error at the redirect URI of a pending login, and does not say to which one it belongs.
    Unverified,
    /// It is another client's login, or one that this browser did not begin.
    Foreign(Fault),
    /// It came to its end before.
    Ended(Tombstone<'a>),
    /// It is refused, by the server with its words or by a check; and where to return to.
    Refused(Fault, Option<Box<Refusal>>, &'a [u8]),
    /// The code is redeemed by this form, after the login was claimed.
    Redeem { form: Vec<u8>, said: Vec<u8>, transaction: Transaction<'a> },
}

/// The name of the login or sign-out that a URL belongs to, if any is known by it; empty when none can be.
pub(crate) fn key_of(callback: &Callback) -> Vec<u8> {
    if is_state(callback.state()) { key(callback.state()) } else { Vec::new() }
}

/// What is wrong with a URL that belongs to no login that is known; nothing where it is no response. Only the whole form of a response may be one: `state` alone is none
/// (RFC 6749 section 4.1.2).
pub(crate) fn of_nobody(callback: &Callback) -> Option<Code> {
    callback.is_response().then_some(Code::TransactionNotFound)
}

/// Looks at a URL that the page was reached by, with what is kept under its name: the fields of the pending login, and of what
/// remains of one; empty when there is none. A URL without a name is looked at with any pending login. `now` is in seconds since 1970.
pub(crate) fn arrive<'a>(
    setup: &Setup<'_>,
    url: &[u8],
    callback: &Callback,
    pending: &'a [u8],
    remains: &'a [u8],
    now: u64,
) -> Arrival<'a> {
    // At another place it is no concern of this client's that a login is another one's.
    let foreign = |fault| if callback.difference == 0 { Arrival::Foreign(fault) } else { Arrival::None };
    if let Some(tombstone) = Tombstone::parse(remains) {
        return if tombstone.is_foreign(setup) {
            foreign(about!(TransactionInvalid, SETTINGS, "client_id"))
        } else {
            Arrival::Ended(tombstone)
        };
    }
    if pending.is_empty() {
        return of_nobody(callback).map_or(Arrival::None, |code| Arrival::Foreign(code.into()));
    }
    let transaction = match Transaction::parse(pending) {
        Ok(transaction) => transaction,
        Err(fault) if callback.difference == 0 && !callback.state().is_empty() => {
            return Arrival::Refused(fault, None, b"");
        }
        Err(_) => return Arrival::None,
    };
    let owner = transaction.check_owner(setup);
    if callback.state().is_empty() {
        let is_awaited =
            owner.is_ok() && !transaction.is_expired(now) && transaction.redirect_uri() == setup.redirect_uri();
        return if is_awaited { Arrival::Unverified } else { Arrival::None };
    }
    if let Err(fault) = owner {
        return foreign(fault);
    }
    // It was kept under the name of another one.
    if transaction.state() != callback.state() {
        return Arrival::Refused(about!(TransactionInvalid, OTHER, "state"), None, b"");
    }
    // It is where it was sent to, which is the place of another client of this name.
    if callback.difference != 0 && is_at(url, transaction.redirect_uri()) {
        return Arrival::Foreign(about!(TransactionInvalid, SETTINGS, "redirect_uri"));
    }
    let return_to = transaction.return_to();
    let own;
    let callback = if same(transaction.redirect_uri(), setup.redirect_uri()) {
        callback
    } else {
        own = Callback::read(url, transaction.redirect_uri());
        &own
    };
    match callback.accept(setup, &transaction, now) {
        Ok(Answer::Given(said)) => {
            let mut form = Vec::new();
            redeem(setup, &transaction, Said::of_table(&said).code(), &mut form);
            Arrival::Redeem { form, said, transaction }
        }
        Ok(Answer::Refused(refusal)) => Arrival::Refused(refusal.code.into(), Some(refusal), return_to),
        Err(fault) => Arrival::Refused(fault, None, return_to),
    }
}

/// How an operation failed, as far as the end of a login depends on it.
#[derive(Clone, Copy)]
pub(crate) struct Failed<'a> {
    pub(crate) code: Code,
    /// The server's `error`; empty where it sent none.
    pub(crate) error: &'a [u8],
}

impl Failed<'_> {
    /// Whether beginning the login again may help.
    pub(crate) fn restart(self) -> bool {
        self.code.restart_helps(contains(PASSING.as_bytes(), self.error))
    }

    /// The fields of what remains of a login that failed so.
    fn bury(self, owner: &[u8], return_to: &[u8], now: u64) -> Vec<u8> {
        let outcome = Outcome::Refused { code: self.code, restart: self.restart() };
        bury(outcome, bounded(self.error), owner, return_to, now)
    }
}

/// The fields of what remains of a login that was refused at its callback; nothing when it goes on: what was not shown to come
/// from the server does not end it, and the server's own answer may still come.
pub(crate) fn refuse(setup: &Setup<'_>, failed: Failed<'_>, return_to: &[u8], now: u64) -> Vec<u8> {
    if failed.code.ends_login() { failed.bury(&setup.owner(), return_to, now) } else { Vec::new() }
}

/// The fields of what remains of a login whose code is about to be sent.
pub(crate) fn claim(setup: &Setup<'_>, transaction: &Transaction<'_>, now: u64) -> Vec<u8> {
    bury(Outcome::Claimed, b"", &setup.owner(), transaction.return_to(), now)
}

/// The fields of what remains of a login whose code was sent. Nothing when no answer came, or none that counts: the same
/// callback may be handled again, and the pending login takes the place of what remains.
pub(crate) fn end(setup: &Setup<'_>, transaction: &Transaction<'_>, failed: Option<Failed<'_>>, now: u64) -> Vec<u8> {
    let (owner, return_to) = (setup.owner(), transaction.return_to());
    match failed {
        Some(failed) if failed.code.retryable() => Vec::new(),
        Some(failed) => failed.bury(&owner, return_to, now),
        None => bury(Outcome::Completed, b"", &owner, return_to, now),
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test states what it expects by failing"
)]
mod tests {
    use std::string::String;
    use std::vec::Vec;

    use super::*;
    use crate::error::Code;
    use crate::flow::authorize::begin;
    use crate::flow::setup::setup;
    use crate::random::SystemEntropy;
    use crate::table::{from_lines, to_lines};
    use crate::tables::{Options, member};

    const NOW: u64 = 1_800_000_000;

    fn set_up() -> Vec<u8> {
        let config =
            br#"{"issuer":"https://as.example","clientId":"app","redirectUri":"https://app.example/callback"}"#;
        let document = br#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/authorize",
            "token_endpoint":"https://as.example/token","jwks_uri":"https://as.example/jwks",
            "id_token_signing_alg_values_supported":["RS256","ES256"],"authorization_response_iss_parameter_supported":true,
            "code_challenge_methods_supported":["S256"]}"#;
        setup(config, document).unwrap()
    }

    /// The lines of a login's record, and the URL of its callback.
    fn login(setup: &Setup<'_>) -> (Vec<String>, String) {
        let fields = begin(setup, &Options::blank(), b"", &mut SystemEntropy, NOW, &mut Vec::new()).unwrap();
        let lines = String::from_utf8(to_lines(&fields)).unwrap();
        let lines: Vec<String> = lines.lines().map(String::from).collect();
        let url = std::format!("https://app.example/callback?code=c&iss=https://as.example&state={}", lines[3]);
        (lines, url)
    }

    /// What becomes of the callback: the endpoint that the code goes to, or what is wrong.
    fn arrived(setup: &Setup<'_>, url: &str, lines: &[String]) -> Result<String, (Code, Option<&'static [u8]>)> {
        let record: String = lines.iter().map(|line| std::format!("{line}\n")).collect();
        let pending = from_lines(record.as_bytes());
        let callback = Callback::read(url.as_bytes(), setup.redirect_uri());
        match arrive(setup, url.as_bytes(), &callback, &pending, b"", NOW) {
            Arrival::Redeem { transaction, .. } => {
                Ok(String::from_utf8(transaction.token_endpoint().to_vec()).unwrap())
            }
            Arrival::Refused(fault, None, b"") => Err((fault.code(), member(fault))),
            _ => panic!("{url}"),
        }
    }

    #[test]
    fn a_login_that_names_another_endpoint_than_its_server_sends_nothing() {
        let fields = set_up();
        let setup = Setup::of_table(&fields);
        let (lines, url) = login(&setup);
        assert_eq!(arrived(&setup, &url, &lines).unwrap(), "https://as.example/token");
        for (place, edited) in [
            (9, "https://evil.example/token"),
            (9, "https://as.example/token/"),
            (10, "https://evil.example/jwks"),
            (10, ""),
            (11, ""),
            (11, "\\lES256"),
            (16, ""),
            (17, "//evil.example"),
            (5, ""),
            (12, "email"),
            (1, "1900000000"),
        ] {
            let mut lines = lines.clone();
            lines[place] = edited.into();
            let refused = arrived(&setup, &url, &lines).map_err(|(code, _)| code);
            assert_eq!(refused, Err(Code::TransactionInvalid), "{edited:?}");
        }
        assert!(Code::TransactionInvalid.restart_helps(false));
    }

    #[test]
    fn a_login_that_is_kept_under_the_name_of_another_one_sends_nothing() {
        let fields = set_up();
        let setup = Setup::of_table(&fields);
        let ((lines, _), (_, url)) = (login(&setup), login(&setup));
        let expected = (Code::TransactionInvalid, Some(b"state".as_slice()));
        assert_eq!(arrived(&setup, &url, &lines), Err(expected));
    }
}
