//! The pending login and what remains of it, as records that survive the page.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::encoding::{Form, form_pairs};
use pkce_wasm::flow::authorize::LoginOptions;
use pkce_wasm::flow::transaction::{Outcome, Tombstone, key};
use pkce_wasm::{Code, Grant, Transaction, Verifier, begin};
use proptest::prelude::*;
use serde_json::json;
use support::entropy::Seeded;
use support::{
    CODE, NOW, answer, code, come_back, config, config_with, fault, fields, login, login_at, login_with, metadata_with,
    parameter, parse, promises_iss, response_url, state, value,
};

/// The types of which there may be only one, for there is one login.
macro_rules! assert_not_clone {
    ($($type:ty)*) => {$(
        const _: fn() = || {
            // Were the type Clone, two implementations would fit and the compiler could not choose.
            trait Once<Marker> {
                fn once() {}
            }
            impl<T: ?Sized> Once<()> for T {}
            struct Cloned;
            impl<T: Clone> Once<Cloned> for T {}
            <$type as Once<_>>::once();
        };
    )*};
}

// AC11: a code is sent at most once, because whoever sends it gives it away.
assert_not_clone!(Transaction Grant Verifier pkce_wasm::secret::Secret pkce_wasm::Callback pkce_wasm::Exchange);

/// The record of a login, with one field replaced or left out.
fn record_with(name: &str, replacement: Option<&str>) -> String {
    let record = login().transaction.to_record();
    form_pairs(record.expose())
        .unwrap()
        .iter()
        .filter_map(|(field, value)| {
            let value = if field == name { replacement } else { Some(value.as_str()) };
            value.map(|value| (field.as_str(), value))
        })
        .fold(Form::new(), |form, (field, value)| form.with(field, value))
        .finish()
}

fn tombstones() -> impl Iterator<Item = Outcome> {
    let refused = Code::ALL.iter().map(|code| Outcome::Refused(*code));
    [Outcome::Claimed, Outcome::Completed].into_iter().chain(refused)
}

#[test]
fn a_login_survives_the_page() {
    let login = login();
    let url = answer(&login, &[("code", CODE)]);
    let record = login.transaction.to_record();
    let revived = Transaction::from_record(record.expose()).unwrap();
    assert_eq!(revived.to_record().expose(), record.expose());
    let (request, _) = come_back(revived, &url).unwrap().into_request(&config());
    let code_verifier = value(&form_pairs(record.expose()).unwrap(), "code_verifier");
    assert_eq!(value(&fields(&request), "code_verifier"), code_verifier);
    assert_eq!(value(&fields(&request), "code").as_deref(), Some(CODE));
}

#[test]
fn md10_a_pending_login_stays_with_the_token_endpoint_it_began_with() {
    let metadata =
        metadata_with(|document| document["token_endpoint"] = json!("https://pinned.example/token?tenant=1"));
    let login = login_at(&metadata);
    let url = answer(&login, &[("code", CODE)]);
    let transaction = Transaction::from_record(login.transaction.to_record().expose()).unwrap();
    let (request, _) = come_back(transaction, &url).unwrap().into_request(&config());
    assert_eq!(request.url, "https://pinned.example/token?tenant=1");
}

#[test]
fn pk7_two_tabs_do_not_overwrite_each_other() {
    let mut entropy = Seeded(3);
    let mut begin = || {
        let login = begin(&config(), &support::metadata(), LoginOptions::default(), &mut entropy, NOW).unwrap();
        (answer(&login, &[("code", CODE)]), login.transaction)
    };
    let ((first_url, first), (second_url, second)) = (begin(), begin());
    assert_ne!(first.key(), second.key());
    // In either order, and each only with its own answer.
    assert!(come_back(second, &second_url).is_ok());
    assert_eq!(code(come_back(first, &second_url)), Code::StateMismatch);
    assert_ne!(first_url, second_url);
}

#[test]
fn ac9_the_key_is_found_by_the_state_and_does_not_show_it() {
    let login = login();
    let state = state(&login);
    let callback = parse(&answer(&login, &[("code", CODE)])).unwrap().unwrap();
    assert_eq!(key(callback.state()), login.transaction.key());
    assert_eq!(login.transaction.key().len(), 43);
    assert!(!login.transaction.key().contains(&state));
    assert_ne!(key("a"), key("b"));
}

#[test]
fn a_record_that_lacks_a_field_is_refused_and_told_which() {
    for field in
        ["v", "state", "code_verifier", "created_at", "issuer", "client_id", "redirect_uri", "token_endpoint", "scope"]
    {
        let transaction = Transaction::from_record(&record_with(field, None));
        assert_eq!(fault(transaction), (Code::TransactionInvalid, Some(field)));
    }
}

#[test]
fn a_record_with_a_bad_field_is_refused_and_told_which() {
    for (field, bad) in [
        ("v", "0"),
        ("v", "2"),
        ("v", ""),
        ("code_verifier", "short"),
        ("code_verifier", ""),
        ("created_at", ""),
        ("created_at", "-1"),
        ("created_at", "18446744073709551616"),
        ("created_at", "yesterday"),
    ] {
        let transaction = Transaction::from_record(&record_with(field, Some(bad)));
        assert_eq!(fault(transaction), (Code::TransactionInvalid, Some(field)), "{bad:?}");
    }
    for record in ["", "{}", "null", "%FF=1", "v=1", "undefined", "[object Object]"] {
        assert_eq!(code(Transaction::from_record(record)), Code::TransactionInvalid, "{record}");
    }
}

#[test]
fn of_a_field_given_twice_the_first_counts() {
    let record = login().transaction.to_record();
    for field in ["v", "state", "code_verifier", "created_at", "issuer", "token_endpoint", "scope"] {
        let doubled = [record.expose(), "&", field, "=twice"].concat();
        let read = Transaction::from_record(&doubled).map(|transaction| transaction.to_record());
        assert_eq!(read.unwrap().expose(), record.expose(), "{field}");
    }
    let tombstone = Tombstone::from_record("v=1&outcome=completed&created_at=1&v=2&outcome=used&created_at=2").unwrap();
    assert_eq!(tombstone.to_record(), "v=1&outcome=completed&created_at=1");
}

#[test]
fn ac7_a_login_expires_after_its_time_and_not_by_a_clock_that_was_set_back() {
    let transaction = login().transaction;
    for (now, expired) in
        [(0, false), (NOW, false), (NOW.saturating_add(600), false), (NOW.saturating_add(601), true), (u64::MAX, true)]
    {
        assert_eq!(transaction.is_expired(600, now), expired, "{now}");
    }
    let patient = config_with(|settings| settings.transaction_max_age = u32::MAX);
    let login = login();
    let callback = parse(&answer(&login, &[("code", CODE)])).unwrap().unwrap();
    assert!(login.transaction.accept(&patient, callback, NOW.saturating_add(86_400)).is_ok());
}

#[test]
fn a_forged_answer_does_not_cost_the_true_one() {
    let login = login();
    let record = login.transaction.to_record();
    let revive = || Transaction::from_record(record.expose()).unwrap();
    assert!(come_back(revive(), &response_url(&[("code", "stolen"), ("state", "forged")])).is_err());
    assert!(come_back(revive(), &answer(&login, &[("code", "x"), ("iss", "https://evil.example")])).is_err());
    assert!(come_back(revive(), &answer(&login, &[("code", CODE)])).is_ok());
}

#[test]
fn ac11_the_same_callback_has_the_same_outcome_across_reloads() {
    for outcome in tombstones() {
        for return_to in [None, Some("/orders?id=1&x=%".to_owned())] {
            let tombstone = Tombstone::new(outcome, return_to, NOW);
            assert_eq!(Tombstone::from_record(&tombstone.to_record()), Some(tombstone));
        }
    }
}

#[test]
fn ac11_a_tombstone_is_kept_for_a_day() {
    let tombstone = Tombstone::new(Outcome::Completed, None, NOW);
    let after = |seconds: u64| tombstone.is_stale(NOW.saturating_add(seconds));
    assert!(!after(0) && !after(86_400) && after(86_401));
    assert!(!tombstone.is_stale(0));
}

#[test]
fn a_tombstone_and_a_transaction_are_not_taken_for_each_other() {
    assert_eq!(Tombstone::from_record(login().transaction.to_record().expose()), None);
    for outcome in tombstones() {
        let record = Tombstone::new(outcome, None, NOW).to_record();
        assert_eq!(code(Transaction::from_record(&record)), Code::TransactionInvalid);
    }
}

#[test]
fn a_tombstone_of_another_form_is_none() {
    for record in [
        "",
        "v=1",
        "v=2&outcome=completed&created_at=1",
        "v=1&outcome=completed",
        "v=1&outcome=completed&created_at=x",
        "v=1&outcome=used&code=9999&created_at=1",
        "v=1&outcome=used&code=x&created_at=1",
        "v=1&created_at=1",
        "%FF",
    ] {
        assert_eq!(Tombstone::from_record(record), None, "{record}");
    }
}

#[test]
fn ac8_the_nonce_is_kept_with_the_login() {
    let login = login();
    let kept = value(&form_pairs(login.transaction.to_record().expose()).unwrap(), "nonce");
    assert_eq!(kept, parameter(&login.url, "nonce"));
    assert!(kept.is_some());
}

proptest! {
    #[test]
    fn a_record_makes_the_round_trip_whatever_the_login_was(
        seed: u64,
        now: u64,
        scope in "[!#-\\[\\]-~]{1,12}( [!#-\\[\\]-~]{1,12}){0,3}",
        return_to in prop::option::of("/[a-z?=&%#+]{0,20}"),
        client_id in "[ -~]{1,20}",
        promised: bool,
    ) {
        let config = config_with(|settings| settings.client_id = client_id);
        let metadata = metadata_with(|document| if promised { promises_iss(document) });
        let options = LoginOptions { scope: Some(scope), return_to: return_to.clone(), ..LoginOptions::default() };
        let transaction = begin(&config, &metadata, options, &mut Seeded(seed), now).unwrap().transaction;
        let record = transaction.to_record();
        let revived = Transaction::from_record(record.expose()).unwrap();
        let again = revived.to_record();
        prop_assert_eq!(again.expose(), record.expose());
        prop_assert_eq!(revived.return_to(), return_to.as_deref());
        prop_assert_eq!(revived.key(), transaction.key());
        prop_assert!(!revived.is_expired(0, now));
    }

    #[test]
    fn any_string_can_be_read_as_a_record(record in "\\PC*|v=1(&(state|code_verifier|created_at|outcome|code)=[a-z0-9%]{0,43}){0,6}") {
        let _ = Transaction::from_record(&record);
        let _ = Tombstone::from_record(&record);
    }

    #[test]
    fn a_record_that_was_cut_or_changed_is_read_as_another_login_or_refused(at: prop::sample::Index, byte in " -~") {
        let login = login_with(LoginOptions { return_to: Some("/".into()), ..LoginOptions::default() });
        let mut record: Vec<char> = login.transaction.to_record().expose().chars().collect();
        let cut: String = record.iter().take(at.index(record.len())).collect();
        let _ = Transaction::from_record(&cut);
        *at.get_mut(&mut record) = byte.chars().next().unwrap();
        let changed: String = record.into_iter().collect();
        if let Ok(transaction) = Transaction::from_record(&changed) {
            // What was read can be kept again.
            prop_assert!(Transaction::from_record(transaction.to_record().expose()).is_ok());
        }
    }

    #[test]
    fn ac11_a_tombstone_makes_the_round_trip(return_to: Option<String>, now: u64) {
        let tombstone = Tombstone::new(Outcome::Completed, return_to, now);
        prop_assert_eq!(Tombstone::from_record(&tombstone.to_record()), Some(tombstone));
    }
}
