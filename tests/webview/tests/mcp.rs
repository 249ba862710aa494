//! The example for MCP servers as an application. It meets a real MCP server for the first time: Rust makes the requests, for no page is
//! let see an answer.

use webview::McpMachine;

const RELAY: &str = env!("CARGO_BIN_EXE_relay");

#[tokio::test]
async fn mc11_an_application_signs_in_to_an_mcp_server_that_lets_no_page_in_and_calls_its_tools() {
    let machine = McpMachine::start(RELAY).await;
    assert_eq!(machine.allowances().await, [""; 0], "the server allows pages");

    machine.connect().await;
    let url = machine.begin().await;
    assert!(url.starts_with(&machine.issuer()), "{url}");
    assert!(url.contains("redirect_uri=com.example.mcp%3A%2Fcallback"), "{url}");
    let at = machine.page.url().await;
    assert!(at.starts_with("tauri://localhost"), "the WebView stays where it is: {at}");
    assert_eq!(machine.counters().await["registered"][0]["redirectUris"][0], "com.example.mcp:/callback");

    // Every page can open the application by a link: that is no answer, and does not end the login.
    machine.open("com.example.mcp:/callback?code=stolen&state=guessed");

    let browser = machine.system_browser().await;
    browser.goto(&url).await;
    browser.click("#submit").await;
    assert_eq!(machine.call("list_notes").await, "Water the plants");
    assert_eq!(machine.processes().len(), 1, "the second start has handed its URL over and ended");

    // A tool that needs another scope: the user allows it, and it is called.
    machine.page.fill("#add_note input", "Feed the cat").await;
    machine.page.click("#add_note button").await;
    let url = machine.begin().await;
    browser.goto(&url).await;
    browser.click("#submit").await;
    assert_eq!(machine.said("add_note").await, "Added: Feed the cat");
    let scopes = machine.until("document.querySelector('#at').textContent").await;
    assert_eq!(scopes, "Signed in. Scopes: notes:read notes:write");

    let counters = machine.counters().await;
    assert_eq!(counters["notes"][1], "Feed the cat");
    assert_eq!((&counters["token_ok"], &counters["token_refused"]), (&2.into(), &0.into()), "{counters}");
    assert_eq!(counters["registered"].as_array().map(Vec::len), Some(1), "{counters}");

    machine.page.click("#sign-out").await;
    machine.until("document.querySelector('#connected').hidden").await;
}

#[tokio::test]
async fn an_application_killed_while_the_browser_is_open_is_started_by_the_redirect_and_knows_the_mcp_server() {
    let mut machine = McpMachine::start(RELAY).await;
    machine.connect().await;
    let url = machine.begin().await;
    machine.kill().await;

    let browser = machine.system_browser().await;
    browser.goto(&url).await;
    browser.click("#submit").await;
    // No driver can look into what the operating system has started: the next start shows that the session was kept.
    machine.kept("pkce-wasm:2:s:").await;
    machine.kill().await;
    machine.restart().await;
    assert_eq!(machine.call("list_notes").await, "Water the plants");
    let counters = machine.counters().await;
    assert_eq!((&counters["token_ok"], &counters["token_refused"]), (&1.into(), &0.into()), "{counters}");
    assert_eq!(counters["registered"].as_array().map(Vec::len), Some(1), "{counters}");
}
