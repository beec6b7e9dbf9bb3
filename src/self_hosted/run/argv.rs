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
