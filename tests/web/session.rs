//! Tokens that expire, requests that they are brought to, and signing out.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::bindings::harmless;
use crate::caller::{
    Client, Look, ask, callback, config, get, host, json, metadata, metadata_with_end_session, opened, push, set,
    set_up, stop_clock, text, text_of,
};

#[wasm_bindgen_test]
async fn rv4_lo3_a_sign_out_forgets_the_session_also_when_the_server_cannot_end_it() {
    for (name, server, options, code) in [
        ("no-endpoint", metadata(), r#"{"endSession":true}"#, "endpoint_missing"),
        (
            "bad-path",
            metadata_with_end_session(),
            r#"{"endSession":true,"returnTo":"//evil.example"}"#,
            "return_to_refused",
        ),
        ("unknown", metadata(), r#"{"endsession":true}"#, "member_unknown"),
    ] {
        let client = Client::with(config(name), &server, &host(&[]));
        client.sign_in().await;
        assert_eq!(text_of(&client.logout(options).unwrap_err()), code);
        assert!(client.session().is_undefined(), "{name}");
    }
}

#[wasm_bindgen_test]
async fn lo2_a_sign_out_is_known_by_its_own_state_and_disturbs_no_login() {
    let config = config("leaving");
    set(&config, "postLogoutRedirectUri", &"https://app.example/bye".into());
    let client = Client::with(config, &metadata_with_end_session(), &host(&[]));
    client.sign_in().await;
    let done = opened(&client.host).search_params().get("state").unwrap();
    let pending = client.begin();

    let left = client.logout(r#"{"endSession":true,"returnTo":"/welcome"}"#).unwrap();
    client.logins.bury(&text(&left, "key"), &text(&left, "remains"));
    let url = web_sys::Url::new(&text(&left, "url")).unwrap();
    let parameter = |name: &str| url.search_params().get(name);
    assert_eq!(parameter("post_logout_redirect_uri").unwrap(), "https://app.example/bye");
    assert!(parameter("id_token_hint").is_some());

    let back = |query: &str| {
        let Look { arrival, .. } = client.look(&format!("https://app.example/bye{query}"));
        let outcome = get(&arrival, "outcome");
        (text(&outcome, "status"), get(&arrival, "address").as_string(), outcome)
    };
    for query in ["", "?state=", "?state=another"] {
        let (status, address, _) = back(query);
        assert_eq!((status.as_str(), address), ("none", None), "{query}");
    }
    // A known state is never passed over in silence, and nothing is changed.
    for (state, expected) in [(&pending, "refused"), (&done, "already-completed")] {
        let (status, address, _) = back(&format!("?state={state}"));
        assert_eq!((status.as_str(), address), (expected, None), "{state}");
    }
    for _ in 0..2 {
        let (status, address, outcome) = back(&format!("?state={}", parameter("state").unwrap()));
        assert_eq!((status.as_str(), address.as_deref()), ("signed-out", Some("https://app.example/bye")));
        assert_eq!(text(&outcome, "returnTo"), "/welcome");
    }
    // The keys are there still.
    client.push_tokens("1").await;
    assert_eq!(text(&client.handled(&callback(&pending)).await, "status"), "signed-in", "the login goes on");
}

#[wasm_bindgen_test]
async fn an_expired_access_token_is_refreshed_and_only_invalid_grant_ends_the_session() {
    let client = Client::new("refresh");
    client.sign_in().await;
    for (status, body) in [
        (200, r#"{"access_token":"at2","token_type":"bearer","expires_in":0}"#),
        (503, "{}"),
        (200, r#"{"access_token":"at3","token_type":"bearer","expires_in":0,"refresh_token":"rt3"}"#),
        (400, r#"{"error":"invalid_grant"}"#),
    ] {
        push(&client.host, status, body);
    }
    let kept = |name: &str| text(&client.session(), name);
    // The clock goes when the test says so.
    let mut now = (js_sys::Date::now() / 1000.0).floor();
    stop_clock(Some(now));
    assert_eq!(client.access_token("").await.unwrap(), "at");
    // To be told so sends nothing.
    let look = client.session_tokens("at").unwrap();
    assert!(get(&look, "refresh").is_truthy() && get(&look, "tokens").is_undefined());
    assert_eq!(client.access_token("at").await.unwrap(), "at2");
    assert_eq!(kept("refreshToken"), "rt");
    let error = client.access_token("").await.unwrap_err();
    assert_eq!(text_of(&error), "server_error");
    let before = client.sent();
    assert_eq!(text_of(&client.session_tokens("").unwrap_err()), "server_error", "it is not asked again at once");
    assert_eq!(text_of(&client.access_token("").await.unwrap_err()), "server_error");
    assert_eq!(client.sent(), before);
    let wait = get(&error, "retryAfter").as_f64().unwrap();
    assert!((1.0..=2.0).contains(&wait), "{wait}");
    now += wait;
    stop_clock(Some(now));
    assert_eq!(client.access_token("").await.unwrap(), "at3");
    assert_eq!(kept("refreshToken"), "rt3");
    let error = client.access_token("").await.unwrap_err();
    assert_eq!((text_of(&error), text(&error, "oauthError")), ("session_expired".into(), "invalid_grant".into()));
    assert!(client.session().is_undefined());
    stop_clock(None);
}

#[wasm_bindgen_test]
async fn sb3_a_refresh_is_written_down_before_it_is_sent_and_brings_no_session_back_that_was_ended() {
    let client = Client::new("in-flight");
    client.sign_in().await;
    let kept = client.sessions.load().unwrap();
    let begun = client.begin_refresh();
    let written = client.sessions.load().unwrap();
    assert_eq!(written, text(&begun, "session"));
    assert_ne!(written, kept);
    assert_eq!(text(&client.session(), "refreshToken"), "rt", "it is there still, should the page go away now");
    assert_eq!(client.sent(), 2);
    // A page that finds this record knows that an answer was lost: the server may have put another refresh token in its place.
    let later = Client::new("in-flight");
    for (session, code) in [(&kept, "session_expired"), (&written, "refresh_interrupted")] {
        later.sessions.save(session);
        push(&later.host, 400, r#"{"error":"invalid_grant"}"#);
        assert_eq!(text_of(&later.refreshed(&later.begin_refresh()).await.unwrap_err()), code);
    }

    client.sessions.remove();
    push(&client.host, 200, r#"{"access_token":"at2","token_type":"bearer","refresh_token":"rt2"}"#);
    let error = client.refreshed(&begun).await.unwrap_err();
    assert_eq!(text_of(&error), "session_expired");
    assert_eq!(client.sessions.load(), None);
}

#[wasm_bindgen_test]
fn be6_the_token_is_brought_to_the_origins_of_the_configuration_alone() {
    let config = config("resources");
    let check = |url: &str| {
        let setup = set_up(&config, &metadata()).map_err(|error| text_of(&error))?;
        ask("resource", &[&text(&setup, "setup"), url]).map(drop).map_err(|error| text_of(&error))
    };
    assert_eq!(check("https://api.example/a"), Err("origin_refused".into()));
    set(&config, "resourceOrigins", &json(r#"["https://api.example"]"#));
    assert_eq!(check("https://api.example/a"), Ok(()));
    assert_eq!(check("https://as.example/me"), Ok(()));
    for url in ["https://app.example/", "https://api.example.evil.example/", "https://as.example/token"] {
        assert_eq!(check(url), Err("origin_refused".into()), "{url}");
    }
    for wrong in [r#"["api.example"]"#, r#""https://api.example""#, "[7]", "{}", r#"["https://api.example/path"]"#] {
        set(&config, "resourceOrigins", &json(wrong));
        assert_eq!(check("https://api.example/a"), Err("config_invalid".into()), "{wrong}");
    }
}

#[wasm_bindgen_test]
fn be5_su2_a_refusal_says_whether_fresh_tokens_or_a_login_would_help() {
    let client = Client::new("refusals");
    let tokens = r#"{"accessToken":"at","tokenType":"Bearer","scope":"openid"}"#;
    let session = text(&ask("fromTokens", &[tokens]).unwrap(), "session");
    let read = |status: &str, header: &str| {
        client.ask("refusal", &[&session, status, header]).map(|refusal| get(&refusal, "refresh").is_truthy())
    };
    assert!(read("401", "").unwrap());
    assert!(read("401", "Bearer error=\"invalid_token\"").unwrap());
    assert!(!read("403", "").unwrap());
    let error = read("403", "Bearer error=insufficient_scope, scope=\"files\"").unwrap_err();
    assert_eq!((text_of(&error), get(&error, "status").as_f64()), ("insufficient_scope".into(), Some(403.0)));
    assert_eq!(text(&get(&error, "loginOptions"), "scope"), "openid files");
    let header = "Bearer error=insufficient_user_authentication, acr_values=gold, max_age=5";
    let error = read("401", header).unwrap_err();
    assert_eq!(text_of(&error), "insufficient_user_authentication");
    let options = get(&error, "loginOptions");
    assert_eq!((text(&options, "acrValues"), get(&options, "maxAge").as_f64()), ("gold".into(), Some(5.0)));
}

#[wasm_bindgen_test]
fn en6_what_a_platform_throws_is_told_without_the_secret() {
    let thrown = js_sys::Error::new("Bearer the-access-token is no value of a header");
    let told = harmless(&thrown, &js_sys::Array::of1(&"the-access-token".into()));
    assert_eq!(text(&told, "message"), "Bearer [secret] is no value of a header");
}
