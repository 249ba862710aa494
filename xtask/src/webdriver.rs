//! How a browser is started for the binding tests: the engine's programs, its capabilities, and the environment.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use serde_json::{Value, json};

use crate::browsers::{Engine, Programs};
use crate::display::Display;
use crate::gate::Gate;
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
const PAGE_LOAD: u32 = 60_000;

/// An engine made ready: its programs and, where it needs one, a display. [`Stage::dress`] tells both to a command.
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

    /// The capabilities of a session whose every request goes through a proxy, those to this machine too, where the engine lets it.
    fn capabilities(&self, proxy: SocketAddr) -> Value {
        let browser = &self.programs.browser;
        let (name, options) = match self.engine {
            Engine::Chromium => {
                let through = [format!("--proxy-server=http://{proxy}"), "--proxy-bypass-list=<-loopback>".to_owned()];
                let arguments: Vec<_> = CHROMIUM.into_iter().map(str::to_owned).chain(through).collect();
                ("goog:chromeOptions", json!({ "binary": browser, "args": arguments }))
            }
            Engine::Firefox => {
                let preferences = json!({
                    "network.proxy.type": 1,
                    "network.proxy.http": proxy.ip().to_string(),
                    "network.proxy.http_port": proxy.port(),
                    "network.proxy.no_proxies_on": "",
                    "network.proxy.allow_hijacking_localhost": true,
                });
                ("moz:firefoxOptions", json!({ "binary": browser, "args": ["-headless"], "prefs": preferences }))
            }
            // It takes no proxy for addresses of this machine. A page that does not load is loaded again.
            Engine::Webkit => ("webkitgtk:browserOptions", json!({ "binary": browser, "args": ["--automation"] })),
        };
        json!({ name: options, "timeouts": { "pageLoad": PAGE_LOAD } })
    }
}

/// Writes the file that tells the test runner the capabilities, and gives its path. Several engines may be tested at once.
pub(crate) fn write_capabilities(stage: &Stage, gate: &Gate) -> Result<PathBuf> {
    let file = root().join("target").join(format!("webdriver-{}.json", stage.engine.name()));
    fs::write(&file, stage.capabilities(gate.address()).to_string())?;
    Ok(file)
}
