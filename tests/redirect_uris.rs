//! A redirect URI of its own for each server that does not promise `iss` (RFC 9700 section 4.4).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::redirect_uris::RedirectUris;
use pkce_wasm::{Code, Config, Error, Metadata, Settings};
use proptest::prelude::*;
use serde_json::json;
use support::{CLIENT_ID, NOW, code, document_with, fault, promises_iss, try_config};

const DAY: u64 = 86_400;
const OURS: &str = "https://app.example/callback";

fn issuer(name: &str) -> String {
    format!("https://{name}.example")
}

/// A client of that server at that redirect URI; of the servers that are named all are trusted with each other's codes.
fn client(name: &str, redirect_uri: &str, trusted: &[&str]) -> (Config, Metadata) {
    let mut settings = Settings::new(issuer(name), CLIENT_ID, redirect_uri);
    settings.shared_redirect_uri_issuers = trusted.iter().map(|name| issuer(name)).collect();
    (Config::new(settings).unwrap(), server(name, false))
}

fn server(name: &str, promises: bool) -> Metadata {
    let document = document_with(|document| {
        document["issuer"] = json!(issuer(name));
        if promises {
            promises_iss(document);
        }
    });
    Metadata::from_json(&document.to_string(), &issuer(name), false).unwrap()
}

/// A login there, at that time.
fn login(uris: &mut RedirectUris, name: &str, redirect_uri: &str, now: u64) -> Result<(), Error> {
    let (config, metadata) = client(name, redirect_uri, &[]);
    uris.note(&config, &metadata, now)
}

/// What is kept, read anew.
fn kept(uris: &RedirectUris) -> RedirectUris {
    RedirectUris::from_record(uris.to_record())
}

fn entries(uris: &RedirectUris) -> Vec<String> {
    let record = uris.to_record();
    record.lines().collect::<Vec<_>>().chunks(3).map(|entry| entry.join(" ")).collect()
}

#[test]
fn is5_two_servers_without_iss_do_not_share_a_redirect_uri() {
    let mut uris = RedirectUris::default();
    login(&mut uris, "honest", OURS, NOW).unwrap();
    let mut uris = kept(&uris);
    let before = uris.clone();
    for _ in 0..2 {
        let refused = login(&mut uris, "liar", OURS, NOW);
        assert_eq!(fault(refused), (Code::RedirectUriShared, Some("redirect_uri")));
        assert_eq!(uris, before, "a login that is refused is not noted");
    }
    login(&mut uris, "honest", OURS, NOW).unwrap();
    login(&mut uris, "liar", "https://app.example/callback/liar", NOW).unwrap();
    assert_eq!(entries(&uris).len(), 2);
}

#[test]
fn is5_redirect_uris_are_different_if_neither_is_a_callback_of_the_other() {
    for (one, other, are_different) in [
        (OURS, "https://app.example/callback?as=1", false),
        ("https://app.example/callback?as=1", "https://app.example/callback?as=1&b=2", false),
        ("https://app.example/callback?as=1", "https://app.example/callback?as=2", true),
        ("https://app.example/callback?as=1", "https://app.example/callback?as=11", true),
        (OURS, "https://APP.example:443/callback", false),
        ("https://app.example", "https://app.example/", false),
        (OURS, "https://app.example/callback/", true),
        (OURS, "https://app.example:444/callback", true),
        (OURS, "http://localhost/callback", true),
        ("http://127.0.0.1:5000/cb", "http://127.0.0.1:5001/cb", true),
        ("com.example.app:/cb", "com.example.app:/cb?x=1", false),
    ] {
        for (first, second) in [(one, other), (other, one)] {
            let mut uris = RedirectUris::default();
            login(&mut uris, "a", first, NOW).unwrap();
            let noted = login(&mut kept(&uris), "b", second, NOW);
            assert_eq!(noted.is_ok(), are_different, "{first} and {second}");
        }
    }
}

#[test]
fn is5_a_server_that_promises_iss_may_share_a_redirect_uri() {
    let (config, _) = client("a", OURS, &[]);
    let mut uris = RedirectUris::default();
    login(&mut uris, "b", OURS, NOW).unwrap();
    let before = uris.clone();
    uris.note(&config, &server("a", true), NOW).unwrap();
    assert_eq!(uris, before);
    login(&mut uris, "b", OURS, NOW).unwrap();
    login(&mut uris, "c", OURS, NOW).unwrap_err();
}

#[test]
fn is5_a_server_that_promises_iss_from_now_on_leaves_its_redirect_uri_to_others() {
    let (config, _) = client("a", OURS, &[]);
    let mut uris = RedirectUris::default();
    login(&mut uris, "a", OURS, NOW).unwrap();
    login(&mut uris, "a", "https://app.example/other", NOW).unwrap();
    uris.note(&config, &server("a", true), NOW).unwrap();
    assert_eq!(uris.to_record(), "");
    login(&mut uris, "b", OURS, NOW).unwrap();
}

#[test]
fn is5_servers_that_are_all_trusted_may_share_a_redirect_uri() {
    let mut uris = RedirectUris::default();
    login(&mut uris, "a", OURS, NOW).unwrap();
    for (trusted, is_fine) in [
        (&["b"][..], false),
        (&["a"], false),
        (&["a", "c"], false),
        (&[], false),
        (&["a", "b"], true),
        (&["c", "b", "a"], true),
    ] {
        let (config, metadata) = client("b", OURS, trusted);
        let noted = kept(&uris).note(&config, &metadata, NOW);
        assert_eq!(noted.is_ok(), is_fine, "{trusted:?}");
    }
}

#[test]
fn is5_issuers_that_share_a_redirect_uri_are_issuers() {
    for issuer in ["", "as.example", "https://as.example?x", "http://as.example", "https://a b"] {
        let config = try_config(|settings| {
            settings.shared_redirect_uri_issuers = vec!["https://a.example".into(), issuer.into()]
        });
        assert_eq!(fault(config), (Code::ConfigInvalid, Some("shared_redirect_uri_issuers")), "{issuer:?}");
    }
}

#[test]
fn is5_a_server_is_forgotten_30_days_after_its_last_login() {
    let mut uris = RedirectUris::default();
    login(&mut uris, "old", OURS, NOW).unwrap();
    login(&mut uris, "old", OURS, NOW + 20 * DAY).unwrap();
    login(&mut kept(&uris), "new", OURS, NOW + 50 * DAY).unwrap_err();
    login(&mut uris, "new", OURS, NOW + 51 * DAY).unwrap();
    assert_eq!(entries(&uris).len(), 1);
}

#[test]
fn is5_the_record_changes_once_a_day() {
    let mut uris = RedirectUris::default();
    let morning = NOW / DAY * DAY;
    login(&mut uris, "a", OURS, morning).unwrap();
    let record = uris.to_record().to_owned();
    login(&mut uris, "a", OURS, morning + DAY - 1).unwrap();
    assert_eq!(uris.to_record(), record);
    login(&mut uris, "a", OURS, morning + DAY).unwrap();
    assert_ne!(uris.to_record(), record);
}

/// A clock that was wrong locks nobody out for ever, and an entry from the future is not kept in the place of others.
#[test]
fn is5_a_time_from_the_future_is_today_and_not_the_newest() {
    let record =
        format!("99999999\nhttps://old.example\n{OURS}\n18446744073709551615\nhttps://b.example\nhttps://b/\n");
    let mut uris = RedirectUris::from_record(&record);
    login(&mut uris, "a", OURS, NOW).unwrap_err();
    login(&mut uris, "c", "https://c/", NOW).unwrap();
    for entry in entries(&uris) {
        assert!(entry.starts_with(&format!("{} ", NOW / DAY)), "{entry}");
    }
    for place in 0..40 {
        login(&mut uris, &format!("n{place}"), &format!("https://n{place}/"), NOW).unwrap();
    }
    login(&mut uris, "a", OURS, NOW).unwrap();
}

#[test]
fn is5_32_redirect_uris_are_kept_and_the_one_that_was_not_used_longest_goes() {
    let mut uris = RedirectUris::default();
    let uri = |place: usize| format!("https://app.example/{place}");
    for place in 0..32 {
        login(&mut uris, &format!("s{place}"), &uri(place), NOW).unwrap();
    }
    login(&mut uris, "s0", &uri(0), NOW).unwrap();
    login(&mut uris, "s32", &uri(32), NOW).unwrap();
    assert_eq!(entries(&uris).len(), 32);
    assert_eq!(code(login(&mut kept(&uris), "x", &uri(0), NOW)), Code::RedirectUriShared);
    assert_eq!(code(login(&mut kept(&uris), "x", &uri(3), NOW)), Code::RedirectUriShared);
    login(&mut kept(&uris), "x", &uri(1), NOW).unwrap();
}

#[test]
fn is5_what_somebody_broke_of_a_record_counts_as_none() {
    let entry = format!("20000\nhttps://b.example\n{OURS}\n");
    let now = 20_000 * DAY;
    login(&mut RedirectUris::from_record(&entry), "a", OURS, now).unwrap_err();
    for broken in [
        format!("\n{entry}"),
        entry.replace("20000", "-1"),
        entry.replace("20000", ""),
        entry.replace('\n', "\r\n"),
        "{}".into(),
        "\u{0}".repeat(10_000),
        "\n".repeat(99_999),
    ] {
        let mut uris = RedirectUris::from_record(&broken);
        login(&mut uris, "a", OURS, now).unwrap();
        assert_eq!(entries(&uris), [format!("20000 https://a.example {OURS}")]);
    }
    // What is whole before it counts.
    for broken in
        [format!("{entry}\n"), format!("{entry}20000\nhttps://c.example"), entry.repeat(10_000), format!("{entry}{{}}")]
    {
        login(&mut RedirectUris::from_record(&broken), "a", OURS, now).unwrap_err();
    }
}

proptest! {
    /// Whatever is kept, a login at another server is noted in its own entry, and what was noted is refused to others.
    #[test]
    fn is5_no_record_moves_an_entry(record: String, rest in "[!-~]{0,20}") {
        let mut uris = RedirectUris::from_record(&record);
        let uri = format!("https://app.example/cb?x={rest}");
        let settings = Settings::new(issuer("a"), CLIENT_ID, uri.as_str());
        prop_assume!(Config::new(settings).is_ok());
        prop_assume!(login(&mut uris, "a", &uri, NOW).is_ok());
        let last = entries(&uris).swap_remove(0);
        prop_assert_eq!(last, format!("{} https://a.example {}", NOW / DAY, uri));
        prop_assert_eq!(kept(&uris), uris.clone());
        prop_assert_eq!(code(login(&mut uris, "b", &uri, NOW)), Code::RedirectUriShared);
    }

    #[test]
    fn is5_a_record_of_any_entries_stays_within_its_bounds(days in prop::collection::vec(any::<u32>(), 0..40)) {
        let record: String = days.iter().enumerate().map(|(place, day)| format!("{day}\nhttps://{place}.example\nhttps://{place}/\n")).collect();
        let mut uris = RedirectUris::from_record(&record);
        login(&mut uris, "a", OURS, NOW).unwrap();
        let entries = entries(&uris);
        prop_assert!(entries.len() <= 32);
        for entry in entries {
            let day: u64 = entry.split(' ').next().unwrap().parse().unwrap();
            prop_assert!((NOW / DAY - 30..=NOW / DAY).contains(&day));
        }
    }
}
