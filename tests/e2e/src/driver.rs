//! The WebDriver program as a process, with everything that it starts.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;

use crate::browser::{PATIENCE, PAUSE};
use crate::engine::Engine;

/// How often a driver is started again when its port was taken in the meantime.
const ATTEMPTS: usize = 3;

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
    /// Starts the driver of an engine on a free port and waits until it listens.
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
        let all = family(Pid::from_child(&self.child));
        for process in &all {
            // An error says that it has ended already.
            let _ = kill_process(*process, Signal::KILL);
        }
        let _ = self.child.wait();
        let deadline = Instant::now() + PATIENCE;
        while all.iter().any(|process| parent(*process).is_some()) {
            assert!(Instant::now() < deadline, "a killed process does not end");
            std::thread::sleep(PAUSE);
        }
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

/// Kills the driver's whole process group.
fn end(child: &mut Child) {
    // An error says that the group is gone, which is what is wanted.
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.wait();
}

/// A process with all its descendants.
fn family(root: Pid) -> Vec<Pid> {
    let processes = std::fs::read_dir("/proc").expect("the processes are listed").flatten();
    let processes = processes.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
    let parents: Vec<_> = processes.filter_map(|process| Some((process, parent(process)?))).collect();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(process) = family.get(next).copied() {
        family.extend(parents.iter().filter(|(_, parent)| *parent == process).map(|(child, _)| *child));
        next += 1;
    }
    family
}

/// Who started a process; `None` when it has ended. The number stands behind the name, which is in parentheses, and a
/// letter.
fn parent(process: Pid) -> Option<Pid> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // A zombie has ended.
    fields.next().filter(|state| *state != "Z")?;
    Pid::from_raw(fields.next()?.parse().ok()?)
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
