//! What is kept while the user is away, and while they are signed in.

use pkce_wasm::client::session::Session;
use pkce_wasm::client::transaction::{Outcome, Tombstone, kept_since, key};
use pkce_wasm::secret::Secret;
use pkce_wasm::{TokenSet, Transaction};

use crate::peer::{fields, is_text};

/// The input is a record.
pub fn stored_transaction(data: &[u8]) {
    let Ok(record) = std::str::from_utf8(data) else { return };
    // Read of anything.
    let _ = kept_since(record, 0);
    pending(record);
    ended(record);
    signed_in(record);
}

fn pending(record: &str) {
    let Ok(transaction) = Transaction::from_record(record) else { return };
    let written = transaction.to_record();
    let again = Transaction::from_record(written.expose()).expect("a record that was just written");
    assert_eq!(again.to_record().expose(), written.expose());
    let read = fields(record);
    assert_eq!(fields(written.expose()), read);
    assert_eq!(read.len(), 19, "{record}");
    assert!(kept_since(written.expose(), 0).is_some(), "it is swept before its time");

    let [_, _, _, Some(state), Some(verifier), .., return_to, _] = read.as_slice() else { panic!("{record}") };
    assert_eq!(transaction.return_to(), again.return_to());
    if is_text(return_to.as_ref()) {
        assert_eq!(transaction.return_to(), return_to.as_deref());
    }
    if is_text(Some(state)) && !state.is_empty() {
        assert_eq!(transaction.key(), key(state));
    }
    let length = transaction.key().strip_prefix("popup.").unwrap_or(&transaction.key()).len();
    assert_eq!(length, 43);
    assert!((43..=128).contains(&verifier.len()));
    assert!(!format!("{transaction:?}").contains(verifier), "the verifier prints itself");
}

fn ended(record: &str) {
    let Some(tombstone) = Tombstone::from_record(record) else { return };
    let written = tombstone.to_record();
    assert_eq!(Tombstone::from_record(&written).as_ref(), Some(&tombstone));
    assert!(kept_since(&written, 0).is_some(), "it is swept before its time");
    let (read, written) = (fields(record), fields(&written));
    assert_eq!((read.len(), written.len()), (8, 8), "{record}");
    let number = |field: &Option<String>| field.as_ref().and_then(|digits| digits.parse::<u64>().ok());
    assert_eq!((&read[0], number(&read[1])), (&written[0], number(&written[1])), "{record}");
    assert_eq!(tombstone.outcome == Outcome::Completed, read[3].as_deref() == Some("completed"));
    if is_text(read[7].as_ref()) {
        let is_path = read[7].as_ref().is_some_and(|path| path.starts_with('/') && !path.starts_with("//"));
        assert!(tombstone.return_to.is_none() || is_path && tombstone.return_to == read[7], "{record}");
        assert_eq!(tombstone.return_to, written[7]);
    }
}

fn signed_in(record: &str) {
    let Some(session) = Session::from_record(record) else {
        assert!(TokenSet::from_record(record).is_none(), "{record}");
        return;
    };
    let written = session.to_record();
    let again = Session::from_record(written.expose()).expect("a record that was just written");
    assert_eq!(again.to_record().expose(), written.expose());
    let read = fields(record);
    assert_eq!(read.len(), 14, "{record}");
    let tokens = &session.tokens;
    let exposed = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    for (field, value) in [
        (&read[1], Some(tokens.access_token.expose().to_owned())),
        (&read[2], Some(tokens.token_type.clone())),
        (&read[4], exposed(&tokens.refresh_token)),
        (&read[5], exposed(&tokens.id_token)),
        (&read[7], tokens.resource.clone()),
    ] {
        if is_text(field.as_ref()) {
            assert_eq!(*field, value, "{record}");
        }
    }
    assert_eq!(tokens.claims, again.tokens.claims);
    assert_eq!(tokens.claims.is_some(), tokens.id_token.is_some());
    assert_eq!(tokens.id_token_verified_by, again.tokens.id_token_verified_by);
}
