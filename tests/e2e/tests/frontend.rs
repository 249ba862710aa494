//! A Rust front end (Yew) with the crate as a library: it signs in with the crate's types, and its module exports nothing of the crate.

use e2e::{Browser, Demo, frontend, wasm_pack, workspace};
use serde_json::Value;

/// Serves the application, and opens it.
async fn open() -> (Browser, Demo) {
    let demo = Demo::start_instead(&frontend(), &workspace().join("tests/frontend/page"));
    let browser = Browser::start().await;
    browser.goto(demo.app()).await;
    (browser, demo)
}

#[tokio::test]
async fn a_rust_front_end_signs_in() {
    let (browser, demo) = open().await;
    browser.click("#sign-in").await;
    browser.click("#submit").await;
    let greeted = "return document.querySelector('#user')?.textContent || document.querySelector('#message')?.textContent || null;";
    assert_eq!(browser.until(greeted).await.expect("the application says something"), "Ada Demo");
    let vouched = browser.run("return document.querySelector('#vouched').textContent;").await.expect("it is a page");
    assert_eq!(vouched, "signature");
    assert!(!browser.url().await.contains("code="), "the code is in the address bar");
    let counters = demo.counters().await;
    assert_eq!((counters.token_ok, counters.token_refused), (1, 0));
    let kept = browser.run("return sessionStorage.length;").await.expect("it is a page");
    assert_eq!(kept, 0, "the login is kept no longer");
}

#[tokio::test]
async fn a_rust_front_end_exports_nothing_of_the_crate() {
    let (browser, _demo) = open().await;
    let list = "window.names ??= fetch('/pkce-wasm/frontend_bg.wasm').then((answer) => answer.arrayBuffer())
            .then((bytes) => WebAssembly.compile(bytes))
            .then((module) => { window.names = WebAssembly.Module.exports(module).map(({ name }) => name); });
        return Array.isArray(window.names) ? window.names : null;";
    let exported = browser.until(list).await.expect("the module is there");
    let exported: Vec<_> = exported.as_array().expect("it is a list").iter().filter_map(Value::as_str).collect();
    assert!(exported.contains(&"memory") && exported.contains(&"main"), "{exported:?}");

    let declarations =
        std::fs::read_to_string(wasm_pack().join("pkce_wasm.d.ts")).expect("wasm-pack has declared them");
    let functions = declarations.lines().filter_map(|line| line.strip_prefix("export function ")?.split('(').next());
    let functions: Vec<_> = functions.collect();
    assert!(functions.len() > 20 && functions.contains(&"begin") && functions.contains(&"redeem"), "{functions:?}");
    let common: Vec<_> = functions.iter().filter(|name| exported.contains(name)).collect();
    assert!(common.is_empty(), "the application exports {common:?}");
}
