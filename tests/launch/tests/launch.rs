//! What becomes of programs that speak, stay silent or end.
#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use launch::{ATTEMPTS, Failure, Program, kill_all};

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// A file that no other test uses.
fn file(name: &str) -> String {
    let path = std::env::temp_dir().join(format!("launch-{}-{name}", std::process::id()));
    let _ = fs::remove_file(&path);
    path.display().to_string()
}

#[test]
fn a_program_that_says_where_it_is_runs_on() {
    let mut program =
        Program::start(&mut shell("echo here; read line; echo \"$line\"; read line; exit 7")).expect("it starts");
    assert_eq!(program.first(), "here");
    let input = program.child().stdin.as_mut().expect("its input is open");
    std::io::Write::write_all(input, b"there\n").expect("it can be told");
    assert_eq!(program.line().as_deref(), Some("there"));
    assert_eq!(program.stop().expect("it ends").code(), Some(7));
}

#[test]
fn a_program_that_stays_silent_is_started_again() {
    let log = file("again");
    let script = format!("echo started >> {log}; [ $(wc -l < {log}) -ge 2 ] && echo here; sleep 600");
    let program = Program::start_within(&mut shell(&script), Duration::from_secs(30)).expect("the second one speaks");
    assert_eq!(program.first(), "here");
    assert!(fs::read_to_string(&log).expect("it has written").lines().count() >= 2);
    let _ = fs::remove_file(log);
}

#[test]
fn a_program_that_never_speaks_has_failed() {
    let log = file("never");
    let script = format!("echo started >> {log}; sleep 600");
    let failure = Program::start_within(&mut shell(&script), Duration::from_secs(10)).expect_err("it says nothing");
    assert!(matches!(failure, Failure::Silent(_)), "{failure}");
    let started = fs::read_to_string(&log).expect("it has written").lines().count();
    assert_eq!(started, ATTEMPTS as usize);
    let _ = fs::remove_file(log);
}

#[test]
fn a_program_that_ends_is_not_started_again() {
    let log = file("ends");
    let failure = Program::start(&mut shell(&format!("echo started >> {log}; exit 3"))).expect_err("it has ended");
    let Failure::Ended(Some(status)) = failure else { panic!("{failure}") };
    assert_eq!(status.code(), Some(3));
    assert_eq!(fs::read_to_string(&log).expect("it has written"), "started\n");
    let _ = fs::remove_file(log);
}

#[test]
fn a_program_that_is_not_there_is_said_to_be_so() {
    let failure = Program::start(&mut Command::new("/nowhere/at/all")).expect_err("there is none");
    assert!(matches!(failure, Failure::Start(_)), "{failure}");
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_killed_program_started_is_killed_too() {
    let mut program = Program::start(&mut shell("sh -c 'echo $$; sleep 600; true'; true")).expect("it starts");
    let inner = format!("/proc/{}", program.first());
    assert!(Path::new(&inner).exists());
    let begun = Instant::now();
    kill_all(program.child());
    assert!(!Path::new(&inner).join("exe").exists() || is_zombie(&inner), "{:?}", begun.elapsed());
}

fn is_zombie(folder: &str) -> bool {
    fs::read_to_string(format!("{folder}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}
