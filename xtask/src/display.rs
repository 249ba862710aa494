//! A display that nobody sees, for the engine that has no headless mode.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use launch::Program;

/// A running Xvfb; it stops when this value goes.
pub(crate) struct Display {
    name: String,
    _server: Program,
}

impl Display {
    /// Starts a display at a free number.
    pub(crate) fn start() -> Result<Self> {
        let mut server = Command::new("Xvfb");
        server.args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]).stderr(Stdio::null());
        let server = Program::start(&mut server).context("Xvfb did not start")?;
        Ok(Self { name: format!(":{}", server.first().trim()), _server: server })
    }

    /// What goes into the variable `DISPLAY`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}
