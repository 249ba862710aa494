//! A whole login with the application of the README's quick start.

use e2e::Browser;
use hostile::honest::{self, with};
use hostile::keys::{self, Signer};
use hostile::{Reply, Scenario};
use serde_json::{Value, json};

/// The name of the scenario.
pub(crate) const SERVER: &str = "ada";

/// A server that lets everybody in, under the name of Ada.
pub(crate) const SCENARIO: Scenario = Scenario {
    token: |login| {
        let claims = with(honest::claims(login), "name", json!("Ada"));
        Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::Rs256)))
    },
    ..Scenario::HONEST
};

/// Has the button been given its work, or did the page tell a failure?
const WAITS: &str =
    "const { engine, result } = document.documentElement.dataset; return engine ? true : result ?? null;";

/// Is the button of the quick start there?
const OFFERS: &str = "return document.querySelector('#sign-in') ? true : null;";

/// Is the user greeted? Then: the engine, and what is left of the callback in the address.
const GREETED: &str = "return document.body.textContent.includes('Hello Ada')
    ? [document.documentElement.dataset.engine, location.href] : null;";

/// Has everything been used, and what was seen?
const USED: &str = "return document.documentElement.dataset.parts ?? null;";

/// Signs in as [`sign_in_on`] does, then uses what an application may load later: pop-up, `session.fetch`, refresh, errors, a login with a key, sign-out.
pub(crate) async fn use_all_on(browser: &Browser, url: &str, engine: &str) -> Result<(), String> {
    sign_in_on(browser, url, engine).await?;
    browser.click("#parts").await;
    let seen = browser.until(USED).await.map_err(|error| format!("the parts of the package do not load: {error}"))?;
    let seen: Value = serde_json::from_str(seen.as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
    let wanted = json!({
        "popup": "signed-in",
        "fetch": "Mallory",
        "userinfo": "Mallory",
        "refresh": "asked",
        "thrown": "origin_refused",
        "refused": "transaction_not_found",
        "bound": 43,
        "session": null,
    });
    if seen == wanted { Ok(()) } else { Err(format!("{seen} instead of {wanted}")) }
}

/// Signs in; gives the engine that did it.
pub(crate) async fn sign_in(browser: &Browser, url: &str) -> Result<String, String> {
    browser.goto(url).await;
    match browser.until(WAITS).await {
        Ok(Value::String(failure)) => return Err(failure),
        Ok(_) => {}
        Err(error) => return Err(format!("the application did not start: {error}")),
    }
    click(browser).await
}

/// Signs in with the quick start as it stands, without anything that looks at it.
pub(crate) async fn sign_in_as_written(browser: &Browser, url: &str) -> Result<(), String> {
    browser.goto(url).await;
    browser.until(OFFERS).await.map_err(|error| format!("the application did not start: {error}"))?;
    click(browser).await.map(drop)
}

/// Clicks, and waits for the greeting; gives the engine where the page says it.
async fn click(browser: &Browser) -> Result<String, String> {
    browser.click("#sign-in").await;
    let greeted = match browser.until(GREETED).await {
        Ok(greeted) => greeted,
        Err(error) => return Err(format!("no greeting on {}: {error}", browser.url().await)),
    };
    let [engine, href] = [0, 1].map(|at| greeted.get(at).and_then(Value::as_str).unwrap_or_default().to_owned());
    if href.contains("code=") || href.contains("state=") {
        return Err(format!("the callback is left in the address: {href}"));
    }
    Ok(engine)
}

/// Signs in, and sees to it that this engine did it.
pub(crate) async fn sign_in_on(browser: &Browser, url: &str, engine: &str) -> Result<(), String> {
    match sign_in(browser, url).await? {
        found if found == engine => Ok(()),
        found => Err(format!("the engine is {found}, not {engine}")),
    }
}
