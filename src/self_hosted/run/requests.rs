//! What the user asks of a run with signals: to end, and then to end at once.

use std::io;

use tokio_util::sync::CancellationToken;

use crate::os::Signals;

/// Signals, as states that any number of tasks can wait for.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    /// Somebody asked for the end: Ctrl-C, SIGTERM or SIGHUP.
    pub asked: CancellationToken,
    /// They asked again.
    pub now: CancellationToken,
}

impl Requests {
    /// Takes the signals over, from now on. Needs a running `tokio` reactor.
    pub fn listen() -> io::Result<Self> {
        let mut signals = Signals::listen()?;
        let requests = Self::default();
        let told = requests.clone();
        tokio::spawn(async move {
            signals.next().await;
            told.asked.cancel();
            signals.next().await;
            told.now.cancel();
        });
        Ok(requests)
    }
}
