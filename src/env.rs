//! Every environment variable that the program reads, and the map they are read through.
//!
//! Nothing else may call `std::env::var`: a test hands in its own map instead of editing the process.

use std::collections::BTreeMap;

/// Directory that contains `.dapr` (layout reference, section 1).
pub const DAPR_RUNTIME_PATH: &str = "DAPR_RUNTIME_PATH";
/// Which runtime `run` uses: `embedded` or `installed`.
pub const DAPR_RUNTIME: &str = "DAPR_RUNTIME";
/// Token that every API call to a sidecar must carry in the header `dapr-api-token`.
pub const DAPR_API_TOKEN: &str = "DAPR_API_TOKEN";
/// Token that the sidecar sends to the app in the header `dapr-api-token`.
pub const APP_API_TOKEN: &str = "APP_API_TOKEN";
/// Image registry of `init`, when its flag is not given.
pub const DAPR_IMAGE_REGISTRY: &str = "DAPR_IMAGE_REGISTRY";
/// Container engine of `init` and `uninstall`, when the flag is not given.
pub const DAPR_CONTAINER_RUNTIME: &str = "DAPR_CONTAINER_RUNTIME";
/// Docker network of `init` and `uninstall`, when the flag is not given.
pub const DAPR_NETWORK: &str = "DAPR_NETWORK";
/// Version that `init` installs, when the flag is not given.
pub const DAPR_RUNTIME_VERSION: &str = "DAPR_RUNTIME_VERSION";
/// `GHCR` for images from GitHub's registry in place of Docker Hub.
pub const DAPR_DEFAULT_IMAGE_REGISTRY: &str = "DAPR_DEFAULT_IMAGE_REGISTRY";
/// A mirror of the release downloads: what stands before `/v<version>/<archive>` in their URLs. Ours.
pub const DAPR_DOWNLOAD_URL: &str = "DAPR_DOWNLOAD_URL";
/// Receiver of traces, when the configuration names none (observability reference, section 1).
pub const OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
/// The same for all signals.
pub const OTEL_EXPORTER_OTLP_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
/// Its protocol: what begins with `http`, or gRPC.
pub const OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
/// The same for all signals.
pub const OTEL_EXPORTER_OTLP_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
/// True: without TLS.
pub const OTEL_EXPORTER_OTLP_INSECURE: &str = "OTEL_EXPORTER_OTLP_INSECURE";
/// Headers, as `name=value` with commas between.
pub const OTEL_EXPORTER_OTLP_HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
/// The same for traces alone.
pub const OTEL_EXPORTER_OTLP_TRACES_HEADERS: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
/// Milliseconds that an export of traces may take.
pub const OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT";
/// The same for all signals.
pub const OTEL_EXPORTER_OTLP_TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
/// Name of the service in traces, in place of the app id.
pub const OTEL_SERVICE_NAME: &str = "OTEL_SERVICE_NAME";
/// More attributes of the service, as `name=value` with commas between.
pub const OTEL_RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";
/// Address of the Docker engine.
pub const DOCKER_HOST: &str = "DOCKER_HOST";
/// Docker context, when `DOCKER_HOST` is not set.
pub const DOCKER_CONTEXT: &str = "DOCKER_CONTEXT";
/// Directory of Docker's own configuration.
pub const DOCKER_CONFIG: &str = "DOCKER_CONFIG";
/// Set to anything but empty: TLS to the engine that `DOCKER_HOST` names.
pub const DOCKER_TLS_VERIFY: &str = "DOCKER_TLS_VERIFY";
/// Directory of the certificates for it.
pub const DOCKER_CERT_PATH: &str = "DOCKER_CERT_PATH";
/// Address of Podman's API.
pub const CONTAINER_HOST: &str = "CONTAINER_HOST";
/// Directory of the user's sockets.
pub const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
/// The screen of an X11 desktop.
pub const DISPLAY: &str = "DISPLAY";
/// The screen of a Wayland desktop.
pub const WAYLAND_DISPLAY: &str = "WAYLAND_DISPLAY";
/// The user's home directory.
pub const HOME: &str = "HOME";
/// Proxy for plain HTTP. Like the next two also in small letters.
pub const HTTP_PROXY: &str = "HTTP_PROXY";
/// Proxy for HTTPS.
pub const HTTPS_PROXY: &str = "HTTPS_PROXY";
/// Hosts that are reached without a proxy, separated by commas.
pub const NO_PROXY: &str = "NO_PROXY";
/// Address that a sidecar advertises to other sidecars.
pub const DAPR_HOST_IP: &str = "DAPR_HOST_IP";
/// Namespace of the app; filters resources that name one.
pub const NAMESPACE: &str = "NAMESPACE";
/// Value of the `{podName}` template in component metadata.
pub const POD_NAME: &str = "POD_NAME";
/// Space separated names that limit which variables `envRef` may read.
pub const DAPR_ENV_KEYS: &str = "DAPR_ENV_KEYS";
/// A true value disables HTTP/2 cleartext on the API server.
pub const DAPR_HTTP_DISABLE_H2C: &str = "DAPR_HTTP_DISABLE_H2C";
/// Listening sockets that `run` hands to the embedded sidecar: `http=3,grpc=4,internal=5` (file descriptors).
/// Ours: it closes the window in which another process could take a reserved port.
pub const DAPR_LISTEN_FDS: &str = "DAPR_LISTEN_FDS";
/// Bytes after which a log file of `run` is rotated, as a quantity (`64Mi`). Ours.
pub const DAPR_LOG_SIZE: &str = "DAPR_LOG_SIZE";
/// How many rotated parts of a log file are kept. Ours.
pub const DAPR_LOG_FILES: &str = "DAPR_LOG_FILES";
/// Directory for all log files of `run`, in place of the usual ones. Ours.
pub const DAPR_LOG_DIR: &str = "DAPR_LOG_DIR";
/// Set to anything but empty: no colours.
pub const NO_COLOR: &str = "NO_COLOR";
/// `dumb` means no colours.
pub const TERM: &str = "TERM";
/// Where commands are looked up.
pub const PATH: &str = "PATH";
/// Python writes each line as it is printed when this is set; `run` sets it for apps behind a pipe.
pub const PYTHONUNBUFFERED: &str = "PYTHONUNBUFFERED";

/// A view of the environment: the process's own, or a map in a test.
#[derive(Debug, Clone)]
pub struct Env {
    vars: BTreeMap<String, String>,
}

impl Env {
    /// The environment of this process; values that aren't UTF-8 are left out.
    pub fn process() -> Self {
        let vars = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { vars }
    }

    /// An environment of exactly these variables.
    pub fn of<const N: usize>(vars: [(&str, &str); N]) -> Self {
        let vars = vars.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { vars }
    }

    /// The value as it stands, also when empty.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str)
    }

    /// The trimmed value; a blank one counts as unset (layout reference, section 5).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// Whether the value reads as true: `1 t true y yes on`, in any case.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(is_true)
    }

    /// All variables, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.vars.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same environment with one variable changed.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// The boolean rule of component metadata and flags: `1 t true y yes on`, in any case, are true.
pub fn is_true(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "1" | "t" | "true" | "y" | "yes" | "on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_values_count_as_unset() {
        let env = Env::of([("A", "  "), ("B", " x ")]);
        assert_eq!(env.get("A"), None);
        assert_eq!(env.raw("A"), Some("  "));
        assert_eq!(env.get("B"), Some("x"));
        assert_eq!(env.get("C"), None);
    }

    #[test]
    fn truth_is_what_component_metadata_says() {
        for yes in ["1", "T", "true", "Y", "Yes", "ON"] {
            assert!(is_true(yes), "{yes}");
        }
        for no in ["0", "false", "no", "", "enabled"] {
            assert!(!is_true(no), "{no}");
        }
    }
}
