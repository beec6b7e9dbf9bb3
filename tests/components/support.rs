//! Making components as the sidecar does, and waiting with a deadline.

use std::time::Duration;

use dapr_cli::components::registry::{Registry, builtin};
use dapr_cli::components::{Init, Properties};
use dapr_cli::env::Env;

/// Long enough for a loaded machine; only a failing test waits that long.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Properties as in a component's manifest.
pub type Settings<'a> = &'a [(&'a str, &'a str)];

pub fn init(app_id: &str, settings: Settings<'_>) -> Init {
    Init {
        name: "component".into(),
        properties: settings.iter().copied().collect::<Properties>(),
        app_id: app_id.into(),
        env: Env::of([("PLAIN", "value"), ("APP_SECRET", "s3cret"), ("APP_API_TOKEN", "t"), ("Dapr_x", "y")]),
    }
}

pub fn registry() -> Registry {
    builtin()
}

/// Fails the test when something takes too long.
pub async fn in_time<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, work).await.unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

/// Waits until a condition holds.
pub async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    in_time(what, async {
        while !condition().await {
            ticks.tick().await;
        }
    })
    .await;
}
