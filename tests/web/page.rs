//! What is left to a page alone: its address, and leaving it.

use pkce_wasm::web;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::caller::{PENDING, ask, asked, config, get, js, metadata, names, set, set_up, storage, text, text_of};

#[wasm_bindgen_test]
fn ac11_a_page_takes_a_callback_up_once_and_its_code_out_of_the_address() {
    let window = web_sys::window().unwrap();
    let (before, origin) = (window.location().href().unwrap(), window.location().origin().unwrap());
    let redirect_uri = format!("{origin}/callback");
    let go = |address: &str| {
        let history = window.history().unwrap();
        history.replace_state_with_url(&JsValue::NULL, "", Some(address)).unwrap();
    };
    let config = config("page");
    set(&config, "redirectUri", &redirect_uri.as_str().into());
    let setup = text(&set_up(&config, &metadata()).unwrap(), "setup");
    let take = || asked(web::take_callback(js(&setup)).into());
    let begun = ask("begin", &[&setup, "{}"]).unwrap();
    let kept = storage("session");
    let name = format!("{PENDING}{}", text(&begun, "key"));
    kept.set_item(&name, &text(&begun, "transaction")).unwrap();

    assert!(get(&take().unwrap(), "url").is_undefined(), "no callback");
    let url = format!("{redirect_uri}?code=c&state={}&iss=https%3A%2F%2Fas.example", text(&begun, "state"));
    let known = text(&begun, "state");
    for (place, query, code) in [
        ("callback", "code=c&state=other".to_owned(), Some("transaction_not_found")),
        ("callback", format!("code=c&state={known}&state={known}"), None),
        ("callback", "code=c".to_owned(), None),
        ("callback", "state=CA".to_owned(), None),
        ("elsewhere", "code=c&state=other".to_owned(), None),
        ("callback/", format!("code=c&state={known}"), Some("redirect_uri_mismatch")),
    ] {
        let foreign = format!("{origin}/{place}?{query}");
        go(&foreign);
        let taken = take();
        assert_eq!(taken.as_ref().err().map(text_of).as_deref(), code, "{foreign}");
        assert!(taken.is_err() || get(&taken.unwrap(), "url").is_undefined(), "{foreign}");
        assert!(kept.get_item(&name).unwrap().is_some());
        assert_eq!(window.location().href().unwrap(), foreign);
    }
    go(&url);
    let taken = take().unwrap();
    assert_eq!(window.location().href().unwrap(), redirect_uri);
    assert_eq!((text(&taken, "url"), text(&taken, "transaction")), (url.clone(), text(&begun, "transaction")));
    let request = ask("redeem", &[&setup, &text(&taken, "transaction"), &text(&taken, "url")]).unwrap();
    assert_eq!(text(&request, "url"), "https://as.example/token");
    go(&url);
    assert_eq!(text_of(&take().unwrap_err()), "transaction_not_found");
    go(&before);
}

#[wasm_bindgen_test]
fn a_page_that_may_not_send_its_user_away_stays_and_keeps_nothing() {
    let setup = text(&set_up(&config("stays"), &metadata()).unwrap(), "setup");
    let before = names(&storage("session"), PENDING);
    let webview = r#"{"userAgent":"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.0.0 Mobile Safari/537.36"}"#;
    for (options, page, code) in
        [("{}", webview, "embedded_user_agent"), (r#"{"returnTo":"//evil.example"}"#, "", "return_to_refused")]
    {
        let error = asked(web::sign_in(js(&setup), js(options), js(page)).into()).unwrap_err();
        assert_eq!(text_of(&error), code);
    }
    assert_eq!(names(&storage("session"), PENDING), before);
}
