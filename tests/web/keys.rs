//! The keys that signatures are verified by.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::bindings::can_verify;
use crate::caller::{Client, callback, get, hide, push_keys, show, stop_clock, text, text_of};

#[wasm_bindgen_test]
async fn id7_the_keys_are_fetched_once_a_page_and_once_more_for_a_missing_one() {
    let client = Client::new("keys");
    // What was fetched just now is not fetched again: the clock stands.
    stop_clock(Some((js_sys::Date::now() / 1000.0).floor()));
    for (kid, requests, status) in
        [("1", 2, "signed-in"), ("1", 1, "signed-in"), ("2", 2, "refused"), ("3", 1, "refused")]
    {
        let before = client.sent();
        let state = client.begin();
        if before == 0 {
            push_keys(&client.host).await;
        }
        client.push_tokens(kid).await;
        if kid == "2" {
            push_keys(&client.host).await;
        }
        let outcome = client.handled(&callback(&state)).await;
        assert_eq!(text(&outcome, "status"), status, "{kid}");
        assert_eq!(client.sent() - before, requests, "{kid}");
        if status == "refused" {
            assert_eq!(text_of(&get(&outcome, "error")), "signing_key_not_found");
        }
    }
    stop_clock(None);
}

#[wasm_bindgen_test]
async fn id5_without_web_crypto_tls_stands_for_the_signature_and_nothing_is_fetched() {
    let client = Client::new("no-subtle");
    let state = client.begin();
    client.push_tokens("1").await;
    hide("subtle");
    let could_verify = can_verify();
    let outcome = client.handled(&callback(&state)).await;
    show("subtle");
    assert!(!could_verify && can_verify());
    assert_eq!(text(&get(&outcome, "tokens"), "idTokenVerifiedBy"), "tls");
    assert_eq!(client.sent(), 1);
    assert_eq!(text(&client.session(), "idTokenVerifiedBy"), "tls");
}
