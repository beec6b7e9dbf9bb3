//! Gives logs to their end, or goes on with them while their runs go on.

use std::time::Duration;

use tokio::time::Instant;

use super::merge::{Merge, Progress};
use super::{Emit, Error, Source, Wanted};
use crate::records::ProcessId;

/// How often files are looked at.
const GLANCE: Duration = Duration::from_millis(50);
/// How long a run that goes on with other apps has to write the last lines of one that has ended.
const LAST: Duration = Duration::from_millis(500);

/// Gives what stands there now.
pub fn show(sources: &[Source], wanted: Wanted, emit: Emit<'_>) -> Result<(), Error> {
    let mut logs = Merge::open(sources, wanted)?;
    loop {
        match logs.give(emit)? {
            Progress::More => {}
            Progress::AllForNow => break,
            Progress::Enough => return Ok(()),
        }
    }
    end(&mut logs, emit)
}

/// Gives what stands there and what is appended, until every run has ended or `stop` is done.
pub async fn follow(
    sources: &[Source],
    wanted: Wanted,
    stop: impl Future<Output = ()>,
    emit: Emit<'_>,
) -> Result<(), Error> {
    let mut stop = std::pin::pin!(stop);
    let mut logs = Merge::open(sources, wanted)?;
    let mut quiet = None;
    loop {
        // Asked before the files are read: what is written before the end is not missed.
        let life = Life::of(sources);
        loop {
            match logs.give(emit)? {
                Progress::AllForNow => break,
                Progress::Enough => return Ok(()),
                Progress::More => tokio::select! {
                    biased;
                    () = &mut stop => return Ok(()),
                    () = tokio::task::yield_now() => {}
                },
            }
        }
        if emit(None).is_break() {
            return Ok(());
        }
        match life {
            Life::Goes => quiet = None,
            Life::Ebbs if quiet.get_or_insert_with(Instant::now).elapsed() < LAST => {}
            Life::Ebbs | Life::Over => return end(&mut logs, emit),
        }
        tokio::select! {
            () = &mut stop => return Ok(()),
            () = tokio::time::sleep(GLANCE) => {}
        }
    }
}

fn end(logs: &mut Merge, emit: Emit<'_>) -> Result<(), Error> {
    logs.finish();
    while logs.give(emit)? == Progress::More {}
    let _ = emit(None);
    Ok(())
}

/// Whether more may be written.
enum Life {
    /// An app or a sidecar runs.
    Goes,
    /// All have ended, but who writes their lines down has not.
    Ebbs,
    /// Nobody is left.
    Over,
}

impl Life {
    fn of(sources: &[Source]) -> Self {
        let alive = |process: Option<ProcessId>| process.is_some_and(|process| process.is_alive());
        let mut runs = sources.iter().filter_map(|source| source.run.as_ref());
        if runs.clone().any(|run| alive(Some(run.daprd)) || alive(run.app)) {
            Self::Goes
        } else if runs.any(|run| alive(run.cli)) {
            Self::Ebbs
        } else {
            Self::Over
        }
    }
}
