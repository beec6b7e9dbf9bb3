//! The installed runtime: its program, its containers, and whether they fit together.

use semver::Version;

use super::Finding;
use super::engine::Engines;
use crate::containers::{Container, Kind, State, tag};
use crate::os;
use crate::paths::InstallDir;
use crate::self_hosted::installation::{Found, Installation};

const PROGRAM: &str = "runtime";
const SERVICES: &str = "services";
/// Version of this program.
const OWN: &str = env!("CARGO_PKG_VERSION");
/// How many minor versions a runtime may be away from this program.
const DISTANCE: u64 = 2;

/// The sidecar's program.
pub fn program(install: &InstallDir, version: Option<&str>) -> Vec<Finding> {
    let daprd = install.daprd();
    let path = daprd.display();
    let finding = if !daprd.is_file() {
        Finding::ok(PROGRAM, format!("none is installed; `dapr run` uses the embedded one, version {OWN}"))
    } else if !os::is_executable(&daprd) {
        let detail = format!("{path} may not be executed");
        Finding::problem(PROGRAM, detail, format!("give it the right: chmod +x {path}"))
    } else {
        match version {
            None => Finding::problem(
                PROGRAM,
                format!("{path} does not tell its version"),
                "`dapr init` replaces it by one that works",
            ),
            Some(version) => age(version, OWN)
                .unwrap_or_else(|| Finding::ok(PROGRAM, format!("daprd {version} is installed in {path}"))),
        }
    };
    vec![finding]
}

/// What there is to say of a runtime that is far from this program.
fn age(version: &str, own: &str) -> Option<Finding> {
    let (runtime, cli) = (Version::parse(version).ok()?, Version::parse(own).ok()?);
    let far = runtime.major != cli.major || runtime.minor.abs_diff(cli.minor) > DISTANCE;
    let detail = format!("daprd {version} and this dapr {own} are more than {DISTANCE} minor versions apart");
    let advice = if runtime < cli {
        format!("`dapr upgrade --runtime-version {own}` renews the runtime")
    } else {
        "install a newer dapr".to_owned()
    };
    far.then(|| Finding::warning(PROGRAM, detail, advice))
}

/// The containers, when they can be looked at.
pub fn services(
    install: &InstallDir,
    installation: &Installation,
    engines: &Engines,
    version: Option<&str>,
) -> Vec<Finding> {
    // What is left after `dapr uninstall` need not run.
    let Some(found) = engines.found().filter(|_| install.daprd().is_file()) else {
        return Vec::new();
    };
    let mut wrong = Vec::new();
    let mut well = Vec::new();
    for service in found {
        let before = wrong.len();
        match &service.container {
            None if installation.expects(service) => wrong.push(Finding::problem(
                SERVICES,
                format!("there is no container {}", service.name),
                "`dapr init` puts it back",
            )),
            None => continue,
            Some(container) => {
                wrong.extend(stopped(container, installation.engine));
                wrong.extend(version.and_then(|version| strange(service, container, version)));
            }
        }
        if wrong.len() == before {
            well.push(service.name.as_str());
        }
    }
    if !well.is_empty() {
        let run = if well.len() == 1 { "runs" } else { "run" };
        wrong.insert(0, Finding::ok(SERVICES, format!("{} {run}", well.join(", "))));
    }
    wrong
}

fn stopped(container: &Container, engine: Kind) -> Option<Finding> {
    let Container { name, .. } = container;
    let code =
        container.exit_code.map(|code| format!(", and ended with exit code {code}")).unwrap_or_default();
    match container.state {
        State::Running => None,
        State::Restarting => Some(Finding::problem(
            SERVICES,
            format!("container {name} ends again and again{}", code.replace(", and ended", ", last")),
            format!("`{engine} logs {name}` tells why"),
        )),
        State::Stopped => Some(Finding::problem(
            SERVICES,
            format!("container {name} does not run{code}"),
            "`dapr init` starts it again",
        )),
    }
}

/// A service of the runtime that is of another version than its sidecar.
fn strange(service: &Found, container: &Container, version: &str) -> Option<Finding> {
    if !service.role.is_of_runtime() {
        return None;
    }
    let tag = tag(&container.image);
    let image = tag.strip_suffix("-mariner").unwrap_or(tag);
    // Other tags say nothing of the version.
    Version::parse(image).ok().filter(|_| image != version)?;
    Some(Finding::problem(
        SERVICES,
        format!("container {} is version {image}, but daprd is {version}", service.name),
        format!("`dapr upgrade --runtime-version {version}` makes them one, and keeps all data"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_hosted::doctor::Verdict;

    #[test]
    fn two_minor_versions_are_near() {
        for near in ["1.16.0", "1.18.9", "1.20.3-rc.1", "edge"] {
            assert_eq!(age(near, "1.18.0"), None, "{near}");
        }
        for (far, advice) in
            [("1.15.9", "upgrade"), ("1.21.0", "newer dapr"), ("0.18.0", "upgrade"), ("2.18.0", "newer dapr")]
        {
            let finding = age(far, "1.18.0").unwrap();
            assert_eq!(finding.result, Verdict::Warning);
            assert!(finding.advice.unwrap().contains(advice), "{far}");
        }
    }
}
