//! The harness itself, on a page that needs neither the package nor the demo.

use e2e::Browser;
use hostile::Server;

#[tokio::test]
async fn a_browser_opens_a_page_and_runs_script() {
    let server = Server::start([]).await;
    let browser = Browser::start().await;
    browser.goto(&format!("{}/nowhere", server.issuer("honest"))).await;
    browser.wait_for("p").await;
    let title = browser.run("return document.title;").await.expect("the page runs script");
    assert_eq!(title, "Welcome");
    assert_eq!(server.hits("honest", "nowhere"), 1);
}
