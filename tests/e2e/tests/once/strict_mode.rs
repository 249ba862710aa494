//! React's strict mode, in which every effect runs twice.

use e2e::{Browser, DEVELOPMENT, Lab, bundle, figure, workspace};
use serde_json::{Value, json};

/// Puts the application in the place of the bare page.
fn build(lab: &Lab) {
    let folder = workspace().join("tests/e2e/react");
    std::fs::copy(folder.join("index.html"), lab.folder().join("index.html")).expect("the page can be copied");
    bundle(&folder.join("app.jsx"), &lab.folder().join("app.js"), &DEVELOPMENT);
}

#[tokio::test]
async fn a_react_application_in_strict_mode_signs_in_once() {
    let lab = Lab::start().await;
    build(&lab);
    let browser = Browser::start().await;
    for tier in ["memory", "local"] {
        lab.choose("honest", &json!({ "storage": tier }));
        browser.goto(&lab.url("")).await;
        browser.click("#sign-in").await;
        browser.wait_for("#user").await;
        let seen = browser.until("return seen.outcomes.length === 2 ? seen : null;").await;
        let seen = seen.expect("both effects come to an end");
        assert_eq!(seen["effects"], 2, "React ran the effect once: this is no strict mode");
        let statuses: Vec<_> = (0..2).map(|number| seen["outcomes"][number]["status"].clone()).collect();
        let good = |status: &Value| status == "signed-in" || status == "already-completed" || status == "none";
        assert!(statuses.contains(&json!("signed-in")) && statuses.iter().all(good), "{seen}");
        assert!(!browser.url().await.contains("code="));
        figure(&format!("React strict mode, session in {tier}: effects {}, outcomes {statuses:?}", seen["effects"]));
        browser.eval("localStorage.clear();").await;
    }
    lab.assert_exchanges(2);
    figure("React strict mode, 2 logins: 2 exchanges");
}
