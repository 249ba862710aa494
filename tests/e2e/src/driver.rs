//! The WebDriver program as a process, with everything that it starts.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use launch::{ATTEMPTS, kill_all};
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use crate::browser::{PATIENCE, PAUSE};
use crate::engine::Engine;

/// A running driver. Dropping it ends it and everything that it started.
#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    address: SocketAddr,
    session: Option<String>,
    folder: TempDir,
    _place: Place,
}

impl Driver {
    /// Starts the driver of an engine on a free port and waits until it listens. One that does not, perhaps because its port was taken in
    /// the meantime, is started again.
    pub(crate) fn start(engine: Engine, environment: &[(String, String)]) -> Self {
        let place = Place::take(engine.browsers_at_once());
        let folder = TempDir::with_prefix("pkce-e2e-").expect("a temporary folder can be made");
        for _ in 0..ATTEMPTS {
            let address = free_address();
            let mut child = spawn(engine, address, folder.path(), environment);
            if listens(&mut child, address) {
                return Self { child, address, session: None, folder, _place: place };
            }
            end(&mut child);
        }
        panic!("{} did not start:\n{}", engine.driver().display(), log(folder.path()));
    }

    /// Where the driver answers.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The folder of this browser alone.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the driver said.
    pub(crate) fn log(&self) -> String {
        log(self.folder.path())
    }

    /// Remembers the session, so that it is ended before the driver is.
    pub(crate) fn holds(&mut self, session: Option<String>) {
        self.session = session;
    }

    /// Kills the driver and every process that it started, and that those started, without a word to any of them.
    pub(crate) fn kill(&mut self) {
        self.session = None;
        kill_all(&mut self.child);
    }

    /// Asks for the end of the session: a browser may have left the driver's process group. By hand, because an
    /// asynchronous client may be gone already when a test has failed.
    fn end_session(&self, session: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "DELETE /session/{session} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
        stream.read(&mut [0; 64]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            // The processes are killed below in any case.
            let _ = self.end_session(&session);
        }
        end(&mut self.child);
    }
}

/// Starts the driver in a process group of its own, away from the caches and settings of whoever runs the tests.
fn spawn(engine: Engine, address: SocketAddr, folder: &Path, environment: &[(String, String)]) -> Child {
    let log = File::create(folder.join("driver.log")).expect("the temporary folder can be written");
    let mut command = Command::new(engine.driver());
    command
        .arg(format!("--port={}", address.port()))
        .args(engine.driver_arguments(folder))
        .env("XDG_CACHE_HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .env("XDG_DATA_HOME", folder)
        .envs(environment.iter().cloned())
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file handle can be copied"))
        .stderr(log)
        .process_group(0);
    command.spawn().unwrap_or_else(|error| panic!("{} cannot be started: {error}", engine.driver().display()))
}

/// A port that nobody used a moment ago.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("the loopback interface has a free port")
}

/// Waits until the driver accepts connections; false when it has ended or takes too long.
fn listens(child: &mut Child, address: SocketAddr) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if !matches!(child.try_wait(), Ok(None)) {
            return false;
        }
        if TcpStream::connect_timeout(&address, PAUSE).is_ok() {
            return true;
        }
        std::thread::sleep(PAUSE);
    }
    false
}

/// Kills the driver, what it started, and what is left of its process group.
fn end(child: &mut Child) {
    let group = Pid::from_child(child);
    kill_all(child);
    // An error says that the group is gone, which is what is wanted.
    let _ = kill_process_group(group, Signal::KILL);
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("driver.log")).unwrap_or_default()
}

/// A place among the browsers that may run at once, however many threads the test runner has.
#[derive(Debug)]
struct Place;

static TAKEN: Mutex<usize> = Mutex::new(0);
static FREED: Condvar = Condvar::new();

impl Place {
    /// Waits for a place.
    fn take(places: usize) -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = FREED.wait_while(taken, |taken| *taken >= places).unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FREED.notify_one();
    }
}
