//! Where an engine listens: variables, Docker contexts, the usual sockets.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Kind;
use crate::env::{
    CONTAINER_HOST, DOCKER_CERT_PATH, DOCKER_CONFIG, DOCKER_CONTEXT, DOCKER_HOST, DOCKER_TLS_VERIFY, Env,
    HOME, XDG_RUNTIME_DIR,
};

/// An address of an engine's API. `named` says who asked for this very one, if anybody did: then no other is
/// tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Socket {
        /// The socket's file.
        path: PathBuf,
        /// Variable or context that names it.
        named: Option<String>,
    },
    /// A host and port.
    Tcp {
        /// `host:port`.
        host: String,
        /// Directory with `ca.pem`, `cert.pem` and `key.pem`, when the connection is encrypted.
        tls: Option<PathBuf>,
        /// Variable or context that names it.
        named: Option<String>,
    },
    /// An address of another kind, such as `ssh://`.
    Unsupported {
        /// The address.
        text: String,
        /// Variable or context that names it.
        named: Option<String>,
    },
}

impl Address {
    fn parse(text: &str, tls: Option<PathBuf>, named: Option<String>) -> Self {
        if let Some(path) = text.strip_prefix("unix://") {
            Self::Socket { path: path.into(), named }
        } else if let Some(host) = text.strip_prefix("tcp://").or_else(|| text.strip_prefix("http://")) {
            Self::Tcp { host: host.trim_end_matches('/').to_owned(), tls, named }
        } else if let Some(host) = text.strip_prefix("https://") {
            Self::Tcp { host: host.trim_end_matches('/').to_owned(), tls, named }
        } else {
            Self::Unsupported { text: text.to_owned(), named }
        }
    }

    /// Whether somebody named this very address.
    pub(super) fn is_asked_for(&self) -> bool {
        let (Self::Socket { named, .. } | Self::Tcp { named, .. } | Self::Unsupported { named, .. }) = self;
        named.is_some()
    }

    /// The host of a remote engine, without the port.
    pub(super) fn host(&self) -> Option<&str> {
        match self {
            Self::Tcp { host, .. } => Some(host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name)),
            _ => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = match self {
            Self::Socket { path, named } => {
                write!(f, "unix://{}", path.display())?;
                named
            }
            Self::Tcp { host, named, .. } => {
                write!(f, "tcp://{host}")?;
                named
            }
            Self::Unsupported { text, named } => {
                f.write_str(text)?;
                named
            }
        };
        named.as_ref().map_or(Ok(()), |named| write!(f, " ({named})"))
    }
}

/// The addresses to try, the first one first.
pub fn addresses(kind: Kind, env: &Env) -> Vec<Address> {
    let home = env.get(HOME).map(PathBuf::from).or_else(dirs::home_dir).unwrap_or_default();
    match kind {
        Kind::Docker => docker(env, &home),
        Kind::Podman => podman(env, &home),
    }
}

/// Order of precedence, as Docker's own command has it: `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of
/// its configuration, the system's socket. After that one, the places where the other distributions of Docker
/// put theirs.
fn docker(env: &Env, home: &Path) -> Vec<Address> {
    if let Some(host) = env.get(DOCKER_HOST) {
        let certificates = || env.get(DOCKER_CERT_PATH).map_or_else(|| home.join(".docker"), PathBuf::from);
        let tls = env.get(DOCKER_TLS_VERIFY).map(|_| certificates());
        return vec![Address::parse(host, tls, Some(DOCKER_HOST.into()))];
    }
    let config = env.get(DOCKER_CONFIG).map_or_else(|| home.join(".docker"), PathBuf::from);
    let chosen = env.get(DOCKER_CONTEXT).map(str::to_owned).or_else(|| current_context(&config));
    if let Some(name) = chosen.filter(|name| name != "default") {
        return vec![context(&config, &name)];
    }
    let sockets = [
        Some(PathBuf::from("/var/run/docker.sock")),
        env.get(XDG_RUNTIME_DIR).map(|directory| Path::new(directory).join("docker.sock")),
        Some(home.join(".docker/run/docker.sock")),
        Some(home.join(".colima/default/docker.sock")),
        Some(home.join(".rd/docker.sock")),
        Some(home.join(".orbstack/run/docker.sock")),
    ];
    existing(sockets)
}

fn podman(env: &Env, home: &Path) -> Vec<Address> {
    if let Some(host) = env.get(CONTAINER_HOST) {
        return vec![Address::parse(host, None, Some(CONTAINER_HOST.into()))];
    }
    let user = env.get(XDG_RUNTIME_DIR).map(|directory| Path::new(directory).join("podman/podman.sock"));
    let machine = home.join(".local/share/containers/podman/machine/podman.sock");
    // The system's engine has other containers than a user's.
    let system = (crate::os::user_id() == 0).then(|| PathBuf::from("/run/podman/podman.sock"));
    let found = existing([system, user, Some(machine)]);
    found
        .into_iter()
        .filter(|address| matches!(address, Address::Socket { path, .. } if path.exists()))
        .collect()
}

/// The sockets that exist; the first one in any case, so that an error names it.
fn existing<const N: usize>(sockets: [Option<PathBuf>; N]) -> Vec<Address> {
    let paths = sockets.into_iter().flatten().enumerate();
    let paths = paths.filter(|(index, path)| *index == 0 || path.exists());
    paths.map(|(_, path)| Address::Socket { path, named: None }).collect()
}

fn current_context(config: &Path) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Config {
        current_context: Option<String>,
    }
    let text = fs_err::read_to_string(config.join("config.json")).ok()?;
    serde_json::from_str::<Config>(&text).ok()?.current_context.filter(|name| !name.is_empty())
}

/// A context is kept in a directory that is named by the digest of its name.
fn context(config: &Path, name: &str) -> Address {
    #[derive(Deserialize)]
    struct Meta {
        #[serde(rename = "Endpoints")]
        endpoints: std::collections::BTreeMap<String, Endpoint>,
    }
    #[derive(Deserialize)]
    struct Endpoint {
        #[serde(rename = "Host")]
        host: Option<String>,
    }
    let digest = hex::encode(Sha256::digest(name));
    let contexts = config.join("contexts");
    let named = Some(format!("docker context {name}"));
    let meta = fs_err::read_to_string(contexts.join("meta").join(&digest).join("meta.json")).ok();
    let meta = meta.and_then(|text| serde_json::from_str::<Meta>(&text).ok());
    let host = meta.and_then(|mut meta| meta.endpoints.remove("docker")).and_then(|endpoint| endpoint.host);
    let tls = contexts.join("tls").join(&digest).join("docker");
    match host {
        Some(host) => Address::parse(&host, tls.is_dir().then_some(tls), named),
        None => Address::Unsupported { text: "a context without an address".into(), named },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: Kind, env: &Env) -> Vec<String> {
        addresses(kind, env).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_variable_wins_and_is_the_only_one() {
        let env = Env::of([(DOCKER_HOST, "tcp://box:2376"), (DOCKER_TLS_VERIFY, "1"), (HOME, "/home/me")]);
        assert_eq!(text(Kind::Docker, &env), ["tcp://box:2376 (DOCKER_HOST)"]);
        let Address::Tcp { tls, .. } = addresses(Kind::Docker, &env).remove(0) else { panic!("not tcp") };
        assert_eq!(tls.as_deref(), Some(Path::new("/home/me/.docker")));
        let env = Env::of([(CONTAINER_HOST, "unix:///run/x.sock")]);
        assert_eq!(text(Kind::Podman, &env), ["unix:///run/x.sock (CONTAINER_HOST)"]);
    }

    #[test]
    fn the_current_context_is_followed() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join(".docker");
        // The digest of "colima".
        let digest = "f24fd3749c1368328e2b149bec149cb6795619f244c5b584e844961215dadd16";
        let meta = config.join("contexts/meta").join(digest);
        fs_err::create_dir_all(&meta).unwrap();
        fs_err::write(
            meta.join("meta.json"),
            r#"{"Name":"colima","Endpoints":{"docker":{"Host":"unix:///colima.sock"}}}"#,
        )
        .unwrap();
        fs_err::write(config.join("config.json"), r#"{"currentContext":"colima"}"#).unwrap();
        let home_text = home.path().to_str().unwrap();
        let env = Env::of([(HOME, home_text)]);
        assert_eq!(text(Kind::Docker, &env), ["unix:///colima.sock (docker context colima)"]);
        let env = env.with(DOCKER_CONTEXT, "gone");
        assert_eq!(text(Kind::Docker, &env), ["a context without an address (docker context gone)"]);
        let env = env.with(DOCKER_CONTEXT, "default");
        assert_eq!(text(Kind::Docker, &env)[0], "unix:///var/run/docker.sock");
    }

    #[test]
    fn a_rootless_socket_is_found() {
        let run = tempfile::tempdir().unwrap();
        fs_err::write(run.path().join("docker.sock"), "").unwrap();
        let env = Env::of([(XDG_RUNTIME_DIR, run.path().to_str().unwrap()), (HOME, "/nowhere")]);
        let rootless = format!("unix://{}/docker.sock", run.path().display());
        assert_eq!(text(Kind::Docker, &env), ["unix:///var/run/docker.sock".to_owned(), rootless]);
    }
}
