//! What is kept while the user is away, and while they are signed in.

use pkce_wasm::client::transaction::{Outcome, Tombstone, kept_since, key};
use pkce_wasm::{TokenSet, Transaction};
use serde_json::Value;

use crate::peer::values;

/// The input is a record.
pub fn stored_transaction(data: &[u8]) {
    let Ok(record) = std::str::from_utf8(data) else { return };
    // Read of anything.
    let _ = kept_since(record, 0);
    pending(record);
    ended(record);
    signed_in(record);
}

/// The first value of a field in the record that was read is that in the record that is written.
#[track_caller]
fn assert_kept(read: &str, written: &str, names: &[&str]) {
    for name in names {
        assert_eq!(values(written, name).first(), values(read, name).first(), "{name} of {read}");
        assert!(values(written, name).len() < 2, "{name} is written twice: {written}");
    }
}

fn pending(record: &str) {
    let Ok(transaction) = Transaction::from_record(record) else { return };
    let written = transaction.to_record();
    let again = Transaction::from_record(written.expose()).expect("a record that was just written");
    assert_eq!(again.to_record().expose(), written.expose());
    assert!(kept_since(written.expose(), 0).is_some(), "it is swept before its time");
    assert_kept(
        record,
        written.expose(),
        &[
            "v",
            "state",
            "code_verifier",
            "nonce",
            "issuer",
            "client_id",
            "redirect_uri",
            "token_endpoint",
            "jwks_uri",
            "signing_algs",
            "scope",
            "acr_values",
            "return_to",
        ],
    );
    assert_eq!(transaction.return_to(), again.return_to());
    let state = values(record, "state").remove(0);
    assert_eq!(transaction.key(), key(&state));
    assert_eq!(transaction.key().len(), 43);

    let verifier = values(record, "code_verifier").remove(0);
    assert!((43..=128).contains(&verifier.len()));
    // As it is printed: the escape of a NUL ends in a digit, which may be the first of the verifier.
    let fields = form_urlencoded::parse(record.as_bytes());
    let elsewhere = fields.filter(|(_, value)| format!("{value:?}").contains(&verifier)).count() > 1;
    assert!(elsewhere || !format!("{transaction:?}").contains(&verifier), "the verifier prints itself");
}

fn ended(record: &str) {
    let Some(tombstone) = Tombstone::from_record(record) else { return };
    let written = tombstone.to_record();
    assert_eq!(Tombstone::from_record(&written).as_ref(), Some(&tombstone));
    assert!(kept_since(&written, 0).is_some(), "it is swept before its time");
    assert_kept(record, &written, &["v", "return_to"]);
    assert_eq!(
        tombstone.outcome == Outcome::Completed,
        values(record, "outcome").first().is_some_and(|outcome| outcome == "completed")
    );
}

fn signed_in(record: &str) {
    let Some(tokens) = TokenSet::from_record(record) else { return };
    let written = tokens.to_record();
    let again = TokenSet::from_record(written.expose()).expect("a record that was just written");
    assert_eq!(again.to_record().expose(), written.expose());
    assert_kept(record, written.expose(), &["v", "access_token", "token_type", "scope", "refresh_token", "id_token"]);
    assert_eq!(tokens.claims, again.claims);
    assert_eq!(tokens.claims.is_some(), tokens.id_token.is_some());
    assert_eq!(tokens.id_token_verified_by, again.id_token_verified_by);
}
