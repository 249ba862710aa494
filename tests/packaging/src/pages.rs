//! Pages and workers in a browser engine.

use std::fmt::Write;
use std::path::PathBuf;
use std::rc::Rc;

use e2e::{Browser, Engine, LAN, Setup, Site};
use serde_json::{Value, json};

use crate::fixtures::Fixtures;
use crate::login::{sign_in_on, use_all_on};
use crate::row::{Miss, Outcome, Table};

/// What a page shows when it is done.
const RESULT: &str = "return document.documentElement.dataset.result ?? null;";

/// The rows of an engine. One browser serves all of them that need no special one: each row has a site, and so an origin, of its own.
pub(crate) async fn rows(table: &Table, fixtures: &Fixtures, browser: &Rc<Browser>) {
    let engine = Engine::from_env();
    let with = format!("{engine:?} {}", browser.version().await).to_lowercase();
    let row = async |name: &str, run: std::pin::Pin<Box<dyn Future<Output = Outcome>>>| {
        table.row(name, &with, run).await;
    };
    let folder = || fixtures.app("pages");

    row("page, module script", Box::pin(served(browser.clone(), folder(), "module.html", "wasm"))).await;
    row("page, pkce.iife.js", Box::pin(served(browser.clone(), folder(), "pkce.html", "wasm"))).await;
    row("page, index.iife.js", Box::pin(served(browser.clone(), folder(), "client.html", "wasm"))).await;
    row("page, complete sign-in", Box::pin(signs_in(browser.clone(), folder()))).await;
    for page in ["pkce.html", "client.html"] {
        row(&format!("file://, {page}"), Box::pin(from_file(browser.clone(), folder(), page))).await;
    }
    for page in ["module.html", "pkce.html", "client.html"] {
        row(&format!("policy without wasm-unsafe-eval, {page}"), Box::pin(strict(browser.clone(), folder(), page)))
            .await;
    }
    row("policy without wasm-unsafe-eval, complete sign-in", Box::pin(signs_in_strictly(browser.clone(), folder())))
        .await;
    row("policy that blocks the twin too", Box::pin(stricter(browser.clone(), folder()))).await;
    for worker in ["dedicated", "classic", "shared", "service"] {
        row(&format!("worker, {worker}"), Box::pin(worker_runs(browser.clone(), folder(), worker))).await;
    }
    row("insecure origin, complete sign-in", Box::pin(insecure(fixtures.app("insecure")))).await;
    if engine == Engine::Firefox {
        row("javascript.options.wasm=false", Box::pin(without_wasm(folder()))).await;
    }
}

/// Opens a page and reads what it shows.
async fn look(browser: &Browser, url: &str) -> Result<Value, Miss> {
    browser.goto(url).await;
    let shown = browser.until(RESULT).await.map_err(|error| format!("{url} shows no result: {error}"))?;
    let result: Value = serde_json::from_str(shown.as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
    match result.get("failed").and_then(Value::as_str) {
        Some(reason) => Err(Miss::Failed(reason.to_owned())),
        None => Ok(result),
    }
}

/// Sees to it that the engine is this one; tells what else there is to know.
fn expect(result: &Value, engine: &str) -> Outcome {
    let text = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if text("engine") != engine {
        return Err(Miss::Failed(format!("the engine is {}, not {engine}", text("engine"))));
    }
    let mut remark = engine.to_owned();
    if text("atOnce") != "works" {
        // Writing to a string does not fail.
        let _ = write!(remark, "; before ready(): {}", text("atOnce"));
    }
    Ok(remark)
}

async fn served(browser: Rc<Browser>, folder: PathBuf, page: &'static str, engine: &'static str) -> Outcome {
    let site = Site::of(&folder).await;
    expect(&look(&browser, &site.url(page)).await?, engine)
}

async fn signs_in(browser: Rc<Browser>, folder: PathBuf) -> Outcome {
    let site = Site::of(&folder).await;
    use_all_on(&browser, &site.url(""), "wasm").await?;
    Ok("wasm; every part".to_owned())
}

async fn from_file(browser: Rc<Browser>, folder: PathBuf, page: &'static str) -> Outcome {
    let url = format!("file://{}", folder.join(page).display());
    expect(&look(&browser, &url).await?, "wasm")
}

async fn strict(browser: Rc<Browser>, folder: PathBuf, page: &'static str) -> Outcome {
    let site = Site::start(&folder, |_| Some("script-src 'self'".to_owned())).await;
    expect(&look(&browser, &site.url(page)).await?, "js")
}

/// The page has an import map, which is inline: `unsafe-inline` allows that, and no WebAssembly.
async fn signs_in_strictly(browser: Rc<Browser>, folder: PathBuf) -> Outcome {
    let site = Site::start(&folder, |_| Some("script-src 'self' 'unsafe-inline'".to_owned())).await;
    use_all_on(&browser, &site.url(""), "js").await?;
    Ok("js; every part".to_owned())
}

/// Nothing can run: that is said.
async fn stricter(browser: Rc<Browser>, folder: PathBuf) -> Outcome {
    let scripts = |origin: &str| {
        let files = ["check.js", "script.js", "pkce-wasm/pkce.iife.js"].map(|file| format!("{origin}/{file}"));
        Some(format!("script-src {}", files.join(" ")))
    };
    let site = Site::start(&folder, scripts).await;
    expect(&look(&browser, &site.url("pkce.html")).await?, "engine_unavailable")
}

async fn worker_runs(browser: Rc<Browser>, folder: PathBuf, kind: &'static str) -> Outcome {
    let site = Site::of(&folder).await;
    expect(&look(&browser, &site.url(&format!("workers.html?{kind}"))).await?, "wasm")
}

/// A name that is this machine and, for the browser, a stranger without TLS. Nothing verifies the ID token there: no
/// WebCrypto, and no TLS. The application has to say that it wants that.
async fn insecure(folder: PathBuf) -> Outcome {
    let Some(setup) = Setup::unthrottled_on_lan() else {
        let reason = "WebKitGTK maps no names, and every address of loopback is secure to it";
        return Err(Miss::Skipped(reason.to_owned()));
    };
    let site = Site::of(&folder).await;
    let browser = Browser::start_with(&setup).await;
    let result = look(&browser, &site.url_on(LAN, "module.html")).await?;
    for (name, wanted) in [("secure", json!(false)), ("subtle", json!("undefined")), ("locks", json!("undefined"))] {
        if result.get(name) != Some(&wanted) {
            return Err(Miss::Failed(format!("the browser takes {LAN} for secure: {result}")));
        }
    }
    expect(&result, "wasm")?;
    sign_in_on(&browser, &site.url_on(LAN, ""), "wasm").await?;
    Ok(format!(
        "wasm on http://{LAN}; isSecureContext false, crypto.subtle and navigator.locks undefined; \
         with dangerouslyAllowHttp and dangerouslyAllowUnverifiedIdToken"
    ))
}

async fn without_wasm(folder: PathBuf) -> Outcome {
    let preferences = [("javascript.options.wasm".to_owned(), json!(false))];
    let setup = Setup { preferences: preferences.into_iter().collect(), ..Setup::default() };
    let site = Site::of(&folder).await;
    let browser = Browser::start_with(&setup).await;
    let remark = expect(&look(&browser, &site.url("module.html")).await?, "js")?;
    expect(&look(&browser, &site.url("client.html")).await?, "js")?;
    sign_in_on(&browser, &site.url(""), "js").await?;
    Ok(format!("{remark}; complete sign-in"))
}
