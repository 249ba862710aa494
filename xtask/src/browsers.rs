//! The three browser engines: what they need on the machine, and where their programs are.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Result};

use crate::process::{find, read};
use crate::setup;

/// A browser engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Chromium, as in Chrome, Edge and Android's WebView.
    Chromium,
    /// Gecko.
    Firefox,
    /// WebKit, as in Safari and iOS: here WebKitGTK.
    Webkit,
}

/// The programs of an engine.
pub(crate) struct Programs {
    /// The WebDriver server.
    pub(crate) driver: PathBuf,
    /// The browser that it starts.
    pub(crate) browser: PathBuf,
}

/// The names under which the systems know the browsers.
const CHROMIUM: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FIREFOX: [&str; 2] = ["firefox-esr", "firefox"];
/// The Debian package that holds WebKitGTK's browser, and where others put it.
const WEBKIT_PACKAGE: &str = "libwebkit2gtk-4.1-0";
const MINI_BROWSERS: [&str; 3] = [
    "/usr/libexec/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib64/webkit2gtk-4.1/MiniBrowser",
];

impl Engine {
    /// Every engine, in the order in which they are tested.
    pub(crate) const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Webkit];

    /// The name on the command line.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Webkit => "webkit",
        }
    }

    /// The Debian packages of what is missing on this machine.
    fn missing(self) -> Vec<&'static str> {
        let wanted = match self {
            Self::Chromium => {
                vec![(chromium().is_some(), "chromium"), (find("chromedriver").is_some(), "chromium-driver")]
            }
            Self::Firefox => vec![(firefox().is_some(), "firefox-esr")],
            Self::Webkit => vec![
                (find("Xvfb").is_some(), "xvfb"),
                (find("WebKitWebDriver").is_some(), "webkit2gtk-driver"),
                (mini_browser().is_some(), "libwebkit2gtk-4.1-0"),
            ],
        };
        wanted.into_iter().filter(|(found, _)| !found).map(|(_, package)| package).collect()
    }

    /// The driver and the browser, which [`install`] has put there.
    pub(crate) fn programs(self) -> Result<Programs> {
        let (driver, browser) = match self {
            Self::Chromium => (find("chromedriver"), chromium()),
            Self::Firefox => (Some(setup::geckodriver()?), firefox()),
            Self::Webkit => (find("WebKitWebDriver"), mini_browser()),
        };
        let driver = driver.with_context(|| format!("the driver of {} is missing", self.name()))?;
        let browser = browser.with_context(|| format!("the browser of {} is missing", self.name()))?;
        Ok(Programs { driver, browser })
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let engine = Self::ALL.into_iter().find(|engine| engine.name() == name);
        engine.ok_or_else(|| format!("there is no engine {name}: chromium, firefox or webkit"))
    }
}

/// Installs the browsers and drivers that are missing.
pub(crate) fn install(engines: &[Engine]) -> Result<()> {
    let missing: Vec<_> = engines.iter().flat_map(|engine| engine.missing()).collect();
    setup::system_packages(&missing)
}

fn chromium() -> Option<PathBuf> {
    CHROMIUM.iter().find_map(|name| find(name))
}

fn firefox() -> Option<PathBuf> {
    FIREFOX.iter().find_map(|name| find(name))
}

/// WebKitGTK's small browser, which is on no `PATH`.
fn mini_browser() -> Option<PathBuf> {
    let listed = find("dpkg").and_then(|dpkg| read(Command::new(dpkg).args(["-L", WEBKIT_PACKAGE])).ok());
    let packaged = listed.as_deref().unwrap_or_default().lines().find(|line| line.ends_with("/MiniBrowser"));
    packaged.into_iter().chain(MINI_BROWSERS).map(Path::new).find(|path| path.is_file()).map(Path::to_owned)
}
