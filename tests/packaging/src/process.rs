//! Running tools.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use launch::ATTEMPTS;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

use crate::row::Miss;

/// How long a tool may take.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long a tool that serves may take until it listens.
const START: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);
/// How much of what a tool said is told.
const TOLD: usize = 600;

/// A tool in a folder, without telemetry, colours and a terminal.
pub(crate) fn tool(program: impl AsRef<Path>, folder: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    command
        .current_dir(folder)
        .env("CI", "true")
        .env("NO_COLOR", "1")
        .env("NEXT_TELEMETRY_DISABLED", "1")
        .env("DENO_NO_UPDATE_CHECK", "1")
        .env_remove("NODE_OPTIONS")
        .env_remove("NODE_PATH")
        .stdin(Stdio::null())
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// Runs a tool to its end and gives what it said.
pub(crate) async fn run(command: &mut Command) -> Result<String, Miss> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.map_err(|error| Miss::Skipped(format!("cannot be started: {error}")))?;
    let group = Group::of(&child);
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    drop(group);
    let output = output.map_err(|_| format!("took longer than {} seconds", PATIENCE.as_secs()))?;
    let output = output.map_err(|error| error.to_string())?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        return Ok(said);
    }
    let words: Vec<_> = said.split_whitespace().collect();
    let told: String = words.join(" ").chars().take(TOLD).collect();
    Err(Miss::Failed(format!("{}: {told}", output.status)))
}

/// A tool that serves, on the port that it was given. Dropping it ends it and what it started.
#[derive(Debug)]
pub(crate) struct Service {
    _group: Group,
    _child: Child,
    pub(crate) url: String,
}

impl Service {
    /// Starts the tool that `command` makes for a port, and waits until it listens. One that does not is started again, at another port.
    pub(crate) async fn start(command: impl Fn(u16) -> Command) -> Result<Self, Miss> {
        for _ in 0..ATTEMPTS {
            let address = free_address();
            let child = command(address.port()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
            let mut child = child.map_err(|error| Miss::Skipped(format!("cannot be started: {error}")))?;
            let group = Group::of(&child);
            let deadline = Instant::now() + START;
            while Instant::now() < deadline && matches!(child.try_wait(), Ok(None)) {
                if TcpStream::connect_timeout(&address, PAUSE).is_ok() {
                    return Ok(Self { _group: group, _child: child, url: format!("http://{address}/") });
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Err(format!("was started {ATTEMPTS} times and does not listen").into())
    }
}

/// A process group; it ends when this value goes.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // An error says that the group is gone, which is what is wanted.
        let _ = self.0.map(|group| kill_process_group(group, Signal::KILL));
    }
}

/// A port that nobody used a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    listener.expect("the loopback interface has a free port")
}
