//! The browser is killed with all its processes, in the middle of a login, and started again with the same profile.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use e2e::{Browser, Callback, Engine, Lab, Setup, figure, soak, until};
use hostile::{Delivery, Reply, Scenario, honest};
use serde_json::json;
use tempfile::TempDir;

/// Redeems the code at once; the answer never arrives.
const MUTE: Scenario =
    Scenario { token: |login| Reply::json(honest::tokens(login)).arriving(Delivery::Never), ..Scenario::HONEST };

/// A profile that outlives the browser; `None` where the engine keeps none.
fn profile() -> Option<(TempDir, Setup)> {
    if Engine::from_env() == Engine::WebKit {
        figure("skipped: WebKitGTK's MiniBrowser keeps nothing on the disk under automation");
        return None;
    }
    let folder = TempDir::with_prefix("pkce-profile-").expect("a temporary folder can be made");
    let setup = Setup { profile: Some(folder.path().to_owned()), ..Setup::default() };
    Some((folder, setup))
}

/// Begins a login and follows it; gives the callback and the name of the login's record.
async fn login(lab: &Lab, browser: &Browser) -> (Callback, String) {
    let names = async || {
        let names = browser.run("return Object.keys(localStorage);").await.expect("the page has a storage");
        serde_json::from_value::<Vec<String>>(names).expect("the records have names")
    };
    let before = names().await;
    let callback = lab.login(browser).await;
    let record = names().await.into_iter().find(|name| !before.contains(name));
    (callback, record.expect("a login leaves a record"))
}

/// Waits until a record is on the disk. Chromium begins to write when the page goes and takes a quarter of a second, Firefox one; of a page
/// that stays both collect what is written for five seconds.
async fn on_the_disk(profile: &TempDir, name: &str) {
    // Text of one byte a character, or of two.
    let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let holds = |bytes: &[u8], sought: &[u8]| bytes.windows(sought.len()).any(|window| window == sought);
    let found = until(async || {
        let held = files_below(profile.path()).into_iter().filter_map(|file| std::fs::read(file).ok());
        Ok::<_, ()>(held.into_iter().any(|bytes| holds(&bytes, name.as_bytes()) || holds(&bytes, &wide)).then_some(()))
    });
    found.await.unwrap_or_else(|last| panic!("{name} does not come to the disk: {last}"));
}

/// The files in which an engine may keep what a page stores.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path()),
            Ok(kind) if kind.is_file() && entry.path().to_string_lossy().contains("torage") => vec![entry.path()],
            _ => Vec::new(),
        })
        .collect()
}

/// Sends the page away, as a login does; to another name of this machine, which is another site.
async fn leave(lab: &Lab, browser: &Browser) {
    browser.goto(&lab.server.issuer("elsewhere").replacen("127.0.0.1", "localhost", 1)).await;
}

#[tokio::test]
async fn a_browser_killed_before_the_callback_completes_it_when_it_runs_again() {
    let Some((folder, setup)) = profile() else { return };
    let lab = Lab::start().await;
    for (what, leaves) in [("left", true), ("still open", false)] {
        let browser = Browser::start_with(&setup).await;
        lab.open(&browser).await;
        let (callback, record) = login(&lab, &browser).await;
        let start = Instant::now();
        if leaves {
            leave(&lab, &browser).await;
        }
        on_the_disk(&folder, &record).await;
        let wait = start.elapsed();
        browser.kill();

        let browser = Browser::start_with(&setup).await;
        let outcome = lab.visit(&browser, &callback).await;
        assert_eq!(outcome.status, "signed-in", "the page was {what}: {outcome:?}");
        assert_eq!(outcome.return_to.as_deref(), Some("/back"));
        figure(&format!("killed {wait:?} after login(), the page {what}: signed-in in the new process"));
        assert_eq!(lab.visit(&browser, &callback).await.status, "already-completed");
    }
    lab.assert_exchanges(2);
}

/// What is lost when the kill comes at once is a login that nobody knows, never half of one.
#[tokio::test]
async fn a_browser_killed_in_the_very_moment_of_login_signs_in_or_says_that_it_does_not_know() {
    let Some((_folder, setup)) = profile() else { return };
    let lab = Lab::start().await;
    let moments: &[u64] = if soak() { &[0, 250, 500, 1000] } else { &[0, 500] };
    for &wait in moments {
        let browser = Browser::start_with(&setup).await;
        lab.open(&browser).await;
        let callback = lab.login(&browser).await;
        leave(&lab, &browser).await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        browser.kill();
        let browser = Browser::start_with(&setup).await;
        let outcome = lab.visit(&browser, &callback).await;
        figure(&format!(
            "killed {wait} ms after the page was left: {} {}",
            outcome.status,
            outcome.code.as_deref().unwrap_or_default()
        ));
        match outcome.status.as_str() {
            "signed-in" => assert!(outcome.signed_in),
            _ => assert_eq!(
                (outcome.status.as_str(), outcome.code.as_deref()),
                ("other-login", Some("transaction_not_found")),
                "{outcome:?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_browser_killed_between_exchange_and_save_asks_the_user_to_begin_again() {
    let Some((folder, setup)) = profile() else { return };
    let lab = Lab::start_with([("mute", MUTE)]).await;
    lab.choose("mute", &json!({}));
    // At once, and in a soak also when what was written at the callback is on the disk.
    let moments: &[bool] = if soak() { &[false, true] } else { &[false] };
    for &written in moments {
        let (outcome, wait) = kill_in_exchange(&lab, &folder, &setup, written).await;
        figure(&format!("killed {wait:?} into the exchange: refused {outcome}, restart"));
    }
}

/// Kills the browser as soon as the code is redeemed, or when what remains of the login is written too; gives the code of the refusal, and how
/// long after the redemption the kill came.
async fn kill_in_exchange(lab: &Lab, folder: &TempDir, setup: &Setup, written: bool) -> (String, Duration) {
    let browser = Browser::start_with(setup).await;
    lab.open(&browser).await;
    let (callback, record) = login(lab, &browser).await;
    leave(lab, &browser).await;
    on_the_disk(folder, &record).await;
    let before = lab.server.redeemed();
    browser.goto(&callback).await;
    until(async || Ok::<_, ()>((lab.server.redeemed() > before).then_some(()))).await.expect("the code is redeemed");
    let start = Instant::now();
    if written {
        let remains = record.replace(":2:t:", ":2:d:");
        assert_ne!(remains, record, "the record of a login has another name");
        on_the_disk(folder, &remains).await;
    }
    let wait = start.elapsed();
    browser.kill();

    let browser = Browser::start_with(setup).await;
    let mut code = String::new();
    // However often it is tried.
    for _ in 0..2 {
        let outcome = lab.visit(&browser, &callback).await;
        assert_eq!((outcome.status.as_str(), outcome.restart), ("refused", Some(true)), "{outcome:?}");
        assert!(!outcome.signed_in, "{outcome:?}");
        code = outcome.code.unwrap_or_default();
    }
    lab.choose("honest", &json!({}));
    lab.open(&browser).await;
    let next = lab.login(&browser).await;
    let outcome = lab.visit(&browser, &next).await;
    assert_eq!(outcome.status, "signed-in", "the next login: {outcome:?}");
    lab.choose("mute", &json!({}));
    (code, wait)
}
