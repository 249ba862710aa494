//! Starts programs. A program has a limited time to say its first line, which tells where it is. One that stays silent is killed and
//! started again.

mod family;

use std::env;
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

pub use family::kill_all;

/// How long a program may take to say a line. It takes a second on an idle machine.
pub const LIMIT: Duration = Duration::from_secs(30);

/// How often a program is started before it has failed.
pub const ATTEMPTS: u32 = 3;

/// The variable that names the Node that runs our servers. `cargo xtask` sets it.
pub const NODE: &str = "PKCE_NODE";

/// A command for the Node that runs our servers: the one that [`NODE`] names, or the first on `PATH`.
#[must_use]
pub fn node() -> Command {
    Command::new(env::var_os(NODE).filter(|name| !name.is_empty()).unwrap_or_else(|| "node".into()))
}

/// A running program and the lines that it says. Dropping it kills the program.
#[derive(Debug)]
pub struct Program {
    child: Child,
    first: String,
    lines: Receiver<String>,
}

/// Why a program did not start.
#[derive(Debug)]
pub enum Failure {
    /// The system could not start it.
    Start(io::Error),
    /// It ended without a word.
    Ended(Option<ExitStatus>),
    /// It said nothing within the limit, as often as it was started.
    Silent(Duration),
}

impl Program {
    /// Starts a program and waits for its first line. Its standard input stays open until it is stopped or dropped.
    ///
    /// # Errors
    ///
    /// It cannot be started, it ends first, or it stays silent in each of [`ATTEMPTS`] attempts.
    pub fn start(command: &mut Command) -> Result<Self, Failure> {
        Self::start_within(command, LIMIT)
    }

    /// The same with another limit for each attempt.
    ///
    /// # Errors
    ///
    /// As for [`Program::start`].
    pub fn start_within(command: &mut Command, limit: Duration) -> Result<Self, Failure> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        for attempt in 1..=ATTEMPTS {
            let mut child = command.spawn().map_err(Failure::Start)?;
            let lines = read(child.stdout.take());
            match lines.recv_timeout(limit) {
                Ok(first) => return Ok(Self { child, first, lines }),
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::Ended(ended(&mut child))),
                Err(RecvTimeoutError::Timeout) => {
                    eprintln!(
                        "{:?} said nothing for {limit:?} (attempt {attempt} of {ATTEMPTS})",
                        command.get_program()
                    );
                    kill_all(&mut child);
                }
            }
        }
        Err(Failure::Silent(limit))
    }

    /// The first line.
    #[must_use]
    pub fn first(&self) -> &str {
        &self.first
    }

    /// The next line; `None` when it ends first or says nothing within the limit.
    pub fn line(&mut self) -> Option<String> {
        self.lines.recv_timeout(LIMIT).ok()
    }

    /// The process.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits until the program ends by itself.
    ///
    /// # Errors
    ///
    /// The system cannot tell.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        // Child::wait would close the standard input, which tells our servers to end.
        let input = self.child.stdin.take();
        let status = self.child.wait();
        drop(input);
        status
    }

    /// Closes the standard input, which tells our servers to end, and waits until the program has ended.
    ///
    /// # Errors
    ///
    /// The system cannot tell.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        drop(self.child.stdin.take());
        self.child.wait()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        kill_all(&mut self.child);
    }
}

/// How a program ended that has closed its output; one that goes on without it is killed.
fn ended(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..100 {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(10));
    }
    kill_all(child);
    None
}

/// The lines of a program, as they come.
fn read(output: Option<ChildStdout>) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in output.into_iter().flat_map(|output| BufReader::new(output).lines()) {
            let Ok(line) = line else { return };
            // Also when nobody listens any more: the program must be able to write.
            let _ = sender.send(line);
        }
    });
    lines
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(formatter, "it cannot be started: {error}"),
            Self::Ended(Some(status)) => write!(formatter, "it ended at once ({status})"),
            Self::Ended(None) => formatter.write_str("it closed its output at once"),
            Self::Silent(limit) => {
                write!(
                    formatter,
                    "it was started {ATTEMPTS} times, and each time said nothing for {} s",
                    limit.as_secs()
                )
            }
        }
    }
}

impl Error for Failure {}
