//! The container engines.

use std::time::Duration;

use tokio::time::timeout;

use super::Finding;
use crate::containers::{Engine, Kind};
use crate::env::Env;
use crate::self_hosted::installation::{Found, Installation, reason};

const CHECK: &str = "container engine";
/// How long an engine may take to answer and to tell of our containers.
const LIMIT: Duration = Duration::from_secs(4);

/// The engines that there are.
#[derive(Debug)]
pub struct Engines {
    /// The one that has, or would have, our containers, and what it has of them; or why it can't be asked.
    pub ours: Result<(Engine, Vec<Found>), String>,
    other: Option<Engine>,
}

impl Engines {
    /// Looks for both kinds.
    pub async fn find(installation: &Installation, env: &Env) -> Self {
        let kind = installation.engine;
        let ours = async {
            let engine = Engine::connect(kind, env).await?;
            let found = installation.look(&engine).await?;
            Ok((engine, found))
        };
        let other = match kind {
            Kind::Docker => Kind::Podman,
            Kind::Podman => Kind::Docker,
        };
        let (ours, other) = tokio::join!(timeout(LIMIT, ours), timeout(LIMIT, Engine::connect(other, env)));
        let silent = |_| format!("{kind} does not answer within {} s", LIMIT.as_secs());
        let ours = ours.map_err(silent).and_then(|ours| ours.map_err(|error| reason(&error)));
        Self { ours, other: other.ok().and_then(Result::ok) }
    }

    /// The engine that has, or would have, our containers.
    pub fn engine(&self) -> Option<&Engine> {
        self.ours.as_ref().ok().map(|(engine, _)| engine)
    }

    /// What there is of our containers; `None` when nobody can say.
    pub fn found(&self) -> Option<&[Found]> {
        self.ours.as_ref().ok().map(|(_, found)| found.as_slice())
    }

    /// What is to be said of the engines themselves.
    pub fn findings(&self, installation: &Installation) -> Vec<Finding> {
        let kind = installation.engine;
        let ours = match &self.ours {
            Ok((engine, _)) => Finding::ok(CHECK, answers(engine)),
            Err(reason) if !installation.expected.is_empty() => {
                let advice = rights(reason, kind)
                    .unwrap_or_else(|| format!("start {kind}: the containers of `dapr init` are there"));
                Finding::problem(CHECK, reason, advice)
            }
            Err(reason) => {
                let advice = rights(reason, kind).unwrap_or_else(|| match &self.other {
                    Some(other) => format!(
                        "`dapr init --container-runtime {}` uses the one that answers; the embedded runtime needs none",
                        other.kind()
                    ),
                    None => format!(
                        "start {kind} if you want `dapr init` with containers; `dapr init --embedded` and \
                         `dapr init --slim` need none"
                    ),
                });
                Finding::warning(CHECK, reason, advice)
            }
        };
        let other = self.other.as_ref().map(|engine| {
            let detail = format!("{}; it is not the one that is used", answers(engine));
            Finding::ok(CHECK, detail)
        });
        [ours].into_iter().chain(other).collect()
    }
}

fn answers(engine: &Engine) -> String {
    let (kind, version) = (engine.kind(), engine.version());
    if engine.is_started_for_us() {
        // Its socket is gone when this is read.
        return format!("{kind} {version} answers when its service is started");
    }
    format!("{kind} {version} answers at {}", engine.address())
}

/// What to do when the engine is there and only lets others in.
fn rights(reason: &str, kind: Kind) -> Option<String> {
    let denied = reason.to_ascii_lowercase().contains("permission denied");
    denied.then(|| match kind {
        Kind::Docker => {
            "let your user use the socket: `sudo usermod -aG docker $USER`, then log in again".into()
        }
        Kind::Podman => {
            "use the socket of your own user: `systemctl --user enable --now podman.socket`".into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_hosted::doctor::Verdict;
    use crate::self_hosted::init::Role;

    fn findings(reason: &str, expected: &[Role]) -> Finding {
        let installation = Installation {
            engine: Kind::Docker,
            network: None,
            expected: expected.to_vec(),
            may_have_containers: false,
        };
        let engines = Engines { ours: Err(reason.into()), other: None };
        engines.findings(&installation).remove(0)
    }

    #[test]
    fn an_engine_is_missed_by_those_who_have_containers() {
        assert_eq!(findings("docker does not answer", &[]).result, Verdict::Warning);
        assert_eq!(findings("docker does not answer", &Role::ALL).result, Verdict::Problem);
    }

    #[test]
    fn missing_rights_are_told_from_a_missing_engine() {
        let advice = findings("unix:///var/run/docker.sock: Permission denied", &[]).advice.unwrap();
        assert!(advice.contains("usermod"), "{advice}");
    }
}
