//! The status lines of a run of many apps: where each goes, and in which order they come.
//!
//! Apps start side by side, and scripts read the lines of a run as if they had started one after the other. So
//! what one app has to say on the console waits until the apps before it have said all of theirs.

use std::cell::RefCell;
use std::fmt::Write as _;

use crate::process::{Console, Outlet, Stream};
use crate::runfile::Destination;

use super::super::Note;

/// Draws a status line, without its newline: for the console with a symbol.
pub type Draw<'a> = &'a dyn Fn(&Note) -> String;

/// Says status lines.
pub struct Voice<'a> {
    console: Console,
    draw: Draw<'a>,
    turns: RefCell<Turns>,
}

/// Texts for the console, of those whose turn has not come.
#[derive(Default)]
struct Turns {
    current: usize,
    waiting: Vec<String>,
    done: Vec<bool>,
}

impl Turns {
    fn new(apps: usize) -> Self {
        Self { current: 0, waiting: vec![String::new(); apps], done: vec![false; apps] }
    }

    /// What may be shown now of what an app says.
    fn say(&mut self, rank: usize, text: &str) -> String {
        match self.waiting.get_mut(rank) {
            Some(waiting) if rank > self.current => {
                waiting.push_str(text);
                String::new()
            }
            _ => text.to_owned(),
        }
    }

    /// The app has said all of its start: those after it may speak.
    fn done(&mut self, rank: usize) -> String {
        let mut text = String::new();
        if let Some(done) = self.done.get_mut(rank) {
            *done = true;
        }
        while self.done.get(self.current) == Some(&true) {
            self.current += 1;
            if let Some(waiting) = self.waiting.get_mut(self.current) {
                text.push_str(&std::mem::take(waiting));
            }
        }
        text
    }

    /// Nobody waits any more.
    fn open(&mut self) -> String {
        self.current = self.waiting.len();
        self.waiting.iter_mut().map(std::mem::take).collect()
    }
}

impl<'a> Voice<'a> {
    /// For so many apps.
    pub fn new(console: Console, draw: Draw<'a>, apps: usize) -> Self {
        Self { console, draw, turns: RefCell::new(Turns::new(apps)) }
    }

    /// A line of the run itself, on the stream of its kind.
    pub fn run(&self, note: &Note) {
        let stream = if matches!(note, Note::Failure(_)) { Stream::Err } else { Stream::Out };
        self.show(stream, &format!("{}\n", (self.draw)(note)));
    }

    /// Something that is not a line.
    pub fn event(&self, note: &Note) {
        (self.draw)(note);
    }

    /// A line of an app on stdout, in its turn.
    pub fn app(&self, rank: usize, note: &Note) {
        let text = format!("{}\n", (self.draw)(note));
        let text = self.turns.borrow_mut().say(rank, &text);
        self.show(Stream::Out, &text);
    }

    /// A line for where an app's or a sidecar's own lines go. It has no symbol, except on a bare console.
    pub fn to(&self, rank: usize, outlet: &Outlet, destination: Destination, note: &Note) {
        let plain = note.text();
        if destination != Destination::File {
            let text = if destination == Destination::Console { (self.draw)(note) } else { plain.to_owned() };
            let text = self.turns.borrow_mut().say(rank, &format!("{text}\n"));
            self.show(Stream::Out, &text);
        }
        outlet.note(plain);
    }

    /// The app has said all of its start.
    pub fn done(&self, rank: usize) {
        let text = self.turns.borrow_mut().done(rank);
        self.show(Stream::Out, &text);
    }

    /// From now on everything is said at once.
    pub fn open(&self) {
        let text = self.turns.borrow_mut().open();
        self.show(Stream::Out, &text);
    }

    /// Shows the last lines of a log below a failure.
    pub fn tail(&self, lines: &[String]) {
        let mut text = String::new();
        for line in lines {
            let _ = writeln!(text, "    {line}");
        }
        self.show(Stream::Err, &text);
    }

    fn show(&self, stream: Stream, text: &str) {
        if !text.is_empty() {
            // A console that is gone shows nothing; the apps go on.
            let _ = self.console.write(self.console.source(), stream, text.as_bytes(), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wait_for_their_turn() {
        let mut turns = Turns::new(3);
        assert_eq!(turns.say(1, "b1\n"), "");
        assert_eq!(turns.say(0, "a1\n"), "a1\n");
        assert_eq!(turns.done(2), "");
        assert_eq!(turns.say(2, "c1\n"), "");
        assert_eq!(turns.done(0), "b1\n");
        assert_eq!(turns.say(1, "b2\n"), "b2\n");
        assert_eq!(turns.say(2, "c2\n"), "");
        assert_eq!(turns.done(1), "c1\nc2\n");
        assert_eq!(turns.say(0, "late\n"), "late\n");
    }

    #[test]
    fn at_the_end_nobody_waits() {
        let mut turns = Turns::new(3);
        turns.say(1, "b\n");
        turns.say(2, "c\n");
        assert_eq!(turns.open(), "b\nc\n");
        assert_eq!(turns.say(2, "now\n"), "now\n");
    }
}
