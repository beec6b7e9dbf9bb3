//! The sidecar's argument list (run reference, section 1), the same for both runtimes.

use std::path::Path;

use super::Settings;
use super::address::{PLACEMENT, SCHEDULER, normalise};
use super::ports::Numbers;

/// What was settled beside the flags.
pub struct Facts<'a> {
    /// The app's id.
    pub app_id: &'a str,
    /// Reserved ports.
    pub ports: Numbers,
    /// Configuration file.
    pub config: &'a Path,
    /// The default resources directory.
    pub components: &'a Path,
    /// The configuration asks for mTLS.
    pub mtls: bool,
}

/// Arguments, always `--name value` as two words, in the order of the reference.
pub fn arguments(settings: &Settings, facts: &Facts<'_>) -> Vec<String> {
    let mut words = Words::default();
    let config = facts.config.to_string_lossy();
    words.text("--config", &config);
    words.text("--app-protocol", if settings.protocol.is_empty() { "http" } else { &settings.protocol });
    words.text("--dapr-listen-addresses", &settings.listen_addresses);
    words.flag("--enable-profiling", settings.profiling);
    words.text("--log-level", &settings.log_level);
    words.pair(
        "--app-max-concurrency",
        if settings.max_concurrency < 1 { -1 } else { settings.max_concurrency },
    );
    let placement = normalise(settings.placement.as_deref(), PLACEMENT);
    words.text("--placement-host-address", placement.as_deref().unwrap_or_default());
    if settings.resources_paths.is_empty() {
        words.pair("--components-path", facts.components.display());
    }
    for path in &settings.resources_paths {
        words.pair("--resources-path", path);
    }
    words.flag("--app-ssl", settings.ssl);
    words.pair("--max-body-size", size(&settings.max_body_size));
    words.pair("--read-buffer-size", size(&settings.read_buffer_size));
    words.flag("--enable-app-health-check", settings.health_check);
    words.text("--app-health-check-path", &settings.health_path);
    words.number("--app-health-probe-interval", settings.health_interval);
    words.number("--app-health-probe-timeout", settings.health_timeout);
    words.number("--app-health-threshold", settings.health_threshold);
    words.flag("--enable-api-logging", settings.api_logging);
    let scheduler = normalise(settings.scheduler.as_deref(), SCHEDULER);
    words.text("--scheduler-host-address", scheduler.as_deref().unwrap_or_default());
    words.pair("--app-id", facts.app_id);
    if settings.channel_address != "127.0.0.1" {
        words.text("--app-channel-address", &settings.channel_address);
    }
    words.pair("--app-port", settings.app_port.max(0));
    words.pair("--dapr-http-port", facts.ports.http);
    words.pair("--dapr-grpc-port", facts.ports.grpc);
    words.pair("--profile-port", facts.ports.profile.map_or(-1, i32::from));
    words.pair("--metrics-port", facts.ports.metrics);
    if let Some(directory) = &settings.socket {
        words.pair("--unix-domain-socket", directory.display());
    }
    words.pair("--dapr-internal-grpc-port", facts.ports.internal);
    if facts.mtls {
        words.flag("--enable-mtls", true);
        words.pair("--sentry-address", "localhost:50001");
    }
    words.flag("--log-as-json", settings.log_as_json);
    words.0
}

/// A negative size means no limit and is passed as `-1`.
fn size(text: &str) -> &str {
    if text.trim_start().starts_with('-') { "-1" } else { text.trim() }
}

#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn pair(&mut self, name: &str, value: impl std::fmt::Display) {
        self.0.extend([name.to_owned(), value.to_string()]);
    }

    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.pair(name, value);
        }
    }

    fn number(&mut self, name: &str, value: i64) {
        if value != 0 {
            self.pair(name, value);
        }
    }

    fn flag(&mut self, name: &str, on: bool) {
        if on {
            self.0.push(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::paths::InstallDir;
    use crate::records::Runtime;
    use crate::self_hosted::run::Choice;

    fn settings() -> Settings {
        Settings {
            install: InstallDir::resolve(Some("/home/me"), &Env::of([])).unwrap(),
            env: Env::of([]),
            runtime: Choice::Only(Runtime::Embedded),
            command: Vec::new(),
            app_id: "orders".into(),
            app_port: -1,
            config: String::new(),
            http_port: -1,
            grpc_port: -1,
            internal_port: -1,
            metrics_port: -1,
            profiling: false,
            profile_port: -1,
            log_level: "info".into(),
            log_as_json: false,
            max_concurrency: 0,
            protocol: "http".into(),
            ssl: false,
            components_path: String::new(),
            resources_paths: Vec::new(),
            placement: None,
            scheduler: None,
            max_body_size: "4Mi".into(),
            read_buffer_size: "4Ki".into(),
            socket: None,
            health_check: false,
            health_path: String::new(),
            health_interval: 0,
            health_timeout: 0,
            health_threshold: 0,
            api_logging: false,
            listen_addresses: String::new(),
            channel_address: "127.0.0.1".into(),
            terminal: false,
            detached: false,
            directory: None,
            entries: Vec::new(),
            template: None,
        }
    }

    fn line(settings: &Settings, profile: Option<u16>, mtls: bool) -> String {
        let ports = Numbers { http: 3500, grpc: 50001, metrics: 9090, internal: 50002, profile };
        let facts = Facts {
            app_id: &settings.app_id,
            ports,
            config: Path::new("/c.yaml"),
            components: Path::new("/components"),
            mtls,
        };
        arguments(settings, &facts).join(" ")
    }

    #[test]
    fn a_plain_run() {
        assert_eq!(
            line(&settings(), None, false),
            "--config /c.yaml --app-protocol http --log-level info --app-max-concurrency -1 \
             --placement-host-address localhost:50005 --components-path /components --max-body-size 4Mi \
             --read-buffer-size 4Ki --scheduler-host-address localhost:50006 --app-id orders --app-port 0 \
             --dapr-http-port 3500 --dapr-grpc-port 50001 --profile-port -1 --metrics-port 9090 \
             --dapr-internal-grpc-port 50002"
        );
    }

    #[test]
    fn every_argument_in_the_order_of_the_table() {
        let all = Settings {
            app_port: 8000,
            profiling: true,
            log_as_json: true,
            max_concurrency: 3,
            ssl: true,
            resources_paths: vec!["one".into(), "two".into()],
            placement: Some("p:1".into()),
            scheduler: Some(" ".into()),
            max_body_size: "-4Mi".into(),
            socket: Some("/tmp/sockets".into()),
            health_check: true,
            health_path: "/h".into(),
            health_interval: 1,
            health_timeout: 2,
            health_threshold: 4,
            api_logging: true,
            listen_addresses: "0.0.0.0".into(),
            channel_address: "10.0.0.1".into(),
            ..settings()
        };
        assert_eq!(
            line(&all, Some(7777), true),
            "--config /c.yaml --app-protocol http --dapr-listen-addresses 0.0.0.0 --enable-profiling \
             --log-level info --app-max-concurrency 3 --placement-host-address p:1 --resources-path one \
             --resources-path two --app-ssl --max-body-size -1 --read-buffer-size 4Ki --enable-app-health-check \
             --app-health-check-path /h --app-health-probe-interval 1 --app-health-probe-timeout 2 \
             --app-health-threshold 4 --enable-api-logging --app-id orders --app-channel-address 10.0.0.1 \
             --app-port 8000 --dapr-http-port 3500 --dapr-grpc-port 50001 --profile-port 7777 \
             --metrics-port 9090 --unix-domain-socket /tmp/sockets --dapr-internal-grpc-port 50002 \
             --enable-mtls --sentry-address localhost:50001 --log-as-json"
        );
    }
}
