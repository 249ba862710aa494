//! The demo without a server: files below any path, and the page that comes with the package. A service worker is the authorization server.

use std::fs;
use std::process::Command;

use e2e::{App, Attempt, Browser, Demo, Outcome, Page, Site, archive, demo_files};
use launch::Program;
use serde_json::json;

const NAME: &str = "Ada Lovelace";

/// The demo as files, somewhere on a site.
async fn somewhere() -> (Site, App) {
    let site = Site::of_folders([("some/place/", demo_files())]).await;
    let demo = Demo::of_files(&site.url("some/place/"));
    let app = App::of(demo).await;
    (site, app)
}

/// Sees to it that the visitor is signed in, and that the page left nothing of the callback. The authorization requests are of this origin too.
fn assert_signed_in(page: &Page) {
    let mut page = page.clone();
    page.history.retain(|url| !url.contains("/as/"));
    assert!(page.signed_in, "{page:#?}");
    assert_eq!(page.claims.get("name").map(String::as_str), Some(NAME), "{page:#?}");
    page.assert_no_response_is_left();
}

/// Goes through what the page is for.
async fn see_it_all(app: &App) {
    app.sign_in_until_callback().await;
    app.browser.click("#thief-try").await;
    let page = app.until("the thief has tried", |page| page.attempts.len() == 3).await;
    assert!(page.attempts.iter().all(|Attempt { mark, .. }| mark == "good"), "{page:#?}");
    let page = app.go_on().await;
    assert_eq!(page.outcome, Outcome::of("signed-in"), "{page:#?}");
    assert_signed_in(&page);
    app.browser.click("#userinfo").await;
    app.browser.wait_for("#userinfo-result dl").await;
    assert_signed_in(&app.reload().await);
    app.pause(false).await;
}

/// Signs out at the server too: then it asks again who is there.
async fn sign_out(app: &App) {
    app.browser.click("#sign-out-everywhere").await;
    let page = app.until("the page is back", |page| page.ready && page.outcome.status == "signed-out").await;
    assert!(!page.signed_in, "{page:#?}");
    assert_eq!(page.href, app.demo.app(), "something is left in the address bar");
    app.go_to_login().await;
    app.browser.click("#cancel").await;
    assert_eq!(app.ready().await.outcome, Outcome::error("refused", "access_denied"));
}

/// Makes a client of the page's configuration, and its session fresh tokens.
async fn refresh(app: &App) -> bool {
    let [app_url, issuer] = [app.demo.app(), app.demo.issuer()].map(|url| json!(url));
    let script = format!(
        "return import({app_url} + 'pkce-wasm/index.js').then(async ({{ Client }}) => {{
            const clientId = 'demo', redirectUri = {app_url}, scope = 'openid profile email', storage = 'session';
            const client = await Client.discover({{ issuer: {issuer}, clientId, redirectUri, scope, storage }});
            const session = await client.session();
            const before = await session.accessToken();
            await session.refresh();
            return (await session.accessToken()) !== before;
        }});"
    );
    app.browser.eval(&script).await == true
}

#[tokio::test]
async fn below_any_path_a_visitor_signs_in_at_a_service_worker_and_out_again() {
    let (_site, app) = somewhere().await;
    see_it_all(&app).await;
    assert!(refresh(&app).await, "no fresh token came");
    sign_out(&app).await;
}

/// Wherever the folder lies, its files find each other.
#[test]
fn no_file_of_the_page_names_a_place_from_the_root() {
    for entry in fs::read_dir(demo_files()).expect("the folder can be read").flatten() {
        let Ok(text) = fs::read_to_string(entry.path()) else { continue };
        for absolute in ["=\"/", "url(/", "from \"/", "import(\"/", "fetch(\"/"] {
            assert!(!text.contains(absolute), "{}: {absolute}", entry.path().display());
        }
        for (_, name) in text.match_indices("\"./").map(|(at, _)| text.split_at(at + 3)) {
            let name = name.split(['"', ' ']).next().unwrap_or_default();
            let is_named = name.contains('.') && !name.ends_with('/');
            assert!(!is_named || demo_files().join(name).is_file(), "{}: {name}", entry.path().display());
        }
    }
}

#[tokio::test]
async fn a_pop_up_signs_in_at_the_service_worker() {
    let (_site, app) = somewhere().await;
    let page = app.browser.tab().await;
    app.browser.click("#sign-in-popup").await;
    let tabs = app.browser.until_tabs(2).await;
    app.browser.switch(tabs.iter().find(|tab| **tab != page).expect("the pop-up is open")).await;
    app.browser.click_away("#submit").await;
    app.browser.until_tabs(1).await;
    app.browser.switch(&page).await;
    assert_signed_in(&app.until("the page is signed in", |page| page.signed_in).await);
}

/// A browser ends a worker that has nothing to do.
#[tokio::test]
async fn what_the_service_worker_knows_outlives_it() {
    let (_site, app) = somewhere().await;
    app.sign_in().await;
    let end = "return navigator.serviceWorker.getRegistration().then((registration) => registration.unregister());";
    assert_eq!(app.browser.eval(end).await, true);
    assert_signed_in(&app.reload().await);
    assert!(refresh(&app).await, "the refresh token is unknown");
    // The server remembers who is there, and asks nothing.
    app.browser.click("#sign-in").await;
    let page = app.until("the page is back", |page| page.ready && page.outcome.status == "signed-in").await;
    assert_signed_in(&page);
}

#[tokio::test]
async fn without_a_server_too_pkce_and_dpop_make_the_difference() {
    let (_site, app) = somewhere().await;
    app.turn("pkce", false).await;
    app.sign_in_until_callback().await;
    app.browser.click("#thief-try").await;
    let page = app.until("the thief has tried", |page| page.attempts.len() == 2).await;
    assert!(page.attempts.iter().all(|Attempt { mark, .. }| mark == "bad"), "{page:#?}");
    assert_eq!(app.go_on().await.outcome, Outcome::error("refused", "invalid_grant"));

    app.turn("pkce", true).await;
    app.turn("dpop", true).await;
    app.pause(false).await;
    app.browser.click("#sign-in").await;
    app.until("the page is signed in", |page| page.ready && page.outcome == Outcome::of("signed-in")).await;
    app.browser.click("#token-try").await;
    let page = app.until("the thief has used the token", |page| page.token_attempts.len() == 3).await;
    assert!(page.token_attempts.iter().all(|Attempt { mark, .. }| mark == "good"), "{page:#?}");
}

#[tokio::test]
async fn the_visitor_chooses_who_they_are() {
    let (_site, app) = somewhere().await;
    app.go_to_login().await;
    app.browser.click("input[value=grace]").await;
    let page = app.confirm().await;
    assert_eq!(page.claims.get("name").map(String::as_str), Some("Grace Hopper"), "{page:#?}");
}

/// No Rust, no checkout: the package alone shows the demo.
#[tokio::test]
async fn npx_shows_the_demo_of_the_installed_package() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    fs::write(folder.path().join("package.json"), "{ \"private\": true }\n").expect("the folder can be written");
    let npm = |program: &str| {
        let mut command = Command::new(if cfg!(windows) { format!("{program}.cmd") } else { program.to_owned() });
        command.current_dir(folder.path());
        command
    };
    let installed = npm("npm")
        .args(["install", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"])
        .arg(archive())
        .output()
        .expect("npm can be started");
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));

    let help = npm("npx").args(["--no-install", "pkce-wasm", "--help"]).output().expect("npx can be started");
    assert!(String::from_utf8_lossy(&help.stdout).contains("demo"), "{help:?}");
    for (arguments, said) in [(["nothing", ""], "no command nothing"), (["demo", "--port=x"], "--port N")] {
        let refused = npm("npx").args(["--no-install", "pkce-wasm"]).args(arguments).output();
        let refused = refused.expect("npx can be started");
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(said), "{refused:?}");
    }

    for command in [&[][..], &["demo"]] {
        let program = Program::start(npm("npx").args(["--no-install", "pkce-wasm"]).args(command))
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let url = program.first().split_whitespace().find(|word| word.starts_with("http://")).map(str::to_owned);
        let url = url.unwrap_or_else(|| panic!("it said {}", program.first()));
        let app = App::of(Demo::of_files(&url)).await;
        see_it_all(&app).await;
        // It serves the page and the package, and nothing beside them.
        for path in ["..%2fpackage.json", "pkce-wasm/..%2f..%2f..%2fpackage.json", "bin/demo.js", ".npmrc"] {
            let fetched = format!("return fetch({url:?} + {path:?}).then(({{ status }}) => status);");
            assert_eq!(app.browser.eval(&fetched).await, 404, "{path}");
        }
        drop(program);
    }
}

/// Where no service worker can be, the page says why, and what to do.
#[tokio::test]
async fn an_origin_that_is_not_secure_is_told_so() {
    let Some(setup) = e2e::Setup::unthrottled_on_lan() else { return };
    let site = Site::of_folders([("demo/", demo_files())]).await;
    let browser = Browser::start_with(&setup).await;
    browser.goto(&site.url_on(e2e::LAN, "demo/")).await;
    let said = "return document.body.dataset.ready === 'true' ? document.querySelector('#outcome').textContent : null;";
    let said = browser.until(said).await.expect("the page says something");
    assert!(said.to_string().contains("https"), "{said}");
}
