//! How a browser is started for the binding tests: the engine's programs, its capabilities, and the environment.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use launch::kill_all;
use serde_json::{Value, json};

use crate::browsers::{Engine, Programs};
use crate::display::Display;
use crate::gate;
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

/// How long a driver may take until it listens, and how often it is started.
const START: Duration = Duration::from_secs(60);
const STARTS: u32 = 3;

/// A running driver with a proxy before it. Dropping it ends it and what it started.
pub(crate) struct Driver {
    child: Child,
    /// Where the proxy is found.
    pub(crate) address: SocketAddr,
}

impl Driver {
    /// Starts a driver, and again where it did not listen: somebody else may have been given its port by chance.
    fn start(mut command: impl FnMut() -> Command) -> Result<Self> {
        for _ in 0..STARTS {
            let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
            let mut command = command();
            command.arg(format!("--port={}", address.port())).stdin(Stdio::null()).stdout(Stdio::null());
            let child = command.stderr(Stdio::null()).spawn().context("the driver did not start")?;
            let mut driver = Self { child, address: gate::open_before(address)? };
            let started = Instant::now();
            while started.elapsed() < START && driver.child.try_wait()?.is_none() {
                if TcpStream::connect(address).is_ok() {
                    return Ok(driver);
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
        bail!("the driver listens nowhere")
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        kill_all(&mut self.child);
    }
}

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

    /// The driver that the test runner is to use in the place of one that it starts: where a browser takes no proxy for this machine.
    pub(crate) fn driver(&self) -> Result<Option<Driver>> {
        if self.engine != Engine::Webkit {
            return Ok(None);
        }
        let command = || {
            let mut command = Command::new(&self.programs.driver);
            self.dress(&mut command);
            command
        };
        Driver::start(command).map(Some)
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
            // It takes no proxy for addresses of this machine: the proxy is before its driver.
            Engine::Webkit => ("webkitgtk:browserOptions", json!({ "binary": browser, "args": ["--automation"] })),
        };
        json!({ name: options, "timeouts": { "pageLoad": PAGE_LOAD } })
    }
}

/// Writes the file that tells the test runner the capabilities, and gives its path. Several engines may be tested at once.
pub(crate) fn write_capabilities(stage: &Stage) -> Result<PathBuf> {
    let file = root().join("target").join(format!("webdriver-{}.json", stage.engine.name()));
    fs::write(&file, stage.capabilities(gate::open()?).to_string())?;
    Ok(file)
}
