//! What a completed sign-in leaves behind for others: nothing that they could use (RFC 9700 sections 4.2 and 4.3).

use e2e::{App, Browser, Lab, Outcome};
use hostile::Server;
use serde_json::{Value, json};

/// Keeps what the page says from now on, to the console or by failing.
const LISTEN: &str = "
    window.said = [];
    const keep = (...parts) => window.said.push(parts.map((part) => {
        try { return `${part?.stack ?? ''} ${JSON.stringify(part)} ${part}`; } catch { return String(part); }
    }).join(' '));
    for (const level of ['debug', 'error', 'info', 'log', 'trace', 'warn']) console[level] = keep;
    addEventListener('error', ({ message, error }) => keep(message, error));
    addEventListener('unhandledrejection', ({ reason }) => keep(reason));
    addEventListener('securitypolicyviolation', ({ blockedURI }) => keep(blockedURI));";

/// The verifier of the one login that is under way: the fifth line of its record.
const VERIFIER: &str = "
    const records = [...Object.entries(sessionStorage), ...Object.entries(localStorage)];
    const [, record] = records.find(([name]) => name.startsWith('pkce-wasm:2:t:')) ?? [];
    return record.split('\\n')[4];";

/// Everything that is left where other script or the next page could look. The demo's own recorder, which draws the
/// messages for the visitor, is no part of the package.
const LEFTOVERS: &str = "
    const own = ([name]) => !name.startsWith('demo.');
    return JSON.stringify({
        href: location.href,
        state: history.state,
        title: document.title,
        name: window.name,
        cookie: document.cookie,
        said: window.said,
        entries: (window.navigation?.entries?.() ?? []).map(({ url }) => url),
        session: Object.entries(sessionStorage).filter(own),
        local: Object.entries(localStorage).filter(own),
    });";

const DATABASES: &str = "
    window.databases = null;
    (indexedDB.databases?.() ?? Promise.resolve([])).then((all) => { window.databases = all.length; });
    return null;";

#[tokio::test]
async fn ac24_a_completed_sign_in_leaves_neither_code_nor_verifier() {
    let server = Server::start([]).await;
    let app = App::start().await;
    let callback = app.sign_in_until_callback().await;
    let query: Vec<(String, String)> = callback
        .split_once('?')
        .unwrap_or_default()
        .1
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(owned)
        .collect();
    let of = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let (code, state) = (of("code").expect("a code came"), of("state").expect("a state came"));
    let verifier = app.browser.run(VERIFIER).await.expect("the page runs script");
    let verifier = verifier.as_str().expect("the login is under way").to_owned();
    app.browser.run(LISTEN).await.expect("the page runs script");

    app.pause(false).await;
    let page = app.go_on().await;
    assert_eq!(page.outcome, Outcome::of("signed-in"));
    page.assert_no_response_is_left();
    let left = app.browser.run(LEFTOVERS).await.expect("the page runs script");
    let left = left.as_str().expect("what is left is text");
    let secrets = [("code", &code), ("code_verifier", &verifier), ("state", &state)];
    for (what, secret) in secrets {
        assert!(!left.contains(secret.as_str()), "the {what} is left: {left}");
    }
    app.browser.run(DATABASES).await.expect("the page runs script");
    assert_eq!(app.browser.until("return window.databases;").await, Ok(Value::from(0)));

    // The next page, of another origin, learns where the visitor came from, and no more.
    let next = format!("{}/nowhere", server.issuer("honest"));
    app.browser.run(&format!("location.assign({next:?});")).await.expect("the page runs script");
    let title = "return document.title === 'Welcome' ? document.referrer : null;";
    let referrer = app.browser.until(title).await.expect("the next page is loaded");
    for (what, secret) in secrets {
        assert!(!referrer.to_string().contains(secret.as_str()), "the referrer shows the {what}: {referrer}");
    }
}

/// What the module worked with is wiped when it has answered, verifier, code and tokens alike.
#[tokio::test]
async fn ac24_linear_memory_holds_no_secret_after_a_sign_in() {
    /// A name that stands in the module itself: the search does find what is there.
    const KNOWN: &str = "code_verifier";
    /// Bytes: two pages of linear memory, which one sign-in after another may use.
    const MOST: u64 = 2 * 65_536;
    let lab = Lab::start().await;
    lab.choose("honest", &json!({ "storage": "memory" }));
    let browser = Browser::start().await;
    lab.open(&browser).await;
    let search = async |texts: &[&str]| {
        let found =
            browser.run(&format!("return searchMemory({});", json!(texts))).await.expect("memory can be searched");
        let bytes = found["bytes"].as_u64().expect("a number of bytes");
        assert!((1..=MOST).contains(&bytes), "{bytes} bytes of memory");
        found["found"].clone()
    };

    for round in 1..=3 {
        let request = lab.begin(&browser, 1).await.remove(0);
        let verifier = browser.run(VERIFIER).await.expect("the page runs script");
        let verifier = verifier.as_str().expect("the login is under way").to_owned();
        assert_eq!(search(&[KNOWN, &verifier]).await, json!([KNOWN]), "after login {round} began");

        let callback = lab.answer(&request).await;
        let code = callback.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).expect("a code came");
        let report = lab.handle(&browser, &callback).await;
        assert_eq!(report.status, "signed-in", "{report:?}");
        let token = report.token.expect("there is an access token");
        assert_eq!(search(&[KNOWN, &verifier, code, &token]).await, json!([KNOWN]), "after sign-in {round}");
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}
