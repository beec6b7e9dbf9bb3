//! Goes on with logs while their runs go on.

use std::thread;
use std::time::Duration;

use super::read::Reader;
use super::{Emit, Line, Source};
use crate::records::ProcessId;

/// How often files are looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// Gives the lines that are appended, until every run has ended; without `on` only what stands there now. At the
/// end comes what has no newline.
pub fn follow(sources: &[Source], mut readers: Vec<Reader>, on: bool, emit: Emit<'_>) {
    loop {
        // Asked before the files are read: what is written before the end is not missed.
        let alive = sources.iter().any(|source| source.alive.as_ref().is_some_and(ProcessId::is_alive));
        for (at, reader) in readers.iter_mut().enumerate() {
            while let Some((time, text)) = reader.next_line() {
                if !emit(Some(Line { source: at, time, text })) {
                    return;
                }
            }
            reader.follow();
        }
        if !(emit(None) && alive && on) {
            break;
        }
        thread::sleep(GLANCE);
    }
    for (at, reader) in readers.iter_mut().enumerate() {
        while let Some((time, text)) = reader.next_line().or_else(|| reader.finish()) {
            if !emit(Some(Line { source: at, time, text })) {
                return;
            }
        }
    }
    emit(None);
}
