//! The bars that the project has set itself, and whether they are met.

use serde_json::{Value, json};

use crate::before;

/// How a figure is to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Limit {
    AtMost(f64),
    AtLeast(f64),
    /// Shown beside the others.
    Open,
}

/// A bar, and what was measured.
pub(crate) struct Bar {
    pub(crate) what: String,
    pub(crate) measured: f64,
    /// Between what the middle half of the rounds lies, where there were rounds.
    pub(crate) half: Option<(f64, f64)>,
    /// What 0.1.0 came to in the same run.
    pub(crate) before: Option<f64>,
    pub(crate) limit: Limit,
}

impl Bar {
    /// Whether it is met; nothing where none was set.
    pub(crate) fn met(&self) -> Option<bool> {
        match self.limit {
            Limit::AtMost(most) => Some(self.measured <= most),
            Limit::AtLeast(least) => Some(self.measured >= least),
            Limit::Open => None,
        }
    }

    pub(crate) fn json(&self) -> Value {
        let (least, most) = match self.limit {
            Limit::AtMost(most) => (None, Some(most)),
            Limit::AtLeast(least) => (Some(least), None),
            Limit::Open => (None, None),
        };
        json!({
            "what": self.what,
            "measured": self.measured,
            "half": self.half.map(|(low, high)| [low, high]),
            "before": self.before,
            "least": least,
            "most": most,
            "met": self.met(),
        })
    }
}

/// Bytes and times: the former are whole numbers.
fn show(number: f64) -> String {
    if number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.2}") }
}

/// Prints a table of them.
pub(crate) fn print(title: &str, bars: &[Bar]) {
    if bars.is_empty() {
        return;
    }
    println!("\n{title:<64}{:>8}  {:>13}  {:>8}  bar", "measured", "middle half", before::NAME);
    for bar in bars {
        let half = bar.half.map(|(low, high)| format!("{} – {}", show(low), show(high))).unwrap_or_default();
        let limit = match bar.limit {
            Limit::AtMost(most) => format!("at most {}", show(most)),
            Limit::AtLeast(least) => format!("at least {}", show(least)),
            Limit::Open => String::new(),
        };
        let verdict = match bar.met() {
            Some(true) => ": met",
            Some(false) => ": not met",
            None => "",
        };
        let before = bar.before.map(show).unwrap_or_default();
        let row = format!("  {:<62}{:>8}  {half:>13}  {before:>8}  {limit}{verdict}", bar.what, show(bar.measured));
        println!("{}", row.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, Limit};

    #[test]
    fn a_bar_is_met_up_to_its_limit() {
        let met = |measured, limit| Bar { what: String::new(), measured, half: None, before: None, limit }.met();
        assert_eq!(met(0.25, Limit::AtMost(0.25)), Some(true));
        assert_eq!(met(0.26, Limit::AtMost(0.25)), Some(false));
        assert_eq!(met(5.3, Limit::AtLeast(5.3)), Some(true));
        assert_eq!(met(5.2, Limit::AtLeast(5.3)), Some(false));
        assert_eq!(met(1.0, Limit::Open), None);
    }
}
