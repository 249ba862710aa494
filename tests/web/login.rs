//! From the authorization request to the outcome of its callback.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::bindings::Records;
use crate::caller::{
    Client, REDIRECT_URI, belongs, callback, config, derive, get, host, key, metadata, opened, push, push_keys, sent,
    set, set_up, text, text_of,
};

#[wasm_bindgen_test]
fn pk5_pk6_the_authorization_url_shows_the_challenge_and_not_the_verifier() {
    let client = Client::new("begin");
    let request = client
        .ask(
            "begin",
            &[r#"{"uiLocales":"de en","claims":{"userinfo":{"email":null}},"resource":"https://a.example/ https://b.example/",
            "authorizationDetails":[{"type":"payment","amount":"1.50"}],"extraParameters":{"audience":"c&d"}}"#],
        )
        .unwrap();
    let url = web_sys::Url::new(&text(&request, "url")).unwrap();
    let parameter = |name: &str| url.search_params().get(name);
    assert_eq!(parameter("response_type").unwrap(), "code");
    assert_eq!(parameter("client_id").unwrap(), "begin");
    assert_eq!(parameter("redirect_uri").unwrap(), REDIRECT_URI);
    assert_eq!(parameter("code_challenge_method").unwrap(), "S256");
    assert_eq!(parameter("ui_locales").unwrap(), "de en");
    assert_eq!(parameter("claims").unwrap(), r#"{"userinfo":{"email":null}}"#);
    let resources: Vec<_> = url.search_params().get_all("resource").iter().filter_map(|one| one.as_string()).collect();
    assert_eq!(resources, ["https://a.example/", "https://b.example/"]);
    assert_eq!(parameter("authorization_details").unwrap(), r#"[{"type":"payment","amount":"1.50"}]"#);
    assert_eq!(parameter("audience").unwrap(), "c&d");
    assert_eq!(parameter("state").unwrap(), text(&request, "state"));
    let (transaction, challenge) = (text(&request, "transaction"), parameter("code_challenge").unwrap());
    let verifier = transaction.lines().find(|line| belongs(line, &challenge, false)).unwrap();
    assert!(!text(&request, "url").contains(verifier));
}

#[wasm_bindgen_test]
fn a_wrong_configuration_names_its_member() {
    let config = config("wrong");
    set(&config, "scope", &7.into());
    let error = set_up(&config, &metadata()).unwrap_err();
    assert_eq!((text_of(&error), text(&error, "subject")), ("config_invalid".into(), "scope".into()));
}

#[wasm_bindgen_test]
async fn a_login_completes_once_and_its_callback_stays_completed() {
    let client = Client::new("once");
    let state = client.begin();
    client.push_answer().await;

    let first = client.handled(&callback(&state)).await;
    assert_eq!(text(&first, "status"), "signed-in");
    assert_eq!(text(&first, "returnTo"), "/inbox");
    assert_eq!(text(&get(&get(&first, "tokens"), "claims"), "sub"), "ada");
    assert_eq!(text(&get(&first, "tokens"), "idTokenVerifiedBy"), "signature");
    assert_eq!(client.sent(), 2);

    let again = client.handled(&callback(&state)).await;
    assert_eq!(text(&again, "status"), "already-completed");
    assert_eq!(text(&again, "returnTo"), "/inbox");
    assert_eq!(client.sent(), 2);

    assert_eq!(text(&client.session(), "accessToken"), "at");
    client.sessions.remove();
    assert!(client.session().is_undefined());
}

#[wasm_bindgen_test]
async fn the_token_request_is_sent_without_credentials_referrer_cache_or_redirects() {
    let client = Client::new("request");
    client.sign_in().await;

    let request = get(&client.host, "sent").unchecked_into::<Array>().get(1);
    let init = get(&request, "init");
    assert_eq!(text(&request, "url"), "https://as.example/token");
    assert_eq!(text(&init, "method"), "POST");
    for (name, value) in
        [("redirect", "manual"), ("credentials", "omit"), ("referrerPolicy", "no-referrer"), ("cache", "no-store")]
    {
        assert_eq!(text(&init, name), value);
    }
    let form = web_sys::UrlSearchParams::new_with_str(&text(&init, "body")).unwrap();
    assert_eq!(form.get("code").unwrap(), "the-code");
    assert_eq!(form.get("grant_type").unwrap(), "authorization_code");
    assert_eq!(form.get("redirect_uri").unwrap(), REDIRECT_URI);
    let challenge = opened(&client.host).search_params().get("code_challenge").unwrap();
    assert_eq!(derive(&form.get("code_verifier").unwrap()), challenge);
}

#[wasm_bindgen_test]
async fn a_network_blip_can_be_repeated_and_a_refusal_cannot() {
    let client = Client::new("blip");
    let state = client.begin();
    push_keys(&client.host).await;
    for (status, body) in [(0, ""), (500, "down"), (400, r#"{"error":"invalid_grant"}"#)] {
        push(&client.host, status, body);
    }
    for code in ["network_failed", "server_error", "token_refused"] {
        let outcome = client.handled(&callback(&state)).await;
        assert_eq!(text(&outcome, "status"), "refused");
        assert_eq!(text_of(&get(&outcome, "error")), code);
    }
    let again = client.handled(&callback(&state)).await;
    assert_eq!(text_of(&get(&again, "error")), "token_refused");
    assert_eq!(get(&again, "restart"), JsValue::TRUE, "as it was said the first time");
    assert_eq!(client.sent(), 4, "the keys once, the code three times");
}

#[wasm_bindgen_test]
async fn ac7_a_forged_state_belongs_to_another_login() {
    let client = Client::new("forged");
    client.begin();
    let outcome = client.handled(&callback("forged")).await;
    assert_eq!(text(&outcome, "status"), "other-login");
    assert_eq!(text_of(&get(&outcome, "error")), "transaction_not_found");
    let nothing = client.handled("https://app.example/").await;
    assert_eq!(text(&nothing, "status"), "none");
    assert_eq!(client.sent(), 0);
}

#[wasm_bindgen_test]
async fn is1_a_wrong_iss_is_refused_and_the_true_answer_still_completes() {
    let client = Client::new("mixed-up");
    let state = client.begin();
    client.push_answer().await;
    let mixed_up = format!("{REDIRECT_URI}?code=x&state={state}&iss=https%3A%2F%2Fevil.example");
    let outcome = client.handled(&mixed_up).await;
    assert_eq!(text_of(&get(&outcome, "error")), "response_issuer_mismatch");
    assert_eq!(client.sent(), 0);
    let outcome = client.handled(&callback(&state)).await;
    assert_eq!(text(&outcome, "status"), "signed-in");
}

#[wasm_bindgen_test]
async fn is5_the_callback_of_another_client_of_the_page_is_left_to_it() {
    let (host, memory) = (host(&[]), Records::new());
    let [ours, theirs] =
        ["ours", "theirs"].map(|name| Client::beside(config(name), &metadata(), &host, &memory, &JsValue::UNDEFINED));
    let state = ours.begin();
    ours.push_answer().await;
    let outcome = theirs.handled(&callback(&state)).await;
    assert_eq!(text(&outcome, "status"), "other-login");
    assert_eq!(text_of(&get(&outcome, "error")), "transaction_invalid");
    assert_eq!(sent(&host), 0);
    assert_eq!(text(&ours.handled(&callback(&state)).await, "status"), "signed-in");
}

#[wasm_bindgen_test]
async fn ac11_a_page_that_goes_away_during_the_exchange_leaves_a_login_to_begin_again() {
    let client = Client::new("gone");
    let url = callback(&client.begin());
    // Until the code is sent, the callback stays where it is, and nothing is lost.
    for _ in 0..2 {
        let look = client.look(&url);
        assert!(look.lacks);
        assert_eq!(text(&look.arrival, "keys"), "https://as.example/jwks");
        assert!(client.logins.pending(&look.key).is_some() && client.logins.remains(&look.key).is_none());
    }
    // The request is never answered.
    let look = client.look_with_keys(&url).await;
    assert_eq!(text(&look.arrival, "url"), "https://as.example/token");
    assert_eq!(text(&look.arrival, "address"), REDIRECT_URI);

    let by_callback = client.handled(&url).await;
    let remains = client.logins.remains(&look.key).unwrap();
    let by_name = get(&client.ask("arrive", &["", "", &remains]).unwrap(), "outcome");
    for outcome in [by_callback, by_name] {
        assert_eq!(text(&outcome, "status"), "refused");
        assert_eq!(text_of(&get(&outcome, "error")), "code_already_used");
        assert_eq!(get(&outcome, "restart"), JsValue::TRUE);
        assert_eq!(text(&outcome, "returnTo"), "/inbox");
    }
    assert!(client.session().is_undefined(), "never half signed in");
    assert_eq!(client.sent(), 1, "the keys were fetched, and no more");
}

#[wasm_bindgen_test]
async fn ac11_a_late_answer_still_completes_the_login_that_another_page_was_refused() {
    let client = Client::new("late");
    let url = callback(&client.begin());
    let look = client.look_with_keys(&url).await;
    client.push_tokens("1").await;
    assert_eq!(text_of(&get(&client.handled(&url).await, "error")), "code_already_used");
    assert_eq!(text(&client.redeemed(look).await, "status"), "signed-in");
    assert_eq!(text(&client.handled(&url).await, "status"), "already-completed");
}

#[wasm_bindgen_test]
async fn ac11_what_remains_of_a_login_is_its_own_clients_alone() {
    let (host, memory) = (host(&[]), Records::new());
    let [ours, theirs] =
        ["mine", "yours"].map(|name| Client::beside(config(name), &metadata(), &host, &memory, &JsValue::UNDEFINED));
    let url = callback(&ours.begin());
    ours.push_answer().await;
    assert_eq!(text(&ours.handled(&url).await, "status"), "signed-in");

    let look = theirs.look(&url);
    assert!(get(&look.arrival, "address").is_undefined(), "the callback stays where it was found");
    let outcome = get(&look.arrival, "outcome");
    assert_eq!(text(&outcome, "status"), "other-login");
    assert!(get(&outcome, "returnTo").is_undefined());
    let remains = ours.logins.remains(&look.key).unwrap();
    let outcome = get(&theirs.ask("arrive", &["", "", &remains]).unwrap(), "outcome");
    assert_eq!(text(&outcome, "status"), "none");
    assert_eq!(text(&ours.handled(&url).await, "status"), "already-completed");
}

#[wasm_bindgen_test]
fn a_callback_has_the_name_of_its_login_and_anything_else_has_none() {
    let client = Client::new("names");
    let name = |url: &str| key(&client, url);
    let [one, two] = ["one", "two"].map(|name| name.repeat(15)[..43].to_owned());
    assert!(name(&callback(&one)).is_some());
    assert_eq!(name(&callback(&one)), name(&format!("{REDIRECT_URI}?state={one}&error=access_denied")));
    assert_ne!(name(&callback(&one)), name(&callback(&two)));
    assert_eq!(name(&callback("one")), None, "no login has such a state");
    for url in ["", "https://app.example/", REDIRECT_URI, "https://app.example/callback?code=c&code=d&state=s"] {
        assert_eq!(name(url), None, "{url}");
    }
}
