//! The table of budgets: what is allowed, what was measured, and how that compares.

use std::fmt;

/// One figure and its budget.
struct Row {
    what: String,
    budget: Budget,
    ours: f64,
    peer: Option<f64>,
}

/// What a figure may be.
#[derive(Clone, Copy)]
pub enum Budget {
    /// At most this, in this unit.
    AtMost(f64, &'static str),
    /// At least this, in this unit.
    AtLeast(f64, &'static str),
    /// At least this many times the peer's figure, in this unit; nothing is judged without a peer.
    Times(f64, &'static str),
    /// At least this share, from 0 to 1, of the second figure, which the `dist` profile reached, in this unit.
    ShareOfDist(f64, f64, &'static str),
}

/// All rows, in the order in which they were measured.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    left_out: Vec<String>,
}

impl Report {
    /// Adds a figure.
    pub fn add(&mut self, what: impl Into<String>, budget: Budget, ours: f64, peer: Option<f64>) {
        let what = what.into();
        eprintln!("measured: {what}");
        self.rows.push(Row { what, budget, ours, peer });
    }

    /// Says that something could not be measured here.
    pub fn leave_out(&mut self, what: &str, reason: &str) {
        eprintln!("not measured: {what}: {reason}");
        self.left_out.push(format!("{what}: {reason}"));
    }
}

impl Row {
    fn is_within(&self) -> Option<bool> {
        match self.budget {
            Budget::AtMost(limit, _) => Some(self.ours <= limit),
            Budget::AtLeast(limit, _) => Some(self.ours >= limit),
            Budget::Times(factor, _) => self.peer.map(|peer| self.ours >= factor * peer),
            Budget::ShareOfDist(share, dist, _) => Some(self.ours >= share * dist),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| what | budget | measured | within | stock | ours / stock |")?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for row in &self.rows {
            let (budget, unit) = match row.budget {
                Budget::AtMost(limit, unit) => (format!("at most {} {unit}", number(limit)), unit),
                Budget::AtLeast(limit, unit) => (format!("at least {} {unit}", number(limit)), unit),
                Budget::Times(factor, unit) => (format!("at least {factor}x of stock"), unit),
                Budget::ShareOfDist(share, dist, unit) => {
                    (format!("at least {:.0} % of `dist`, {}", share * 100.0, number(dist)), unit)
                }
            };
            let within = match row.is_within() {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "",
            };
            let (stock, ratio) = match row.peer {
                Some(peer) => (format!("{} {unit}", number(peer)), format!("{:.2}", row.ours / peer)),
                None => (String::new(), String::new()),
            };
            let ours = number(row.ours);
            writeln!(f, "| {} | {budget} | {ours} {unit} | {within} | {stock} | {ratio} |", row.what)?;
        }
        for what in &self.left_out {
            writeln!(f, "\nNot measured: {what}.")?;
        }
        Ok(())
    }
}

/// Three digits are all that such a measurement is good for.
fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
