//! The browser engines, and what each wants to be told.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::env;

/// A name that [`Setup::unthrottled_on_lan`] gives this machine: for the browser, a stranger without TLS.
pub const LAN: &str = "app.lan";

/// What a browser is started with beside the usual.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Arguments of Chromium or of the application.
    pub arguments: Vec<String>,
    /// Preferences of Chromium or Firefox.
    pub preferences: Map<String, Value>,
    /// A profile that outlives the browser; one of its own when absent. WebKitGTK keeps none under automation.
    pub profile: Option<PathBuf>,
    /// Another program than the engine's own.
    pub browser: Option<PathBuf>,
    /// Variables of the environment of the driver and its browser.
    pub environment: Vec<(String, String)>,
}

impl Setup {
    /// All tabs but one are in the background, where a timer takes a second at least; with this it takes what it is set to.
    #[must_use]
    pub fn unthrottled() -> Self {
        let mut setup = Self::default();
        setup.arguments.push("--disable-background-timer-throttling".to_owned());
        if Engine::from_env() == Engine::Firefox {
            setup.preferences.insert("dom.min_background_timeout_value".to_owned(), json!(4));
        }
        setup
    }

    /// A browser whose user likes pages dark or light. WebKitGTK shows them light.
    #[must_use]
    pub fn liking(dark: bool) -> Self {
        let mut setup = Self::default();
        let value = u8::from(!dark);
        setup.arguments.push(format!("--blink-settings=preferredColorScheme={value}"));
        if Engine::from_env() == Engine::Firefox {
            setup.preferences.insert("layout.css.prefers-color-scheme.content-override".to_owned(), json!(value));
        }
        setup
    }

    /// The same as [`Setup::unthrottled`], where [`LAN`] is this machine: an origin that is not secure. `None` in WebKitGTK, which maps no names and takes every address of
    /// loopback for secure.
    #[must_use]
    pub fn unthrottled_on_lan() -> Option<Self> {
        let mut setup = Self::unthrottled();
        match Engine::from_env() {
            Engine::Chromium => setup.arguments.push(format!("--host-resolver-rules=MAP {LAN} 127.0.0.1")),
            Engine::Firefox => drop(setup.preferences.insert("network.dns.localDomains".to_owned(), json!(LAN))),
            Engine::WebKit | Engine::Application => return None,
        }
        Some(setup)
    }
}

/// A browser engine with its WebDriver program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium with chromedriver.
    Chromium,
    /// Firefox with geckodriver.
    Firefox,
    /// WebKitGTK's MiniBrowser with WebKitWebDriver; it needs a display.
    WebKit,
    /// The demo as an application, in a WebView of WebKitGTK; it needs a display.
    Application,
}

impl Engine {
    /// The engine under test.
    pub fn from_env() -> Self {
        match env("PKCE_E2E_ENGINE").as_deref() {
            None | Some("chromium") => Self::Chromium,
            Some("firefox") => Self::Firefox,
            Some("webkit") => Self::WebKit,
            Some(other) => panic!("PKCE_E2E_ENGINE is {other:?}: set it to chromium, firefox or webkit"),
        }
    }

    /// How many browsers of this engine may run at once. WebKitGTK's driver holds one session only, and two
    /// MiniBrowsers share a display.
    pub(crate) const fn browsers_at_once(self) -> usize {
        match self {
            Self::Chromium | Self::Firefox => 2,
            Self::WebKit => 1,
            // Beside the browser that is the system's, and those that were killed.
            Self::Application => 4,
        }
    }

    /// The WebDriver program.
    pub(crate) fn driver(self) -> PathBuf {
        let variable = if self == Self::Application { "PKCE_E2E_APPLICATION_DRIVER" } else { "PKCE_E2E_DRIVER" };
        program(
            variable,
            match self {
                Self::Chromium => &["chromedriver"],
                Self::Firefox => &["geckodriver"],
                Self::WebKit | Self::Application => &["WebKitWebDriver"],
            },
        )
    }

    /// What the driver is started with, beside its port.
    pub(crate) fn driver_arguments(self, profile: &Path) -> Vec<String> {
        match self {
            Self::Chromium | Self::WebKit | Self::Application => Vec::new(),
            Self::Firefox => vec![format!("--profile-root={}", profile.display())],
        }
    }

    /// The browser program.
    pub(crate) fn browser(self) -> PathBuf {
        let variable = if self == Self::Application { "PKCE_E2E_APPLICATION" } else { "PKCE_E2E_BROWSER" };
        program(
            variable,
            match self {
                Self::Chromium => &["chromium", "chromium-browser", "google-chrome"],
                Self::Firefox => &["firefox", "firefox-esr"],
                Self::WebKit => &["MiniBrowser"],
                Self::Application => &["pkce-demo"],
            },
        )
    }

    /// What the session is asked for.
    pub(crate) fn capabilities(self, profile: &Path, setup: &Setup) -> Map<String, Value> {
        let browser = setup.browser.clone().unwrap_or_else(|| self.browser());
        let (name, options) = match self {
            Self::Chromium => {
                let usual = CHROMIUM.into_iter().map(str::to_owned);
                let profile = setup.profile.clone().unwrap_or_else(|| profile.join("profile"));
                let profile = format!("--user-data-dir={}", profile.display());
                let arguments: Vec<_> = usual.chain([profile]).chain(setup.arguments.iter().cloned()).collect();
                // The driver would let every pop-up through.
                let driver_own = ["disable-popup-blocking"];
                let options = json!({
                    "binary": browser,
                    "args": arguments,
                    "prefs": setup.preferences,
                    "excludeSwitches": driver_own,
                });
                ("goog:chromeOptions", options)
            }
            Self::Firefox => {
                let mut arguments = vec!["-headless".to_owned()];
                if let Some(profile) = &setup.profile {
                    arguments.extend(["-profile".to_owned(), profile.display().to_string()]);
                }
                let mut preferences = setup.preferences.clone();
                // The driver would let every pop-up through.
                preferences.insert("dom.disable_open_during_load".to_owned(), true.into());
                let options = json!({ "binary": browser, "args": arguments, "prefs": preferences });
                ("moz:firefoxOptions", options)
            }
            Self::WebKit => ("webkitgtk:browserOptions", json!({ "binary": browser, "args": ["--automation"] })),
            Self::Application => ("webkitgtk:browserOptions", json!({ "binary": browser, "args": setup.arguments })),
        };
        // A script may wait for an answer that takes a minute.
        Map::from_iter([(name.to_owned(), options), ("timeouts".to_owned(), json!({ "script": 150_000 }))])
    }
}

/// Chromium without a sandbox, which containers lack, and without traffic of its own.
const CHROMIUM: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// The program that a variable names, or the first of these names on `PATH`.
fn program(variable: &str, names: &[&str]) -> PathBuf {
    if let Some(path) = env(variable) {
        return path.into();
    }
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("none of {names:?} is on PATH: install it, or set {variable} to the program"))
}
