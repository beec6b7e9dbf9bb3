//! Lines of logs, each with what stands before it. Pieces of a line are put together again; when a line of another
//! log has to come in between, its rest stands on a line of its own.

use jiff::Timestamp;

use crate::self_hosted::logs::Piece;

/// Puts lines together.
#[derive(Debug, Default)]
pub struct Lines {
    /// What stands before the lines of each log.
    heads: Vec<String>,
    timestamps: bool,
    /// The log whose line was begun and not ended.
    begun: Option<usize>,
    text: Vec<u8>,
}

impl Lines {
    /// `heads`: what stands before the lines of each log. `timestamps`: and also when they were written.
    pub fn new(heads: Vec<String>, timestamps: bool) -> Self {
        Self { heads, timestamps, ..Self::default() }
    }

    /// Adds a piece.
    pub fn add(&mut self, piece: &Piece<'_>) {
        let goes_on = self.begun == Some(piece.source);
        if self.begun.is_some() && !goes_on {
            self.text.push(b'\n');
        }
        if piece.begins || !goes_on {
            if self.timestamps {
                self.text.extend(time(piece.time).into_bytes());
                self.text.push(b' ');
            }
            self.text.extend(self.heads.get(piece.source).map(String::as_bytes).unwrap_or_default());
        }
        self.text.extend(piece.text);
        if piece.ends {
            self.text.push(b'\n');
        }
        self.begun = (!piece.ends).then_some(piece.source);
    }

    /// What was added since [`Lines::clear`].
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Forgets what was printed.
    pub fn clear(&mut self) {
        self.text.clear();
    }
}

fn time(time: Option<u64>) -> String {
    let time = time.and_then(|time| i64::try_from(time).ok());
    match time.and_then(|time| Timestamp::from_millisecond(time).ok()) {
        Some(time) => format!("{time:.3}"),
        // As wide as a time.
        None => format!("{:24}", "-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(source: usize, text: &str, begins: bool, ends: bool) -> Piece<'_> {
        Piece { source, time: Some(1_000), begins, text: text.as_bytes(), ends }
    }

    #[test]
    fn pieces_become_lines_again() {
        let mut lines = Lines::new(vec!["a | ".into(), "b | ".into()], false);
        for piece in [
            piece(0, "one", true, true),
            piece(1, "begun ", true, false),
            piece(1, "and ended", false, true),
            piece(1, "broken ", true, false),
            piece(0, "two", true, true),
            piece(1, "off", false, true),
        ] {
            lines.add(&piece);
        }
        let text = String::from_utf8(lines.text().to_vec()).unwrap();
        assert_eq!(text, "a | one\nb | begun and ended\nb | broken \na | two\nb | off\n");
    }

    #[test]
    fn times_are_in_front_and_of_one_width() {
        let mut lines = Lines::new(vec!["a | ".into()], true);
        lines.add(&piece(0, "one", true, true));
        lines.add(&Piece { time: None, ..piece(0, "two", true, true) });
        let text = String::from_utf8(lines.text().to_vec()).unwrap();
        assert_eq!(text, "1970-01-01T00:00:01.000Z a | one\n-                        a | two\n");
    }
}
