//! Signing in from the application: the browser is the system's, and the user comes back through the operating system.

use e2e::Counters;
use webview::Machine;

const RELAY: &str = env!("CARGO_BIN_EXE_relay");
const ONE_TOKEN: Counters = Counters { token_ok: 1, token_refused: 0 };

#[tokio::test]
async fn na1_na3_the_system_browser_signs_in_and_the_private_use_scheme_leads_back() {
    let machine = Machine::start(RELAY).await;
    let url = machine.begin().await;
    assert!(url.starts_with(machine.app.demo.issuer()), "{url}");
    assert!(url.contains("redirect_uri=com.example.pkce-demo%3A%2Fcallback"), "{url}");
    let page = machine.outcome("waiting").await;
    assert!(page.href.starts_with("tauri://localhost"), "the WebView stays where it is: {page:#?}");

    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN);
}
