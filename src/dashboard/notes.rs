//! What is to be said once, on the page that follows an action. A page gets only the number of a note, so that no
//! link can put words into the dashboard's mouth.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

const KEPT: usize = 32;

/// A sentence, and whether it is about a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The sentence.
    pub text: String,
    /// Whether something went wrong.
    pub failed: bool,
}

/// The notes that nobody has seen yet.
#[derive(Debug, Default)]
pub struct Notes(Mutex<(u64, VecDeque<(u64, Note)>)>);

impl Notes {
    /// Keeps a note and returns its number.
    pub fn add(&self, note: Note) -> u64 {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.0 += 1;
        let number = notes.0;
        notes.1.push_back((number, note));
        if notes.1.len() > KEPT {
            notes.1.pop_front();
        }
        number
    }

    /// Takes a note out.
    pub fn take(&self, number: u64) -> Option<Note> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = notes.1.iter().position(|(own, _)| *own == number)?;
        notes.1.remove(place).map(|(_, note)| note)
    }
}
