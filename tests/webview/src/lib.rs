//! A machine of its own for every test: the demo's servers, a session bus, folders for what the operating system and the
//! application keep, a browser that is the system's, and the application in its WebView.
//!
//! The way back goes through the operating system: Chromium hands the redirect to `xdg-open`, that finds the application by its
//! `.desktop` file and starts it, and the started one hands the URL to the one that runs already.
//!
//! `cargo xtask test webview` sets the environment (see the crate `e2e`) and gives a display.

mod memory;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use e2e::{App, Browser, Demo, Engine, Outcome, Page, Setup, until};
use http_body_util::{BodyExt, Empty, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use launch::Program;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// The private-use scheme of the application.
pub const SCHEME: &str = "com.example.pkce-demo";

/// A machine with the application on it.
#[derive(Debug)]
pub struct Machine {
    /// The application and the demo's servers.
    pub app: App,
    relay: PathBuf,
    keyring: Option<Keyring>,
    bus: Bus,
    home: TempDir,
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
        let home = TempDir::with_prefix("pkce-webview-").expect("a temporary folder can be made");
        let bus = Bus::start(home.path());
        let relay = PathBuf::from(relay);
        for folder in ["applications", SCHEME] {
            fs::create_dir_all(home.path().join(folder)).expect("the temporary folder can be written");
        }
        let write = |name: &str, text: String| {
            fs::write(home.path().join(SCHEME).join(name), text).expect("the temporary folder can be written");
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
                keyring = has_keyring.then(|| Keyring::start(home.path(), &bus));
            }
        }
        write("servers.json", servers);
        let browser = start_application(home.path(), &bus, &[]).await;
        let machine = Self { app: App { browser, demo }, relay, keyring, bus, home };
        machine.install("system-browser", "http", &machine.writing_to("opened"));
        machine.install("pkce-demo", SCHEME, &application().display().to_string());
        machine.app.ready().await;
        machine
    }

    /// Locks the keyring, as when the user locks it by hand. Nobody is there to unlock it.
    pub fn lock_keyring(&self) {
        let mut lock = Command::new("dbus-send");
        lock.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"])
            .args(["org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login"])
            .envs(environment(self.home.path(), &self.bus))
            .stdout(Stdio::null());
        assert!(lock.status().expect("dbus-send can be started").success());
    }

    /// Stops the keyring: then no Secret Service is there any more.
    pub fn stop_keyring(&mut self) {
        self.keyring = None;
    }

    /// Starts the keyring, unlocked, with what it held before.
    pub fn start_keyring(&mut self) {
        self.keyring = Some(Keyring::start(self.home.path(), &self.bus));
    }

    /// Stops the keyring and makes it forget everything.
    pub fn lose_keyring(&mut self) {
        self.stop_keyring();
        fs::remove_dir_all(self.home.path().join("keyrings")).expect("the keyring has a folder");
    }

    /// The processes in which the page and its network run, beside the application's own.
    pub fn web_processes(&self) -> Vec<Pid> {
        self.processes_where(|exe| {
            exe.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("WebKit") && name != "WebKitWebDriver")
        })
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

    /// The command that writes down in a file the URL that it is started with.
    pub fn writing_to(&self, file: &str) -> String {
        format!("{} {}", self.relay.display(), self.home.path().join(file).display())
    }

    /// Makes a command the one for a scheme, as an installer does; whoever comes last has the scheme.
    pub fn install(&self, name: &str, scheme: &str, command: &str) {
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName={name}\nExec={command} %u\nMimeType=x-scheme-handler/{scheme};\n"
        );
        fs::write(self.home.path().join(format!("applications/{name}.desktop")), entry)
            .expect("the temporary folder can be written");
        let chosen = Command::new("xdg-mime")
            .args(["default", &format!("{name}.desktop"), &format!("x-scheme-handler/{scheme}")])
            .envs(environment(self.home.path(), &self.bus))
            .status();
        assert!(chosen.expect("xdg-mime can be started").success());
    }

    /// The URL with this number, from 0, that was written down in a file.
    pub async fn written(&self, file: &str, number: usize) -> String {
        let path = self.home.path().join(file);
        let found = until(async || {
            let text = fs::read_to_string(&path).unwrap_or_default();
            Ok::<_, ()>(text.lines().nth(number).map(str::to_owned))
        });
        found.await.unwrap_or_else(|error| panic!("{file} has no line {number}: {error}"))
    }

    /// How many URLs were written down in a file.
    pub fn count(&self, file: &str) -> usize {
        fs::read_to_string(self.home.path().join(file)).unwrap_or_default().lines().count()
    }

    /// Presses the sign-in button; gives the URL that the system's browser was asked to open.
    pub async fn begin(&self) -> String {
        let before = self.count("opened");
        self.app.browser.click("#sign-in").await;
        self.written("opened", before).await
    }

    /// The system's browser. It starts the applications of schemes without asking, as after "always allow".
    pub async fn system_browser(&self) -> Browser {
        let issuer = self.app.demo.issuer();
        let pingone = self.app.demo.pingone_issuer();
        let pingone = pingone.split("/").take(3).collect::<Vec<_>>().join("/");
        let allowed = json!({ issuer: { SCHEME: true }, pingone: { SCHEME: true } });
        let preferences =
            Map::from_iter([("protocol_handler".to_owned(), json!({ "allowed_origin_protocol_pairs": allowed }))]);
        let environment = environment(self.home.path(), &self.bus);
        Browser::start_with(&Setup { preferences, environment, ..Setup::default() }).await
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

    /// The variables of this machine, for a program that is started on it.
    pub fn environment(&self) -> Vec<(String, String)> {
        environment(self.home.path(), &self.bus)
    }

    /// Opens a URL as the operating system does: with the application that is registered for its scheme.
    pub fn open(&self, url: &str) {
        let opened = Command::new("xdg-open")
            .arg(url)
            .envs(environment(self.home.path(), &self.bus))
            .stderr(Stdio::null())
            .status()
            .expect("xdg-open can be started");
        assert!(opened.success(), "xdg-open {url}: {opened}");
    }

    /// Opens several URLs so, without waiting for one before the next.
    pub fn open_at_once(&self, urls: &[&str]) {
        let opening = urls.iter().map(|url| {
            let mut command = Command::new("xdg-open");
            command.arg(url).envs(environment(self.home.path(), &self.bus)).stderr(Stdio::null());
            command.spawn().expect("xdg-open can be started")
        });
        for mut opened in opening.collect::<Vec<_>>() {
            assert!(opened.wait().expect("xdg-open ends").success());
        }
    }

    /// The application's program, as a command.
    pub fn application(&self) -> String {
        application().display().to_string()
    }

    /// Waits until the plain server has granted tokens so many times.
    pub async fn tokens_granted(&self, times: u32) {
        let granted = until(async || {
            let counters = self.app.demo.counters().await;
            Ok::<_, ()>((counters.token_ok == times).then_some(()))
        });
        granted.await.expect("the server has granted tokens");
    }

    /// Waits until a record whose name begins so is in a file of the application's `localStorage`.
    pub async fn kept(&self, name: &str) {
        // SQLite, in which WebKit keeps it, holds text as UTF-16.
        let sought: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
        let found = until(async || {
            let files = files_below(self.home.path());
            let held = files.iter().filter_map(|file| fs::read(file).ok());
            Ok::<_, ()>(
                held.into_iter().any(|bytes| holds(&bytes, &sought) || holds(&bytes, name.as_bytes())).then_some(()),
            )
        });
        found.await.unwrap_or_else(|error| panic!("{name} is in no file: {error}"));
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

    /// Kills the application with SIGKILL and waits until it is gone.
    pub async fn kill(&self) {
        for process in self.processes() {
            // It may have ended in the meantime.
            let _ = kill_process(process, Signal::KILL);
        }
        let gone = until(async || Ok::<_, ()>(self.processes().is_empty().then_some(()))).await;
        gone.expect("the application is gone");
    }

    /// The processes of the application on this machine, whoever started them.
    pub fn processes(&self) -> Vec<Pid> {
        let program = application();
        self.processes_where(|exe| exe == program)
    }

    fn processes_where(&self, wanted: impl Fn(&Path) -> bool) -> Vec<Pid> {
        let bus = format!("DBUS_SESSION_BUS_ADDRESS={}", self.bus.address);
        let mine = |folder: &Path| {
            let environ = fs::read(folder.join("environ")).unwrap_or_default();
            fs::read_link(folder.join("exe")).is_ok_and(|exe| wanted(&exe))
                && environ.split(|byte| *byte == 0).any(|line| line == bus.as_bytes())
        };
        let folders = fs::read_dir("/proc").expect("there is /proc").flatten().map(|entry| entry.path());
        folders
            .filter(|folder| mine(folder))
            .filter_map(|folder| Pid::from_raw(folder.file_name()?.to_str()?.parse().ok()?))
            .collect()
    }

    /// Starts the application again, with these arguments.
    pub async fn restart(&mut self, arguments: &[&str]) {
        assert!(self.processes().is_empty(), "the application is running");
        self.app.browser = start_application(self.home.path(), &self.bus, arguments).await;
        self.app.ready().await;
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // What the operating system started is in no process group of ours.
        for process in self.processes() {
            let _ = kill_process(process, Signal::KILL);
        }
    }
}

async fn start_application(home: &Path, bus: &Bus, arguments: &[&str]) -> Browser {
    let setup = Setup {
        arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
        environment: environment(home, bus),
        ..Setup::default()
    };
    Browser::start_engine(Engine::Application, &setup).await
}

/// The application's program.
fn application() -> PathBuf {
    let program = std::env::var_os("PKCE_E2E_APPLICATION").expect("PKCE_E2E_APPLICATION names the application");
    fs::canonicalize(program).expect("the application is built")
}

/// What tells programs on which machine they are.
fn environment(home: &Path, bus: &Bus) -> Vec<(String, String)> {
    let home = home.to_str().expect("the temporary folder has a name in UTF-8");
    let mut environment: Vec<_> = ["XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"]
        .map(|name| (name.to_owned(), home.to_owned()))
        .into();
    environment.push(("DBUS_SESSION_BUS_ADDRESS".to_owned(), bus.address.clone()));
    // Tauri's own switch for WebDriver.
    environment.push(("TAURI_WEBVIEW_AUTOMATION".to_owned(), "true".to_owned()));
    environment
}

/// A session bus, by which a second start of the application finds the first.
#[derive(Debug)]
struct Bus {
    _daemon: Program,
    address: String,
}

/// A bus that starts no services of its own. A desktop portal would open URLs in the place of `xdg-open`, and would know nothing
/// of this machine's folders.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

impl Bus {
    fn start(home: &Path) -> Self {
        let configuration = home.join("bus.conf");
        fs::write(&configuration, BUS).expect("the temporary folder can be written");
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--nofork", "--print-address", "--config-file"]).arg(configuration).stderr(Stdio::null());
        let daemon =
            Program::start(&mut daemon).unwrap_or_else(|failure| panic!("dbus-daemon did not start: {failure}"));
        Self { address: daemon.first().trim().to_owned(), _daemon: daemon }
    }
}

/// The password of the keyring.
const PASSWORD: &str = "a password of this test\n";

/// A real Secret Service: that of GNOME, unlocked.
#[derive(Debug)]
struct Keyring(Child);

impl Keyring {
    fn start(home: &Path, bus: &Bus) -> Self {
        let mut daemon = Command::new("gnome-keyring-daemon");
        daemon.args(["--foreground", "--unlock", "--components=secrets"]).envs(environment(home, bus));
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
                .envs(environment(home, bus))
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

/// Every file in a folder and the folders in it.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path()),
            Ok(kind) if kind.is_file() => vec![entry.path()],
            _ => Vec::new(),
        })
        .collect()
}
