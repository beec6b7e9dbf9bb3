//! Several steps at once, of which the first that fails ends the others in an orderly way.

use std::future::Future;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::Error;

/// Runs all tasks at the same time. After a failure the others are asked to end through the token, and waited for:
/// nothing goes on behind the caller's back. Returns the first failure.
pub async fn all<T>(
    stop: &CancellationToken,
    tasks: impl IntoIterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<T>, Error> {
    let mut running: FuturesUnordered<_> = tasks.into_iter().collect();
    let mut done = Vec::new();
    let mut failure = None;
    while let Some(result) = running.next().await {
        match result {
            Ok(value) => done.push(value),
            Err(error) => {
                stop.cancel();
                failure.get_or_insert(error);
            }
        }
    }
    failure.map_or(Ok(done), Err)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn the_first_failure_ends_the_others() {
        let stop = CancellationToken::new();
        let ended = Mutex::new(false);
        let waits: std::pin::Pin<Box<dyn Future<Output = Result<(), Error>>>> = Box::pin(async {
            stop.cancelled().await;
            *ended.lock().unwrap() = true;
            Err(Error::Interrupted)
        });
        let fails: std::pin::Pin<Box<dyn Future<Output = Result<(), Error>>>> =
            Box::pin(async { Err(Error::Busy("here".into())) });
        let result = all(&stop, [waits, fails]).await;
        assert!(matches!(result, Err(Error::Busy(_))), "{result:?}");
        assert!(*ended.lock().unwrap());
    }
}
