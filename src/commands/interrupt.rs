//! Work that Ctrl-C ends in an orderly way: the first time it is asked to take back what it did, the second time
//! it is left alone.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use super::no_async_runtime;
use crate::error::{EXIT_SIGNAL_BASE, Failure};
use crate::os::{Signals, Told};

/// How the work ended.
pub struct Outcome<T> {
    /// What came of it; `None` when it was left after a second signal.
    pub result: Option<T>,
    /// Exit code for the signal that came, if one did.
    pub code: Option<u8>,
}

/// Runs work on a runtime of its own, until it is done or a second signal comes.
pub fn with_interrupt<T, F>(work: impl FnOnce(CancellationToken) -> F) -> Result<Outcome<T>, Failure>
where
    F: Future<Output = T>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(no_async_runtime)?;
    let outcome = runtime.block_on(async {
        let cancel = CancellationToken::new();
        let mut signals = Signals::listen().map_err(no_async_runtime)?;
        let mut work = std::pin::pin!(work(cancel.clone()));
        let mut code = None;
        loop {
            tokio::select! {
                result = &mut work => return Ok(Outcome { result: Some(result), code }),
                signal = signals.next() => {
                    if code.is_some() {
                        return Ok(Outcome { result: None, code });
                    }
                    code = Some(EXIT_SIGNAL_BASE + number(&signal));
                    cancel.cancel();
                }
            }
        }
    });
    // A lookup that hangs in the system must not hold the exit back.
    runtime.shutdown_background();
    outcome
}

fn number(signal: &Told) -> u8 {
    match signal {
        Told::End("interrupt") => 2,
        Told::End(_) => 15,
        Told::Restart => 1,
    }
}
