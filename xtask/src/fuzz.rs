//! Fuzzing: inputs that break a property are looked for, and what leads anywhere is kept for the native tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{find, path_with, root, run, say};
use crate::setup;

/// The longest input: every part of the protocol that is read here is said in less.
const MAX_LENGTH: &str = "-max_len=2048";

/// What is to be fuzzed; no target means all.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) seconds: u32,
    pub(crate) targets: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { seconds: 60, targets: Vec::new() }
    }
}

/// Runs each target on one core for that time, and reduces its corpus to what the tests need.
pub(crate) fn fuzz(options: &Options) -> Result<()> {
    let fuzzer = Fuzzer::install()?;
    let known = targets()?;
    let wanted = if options.targets.is_empty() { known.clone() } else { options.targets.iter().cloned().collect() };
    if let Some(unknown) = wanted.difference(&known).next() {
        bail!("there is no target {unknown}: {}", Vec::from_iter(known.iter().map(String::as_str)).join(", "));
    }
    let mut broken = Vec::new();
    for target in wanted {
        say(format_args!("fuzzing {target} for {} seconds", options.seconds));
        let time = format!("-max_total_time={}", options.seconds);
        match fuzzer.fuzz(&target, &time) {
            Ok(()) => fuzzer.reduce(&target)?,
            Err(error) => {
                say(format_args!("{target}: {error:#}"));
                broken.push(target);
            }
        }
    }
    if !broken.is_empty() {
        bail!("inputs that break {} are in fuzz/artifacts", broken.join(", "));
    }
    Ok(())
}

/// The targets by their files.
fn targets() -> Result<BTreeSet<String>> {
    let files = fs::read_dir(root().join("fuzz/fuzz_targets"))?.map(|entry| Ok(entry?.path()));
    let files: Vec<PathBuf> = files.collect::<Result<_>>()?;
    Ok(files.iter().filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned())).collect())
}

/// The tool, where it was installed.
struct Fuzzer(PathBuf);

impl Fuzzer {
    fn install() -> Result<Self> {
        setup::nightly()?;
        Ok(Self(setup::cargo_fuzz()?))
    }

    /// `cargo fuzz run` for a target. No sanitizer: there is no unsafe code for one to look at, and it would cost half the speed.
    fn run(&self, target: &str, folders: &[&Path], arguments: &[&str]) -> Result<()> {
        let mut command = Command::new(find("rustup").unwrap_or_else(|| "rustup".into()));
        command
            .current_dir(root())
            .env("PATH", path_with([&self.0])?)
            .args(["run", "nightly", "cargo", "fuzz", "run", "--sanitizer", "none", target])
            .args(folders)
            .arg("--")
            .args(arguments);
        run(&mut command)
    }

    /// Looks for inputs. What is new is kept outside of the repository.
    fn fuzz(&self, target: &str, time: &str) -> Result<()> {
        let (corpus, found) = (corpus(target), found(target));
        fs::create_dir_all(&found)?;
        let dictionary = format!("-dict=fuzz/dictionaries/{target}.dict");
        self.run(target, &[&found, &corpus], &[time, MAX_LENGTH, "-timeout=10", "-print_final_stats=1", &dictionary])
    }

    /// Keeps the inputs that a person wrote, which have names, and of those that were found, which have hashes, the short
    /// ones that reach the rest of the code that was reached.
    fn reduce(&self, target: &str) -> Result<()> {
        let (corpus, found) = (corpus(target), found(target));
        let reduced = found.with_extension("reduced");
        let _ = fs::remove_dir_all(&reduced);
        fs::create_dir_all(&reduced)?;
        for kept in fs::read_dir(&corpus)? {
            let kept = kept?;
            let folder = if kept.file_name().to_string_lossy().starts_with("seed-") { &reduced } else { &found };
            fs::copy(kept.path(), folder.join(kept.file_name()))?;
        }
        self.run(target, &[&reduced, &found], &["-merge=1", "-use_counters=0", MAX_LENGTH])?;
        fs::remove_dir_all(&corpus)?;
        fs::create_dir_all(&corpus)?;
        for kept in fs::read_dir(&reduced)? {
            let kept = kept?;
            fs::copy(kept.path(), corpus.join(kept.file_name()))?;
        }
        Ok(())
    }
}

/// The inputs that are kept.
fn corpus(target: &str) -> PathBuf {
    root().join("fuzz/corpus").join(target)
}

/// The inputs that were found on this machine.
fn found(target: &str) -> PathBuf {
    root().join("fuzz/target/corpus").join(target)
}
