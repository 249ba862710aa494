//! What a benchmark came to: the contenders of each measurement side by side, and the bars.

use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::bars::Limit::{self, AtLeast, AtMost, Open};
use crate::bars::{self, Bar};
use crate::before;
use crate::browsers::Engine;

/// Where it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A page of this engine.
    Page(Engine),
    /// Node.
    Node,
}

impl Place {
    pub(crate) const ALL: [Self; 4] =
        [Self::Page(Engine::Chromium), Self::Page(Engine::Firefox), Self::Page(Engine::Webkit), Self::Node];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Page(engine) => engine.name(),
            Self::Node => "node",
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let place = Self::ALL.into_iter().find(|place| place.name() == name);
        place.ok_or_else(|| format!("there is no engine {name}: chromium, firefox, webkit or node"))
    }
}

pub(crate) const CLIENT: &str = "pkce-wasm, Client";
pub(crate) const STEPS: &str = "pkce-wasm, steps";
pub(crate) const PRIMITIVES: &str = "pkce-wasm/pkce";

/// What a contender of ours is called as 0.1.0 had it.
pub(crate) fn before(ours: &str) -> String {
    ours.replace("pkce-wasm", before::NAME)
}

/// A measurement: its name in the table, where its samples are, in what they are, and whose ratio to the others is told.
struct Measurement {
    title: &'static str,
    path: &'static [&'static str],
    unit: Unit,
    ours: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    PerSecond,
    Milliseconds,
}

/// What is measured in milliseconds.
const fn milliseconds(
    title: &'static str,
    path: &'static [&'static str],
    ours: &'static [&'static str],
) -> Measurement {
    Measurement { title, path, unit: Unit::Milliseconds, ours }
}

/// What is counted in a second.
const fn per_second(title: &'static str, path: &'static [&'static str], ours: &'static [&'static str]) -> Measurement {
    Measurement { title, path, unit: Unit::PerSecond, ours }
}

const MEASUREMENTS: [Measurement; 14] = [
    per_second("verifier and challenge, per second", &["pairs"], &[PRIMITIVES]),
    milliseconds("begin: to the authorization URL, ms", &["begin"], &[STEPS]),
    milliseconds("callback: from the URL to the token request, ms", &["callbacks", "asked"], &[STEPS, CLIENT]),
    milliseconds("callback: from the answer to the tokens, ms", &["callbacks", "rest"], &[STEPS, CLIENT]),
    milliseconds("callback: from the URL to the tokens, ms", &["callbacks", "done"], &[STEPS, CLIENT]),
    milliseconds("at once: from the URL to the token request, ms", &["instant", "asked"], &[STEPS, CLIENT]),
    milliseconds("at once: from the answer to the tokens, ms", &["instant", "rest"], &[STEPS, CLIENT]),
    milliseconds("a proof that the key of a token is here, ms", &["proofs"], &[CLIENT]),
    milliseconds("first click: until the thread is free again, ms", &["click", "thread"], &[CLIENT]),
    milliseconds("first click: until the URL is there, ms", &["click", "url"], &[CLIENT]),
    milliseconds("cold: the script is evaluated, ms", &["start", "evaluate"], &[CLIENT]),
    milliseconds("cold: from there to the first URL, ms", &["start", "url"], &[CLIENT]),
    milliseconds("cold, with ready(): to the first URL, ms", &["ready", "url"], &[CLIENT]),
    per_second("verifyChallenge, per second", &["verify"], &[PRIMITIVES]),
];

/// A bar: where it counts, what is measured, whose it is, beside whom, and how the quotient is to be.
struct Wanted {
    what: &'static str,
    places: &'static [Place],
    path: &'static [&'static str],
    ours: &'static str,
    beside: Beside,
    limit: Limit,
}

#[derive(Clone, Copy)]
enum Beside {
    /// The same of 0.1.0.
    Before,
    Peer(&'static str),
    /// It counts by itself.
    Nobody,
}

/// The places where a bar is set.
pub(crate) const PLACES: [Place; 2] = [Place::Node, Place::Page(Engine::Chromium)];
const NODE: &[Place] = &[Place::Node];
const CHROMIUM: &[Place] = &[Place::Page(Engine::Chromium)];
const BEFORE: Beside = Beside::Before;
const PKCE_CHALLENGE: Beside = Beside::Peer("pkce-challenge");
const OAUTH4WEBAPI: Beside = Beside::Peer("oauth4webapi");
const SIGNATURE: Beside = Beside::Peer("crypto.subtle.sign");

/// A bar in a line.
const fn wanted(
    what: &'static str,
    places: &'static [Place],
    path: &'static [&'static str],
    ours: &'static str,
    beside: Beside,
    limit: Limit,
) -> Wanted {
    Wanted { what, places, path, ours, beside, limit }
}

const WANTED: [Wanted; 13] = [
    wanted("begin, beside 0.1.0", NODE, &["begin"], STEPS, BEFORE, AtMost(0.25)),
    wanted(
        "callback to token request, steps, beside oauth4webapi",
        &PLACES,
        &["callbacks", "asked"],
        STEPS,
        OAUTH4WEBAPI,
        AtMost(1.0),
    ),
    wanted("the same, steps, the platform at once", &PLACES, &["instant", "asked"], STEPS, OAUTH4WEBAPI, Open),
    wanted("the same, Client, the platform at once", &PLACES, &["instant", "asked"], CLIENT, OAUTH4WEBAPI, AtMost(1.5)),
    wanted("the same, Client, the platform as it is", &PLACES, &["callbacks", "asked"], CLIENT, OAUTH4WEBAPI, Open),
    wanted(
        "answer to tokens, steps, the platform at once, beside 0.1.0",
        &PLACES,
        &["instant", "rest"],
        STEPS,
        BEFORE,
        AtMost(0.4),
    ),
    wanted("the same, Client", &PLACES, &["instant", "rest"], CLIENT, BEFORE, AtMost(0.4)),
    wanted("a proof, beside a bare signature", &PLACES, &["proofs"], CLIENT, SIGNATURE, AtMost(1.3)),
    wanted("cold: script to first URL, beside 0.1.0", CHROMIUM, &["start", "url"], CLIENT, BEFORE, AtMost(0.4)),
    wanted("the same, ready() awaited first", CHROMIUM, &["ready", "url"], CLIENT, BEFORE, Open),
    wanted("first click, ms", CHROMIUM, &["click", "url"], CLIENT, Beside::Nobody, AtMost(1.0)),
    wanted("pairs per second, beside pkce-challenge", CHROMIUM, &["pairs"], PRIMITIVES, PKCE_CHALLENGE, AtLeast(5.3)),
    wanted("the same, beside oauth4webapi", CHROMIUM, &["pairs"], PRIMITIVES, OAUTH4WEBAPI, AtLeast(2.5)),
];

/// Whether a bar is about what is measured there by this name.
pub(crate) fn has_bar(place: Place, name: &str) -> bool {
    WANTED.iter().any(|wanted| wanted.places.contains(&place) && wanted.path.first() == Some(&name))
}

/// The rounds of a contender: their median, and between what the middle half of them lies.
#[derive(Clone, Copy)]
struct Summary {
    low: f64,
    median: f64,
    high: f64,
}

impl Summary {
    fn of(mut samples: Vec<f64>) -> Option<Self> {
        samples.sort_by(f64::total_cmp);
        let at = |part: usize| samples.get(samples.len().saturating_sub(1).saturating_mul(part) / 4).copied();
        Some(Self { low: at(1)?, median: at(2)?, high: at(3)? })
    }
}

/// The samples of a contender, round by round.
fn numbers(samples: &Value) -> Vec<f64> {
    samples.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

/// What was measured in one place.
pub(crate) struct Measured(pub(crate) Value);

impl Measured {
    /// The samples of a measurement by contender.
    fn samples(&self, path: &[&str]) -> Option<&Map<String, Value>> {
        path.iter().try_fold(&self.0, |value, name| value.get(name))?.as_object()
    }

    /// The contenders of a measurement, ours first.
    fn summaries(&self, measurement: &Measurement) -> Vec<(&str, Summary)> {
        let samples = self.samples(measurement.path).into_iter().flatten();
        let mut rows: Vec<_> =
            samples.filter_map(|(name, samples)| Some((name.as_str(), Summary::of(numbers(samples))?))).collect();
        rows.sort_by_key(|(name, _)| (!name.starts_with("pkce-wasm"), !name.starts_with(before::NAME)));
        rows
    }

    /// One of ours in another's measure, round by round: what disturbs the machine disturbs both.
    fn quotient(&self, path: &[&str], ours: &str, other: &str) -> Option<Summary> {
        let samples = self.samples(path)?;
        let (ours, others) = (numbers(samples.get(ours)?), numbers(samples.get(other)?));
        Summary::of(ours.iter().zip(others).map(|(ours, other)| ours / other).collect())
    }

    /// How many times as fast one of ours is as a contender.
    fn faster(&self, measurement: &Measurement, ours: &str, other: &str) -> Option<f64> {
        let Summary { median, .. } = self.quotient(measurement.path, ours, other)?;
        Some(if measurement.unit == Unit::PerSecond { median } else { median.recip() })
    }

    /// The bars that count in a place.
    fn bars(&self, place: Place) -> Vec<Bar> {
        let here = WANTED.iter().filter(|wanted| wanted.places.contains(&place));
        here.filter_map(|Wanted { what, path, ours, beside, limit, .. }| {
            let of = |ours: &str| match beside {
                Beside::Before => self.quotient(path, ours, &before(ours)),
                Beside::Peer(peer) => self.quotient(path, ours, peer),
                Beside::Nobody => Summary::of(numbers(self.samples(path)?.get(ours)?)),
            };
            let Summary { low, median, high } = of(ours)?;
            let before = of(&before(ours)).map(|before| before.median);
            let half = Some((low, high));
            Some(Bar { what: (*what).to_owned(), measured: median, half, before, limit: *limit })
        })
        .collect()
    }

    pub(crate) fn print(&self, place: Place) {
        println!("\n== {} {}", place.name(), self.0.get("version").and_then(Value::as_str).unwrap_or_default());
        for measurement in &MEASUREMENTS {
            let rows = self.summaries(measurement);
            if rows.is_empty() {
                continue;
            }
            let heads: Vec<_> = measurement.ours.iter().map(|ours| format!("{ours} is faster by")).collect();
            println!("\n{:<50}{:>12}  {:>21}  {}", measurement.title, "median", "middle half", heads.join("; "));
            let show = |number: f64| match measurement.unit {
                Unit::PerSecond => format!("{number:.0}"),
                Unit::Milliseconds => format!("{number:.4}"),
            };
            for (name, summary) in &rows {
                let ratios = measurement.ours.iter().filter(|_| !name.starts_with("pkce-wasm"));
                let ratios: Vec<_> =
                    ratios.filter_map(|ours| Some(format!("{:.2}", self.faster(measurement, ours, name)?))).collect();
                let half = format!("{} – {}", show(summary.low), show(summary.high));
                let row = format!("  {name:<48}{:>12}  {half:>21}  {}", show(summary.median), ratios.join("; "));
                println!("{}", row.trim_end());
            }
        }
        self.print_memory();
        bars::print("bars (quotients, unless ms)", &self.bars(place));
    }

    fn print_memory(&self) {
        let empty = Value::Null;
        let boundary = self.0.get("boundary").unwrap_or(&empty);
        for (name, what) in [("pair", "a pair"), ("begin", "beginAuthorization")] {
            let crossed = |way: &str| boundary.get(name).and_then(|of| of.get(way)).and_then(Value::as_u64);
            if let (Some(into), Some(out)) = (crossed("in"), crossed("out")) {
                println!("\n{what}: {into} calls into the module, {out} out of it");
            }
        }
        for (name, what) in [("pairs", "pairs"), ("logins", "whole logins")] {
            let Some(soak) = self.0.get("flat").and_then(|flat| flat.get(name)) else { continue };
            println!("\nmemory over {} {what}, bytes", soak.get("times").and_then(Value::as_u64).unwrap_or_default());
            println!("  {:>9}  {:>12}  linear", "done", "heap");
            for look in soak.get("looks").and_then(Value::as_array).into_iter().flatten() {
                let number = |name: &str| look.get(name).and_then(Value::as_f64);
                let heap = number("heap").map_or_else(|| "not visible".to_owned(), |heap| format!("{heap:.0}"));
                let linear = look.get("linear").unwrap_or(&empty);
                println!("  {:>9.0}  {heap:>12}  {linear}", number("done").unwrap_or_default());
            }
        }
    }

    /// The same as JSON, with the samples made into medians.
    pub(crate) fn json(&self, place: Place) -> Value {
        let part = |name: &str| self.0.get(name).cloned().unwrap_or_default();
        let measurements: Map<String, Value> = MEASUREMENTS
            .iter()
            .filter_map(|measurement| {
                let rows = self.summaries(measurement);
                let json = |(name, Summary { low, median, high }): &(&str, Summary)| {
                    ((*name).to_owned(), json!({ "median": median, "low": low, "high": high }))
                };
                (!rows.is_empty()).then(|| (measurement.title.to_owned(), rows.iter().map(json).collect()))
            })
            .collect();
        json!({
            "version": part("version"),
            "measurements": measurements,
            "bars": self.bars(place).iter().map(Bar::json).collect::<Vec<_>>(),
            "boundary": part("boundary"),
            "flat": part("flat"),
        })
    }
}
