//! The pending login and what remains of it, as records that survive the page.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::transaction::{MOST_KEPT, Outcome, Tombstone, forgettable, kept_since, key};
use pkce_wasm::encoding::base64url;
use pkce_wasm::{Code, Grant, Transaction, Verifier, begin};
use proptest::prelude::*;
use serde_json::json;
use support::entropy::Seeded;
use support::{
    CODE, NOW, answer, code, come_back, config, config_with, document, fault, fields, line, login, login_at,
    login_with, metadata_with, parameter, parse, promises_iss, response_url, state, value, with_line,
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
// Nor are tokens copied by accident.
assert_not_clone!(pkce_wasm::Unverified pkce_wasm::TokenSet pkce_wasm::client::session::Session pkce_wasm::Answer);

/// The record of a login, with one line replaced, or without what stood there.
fn record_with(name: &str, replacement: Option<&str>) -> String {
    with_line(login().transaction.to_record().expose(), name, replacement.unwrap_or_default())
}

/// The record of a tombstone with those lines.
fn tombstone_of(lines: [&str; 9]) -> String {
    lines.map(|line| [line, "\n"].concat()).concat()
}

fn tombstones() -> impl Iterator<Item = Outcome> {
    let refused =
        Code::ALL.iter().flat_map(|code| [false, true].map(|restart| Outcome::Refused { code: *code, restart }));
    [Outcome::Claimed, Outcome::Completed, Outcome::SignedOut].into_iter().chain(refused)
}

#[test]
fn a_login_survives_the_page() {
    let login = login();
    let url = answer(&login, &[("code", CODE)]);
    let record = login.transaction.to_record();
    let revived = Transaction::from_record(record.expose()).unwrap();
    assert_eq!(revived.to_record().expose(), record.expose());
    let (request, _) = come_back(revived, &url).unwrap().into_request(&config());
    let code_verifier = line(record.expose(), "code_verifier");
    assert_eq!(value(&fields(&request), "code_verifier"), Some(code_verifier));
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
    let callback = parse(&answer(&login, &[("code", CODE)])).unwrap();
    assert_eq!(key(callback.state()), login.transaction.key());
    assert_eq!(login.transaction.key().len(), 43);
    assert!(!login.transaction.key().contains(&state));
    assert_ne!(key("a"), key("b"));
}

#[test]
fn a_record_that_lacks_a_field_is_refused_and_told_which() {
    for field in [
        "v",
        "state",
        "code_verifier",
        "created_at",
        "expires_at",
        "issuer",
        "client_id",
        "redirect_uri",
        "token_endpoint",
        "scope",
    ] {
        let transaction = Transaction::from_record(&record_with(field, None));
        assert_eq!(fault(transaction), (Code::TransactionInvalid, Some(field)));
    }
}

#[test]
fn a_record_with_a_bad_field_is_refused_and_told_which() {
    for (field, bad) in [
        ("v", "0"),
        ("v", "1"),
        ("v", "3"),
        ("v", ""),
        ("code_verifier", "short"),
        ("code_verifier", ""),
        ("created_at", ""),
        ("created_at", "-1"),
        ("created_at", "18446744073709551616"),
        ("created_at", "yesterday"),
        ("expires_at", ""),
        ("expires_at", "tomorrow"),
    ] {
        let transaction = Transaction::from_record(&record_with(field, Some(bad)));
        assert_eq!(fault(transaction), (Code::TransactionInvalid, Some(field)), "{bad:?}");
    }
    for record in ["", "{}", "null", "%FF=1", "v=1", "2", "2\n", "undefined", "[object Object]"] {
        assert_eq!(code(Transaction::from_record(record)), Code::TransactionInvalid, "{record}");
    }
}

/// Who can write the storage says no more by it than a login can be begun with.
#[test]
fn sb10_a_record_that_no_login_is_begun_with_is_refused() {
    let soon = NOW.saturating_add(1 << 32).to_string();
    let before = NOW.saturating_sub(1).to_string();
    let token = "a".repeat(43);
    for (field, bad) in [
        ("state", "short"),
        ("state", &"a".repeat(44)),
        ("state", &"a.b".repeat(14)),
        ("state", &format!("popup.popup.{token}")),
        ("state", &format!("Popup.{token}")),
        ("nonce", ""),
        ("nonce", "short"),
        ("nonce", "\\e"),
        ("nonce", &"=".repeat(43)),
        ("scope", "openid  email"),
        ("scope", " openid"),
        ("scope", "open\"id"),
        ("scope", "openid\\nemail"),
        ("expires_at", &soon),
        ("expires_at", &before),
        ("max_age", "4294967296"),
        ("max_age", "-1"),
        ("max_age", "\\e"),
        ("acr_values", "a  b"),
        ("resource", "/relative"),
        ("resource", "https://api.example/#x"),
        ("return_to", "https://evil.example/"),
        ("return_to", "//evil.example"),
        ("return_to", "/\\\\evil.example"),
        ("return_to", "/\\n/evil.example"),
        ("return_to", "/\t/evil.example"),
        ("return_to", "javascript:alert(1)"),
        ("return_to", "orders"),
        ("return_to", "\\e"),
    ] {
        let record = record_with(field, Some(bad));
        assert_eq!(code(Transaction::from_record(&record)), Code::TransactionInvalid, "{field}: {bad:?}");
    }
    // Without `openid` there is no nonce, and with it there is one.
    assert_eq!(code(Transaction::from_record(&record_with("scope", Some("email")))), Code::TransactionInvalid);
    let plain = with_line(&record_with("scope", Some("email")), "nonce", "");
    assert!(Transaction::from_record(&plain).is_ok());
    let popup = with_line(&plain, "state", &format!("popup.{token}"));
    assert!(Transaction::from_record(&popup).is_ok());
}

#[test]
fn sb10_what_remains_of_a_login_leads_to_a_path_of_the_application() {
    let way_back = |return_to| {
        Tombstone::from_record(&tombstone_of(["2", "1", "86401", "completed", "", "", "o", return_to, ""]))
            .unwrap()
            .return_to
    };
    assert_eq!(way_back("/orders").as_deref(), Some("/orders"));
    for edited in
        ["https://evil.example/", "//evil.example", "/\\\\evil.example", "javascript:alert(1)", "/\t/evil.example"]
    {
        assert_eq!(way_back(edited), None, "{edited}");
    }
}

#[test]
fn a_record_with_a_line_too_many_or_too_few_is_refused() {
    let record = login().transaction.to_record();
    let (without_last, _) = record.expose().trim_end_matches('\n').rsplit_once('\n').unwrap();
    for other in [
        [record.expose(), "\n"].concat(),
        [record.expose(), "twice\n"].concat(),
        [record.expose(), "twice"].concat(),
        [without_last, "\n"].concat(),
        record.expose().trim_end_matches('\n').to_owned(),
    ] {
        assert_eq!(fault(Transaction::from_record(&other)), (Code::TransactionInvalid, None), "{other}");
    }
    let once = tombstone_of(["2", "1", "86401", "completed", "", "", "o", "", ""]);
    assert_eq!(Tombstone::from_record(&once).unwrap().to_record(), once);
    for more in ["\n", "twice\n", "twice"] {
        assert_eq!(Tombstone::from_record(&[&once, more].concat()), None, "{more:?}");
    }
    assert_eq!(Tombstone::from_record(once.trim_end_matches('\n')), None);
}

#[test]
fn ac7_a_login_expires_after_its_time_and_not_by_a_clock_that_was_set_back() {
    let transaction = login().transaction;
    for (now, expired) in
        [(0, false), (NOW, false), (NOW.saturating_add(600), false), (NOW.saturating_add(601), true), (u64::MAX, true)]
    {
        assert_eq!(transaction.is_expired(now), expired, "{now}");
    }
    let patient = config_with(|settings| settings.transaction_max_age = u32::MAX);
    let login = begin(&patient, &support::metadata(), LoginOptions::default(), &mut Seeded(5), NOW).unwrap();
    let callback = parse(&answer(&login, &[("code", CODE)])).unwrap();
    assert!(login.transaction.accept(&patient, callback, NOW.saturating_add(86_400)).is_ok());
}

/// When the record of a login that began `age` seconds ago was begun, if it is kept.
fn since(age: u64, max_age: u32) -> Option<u64> {
    let config = config_with(|settings| settings.transaction_max_age = max_age);
    let began = NOW.saturating_sub(age);
    let login = begin(&config, &support::metadata(), LoginOptions::default(), &mut Seeded(age), began).unwrap();
    kept_since(login.transaction.to_record().expose(), NOW)
}

#[test]
fn the_record_of_a_login_is_kept_for_the_time_that_it_was_begun_with() {
    for (age, max_age, is_kept) in
        [(0, 1, true), (600, 600, true), (601, 600, false), (601, 3600, true), (3601, 3600, false), (59, 60, true)]
    {
        assert_eq!(since(age, max_age).is_some(), is_kept, "{age} of {max_age}");
    }
    assert_eq!(since(30, 600), Some(NOW.saturating_sub(30)));
    // A clock that was set back makes no login old.
    assert!(kept_since(login().transaction.to_record().expose(), 0).is_some());
}

#[test]
fn a_record_of_another_version_is_refused_and_its_times_count_all_the_same() {
    for version in ["0", "1", "3", "2.1"] {
        let record = record_with("v", Some(version));
        assert_eq!(fault(Transaction::from_record(&record)), (Code::TransactionInvalid, Some("v")));
        assert_eq!(
            kept_since(&record, NOW),
            Some(NOW),
            "a page of this version does not take it from one of that version"
        );
        assert_eq!(kept_since(&record, NOW.saturating_add(601)), None);
    }
    for field in ["created_at", "expires_at"] {
        assert_eq!(kept_since(&record_with(field, None), NOW), None, "what does not say its age is forgotten");
        assert_eq!(kept_since(&record_with(field, Some("x")), NOW), None);
    }
    for record in ["", "{}", "2\n1", "2\n\n99999999999", "1\n99999999999", "2\nx1\nx99999999999", "created_at=1", "%FF"]
    {
        assert_eq!(kept_since(record, NOW), None, "{record}");
    }
    // No value of a login can pass for its times.
    let options = LoginOptions { login_hint: Some("\n1\n99999999999\n".into()), ..LoginOptions::default() };
    assert_eq!(kept_since(login_with(options).transaction.to_record().expose(), NOW), Some(NOW));
}

#[test]
fn ten_thousand_abandoned_logins_leave_no_more_than_the_bound_and_the_newest_of_them() {
    let mut kept: Vec<(String, Option<u64>)> = Vec::new();
    for number in 0..10_000_u64 {
        for name in forgettable(kept.clone()) {
            kept.retain(|(other, _)| *other != name);
        }
        kept.push((number.to_string(), Some(NOW.saturating_add(number / 20))));
        assert!(kept.len() <= MOST_KEPT);
        assert!(kept.iter().any(|(name, _)| *name == number.to_string()), "the one just begun stays");
    }
    assert_eq!(kept.len(), MOST_KEPT);
    let oldest = kept.iter().filter_map(|(_, since)| *since).min().unwrap();
    assert!(oldest >= NOW.saturating_add(10_000 / 20 - 6), "{oldest}");
}

#[test]
fn fifty_logins_at_once_are_all_kept() {
    let kept = (0..50).map(|number| (number.to_string(), Some(NOW))).collect();
    assert_eq!(forgettable(kept), Vec::<String>::new());
}

#[test]
fn what_is_over_goes_first_and_then_the_oldest() {
    let mut kept: Vec<_> = (0..MOST_KEPT).map(|age| (format!("{age}"), Some(NOW.saturating_sub(age as u64)))).collect();
    kept.insert(3, ("over".into(), None));
    assert_eq!(forgettable(kept.clone()), ["over".to_owned(), (MOST_KEPT - 1).to_string()]);
    kept.pop();
    assert_eq!(forgettable(kept), ["over"]);
    assert_eq!(forgettable(Vec::new()), Vec::<String>::new());
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
            let tombstone = Tombstone::new(&config(), outcome, return_to, NOW);
            assert_eq!(Tombstone::from_record(&tombstone.to_record()), Some(tombstone));
        }
    }
}

#[test]
fn ac11_a_tombstone_is_kept_for_a_day() {
    let record = Tombstone::new(&config(), Outcome::Completed, None, NOW).to_record();
    let after = |seconds: u64| kept_since(&record, NOW.saturating_add(seconds)).is_some();
    assert!(after(0) && after(86_400) && !after(86_401));
    assert!(kept_since(&record, 0).is_some());
}

#[test]
fn ac11_a_tombstone_says_whose_it_is_without_naming_them_and_holds_no_secret() {
    let other_client = config_with(|settings| settings.client_id = "other".into());
    let other_issuer = config_with(|settings| settings.issuer = "https://other.example".into());
    let other_session = config_with(|settings| settings.session_name = "other".into());
    let login = login();
    let secrets = login.transaction.to_record();
    for outcome in tombstones() {
        let record = Tombstone::new(&config(), outcome, Some("/orders".into()), NOW).to_record();
        let tombstone = Tombstone::from_record(&record).unwrap();
        assert!(!tombstone.is_foreign(&config()));
        for other in [&other_client, &other_issuer, &other_session] {
            assert!(tombstone.is_foreign(other));
        }
        for name in ["state", "code_verifier", "nonce", "issuer", "client_id"] {
            assert!(!record.contains(&line(secrets.expose(), name)), "{name}");
        }
    }
}

#[test]
fn sb2_a_login_belongs_to_its_session_name() {
    let named = |name: &str| config_with(|settings| settings.session_name = name.into());
    let login = begin(&named("work"), &metadata_with(|_| {}), LoginOptions::default(), &mut Seeded(7), NOW).unwrap();
    let record = login.transaction.to_record();
    assert_eq!(line(record.expose(), "session_name"), "work");
    let transaction = Transaction::from_record(record.expose()).unwrap();
    assert_eq!(transaction.foreign_member(&named("work")), None);
    for other in ["", "Work", "work\n", "work\\n"] {
        assert_eq!(transaction.foreign_member(&named(other)), Some("session_name"), "{other:?}");
    }
    // Without a name the records are those that they were before there were names.
    assert_eq!(config().owner(), sha256_base64url("https://as.example\napp"));
    let owners = ["", "a", "b", "a\n", "\n", "\na"].map(|name| named(name).owner());
    for (place, owner) in owners.iter().enumerate() {
        assert!(!owners[..place].contains(owner), "{place}");
    }
    // Neither client id nor issuer can say what a name says.
    let other = config_with(|settings| (settings.client_id, settings.session_name) = ("app a".into(), String::new()));
    assert_ne!(other.owner(), named("a").owner());
}

fn sha256_base64url(text: &str) -> String {
    base64url(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
}

#[test]
fn a_completed_login_needs_no_more_room_than_a_claimed_one_and_that_less_than_the_login() {
    let login = login_with(LoginOptions { return_to: Some("/orders".into()), ..LoginOptions::default() });
    let length = |outcome| Tombstone::new(&config(), outcome, Some("/orders".into()), NOW).to_record().len();
    assert!(length(Outcome::Completed) <= length(Outcome::Claimed));
    assert!(tombstones().all(|outcome| length(outcome) < login.transaction.to_record().expose().len()));
}

#[test]
fn a_tombstone_and_a_transaction_are_not_taken_for_each_other() {
    assert_eq!(Tombstone::from_record(login().transaction.to_record().expose()), None);
    for outcome in tombstones() {
        let record = Tombstone::new(&config(), outcome, None, NOW).to_record();
        assert_eq!(code(Transaction::from_record(&record)), Code::TransactionInvalid);
    }
}

#[test]
fn a_tombstone_of_another_form_is_none() {
    let sound = ["2", "1", "86401", "completed", "", "", "o", "", ""];
    assert!(Tombstone::from_record(&tombstone_of(sound)).is_some());
    for (place, wrong) in [(0, ""), (0, "1"), (0, "3"), (1, ""), (1, "x"), (1, "-1"), (6, "")] {
        let mut lines = sound;
        lines[place] = wrong;
        assert_eq!(Tombstone::from_record(&tombstone_of(lines)), None, "{wrong:?} at {place}");
    }
    for record in ["", "2", "2\n1\n86401\ncompleted\n", "v=1&outcome=completed&created_at=1&owner=o", "%FF"] {
        assert_eq!(Tombstone::from_record(record), None, "{record}");
    }
}

/// A code of a newer version says nothing here; that the code was sent is known all the same.
#[test]
fn a_tombstone_with_a_code_that_is_not_known_is_of_a_login_that_was_claimed() {
    for code in ["", "9999", "x"] {
        let record = tombstone_of(["2", "1", "86401", "refused", code, "1", "o", "", ""]);
        assert_eq!(Tombstone::from_record(&record).unwrap().outcome, Outcome::Claimed, "{code}");
    }
}

#[test]
fn ac8_the_nonce_is_kept_with_the_login() {
    let login = login();
    let kept = line(login.transaction.to_record().expose(), "nonce");
    assert_eq!(Some(&kept), parameter(&login.url, "nonce").as_ref());
    assert!(!kept.is_empty());
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
        prop_assert!(!revived.is_expired(now));
    }

    #[test]
    fn any_string_can_be_read_as_a_record(record in "\\PC*|2\n([0-9]{0,3}\n){2}([a-z0-9\\\\]{0,43}\n){5,16}") {
        let _ = Transaction::from_record(&record);
        let _ = Tombstone::from_record(&record);
        let _ = kept_since(&record, NOW);
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
    fn ac11_a_tombstone_makes_the_round_trip(return_to in prop::option::of("/[a-z?=&%#+]{0,20}"), now: u64) {
        let tombstone = Tombstone::new(&config(), Outcome::Completed, return_to, now);
        prop_assert_eq!(Tombstone::from_record(&tombstone.to_record()), Some(tombstone));
    }
}

#[test]
fn id7_the_keys_can_be_fetched_before_the_code_is_spent() {
    let request = login().transaction.keys_request().unwrap();
    assert_eq!(Some(request.url.as_str()), document()["jwks_uri"].as_str());
    assert!(request.form.is_none() && request.bearer.is_none());

    let without_keys = metadata_with(|document| {
        document.as_object_mut().unwrap().remove("jwks_uri");
    });
    assert!(login_at(&without_keys).transaction.keys_request().is_none());
    let scope = Some("files".to_owned());
    let without_id_token = login_with(LoginOptions { scope, ..LoginOptions::default() });
    assert!(without_id_token.transaction.keys_request().is_none());
}
