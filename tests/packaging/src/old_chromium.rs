//! Old releases of Chromium, from npm packages that carry one, sign in on the demo page and out again. The demo page itself asks for a newer engine than the package:
//! the oldest releases sign in on a page of their own. Those that cannot are told so in a sentence.

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

/// What a release does with modules or with a plain script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    SignsIn,
    /// It cannot read it.
    Unread,
    /// It is told that it is too old.
    Told,
}

/// The releases around the floor: what they do with the modules and with the plain script, and the package that carries them.
const FLOOR: [(u32, &str, [Use; 2]); 4] = [
    (80, "chromium-80", [Use::SignsIn, Use::SignsIn]),
    (79, "chromium-79", [Use::Unread, Use::SignsIn]),
    (74, "chromium-74", [Use::Unread, Use::SignsIn]),
    (69, "chromium-69", [Use::Unread, Use::Told]),
];

/// What an engine below the floor is told by the plain script, and by the page of the guide.
const TOO_OLD: &str = "engine_unsupported: This browser or WebView is too old";
const SENTENCE: &str = "This browser is too old to sign in. Please update it.";

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
    for (major, package, uses) in FLOOR {
        let floor = sign_in_on_own_page("floor.js", package, format!("/{major}."), uses, fixtures.clone());
        table.slow_row(&format!("page, Chromium {major}"), package, floor).await;
    }
    for release in WEB_VIEWS {
        let uses = [Use::SignsIn; 2];
        let web_view = sign_in_on_own_page("webview.js", release, format!("Chrome/{release}."), uses, fixtures.clone());
        table.slow_row(&format!("WebView, QtWebEngine {release}"), "PyPI", web_view).await;
    }
    for release in &RELEASES {
        let name = format!("page, Chromium {}", release.major);
        table.slow_row(&name, release.package, sign_in(release, fixtures.clone())).await;
    }
}

/// Signs in on a page of its own, with the modules and with the plain script.
async fn sign_in_on_own_page(script: &str, release: &str, mark: String, uses: [Use; 2], fixtures: Fixtures) -> Outcome {
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
    let mut tokens = 0_u32;
    for (place, uses) in ["module", "script"].into_iter().zip(uses) {
        let mut found = seen.get(place).cloned().unwrap_or_default();
        // One way to look at it gives null, the other its name.
        if found.get("after") == Some(&json!("null")) {
            found["after"] = Value::Null;
        }
        let step = found.get("step").and_then(Value::as_str).unwrap_or_default();
        let is_as_it_should_be = match uses {
            Use::SignsIn => true,
            Use::Unread => step.starts_with("error: Uncaught SyntaxError"),
            Use::Told => step.contains(TOO_OLD),
        };
        if !is_as_it_should_be {
            return Err(Miss::Failed(format!("{place}: {found}")));
        }
        if uses != Use::SignsIn {
            continue;
        }
        tokens = tokens.saturating_add(2);
        let wanted = json!({
            "step": "signed in",
            "engine": "wasm",
            "status": "signed-in",
            "sub": "ada",
            "verified": "signature",
            "token": format!("at{}", tokens.saturating_sub(1)),
            "fresh": format!("Bearer at{tokens}"),
            "name": "Ada",
            "refused": "origin_refused",
            "href": format!("/{place}"),
            "after": null,
        });
        if found != wanted {
            return Err(Miss::Failed(format!("{place}: {found} instead of {wanted}")));
        }
    }
    // What a page says that does as the guide says.
    if let Some(told) = seen.get("told").and_then(Value::as_str) {
        let wanted = if uses == [Use::SignsIn; 2] { "The app runs" } else { SENTENCE };
        if told != wanted {
            return Err(Miss::Failed(format!("the page says {told:?} instead of {wanted:?}")));
        }
    }
    Ok(match uses {
        [Use::SignsIn, _] => format!("{product}: complete sign-in as wasm, with modules and with the plain script"),
        [_, Use::SignsIn] => {
            format!("{product}: complete sign-in as wasm with the plain script; a sentence with modules")
        }
        _ => format!("{product}: a sentence"),
    })
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
