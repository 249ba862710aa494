//! Old releases of Chromium, from npm packages that carry one, sign in on the demo page and out again. The demo page itself asks for a newer engine than the package:
//! the oldest release signs in on a page of its own.

use std::path::Path;

use e2e::{Counters, Demo, workspace};
use serde_json::{Value, json};

use crate::fixtures::Fixtures;
use crate::process::{run, tool};
use crate::row::{Miss, Outcome, Table};

/// A release: the package that carries it, and which engine runs under the policy of the demo page.
struct Release {
    major: u32,
    package: &'static str,
    under_policy: &'static str,
}

const RELEASES: [Release; 2] = [
    // It does not know 'wasm-unsafe-eval', which came with Chromium 97.
    Release { major: 92, package: "chrome-aws-lambda", under_policy: "js" },
    Release { major: 112, package: "@sparticuz/chromium", under_policy: "wasm" },
];

/// The oldest release that signs in, and the package that carries it.
const FLOOR: (u32, &str) = (80, "chromium-80");

/// WebViews of another make, by the Chromium in them: QtWebEngine from PyPI.
const WEB_VIEWS: [&str; 3] = ["83", "87", "102"];

/// Two logins, one without a policy and one under it.
const TWO_TOKENS: Counters = Counters { token_ok: 2, token_refused: 0 };

/// Why there is no browser here; nothing where there is one.
fn skipped() -> Option<Miss> {
    let fits = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    (!fits).then(|| Miss::Skipped("the packages carry a browser for Linux on x86-64 only".to_owned()))
}

pub(crate) async fn rows(table: &Table, fixtures: &Fixtures) {
    let (major, package) = FLOOR;
    let floor = sign_in_on_own_page("floor.js", package, format!("/{major}."), fixtures.clone());
    table.slow_row(&format!("page, Chromium {major}"), package, floor).await;
    for release in WEB_VIEWS {
        let web_view = sign_in_on_own_page("webview.js", release, format!("Chrome/{release}."), fixtures.clone());
        table.slow_row(&format!("WebView, QtWebEngine {release}"), "PyPI", web_view).await;
    }
    for release in &RELEASES {
        let name = format!("page, Chromium {}", release.major);
        table.slow_row(&name, release.package, sign_in(release, fixtures.clone())).await;
    }
}

/// Signs in on a page of its own, with the modules and with the plain script.
async fn sign_in_on_own_page(script: &str, release: &str, mark: String, fixtures: Fixtures) -> Outcome {
    if let Some(miss) = skipped() {
        return Err(miss);
    }
    let mut node = tool("node", Path::new("."));
    node.arg(workspace().join("tests/old-chromium").join(script)).arg(release);
    node.arg(fixtures.lasting("old-chromium")).arg(fixtures.module("pkce-wasm"));
    let said = run(&mut node).await?;
    let seen: Value = serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"))?;
    let product = seen.get("product").and_then(Value::as_str).unwrap_or_default();
    if !product.contains(&mark) {
        return Err(Miss::Failed(format!("this is {product}, and not {mark}")));
    }
    for (place, first) in [("module", 1), ("script", 3)] {
        let mut found = seen.get(place).cloned().unwrap_or_default();
        // One way to look at it gives null, the other its name.
        if found.get("after") == Some(&json!("null")) {
            found["after"] = Value::Null;
        }
        let wanted = json!({
            "step": "signed in",
            "engine": "wasm",
            "status": "signed-in",
            "sub": "ada",
            "verified": "signature",
            "token": format!("at{first}"),
            "fresh": format!("Bearer at{}", first + 1),
            "name": "Ada",
            "refused": "origin_refused",
            "href": format!("/{place}"),
            "after": null,
        });
        if found != wanted {
            return Err(Miss::Failed(format!("{place}: {found} instead of {wanted}")));
        }
    }
    Ok(format!("{product}: complete sign-in as wasm, with modules and with the plain script"))
}

async fn sign_in(release: &'static Release, fixtures: Fixtures) -> Outcome {
    if let Some(miss) = skipped() {
        return Err(miss);
    }
    let Release { major, package, under_policy } = release;
    let demo = Demo::start();
    let script = workspace().join("tests/old-chromium/sign-in.js");
    let mut node = tool("node", Path::new("."));
    node.arg(script).arg(package).arg(fixtures.lasting("old-chromium")).arg(demo.app());
    let said = run(&mut node).await?;
    let seen: Value = serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"))?;

    let product = seen.get("product").and_then(Value::as_str).unwrap_or_default();
    if !product.contains(&format!("/{major}.")) {
        return Err(Miss::Failed(format!("this is {product}, not Chromium {major}")));
    }
    // The module is too large for these releases to start it at once.
    let wanted = |engine| {
        json!({
            "atOnce": "engine_not_ready",
            "after": engine,
            "engine": engine,
            "name": "Ada Demo",
            "href": demo.app(),
        })
    };
    for (place, engine) in [("free", "wasm"), ("underPolicy", under_policy)] {
        let found = seen.get(place).unwrap_or(&Value::Null);
        if *found != wanted(engine) {
            return Err(Miss::Failed(format!("{place}: {found} instead of {}", wanted(engine))));
        }
    }
    match demo.counters().await {
        TWO_TOKENS => {}
        counters => return Err(Miss::Failed(format!("{counters:?} instead of two logins"))),
    }
    Ok(format!("{product}: complete sign-in as wasm; as {under_policy} under 'wasm-unsafe-eval'"))
}
