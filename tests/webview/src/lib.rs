//! A machine of its own for every test: servers, a session bus, folders for what the operating system and the
//! application keep, a browser that is the system's, and the application in its WebView.
//!
//! The way back goes through the operating system: Chromium hands the redirect to `xdg-open`, that finds the application by its
//! `.desktop` file and starts it, and the started one hands the URL to the one that runs already.
//!
//! `cargo xtask test webview` sets the environment (see the crate `e2e`) and gives a display.

mod desktop;
mod mcp;
mod memory;

use std::fs;
use std::io::Write as _;
use std::ops::Deref;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use e2e::{App, Browser, Demo, Outcome, Page, until};
use http_body_util::{BodyExt, Empty, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

pub use desktop::Desktop;
use desktop::files_below;
pub use mcp::McpMachine;

/// The private-use scheme of the application.
pub const SCHEME: &str = "com.example.pkce-demo";

/// A machine with the application on it.
#[derive(Debug)]
pub struct Machine {
    /// The application and the demo's servers.
    pub app: App,
    keyring: Option<Keyring>,
    desktop: Desktop,
}

impl Deref for Machine {
    type Target = Desktop;

    fn deref(&self) -> &Desktop {
        &self.desktop
    }
}

/// Where the application keeps its tokens.
#[derive(Debug)]
pub enum Tokens {
    /// In the WebView, with these servers to choose from, or those of the demo.
    InWebView(Option<Value>),
    /// In Rust, by a plugin of this configuration, and in the system's keyring where there is one.
    InRust {
        /// The configuration of the plugin; where members are absent they are those of the demo's server.
        config: Value,
        /// Whether there is a Secret Service.
        has_keyring: bool,
    },
}

impl Machine {
    /// Starts the servers and the application. `relay` is the program of that name.
    pub async fn start(relay: &str) -> Self {
        Self::start_with(relay, Tokens::InWebView(None)).await
    }

    /// The same, with tokens kept there.
    pub async fn start_with(relay: &str, tokens: Tokens) -> Self {
        let demo = Demo::start();
        let desktop = Desktop::start(relay, "PKCE_E2E_APPLICATION", SCHEME);
        let write = |name: &str, text: String| {
            fs::write(desktop.home.path().join(SCHEME).join(name), text).expect("the temporary folder can be written");
        };
        let mut servers = demo.application_servers();
        let mut keyring = None;
        match tokens {
            Tokens::InWebView(None) => {}
            Tokens::InWebView(Some(others)) => servers = others.to_string(),
            Tokens::InRust { config, has_keyring } => {
                let known: Value = serde_json::from_str(&servers).expect("the servers are JSON");
                let mut whole = known[0].clone();
                for (name, value) in config.as_object().expect("the configuration is an object") {
                    whole[name] = value.clone();
                }
                write("tokens-in-rust.json", whole.to_string());
                keyring = has_keyring.then(|| Keyring::start(&desktop));
            }
        }
        write("servers.json", servers);
        let browser = desktop.start_application(&[]).await;
        let machine = Self { app: App { browser, demo }, keyring, desktop };
        machine.install_both();
        machine.app.ready().await;
        machine
    }

    /// Locks the keyring, as when the user locks it by hand. Nobody is there to unlock it.
    pub fn lock_keyring(&self) {
        let mut lock = Command::new("dbus-send");
        lock.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
            .args(["org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login"])
            .envs(self.environment())
            .stdout(Stdio::null());
        assert!(lock.status().expect("dbus-send can be started").success());
    }

    /// Stops the keyring: then no Secret Service is there any more.
    pub fn stop_keyring(&mut self) {
        self.keyring = None;
    }

    /// Starts the keyring, unlocked, with what it held before.
    pub fn start_keyring(&mut self) {
        self.keyring = Some(Keyring::start(&self.desktop));
    }

    /// Stops the keyring and makes it forget everything.
    pub fn lose_keyring(&mut self) {
        self.stop_keyring();
        fs::remove_dir_all(self.home.path().join("keyrings")).expect("the keyring has a folder");
    }

    /// Where these texts stand: in the memory of the WebView's processes, and in the files of the application, the encrypted keyring included. Each
    /// place is told with its text.
    pub fn search(&self, wanted: &[&str]) -> Vec<String> {
        // WebKit and SQLite hold text in either form.
        let forms = wanted
            .iter()
            .map(|text| [text.as_bytes().to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()]);
        let texts: Vec<Vec<u8>> = forms.flatten().collect();
        let processes = self.web_processes();
        assert!(processes.len() >= 2, "the page and its network have a process each: {processes:?}");
        let mut found = Vec::new();
        let mut note = |text: usize, place: String| found.push(format!("{}: {place}", wanted[text / 2]));
        for process in processes {
            let id = process.as_raw_nonzero().get();
            memory::held(id, &texts).into_iter().for_each(|text| note(text, format!("process {id}")));
        }
        for file in files_below(self.home.path()) {
            let bytes = fs::read(&file).unwrap_or_default();
            let held = texts.iter().enumerate().filter(|(_, text)| memory::contains(&bytes, text));
            held.for_each(|(text, _)| note(text, file.display().to_string()));
        }
        found
    }

    /// Follows a sign-in page that lets everybody in, and gives the URL to which it leads.
    pub async fn wave_through(&self, url: &str) -> String {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
        let answer = client.get(url.parse().expect("this is a URL")).await.expect("the server answers");
        let location = answer.headers().get("location").expect("the server redirects");
        location.to_str().expect("this is a URL").to_owned()
    }

    /// Presses the sign-in button; gives the URL that the system's browser was asked to open.
    pub async fn begin(&self) -> String {
        let before = self.count("opened");
        self.app.browser.click("#sign-in").await;
        self.written("opened", before).await
    }

    /// The system's browser. It starts the application without asking.
    pub async fn system_browser(&self) -> Browser {
        let pingone = self.app.demo.pingone_issuer();
        let pingone = pingone.split('/').take(3).collect::<Vec<_>>().join("/");
        self.browser_allowing(&[self.app.demo.issuer(), &pingone]).await
    }

    /// Signs in, in the system's browser, at the page of this URL.
    pub async fn confirm(&self, browser: &Browser, url: &str) {
        browser.goto(url).await;
        browser.click("#submit").await;
    }

    /// The same where the server may know the user still, and asks for nothing.
    pub async fn confirm_again(&self, browser: &Browser, url: &str) {
        browser.goto(&format!("{url}&prompt=login")).await;
        browser.click("#submit").await;
    }

    /// Waits until the keyring holds a record whose name begins so.
    pub async fn kept_in_keyring(&self, name: &str) {
        let found = until(async || {
            let mut look = Command::new("secret-tool");
            look.args(["lookup", "service", SCHEME, "username", "pkce-wasm"]).envs(self.environment());
            let held = look.stderr(Stdio::null()).output().expect("secret-tool can be started").stdout;
            Ok::<_, ()>(memory::contains(&held, format!("\"{name}").as_bytes()).then_some(()))
        });
        found.await.unwrap_or_else(|error| panic!("{name} is not in the keyring: {error}"));
    }

    /// Waits until the plain server has granted tokens so many times.
    pub async fn tokens_granted(&self, times: u32) {
        let granted = until(async || {
            let counters = self.app.demo.counters().await;
            Ok::<_, ()>((counters.token_ok == times).then_some(()))
        });
        granted.await.expect("the server has granted tokens");
    }

    /// The `redirect_uri` of an authorization request.
    pub fn redirect_uri_in(&self, url: &str) -> String {
        let pairs = url.split_once('?').map_or("", |(_, query)| query).split('&');
        let value = pairs.filter_map(|pair| pair.strip_prefix("redirect_uri=")).next();
        value
            .expect("the request has a redirect URI")
            .replace("%3A", ":")
            .replace("%2F", "/")
            .replace("%5B", "[")
            .replace("%5D", "]")
    }

    /// The HTTP status at a URL; `None` when nobody listens there.
    pub async fn get(&self, url: &str) -> Option<u16> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
        let answer = client.get(url.parse().expect("this is a URL")).await.ok()?;
        Some(answer.status().as_u16())
    }

    /// Sends the code of a callback to the token endpoint, as somebody who has nothing but the callback: status and `error`.
    pub async fn redeem(&self, callback: &str, extra: &str) -> (u16, String) {
        let parameters = callback.split_once('?').map_or("", |(_, query)| query).split('&');
        let code = parameters.filter_map(|pair| pair.strip_prefix("code=")).next().expect("the callback has a code");
        let redirect_uri = "com.example.pkce-demo%3A%2Fcallback";
        let body = format!(
            "grant_type=authorization_code&client_id=pkce-wasm-demo-application&redirect_uri={redirect_uri}&code={code}{extra}"
        );
        let request = Request::post(format!("{}/token", self.app.demo.issuer()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::from(body))
            .expect("this is a request");
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let answer = client.request(request).await.expect("the server answers");
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.expect("the answer has an end").to_bytes();
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        (status, answer.get("error").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// Waits until the application shows an outcome.
    pub async fn outcome(&self, status: &str) -> Page {
        self.app.until(status, |page| page.ready && page.outcome.status == status).await
    }

    /// Waits until the application is signed in by the login that was begun last, and sees to it that it is Ada.
    pub async fn signed_in(&self) -> Page {
        let page = self.outcome("signed-in").await;
        assert_eq!(page.outcome, Outcome::of("signed-in"));
        assert!(page.signed_in, "{page:#?}");
        assert_eq!(page.claims.get("sub").map(String::as_str), Some("ada"), "{page:#?}");
        page
    }

    /// Starts the application again, with these arguments.
    pub async fn restart(&mut self, arguments: &[&str]) {
        self.app.browser = self.start_application(arguments).await;
        self.app.ready().await;
    }
}

/// The password of the keyring.
const PASSWORD: &str = "a password of this test\n";

/// A real Secret Service: that of GNOME, unlocked.
#[derive(Debug)]
struct Keyring(Child);

impl Keyring {
    fn start(desktop: &Desktop) -> Self {
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--foreground", "--unlock", "--components=secrets"]).envs(desktop.environment());
        daemon.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut daemon = daemon.spawn().expect("gnome-keyring-daemon can be started");
        let mut input = daemon.stdin.take().expect("it reads its password");
        input.write_all(PASSWORD.as_bytes()).expect("it reads its password");
        drop(input);
        let keyring = Self(daemon);
        let deadline = Instant::now() + Duration::from_secs(60);
        let is_there = || {
            let mut ask = Command::new("dbus-send");
            ask.args(["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/org/freedesktop/DBus"])
                .args(["org.freedesktop.DBus.GetNameOwner", "string:org.freedesktop.secrets"])
                .envs(desktop.environment())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            ask.status().expect("dbus-send can be started").success()
        };
        while !is_there() {
            assert!(Instant::now() < deadline, "gnome-keyring-daemon does not start");
            thread::sleep(Duration::from_millis(50));
        }
        keyring
    }
}

impl Drop for Keyring {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
