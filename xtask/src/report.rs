//! What the tests came to.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::process::{say, set_label};

/// The most lines of a layer's failures that are told again at the end.
const MOST_TOLD: usize = 120;

/// How many lines are told of a program that ended before its tests did.
const LAST_LINES: usize = 20;

/// How cargo and Node begin and end what they say of the tests that failed.
const FAILURES: [&str; 2] = ["failures:", "✖ failing tests:"];
const FAILURES_END: &str = "test result: ";

/// How a suite of cargo's begins.
const SUITE: &str = "running ";

/// Tests counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Lies told by the hostile server and its neighbours, where the tests say so.
    pub(crate) lies: u64,
    /// Lies that were believed.
    pub(crate) believed: u64,
    /// Checks of a conformance suite, and those that failed.
    pub(crate) checks: u64,
    pub(crate) unmet: u64,
    /// What the runners said of the tests that failed.
    told: Vec<String>,
    is_telling: bool,
    /// Whether a suite of cargo's has begun and not ended.
    is_under_way: bool,
    /// What the program said last.
    last: VecDeque<String>,
}

impl Count {
    /// Whether tests have begun that did not end.
    pub(crate) fn is_under_way(&self) -> bool {
        self.is_under_way
    }

    /// Keeps a line of a program, for the case that it ends before its tests do: the last lines tell why.
    pub(crate) fn keep_last(&mut self, line: &str) {
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
    }

    /// Keeps what a runner says of the tests that failed: the end of a long output is all that some readers have.
    fn keep_failures(&mut self, line: &str) {
        if line.starts_with(FAILURES_END) {
            self.is_telling = false;
        } else if FAILURES.contains(&line) {
            self.is_telling = true;
        } else if self.is_telling && !line.is_empty() && self.told.len() < MOST_TOLD {
            self.told.push(line.to_owned());
        }
    }

    /// Adds what a test says of bad inputs: `37 tried, 0 accepted`.
    fn read_lies(&mut self, told: &str) {
        let (tried, accepted) = two_numbers(told);
        self.lies = self.lies.saturating_add(tried);
        self.believed = self.believed.saturating_add(accepted);
    }

    /// Adds what a conformance suite has found: `266 passed, 0 failed`.
    fn read_checks(&mut self, told: &str) {
        let (passed, failed) = two_numbers(told);
        self.checks = self.checks.saturating_add(passed).saturating_add(failed);
        self.unmet = self.unmet.saturating_add(failed);
    }

    /// Adds what a line of a test runner's output says: cargo's `test result: ok. 3 passed; 0 failed; …`, or `pass 3` and
    /// `fail 0` of Node's.
    pub(crate) fn read(&mut self, line: &str) {
        self.keep_failures(line);
        self.is_under_way = (self.is_under_way || line.starts_with(SUITE)) && !line.starts_with(FAILURES_END);
        let mut previous = "";
        if let Some((_, told)) = line.split_once("bad inputs: ") {
            self.read_lies(told);
        } else if let Some((_, told)) = line.split_once("conformance checks: ") {
            self.read_checks(told);
        } else if line.starts_with("test result: ") {
            for word in line.split_whitespace() {
                match word.trim_end_matches(';') {
                    "passed" => self.passed = self.passed.saturating_add(previous.parse().unwrap_or(0)),
                    "failed" => self.failed = self.failed.saturating_add(previous.parse().unwrap_or(0)),
                    _ => previous = word,
                }
            }
        } else if let Some(number) = line.strip_prefix("ℹ pass ") {
            self.passed = self.passed.saturating_add(number.trim().parse().unwrap_or(0));
        } else if let Some(number) = line.strip_prefix("ℹ fail ") {
            self.failed = self.failed.saturating_add(number.trim().parse().unwrap_or(0));
        }
    }
}

/// The first two numbers of a text.
fn two_numbers(text: &str) -> (u64, u64) {
    let words = text.split(|character: char| !character.is_ascii_digit());
    let mut numbers = words.filter_map(|word| word.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// What counts the tests of a layer; whether all of them passed.
type Run<'a> = Box<dyn FnOnce(&mut Count) -> Result<bool> + Send + 'a>;

/// A layer of tests that is to be run, in an engine where that matters.
pub(crate) struct Job<'a> {
    layer: &'static str,
    engine: &'static str,
    run: Run<'a>,
}

impl<'a> Job<'a> {
    pub(crate) fn new(
        layer: &'static str,
        engine: &'static str,
        run: impl FnOnce(&mut Count) -> Result<bool> + Send + 'a,
    ) -> Self {
        Self { layer, engine, run: Box::new(run) }
    }

    /// Runs it. A layer that cannot run, or runs no test, counts as one failure.
    fn run(self) -> Row {
        let Self { layer, engine, run } = self;
        say(format_args!("== {layer} {engine}"));
        let started = Instant::now();
        let mut count = Count::default();
        let mut note = match run(&mut count) {
            Ok(true) if count.passed == 0 && count.failed == 0 => "ran no test".to_owned(),
            Ok(true) => String::new(),
            Ok(false) if count.failed == 0 => "did not run to its end".to_owned(),
            Ok(false) => String::new(),
            Err(error) => format!("{error:#}"),
        };
        if !note.is_empty() {
            say(format_args!("{layer} {engine}: {note}"));
            count.failed = count.failed.max(1);
            let last = count.last.drain(..);
            count.told.extend(last);
        }
        if count.lies > 0 {
            let lies = format!("bad inputs: {} tried, {} accepted", count.lies, count.believed);
            note = if note.is_empty() { lies } else { format!("{lies}; {note}") };
        }
        if count.checks > 0 {
            let checks = format!("conformance: {} checks, {} failed", count.checks, count.unmet);
            note = if note.is_empty() { checks } else { format!("{checks}; {note}") };
        }
        Row { layer, engine, count, took: started.elapsed(), note }
    }
}

/// One line of the table.
struct Row {
    layer: &'static str,
    engine: &'static str,
    count: Count,
    took: Duration,
    note: String,
}

/// The table of the layers that have run.
pub(crate) struct Report {
    rows: Vec<Row>,
    took: Duration,
}

impl Report {
    /// Runs layers in their order, so many side by side. Where that is more than one, each line tells whose it is.
    pub(crate) fn run(jobs: Vec<Job<'_>>, lanes: usize) -> Self {
        let started = Instant::now();
        let lanes = lanes.min(jobs.len());
        let waiting = Mutex::new(jobs.into_iter());
        let rows = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..lanes {
                scope.spawn(|| {
                    loop {
                        let Some(job) = locked(&waiting).next() else { break };
                        if lanes > 1 {
                            set_label(format!("{} {}", job.layer, job.engine).trim());
                        }
                        let row = job.run();
                        locked(&rows).push(row);
                    }
                });
            }
        });
        Self { rows: rows.into_inner().unwrap_or_else(PoisonError::into_inner), took: started.elapsed() }
    }

    /// Brings the rows into the order of a number that a layer has, and leaves those of one layer in theirs.
    pub(crate) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&str) -> K) {
        self.rows.sort_by_key(|row| (key(row.layer), row.engine));
    }

    /// Prints the table and the sum; an error when anything failed.
    pub(crate) fn finish(self) -> Result<()> {
        for Row { layer, engine, count, .. } in self.rows.iter().filter(|row| !row.count.told.is_empty()) {
            println!("\nwhat failed in {}:", format!("{layer} {engine}").trim());
            count.told.iter().for_each(|line| println!("    {line}"));
        }
        println!("\n{:<8}  {:<8}  {:>6}  {:>6}  {:>7}", "layer", "engine", "passed", "failed", "seconds");
        let mut sum = Count::default();
        for Row { layer, engine, count, took, note } in &self.rows {
            let &Count { passed, failed, .. } = count;
            let row = format!("{layer:<8}  {engine:<8}  {passed:>6}  {failed:>6}  {:>7.1}  {note}", took.as_secs_f64());
            println!("{}", row.trim_end());
            sum.passed = sum.passed.saturating_add(passed);
            sum.failed = sum.failed.saturating_add(failed);
        }
        println!("\n{} passed, {} failed in {:.1} s", sum.passed, sum.failed, self.took.as_secs_f64());
        if sum.failed > 0 {
            bail!("some tests failed");
        }
        Ok(())
    }
}

/// What a lock guards; a layer that has panicked leaves it whole.
fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn the_lines_of_both_runners_are_counted() {
        let mut count = Count::default();
        count.read("running 3 tests");
        count.read("test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s");
        count.read("test result: ok. 1 passed; 0 failed; 0 ignored");
        count.read("ℹ pass 4");
        count.read("ℹ fail 1");
        count.read("..refresh: bad inputs: 21 tried, 1 accepted; 6 honest ones beside them");
        count.read("conformance checks: 265 passed, 1 failed");
        let expected =
            Count { passed: 17, failed: 3, lies: 21, believed: 1, checks: 266, unmet: 1, ..Count::default() };
        assert_eq!(count, expected);
    }

    #[test]
    fn what_failed_is_told_again_at_the_end() {
        let mut count = Count::default();
        let cargo =
            ["test a ... FAILED", "", "failures:", "", "---- a stdout ----", "left: 1", "", "failures:", "    a"];
        let node = ["✔ b", "✖ failing tests:", "", "✖ c (1 ms)", "  Error: no"];
        let end = ["test result: FAILED. 1 passed; 1 failed; 0 ignored", "test d ... ok"];
        cargo.iter().chain(&end).chain(&node).for_each(|line| count.read(line));
        assert_eq!(count.told, ["---- a stdout ----", "left: 1", "    a", "✖ c (1 ms)", "  Error: no"]);
        let many = vec!["more"; MOST_TOLD];
        many.into_iter().for_each(|line| count.read(line));
        assert_eq!(count.told.len(), MOST_TOLD);
    }

    #[test]
    fn a_suite_is_under_way_from_its_first_line_to_its_last() {
        let mut count = Count::default();
        let mut under_way = |line| {
            count.read(line);
            count.is_under_way()
        };
        let lines =
            ["Loading page elements...", "running 3 tests", "test a ... ok", "test result: ok. 3 passed; 0 failed"];
        assert_eq!(lines.map(&mut under_way), [false, true, true, false]);
        // The page of the next suite did not load, or loaded and came to no end.
        assert!(!under_way("Error: the page did not load"));
        assert!(under_way("running 34 tests"));
    }

    #[test]
    fn what_a_program_said_last_is_told_where_its_tests_did_not_end() {
        let run = |good| {
            let job = Job::new("web", "webkit", move |count| {
                (0..=LAST_LINES).for_each(|number| count.keep_last(&number.to_string()));
                count.passed = 1;
                Ok(good)
            });
            Report::run(vec![job], 1).rows.remove(0)
        };
        let (good, bad) = (run(true), run(false));
        assert_eq!((good.count.failed, good.count.told), (0, Vec::new()));
        assert_eq!((bad.count.failed, bad.note.as_str()), (1, "did not run to its end"));
        assert_eq!((bad.count.told.len(), bad.count.told[0].as_str()), (LAST_LINES, "1"));
    }

    #[test]
    fn a_layer_that_cannot_run_is_a_failure() {
        let report = Report::run(vec![Job::new("native", "", |_| Ok(true))], 1);
        assert!(report.finish().is_err());
    }

    #[test]
    fn layers_run_side_by_side_and_are_all_told() {
        let both = Barrier::new(2);
        let job = |layer| {
            Job::new(layer, "", |count| {
                // Nobody goes on alone.
                both.wait();
                count.passed = 1;
                Ok(true)
            })
        };
        let mut report = Report::run(vec![job("size"), job("lint"), job("web"), job("native")], 2);
        report.sort_by_key(str::to_owned);
        let told: Vec<_> = report.rows.iter().map(|row| row.layer).collect();
        assert_eq!(told, ["lint", "native", "size", "web"]);
        assert!(report.finish().is_ok());
    }
}
