//! Running other programs, with messages that tell what failed.

use std::cell::RefCell;
use std::env;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail};
use launch::kill_all;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Tells the person what is being done.
pub(crate) fn say(message: impl std::fmt::Display) {
    eprintln!("{}xtask: {message}", label());
}

/// Prints a line of a result.
pub(crate) fn show_line(line: &str) {
    println!("{}{line}", label());
}

/// Tells tests whether what takes long runs in full.
pub(crate) fn soaking(command: &mut Command, soak: bool) {
    const NAME: &str = "PKCE_SOAK";
    command.env_remove(NAME).envs(soak.then_some((NAME, "1")));
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// A command of the npm command line, which is a script on Windows.
pub(crate) fn script(program: impl AsRef<Path>) -> Command {
    let program = program.as_ref();
    let mut command = if cfg!(windows) { Command::new(program.with_extension("cmd")) } else { Command::new(program) };
    command.current_dir(root());
    command
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", line(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", line(command));
    }
    Ok(())
}

/// Runs a program to its end without its output, which is shown only when it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot start {}", line(command)))?;
    if !output.status.success() {
        eprint!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("{} failed ({})", line(command), output.status);
    }
    Ok(())
}

/// What a program writes to its standard output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {}", line(command)))?;
    if !output.status.success() {
        bail!("{} failed ({})", line(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What is made once in a run of this program, or fails once, for all that ask.
pub(crate) struct Once<T>(OnceLock<Result<T, String>>);

impl<T: Clone> Once<T> {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    pub(crate) fn get(&self, make: impl FnOnce() -> Result<T>) -> Result<T> {
        self.0.get_or_init(|| make().map_err(|error| format!("{error:#}"))).clone().map_err(Error::msg)
    }
}

/// How a program ended that was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Succeeded,
    Failed,
    /// It said nothing for too long, and was killed with everything that it had started.
    Silenced,
}

/// Where a program says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

/// How long a program that is watched may say nothing. The longest test says something every few minutes.
const SILENCE: Duration = Duration::from_secs(600);

/// How often a program that says nothing is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Runs a program, shows what it says as it comes and hands each line of its standard output to `look`; whether it succeeded.
pub(crate) fn watch(command: &mut Command, mut look: impl FnMut(&str)) -> Result<bool> {
    let look = |stream, text: &str| {
        if stream == Stream::Output {
            look(text);
        }
    };
    match watch_within(command, SILENCE, look)? {
        End::Silenced => bail!("{} said nothing for {} minutes", line(command), SILENCE.as_secs() / 60),
        end => Ok(end == End::Succeeded),
    }
}

/// The same for a program that may not say nothing for longer than that. `look` is handed the lines of both streams.
pub(crate) fn watch_within(
    command: &mut Command,
    silence: Duration,
    mut look: impl FnMut(Stream, &str),
) -> Result<End> {
    if io::stderr().is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", line(command)))?;
    let (sender, lines) = mpsc::channel();
    let parts: [(Stream, Option<Box<dyn Read + Send>>); 2] = [
        (Stream::Output, child.stdout.take().map(|part| Box::new(part) as _)),
        (Stream::Error, child.stderr.take().map(|part| Box::new(part) as _)),
    ];
    for (stream, part) in parts {
        let sender = sender.clone();
        thread::spawn(move || {
            for text in part.into_iter().flat_map(|part| BufReader::new(part).split(b'\n')).map_while(Result::ok) {
                // Nobody listens any more to a program that was killed.
                let _ = sender.send((stream, String::from_utf8_lossy(&text).into_owned()));
            }
        });
    }
    drop(sender);
    let mut heard = Instant::now();
    loop {
        match lines.recv_timeout(TICK) {
            Ok((stream, text)) => {
                heard = Instant::now();
                match stream {
                    Stream::Output => show_line(&text),
                    Stream::Error => eprintln!("{}{text}", label()),
                }
                look(stream, &text);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            // What it started may outlive it, and keep its output open.
            Err(RecvTimeoutError::Timeout) if child.try_wait()?.is_some() => break,
            Err(RecvTimeoutError::Timeout) if heard.elapsed() > silence => {
                kill_all(&mut child);
                return Ok(End::Silenced);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    Ok(if child.wait()?.success() { End::Succeeded } else { End::Failed })
}

thread_local! {
    static LABEL: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Puts a word before everything that this thread says from now on.
pub(crate) fn set_label(word: &str) {
    LABEL.set(format!("{word:<13}| "));
}

fn label() -> String {
    LABEL.with_borrow(String::clone)
}

/// Where a program is found on the `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// A `PATH` on which these folders come first.
pub(crate) fn path_with<'a>(folders: impl IntoIterator<Item = &'a PathBuf>) -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::join_paths(folders.into_iter().cloned().chain(env::split_paths(&path)))?)
}

/// A command as a person would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_is_watched_to_its_end() {
        let mut lines = Vec::new();
        let good = watch(&mut shell("echo one; echo elsewhere >&2; echo two"), |line| lines.push(line.to_owned()));
        assert!(good.unwrap());
        assert_eq!(lines, ["one", "two"]);
        assert!(!watch(&mut shell("exit 3"), |_| {}).unwrap());
    }

    #[test]
    fn what_a_program_says_is_told_with_its_stream() {
        let mut said = Vec::new();
        let mut program = shell("echo one; echo two >&2");
        let end = watch_within(&mut program, SILENCE, |stream, line| said.push((stream, line.to_owned())));
        assert_eq!(end.unwrap(), End::Succeeded);
        said.sort_by_key(|(stream, _)| *stream == Stream::Error);
        assert_eq!(said, [(Stream::Output, "one".to_owned()), (Stream::Error, "two".to_owned())]);
    }

    #[test]
    fn a_program_that_says_nothing_is_killed() {
        let end = watch_within(&mut shell("echo one; sleep 600"), Duration::from_secs(1), |_, _| {});
        assert_eq!(end.unwrap(), End::Silenced);
    }

    #[test]
    fn what_a_program_leaves_running_is_not_waited_for() {
        let started = Instant::now();
        let mut left = String::new();
        assert!(watch(&mut shell("sleep 120 & echo $!"), |line| left = line.to_owned()).unwrap());
        assert!(started.elapsed() < Duration::from_secs(60));
        run(Command::new("kill").arg(left)).unwrap();
    }
}
