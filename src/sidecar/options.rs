//! The `daprd` command line (daprd reference, section 1): what was typed, and what it means.
//!
//! Parsing has two steps, because the log has to be set up in between: [`parse`] knows only words and flags
//! and fails with usage errors, [`Flags::options`] checks the values and fails with the runtime's own texts.
//! Nothing is printed here.

mod flags;
mod values;

use std::path::PathBuf;
use std::time::Duration;

pub use flags::{Flags, UsageError, parse, usage};
pub use values::{duration_text, quantity};

/// A value that makes no sense: the text that follows `Fatal error from runtime: `.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub String);

/// How the app speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// Plain HTTP/1.1.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
    /// gRPC.
    Grpc,
    /// gRPC over TLS.
    Grpcs,
    /// HTTP/2 without TLS.
    H2c,
}

impl Protocol {
    /// The name on the command line and in the metadata API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Grpc => "grpc",
            Self::Grpcs => "grpcs",
            Self::H2c => "h2c",
        }
    }
}

/// Periodic probes of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppHealth {
    /// Path of the probe.
    pub path: String,
    /// Time between two probes.
    pub interval: Duration,
    /// Limit of one probe.
    pub timeout: Duration,
    /// Failures in a row that make the app unhealthy.
    pub threshold: u32,
}

/// The Prometheus endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// Port; 0 takes a free one.
    pub port: u16,
    /// Address; empty means loopback.
    pub address: String,
    /// Whether the port was asked for. The default port may be taken by another sidecar, which is no error.
    pub explicit: bool,
}

/// What a sidecar is told. Port 0 takes a free port, except for the app, where it means that there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// `--app-id`.
    pub app_id: String,
    /// `--app-port`; 0 without an app.
    pub app_port: u16,
    /// `--app-protocol`.
    pub app_protocol: Protocol,
    /// `--app-channel-address`.
    pub app_channel_address: String,
    /// `--app-max-concurrency`; 0 means no limit.
    pub app_max_concurrency: usize,
    /// `--enable-app-health-check` and its settings.
    pub app_health: Option<AppHealth>,
    /// `--dapr-http-port`.
    pub http_port: u16,
    /// `--dapr-grpc-port`.
    pub grpc_port: u16,
    /// `--dapr-internal-grpc-port`; 0 takes the port that this app had last time, when it is free.
    pub internal_port: u16,
    /// `--dapr-public-port`.
    pub public_port: Option<u16>,
    /// `--dapr-public-listen-address`; empty means loopback.
    pub public_listen_address: String,
    /// `--dapr-listen-addresses`; empty means loopback.
    pub listen_addresses: Vec<String>,
    /// `--unix-domain-socket`: directory of the sockets.
    pub unix_domain_socket: Option<PathBuf>,
    /// `--resources-path`, or the deprecated `--components-path`.
    pub resources_paths: Vec<PathBuf>,
    /// `--config`.
    pub config_files: Vec<PathBuf>,
    /// Whether `GET /dapr/config` is asked (`--disable-init-endpoints config`).
    pub app_config: bool,
    /// Whether `GET /dapr/subscribe` is asked (`--disable-init-endpoints subscribe`).
    pub app_subscribe: bool,
    /// `--allowed-origins`; empty switches CORS off.
    pub allowed_origins: Vec<String>,
    /// `--enable-api-logging`; `None` leaves it to the configuration.
    pub api_logging: Option<bool>,
    /// `--max-body-size` in bytes; `None` means no limit.
    pub max_body_size: Option<u64>,
    /// `--read-buffer-size` in bytes.
    pub read_buffer_size: usize,
    /// `--dapr-graceful-shutdown-seconds`.
    pub graceful_shutdown: Duration,
    /// `--dapr-block-shutdown-duration`.
    pub block_shutdown: Option<Duration>,
    /// `--enable-metrics` and its settings.
    pub metrics: Option<Metrics>,
    /// `--profile-port`: only for the variable that components see.
    pub profile_port: i64,
    /// Whether a placement service was named; actors need the installed runtime.
    pub placement: bool,
}

impl Default for Options {
    /// A sidecar without an app on free ports of the loopback interface, without metrics.
    fn default() -> Self {
        Self {
            app_id: String::new(),
            app_port: 0,
            app_protocol: Protocol::Http,
            app_channel_address: "127.0.0.1".into(),
            app_max_concurrency: 0,
            app_health: None,
            http_port: 0,
            grpc_port: 0,
            internal_port: 0,
            public_port: None,
            public_listen_address: String::new(),
            listen_addresses: Vec::new(),
            unix_domain_socket: None,
            resources_paths: Vec::new(),
            config_files: Vec::new(),
            app_config: true,
            app_subscribe: true,
            allowed_origins: Vec::new(),
            api_logging: None,
            max_body_size: Some(4 << 20),
            read_buffer_size: 4 << 10,
            graceful_shutdown: Duration::from_secs(5),
            block_shutdown: None,
            metrics: None,
            profile_port: 7777,
            placement: false,
        }
    }
}

impl Flags {
    /// What the flags mean together (section 1.3).
    pub fn options(&self) -> Result<Options, Invalid> {
        let app_id = self.text("app-id").to_owned();
        let app_port = match self.text("app-port") {
            "" => 0,
            text => values::port("app-port", text)?,
        };
        let http_port = values::port("dapr-http-port flag", self.text("dapr-http-port"))?;
        let grpc_port = values::port("dapr-grpc-port flag", self.text("dapr-grpc-port"))?;
        let profile_port = values::integer("profile-port flag", self.text("profile-port"))?;
        let internal_port = match self.text("dapr-internal-grpc-port") {
            "" => 0,
            text => values::port("dapr-internal-grpc-port", text)?,
        };
        let public_port = match self.text("dapr-public-port") {
            "" => None,
            text => Some(values::port("dapr-public-port", text)?),
        };
        if app_id.is_empty() {
            return Err(Invalid("parameter app-id cannot be empty".into()));
        }
        if app_id.contains('.') {
            return Err(Invalid("parameter app-id cannot contain dots".into()));
        }
        for (name, port) in [("dapr-http-port", http_port), ("dapr-grpc-port", grpc_port)] {
            if app_port != 0 && port == app_port {
                let text = format!("the '{name}' argument value {port} conflicts with 'app-port'");
                return Err(Invalid(text));
            }
        }
        match self.text("mode") {
            "standalone" => {}
            "kubernetes" => {
                return Err(Invalid(
                    "mode kubernetes is not available in the embedded runtime; Kubernetes uses the stock one"
                        .into(),
                ));
            }
            other => return Err(Invalid(format!("invalid mode: {other}"))),
        }
        self.check_durations()?;
        let (app_config, app_subscribe) = self.init_endpoints()?;
        let max_concurrency = self.number("app-max-concurrency");
        Ok(Options {
            app_id,
            app_port,
            app_protocol: self.protocol()?,
            app_channel_address: some(self.text("app-channel-address")).unwrap_or("127.0.0.1").to_owned(),
            app_max_concurrency: usize::try_from(max_concurrency).unwrap_or_default(),
            app_health: self.app_health()?,
            http_port,
            grpc_port,
            internal_port,
            public_port,
            public_listen_address: self.text("dapr-public-listen-address").to_owned(),
            listen_addresses: values::list(self.text("dapr-listen-addresses")),
            unix_domain_socket: some(self.text("unix-domain-socket")).map(PathBuf::from),
            resources_paths: self.resources_paths(),
            config_files: self.all("config").into_iter().map(PathBuf::from).collect(),
            app_config,
            app_subscribe,
            allowed_origins: values::list(self.text("allowed-origins")),
            api_logging: self.given("enable-api-logging").then(|| self.on("enable-api-logging")),
            max_body_size: self.max_body_size()?,
            read_buffer_size: self.read_buffer_size()?,
            graceful_shutdown: Duration::from_secs(
                u64::try_from(self.number("dapr-graceful-shutdown-seconds")).unwrap_or(5),
            ),
            block_shutdown: some(self.text("dapr-block-shutdown-duration")).and_then(values::go_duration),
            metrics: self.metrics()?,
            profile_port,
            placement: some(self.text("placement-host-address")).is_some(),
        })
    }

    fn check_durations(&self) -> Result<(), Invalid> {
        let text = self.text("actors-disseminate-timeout");
        match values::go_duration(text) {
            Some(time) if !time.is_zero() => Ok(()),
            _ => Err(Invalid(format!(
                "invalid value for 'actors-disseminate-timeout' option: must be positive, got {text}"
            ))),
        }
    }

    fn protocol(&self) -> Result<Protocol, Invalid> {
        let text = self.text("app-protocol");
        let protocol = match text.trim().to_ascii_lowercase().as_str() {
            "" | "http" => Protocol::Http,
            "https" => Protocol::Https,
            "grpc" => Protocol::Grpc,
            "grpcs" => Protocol::Grpcs,
            "h2c" => Protocol::H2c,
            _ => return Err(Invalid(format!("invalid value for 'app-protocol': {text}"))),
        };
        Ok(match protocol {
            Protocol::Http if self.on("app-ssl") => Protocol::Https,
            Protocol::Grpc if self.on("app-ssl") => Protocol::Grpcs,
            other => other,
        })
    }

    fn init_endpoints(&self) -> Result<(bool, bool), Invalid> {
        let (mut config, mut subscribe) = (true, true);
        for name in self.all("disable-init-endpoints") {
            match name {
                "config" => config = false,
                "subscribe" => subscribe = false,
                other => {
                    return Err(Invalid(format!("invalid value for 'disable-init-endpoints': {other}")));
                }
            }
        }
        Ok((config, subscribe))
    }

    fn app_health(&self) -> Result<Option<AppHealth>, Invalid> {
        if !self.on("enable-app-health-check") {
            return Ok(None);
        }
        // Zero and less mean the default, as for the stock runtime.
        let positive =
            |name, default| u64::try_from(self.number(name)).ok().filter(|n| *n > 0).unwrap_or(default);
        let interval = Duration::from_secs(positive("app-health-probe-interval", 5));
        let timeout = Duration::from_millis(positive("app-health-probe-timeout", 500));
        if timeout >= interval {
            return Err(Invalid(
                "value for 'health-probe-timeout' must be smaller than 'health-probe-interval'".into(),
            ));
        }
        let path = some(self.text("app-health-check-path")).unwrap_or("/healthz");
        Ok(Some(AppHealth {
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
            interval,
            timeout,
            threshold: u32::try_from(positive("app-health-threshold", 3)).unwrap_or(u32::MAX),
        }))
    }

    fn resources_paths(&self) -> Vec<PathBuf> {
        let given = self.all("resources-path");
        if given.is_empty() {
            some(self.text("components-path")).map(PathBuf::from).into_iter().collect()
        } else {
            given.into_iter().map(PathBuf::from).collect()
        }
    }

    fn max_body_size(&self) -> Result<Option<u64>, Invalid> {
        let bytes = if self.given("dapr-http-max-request-size") && !self.given("max-body-size") {
            self.number("dapr-http-max-request-size").saturating_mul(1 << 20)
        } else {
            quantity(self.text("max-body-size"))
                .map_err(|error| Invalid(format!("invalid max request body size: {error}")))?
        };
        Ok(u64::try_from(bytes).ok().filter(|bytes| *bytes > 0))
    }

    fn read_buffer_size(&self) -> Result<usize, Invalid> {
        let bytes = if self.given("dapr-http-read-buffer-size") && !self.given("read-buffer-size") {
            self.number("dapr-http-read-buffer-size").saturating_mul(1 << 10)
        } else {
            quantity(self.text("read-buffer-size"))
                .map_err(|error| Invalid(format!("invalid http read buffer size: {error}")))?
        };
        Ok(usize::try_from(bytes).ok().filter(|bytes| *bytes > 0).unwrap_or(4 << 10))
    }

    fn metrics(&self) -> Result<Option<Metrics>, Invalid> {
        if !self.on("enable-metrics") {
            return Ok(None);
        }
        let address =
            if self.given("metrics-listen-address") { self.text("metrics-listen-address") } else { "" };
        Ok(Some(Metrics {
            port: values::port("metrics-port", self.text("metrics-port"))?,
            address: address.to_owned(),
            explicit: self.given("metrics-port"),
        }))
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
