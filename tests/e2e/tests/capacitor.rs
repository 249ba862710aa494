//! Capacitor's own packages and bridge in a page, with the adapter of the packed package, above a scripted native side: the page is the
//! WebView, and loading it anew is what follows when the system has killed the application.

use std::os::unix::fs::symlink;
use std::path::Path;

use e2e::{Browser, Lab};
use serde_json::json;

const REDIRECT_URI: &str = "com.example.app:/callback";

async fn start() -> (Lab, Browser) {
    let lab = Lab::start().await;
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../package/node_modules");
    symlink(packages, lab.folder().join("shell")).expect("the temporary folder can be written");
    lab.choose("honest", &json!({ "redirectUri": REDIRECT_URI, "storage": "host", "transactionStorage": "host" }));
    let browser = Browser::start().await;
    open(&lab, &browser).await;
    (lab, browser)
}

/// Starts the application.
async fn open(lab: &Lab, browser: &Browser) {
    browser.goto(&lab.url("capacitor.html")).await;
    browser.until("return window.shell ? true : null;").await.expect("the application starts");
}

/// Begins a login; gives the URL that the system's browser was asked to open.
async fn begin(browser: &Browser) -> String {
    let script = "const opened = () => native.kept('opened') ?? []; const before = opened().length;
        return shell.login().then(() => opened()[before]);";
    let url = browser.run(script).await.expect("a login can be begun");
    url.as_str().expect("the browser was opened").to_owned()
}

/// Waits for these outcomes, and sees to it that no more follow.
async fn outcomes(browser: &Browser, expected: &[&str]) {
    let sought = format!("return shell.outcomes.length >= {} ? true : null;", expected.len());
    browser.until(&sought).await.expect("the URLs are handled");
    let quiet = "return new Promise((done) => setTimeout(done, 200)).then(() => shell.outcomes);";
    assert_eq!(browser.run(quiet).await.expect("the page runs"), json!(expected));
}

#[tokio::test]
async fn na1_a_page_in_capacitor_refuses_to_leave_and_opens_the_browser_of_its_host() {
    let (lab, browser) = start().await;
    let told = browser.run("return [shell.platform, shell.tier, shell.withoutHost()];").await;
    assert_eq!(told.expect("the page runs"), json!(["android", "plain", "embedded_user_agent"]));
    let url = begin(&browser).await;
    assert!(url.contains("redirect_uri=com.example.app%3A%2Fcallback"), "{url}");
    assert_eq!(browser.url().await, lab.url("capacitor.html"), "the WebView stays where it is");
}

#[tokio::test]
async fn na9_of_the_urls_that_arrive_the_true_one_signs_in_once() {
    let (lab, browser) = start().await;
    let redirect = lab.answer(&begin(&browser).await).await;
    let forged = format!("{REDIRECT_URI}?code=stolen&state=guessed");
    browser.run(&format!("native.hear({});", json!(forged))).await.expect("the page runs");
    outcomes(&browser, &["other-login"]).await;
    for url in [&redirect, &redirect] {
        browser.run(&format!("native.hear({});", json!(url))).await.expect("the page runs");
    }
    outcomes(&browser, &["other-login", "signed-in"]).await;
    lab.assert_exchanges(1);
}

#[tokio::test]
async fn an_application_that_is_started_by_the_redirect_signs_in_and_its_reloaded_page_changes_nothing() {
    let (lab, browser) = start().await;
    let redirect = lab.answer(&begin(&browser).await).await;
    browser.run(&format!("native.kept('launch', {});", json!(redirect))).await.expect("the page runs");

    open(&lab, &browser).await;
    outcomes(&browser, &["signed-in"]).await;
    // The system gives the URL of the launch once more, as an event, and again to a page that is loaded again: that login is finished.
    browser.run(&format!("native.hear({});", json!(redirect))).await.expect("the page runs");
    outcomes(&browser, &["signed-in"]).await;
    open(&lab, &browser).await;
    outcomes(&browser, &[]).await;
    assert!(browser.run("return shell.token();").await.expect("the page runs").is_string());
    lab.assert_exchanges(1);
}
