//! How a browser is started for the binding tests: the engine's programs, `webdriver.json`, and the environment.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use crate::browsers::{Engine, Programs};
use crate::display::Display;
use crate::process::root;

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

/// Milliseconds that the page of the binding tests may take to load.
const PAGE_LOAD: u32 = 30_000;

/// An engine made ready: its programs and, where it needs one, a display.
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) programs: Programs,
    display: Option<Display>,
}

impl Stage {
    /// Finds the programs and starts the display.
    pub(crate) fn set(engine: Engine) -> Result<Self> {
        let display = match engine {
            Engine::Webkit => Some(Display::start()?),
            Engine::Chromium | Engine::Firefox => None,
        };
        Ok(Self { engine, programs: engine.programs()?, display })
    }

    /// Gives a command the environment in which the engine starts.
    pub(crate) fn dress<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some(display) = &self.display {
            command
                .env("DISPLAY", display.name())
                .env("GDK_BACKEND", "x11")
                .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
                .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1");
        }
        command
    }

    /// The arguments that tell wasm-pack the browser and its driver.
    pub(crate) fn wasm_pack_arguments(&self) -> [&str; 2] {
        match self.engine {
            Engine::Chromium => ["--chrome", "--chromedriver"],
            Engine::Firefox => ["--firefox", "--geckodriver"],
            Engine::Webkit => ["--safari", "--safaridriver"],
        }
    }

    /// The capabilities of a session.
    fn capabilities(&self) -> Value {
        let browser = &self.programs.browser;
        let (name, options) = match self.engine {
            Engine::Chromium => ("goog:chromeOptions", json!({ "binary": browser, "args": CHROMIUM })),
            Engine::Firefox => ("moz:firefoxOptions", json!({ "binary": browser, "args": ["-headless"] })),
            Engine::Webkit => ("webkitgtk:browserOptions", json!({ "binary": browser, "args": ["--automation"] })),
        };
        json!({ name: options, "timeouts": { "pageLoad": PAGE_LOAD } })
    }
}

/// The file in which the test runner looks for the capabilities; it goes when this value goes.
pub(crate) struct Capabilities(PathBuf);

impl Capabilities {
    /// Writes those of a stage.
    pub(crate) fn write(stage: &Stage) -> Result<Self> {
        let file = root().join("webdriver.json");
        fs::write(&file, stage.capabilities().to_string())?;
        Ok(Self(file))
    }
}

impl Drop for Capabilities {
    fn drop(&mut self) {
        // The next run writes its own.
        let _ = fs::remove_file(&self.0);
    }
}
