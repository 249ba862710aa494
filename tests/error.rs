//! The table of codes, which the JavaScript error class and its TypeScript union are made from.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(test)]

use std::collections::HashSet;

use pkce_wasm::error::{Blame, Refusal};
use pkce_wasm::{Code, Error};

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

#[test]
fn names_are_snake_case_and_unique() {
    let mut names = HashSet::new();
    for code in Code::ALL {
        let name = code.name();
        assert!(names.insert(name), "{name} stands twice");
        assert!(
            name.split('_').all(|word| {
                !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
            }),
            "{name}"
        );
        let variant: String = name.split('_').map(capitalised).collect();
        assert_eq!(variant, format!("{code:?}"), "the name of Rust and that of JavaScript");
    }
}

#[test]
fn messages_are_sentences_that_say_something_each_its_own() {
    let mut messages = HashSet::new();
    for code in Code::ALL {
        let message = code.message();
        assert!(messages.insert(message), "{message}");
        assert!(message.starts_with(|first: char| first.is_ascii_uppercase()), "{message}");
        assert!(message.ends_with('.') && !message.ends_with(".."), "{message}");
        assert!(message.split_whitespace().count() >= 5, "{message}");
        assert!(!message.contains("  ") && message.is_ascii(), "{message}");
    }
}

#[test]
fn the_codes_are_sorted_by_who_must_act() {
    let names: HashSet<&str> =
        [Blame::Caller, Blame::User, Blame::Server, Blame::Peer, Blame::Environment, Blame::Internal]
            .iter()
            .map(|blame| blame.name())
            .collect();
    assert_eq!(names.len(), 6);
    for name in &names {
        assert!(Code::ALL.iter().any(|code| code.blame().name() == *name), "{name} has no code");
    }
}

#[test]
fn only_what_the_network_or_the_server_failed_at_may_be_retried_as_it_is() {
    for code in Code::ALL.iter().filter(|code| code.retryable()) {
        assert!(matches!(code.blame(), Blame::Environment | Blame::Server), "{code:?}");
    }
    for code in [Code::NetworkFailed, Code::TimedOut, Code::ServerError] {
        assert!(code.retryable(), "{code:?}");
    }
}

#[test]
fn a_place_in_the_table_is_what_records_hold_of_a_code() {
    // New codes are added at the end: these places may not change.
    assert_eq!(Code::ALL[0], Code::VerifierLengthInvalid);
    for (place, code) in Code::ALL.iter().enumerate() {
        assert_eq!(*code as usize, place);
    }
}

#[test]
fn an_error_prints_its_message_and_what_it_is_about() {
    let error = Error::new(Code::ConfigInvalid).about("scope");
    assert_eq!(error.to_string(), [Code::ConfigInvalid.message(), " (scope)"].concat());
    assert_eq!(Error::from(Code::TimedOut).to_string(), Code::TimedOut.message());
}

#[test]
fn ac12_what_the_server_said_is_not_printed_as_ours() {
    let refusal = Refusal {
        error: "<script>".into(),
        error_description: Some("call 0800-EVIL".into()),
        error_uri: Some("javascript:alert(1)".into()),
    };
    let error = Error::new(Code::AuthorizationRefused).refusal(refusal.clone());
    assert_eq!(error.to_string(), Code::AuthorizationRefused.message());
    assert_eq!(error.refusal, Some(refusal));
}

#[test]
fn an_error_says_whether_to_begin_again() {
    for (code, helps) in [
        (Code::TransactionExpired, true),
        (Code::AccessDenied, true),
        (Code::StateMismatch, true),
        (Code::NetworkFailed, true),
        (Code::ServerError, true),
        (Code::TransactionInvalid, true),
        (Code::ConfigInvalid, false),
        (Code::PkceUnsupported, false),
        (Code::IssuerMismatch, false),
        (Code::EndpointInsecure, false),
        (Code::Internal, false),
    ] {
        assert_eq!(Error::new(code).restart_helps(), helps, "{code:?}");
    }
}

#[test]
fn pk10_only_the_servers_own_word_is_an_invalid_grant() {
    let refused =
        |error: &str| Error::new(Code::TokenRefused).refusal(Refusal { error: error.into(), ..Refusal::default() });
    assert!(refused("invalid_grant").is_invalid_grant());
    assert!(!refused("invalid_request").is_invalid_grant());
    assert!(!Error::new(Code::TokenRefused).is_invalid_grant());
}
