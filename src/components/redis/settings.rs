//! What a component's metadata says about its server (components reference, section 3).

use std::sync::Arc;
use std::time::Duration;

use ::redis::io::tcp::TcpSettings;
use ::redis::{
    ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion,
    RedisConnectionInfo, TlsCertificates,
};

use super::retry::Retries;
use crate::components::properties::parse_duration;
use crate::components::{InitError, Properties};
use crate::net;

const DEFAULT_PORT: u16 = 6379;
/// Properties of connection pools: checked, and without effect on a connection that all share.
const OF_POOLS: [&str; 4] = ["poolTimeout", "maxConnAge", "idleTimeout", "idleCheckFrequency"];

/// What differs between the contracts.
#[derive(Debug, Clone, Copy)]
pub struct Defaults {
    /// `redisMinRetryInterval`
    pub shortest_pause: Duration,
    /// `redisMaxRetryInterval`
    pub longest_pause: Duration,
    /// Whether the old names `maxRetries` and `maxRetryBackoff` count.
    pub legacy: bool,
}

impl Defaults {
    /// State stores and locks.
    pub const STORE: Self = Self {
        shortest_pause: Duration::from_secs(2),
        longest_pause: Duration::from_millis(512),
        legacy: true,
    };
    /// Configuration stores.
    pub const CONFIGURATION: Self = Self {
        shortest_pause: Duration::from_millis(8),
        longest_pause: Duration::from_secs(2),
        legacy: false,
    };
    /// All others.
    pub const CLIENT: Self = Self {
        shortest_pause: Duration::from_millis(8),
        longest_pause: Duration::from_millis(512),
        legacy: false,
    };
}

/// A server and how to talk to it.
#[derive(Clone)]
pub struct Settings {
    pub(super) client: ::redis::Client,
    /// `host:port`, for messages.
    pub(super) host: Arc<str>,
    pub(super) retries: Retries,
    /// Limit of making a connection; `None` for no limit.
    pub(super) dial_timeout: Option<Duration>,
    /// Limit of a command; `None` for no limit.
    pub(super) read_timeout: Option<Duration>,
    /// Number of the database.
    pub(super) db: i64,
}

impl Settings {
    /// `host:port`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Reads the properties that all Redis components have.
    pub fn parse(properties: &Properties, defaults: Defaults) -> Result<Self, InitError> {
        refuse_what_is_missing(properties)?;
        let (name, port) = host(properties)?;
        let shown = if name.contains(':') { format!("[{name}]:{port}") } else { format!("{name}:{port}") };
        let read_timeout = milliseconds(properties, &["readTimeout"], Some(Duration::from_secs(3)))?;
        // Zero means that nothing was said.
        let read_timeout = match read_timeout {
            Some(Duration::ZERO) => Some(Duration::from_secs(3)),
            other => other,
        };
        // A command is written and answered as one.
        milliseconds(properties, &["writeTimeout"], read_timeout)?;
        for name in OF_POOLS {
            milliseconds(properties, &[name], None)?;
        }
        for name in ["poolSize", "minIdleConns"] {
            integer(properties, &[name], 0)?;
        }
        let db = integer(properties, &["redisDB"], 0)?;
        let info = RedisConnectionInfo::default().set_db(db).set_protocol(ProtocolVersion::RESP3);
        let info = match properties.any(&["redisUsername"]) {
            Some(name) => info.set_username(name),
            None => info,
        };
        let info = match properties.any(&["redisPassword"]) {
            Some(password) => info.set_password(password),
            None => info,
        };
        Ok(Self {
            client: client(properties, name, port, info.set_skip_set_lib_name())?,
            host: shown.into(),
            retries: retries(properties, defaults)?,
            dial_timeout: milliseconds(properties, &["dialTimeout"], Some(Duration::from_secs(5)))?,
            read_timeout,
            db,
        })
    }
}

/// One clear sentence for what works with the stock runtime only.
fn refuse_what_is_missing(properties: &Properties) -> Result<(), InitError> {
    let kind = properties.any(&["redisType"]).unwrap_or("node");
    let missing = if kind.eq_ignore_ascii_case("cluster") {
        "Redis Cluster (redisType: cluster)"
    } else if !kind.eq_ignore_ascii_case("node") {
        return Err(wrong("redisType", kind, "one of node and cluster"));
    } else if properties.flag("failover") || properties.any(&["sentinelMasterName"]).is_some() {
        "Redis Sentinel (failover, sentinelMasterName)"
    } else if properties.flag("useEntraID") || properties.flag("useAzureAD") {
        "Entra ID (useEntraID)"
    } else {
        return Ok(());
    };
    Err(InitError(format!(
        "the embedded runtime has no {missing}: use a single Redis server with a password, or the installed runtime (dapr init, then --runtime installed)"
    )))
}

/// Name and port of the server.
fn host(properties: &Properties) -> Result<(String, u16), InitError> {
    let given = properties.any(&["redisHost"]).map(str::trim).unwrap_or_default();
    if given.is_empty() {
        return Err(InitError::new("metadata property redisHost is empty"));
    }
    if given.contains(',') {
        return Err(InitError(format!(
            "redisHost {given:?} names several servers, which only Redis Cluster and Sentinel have; the embedded runtime uses a single one"
        )));
    }
    let extra = properties.any(&["redisPort"]);
    // What stands in brackets is an IPv6 address; several colons without brackets are one too.
    let (name, port) = match given.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
        _ => (given, None),
    };
    if let (Some(port), Some(extra)) = (port, extra)
        && port != extra
    {
        return Err(InitError(format!(
            "redis host {given:?} already contains port {port}, but redisPort is set to {extra}; either remove the port from redisHost or remove the redisPort setting"
        )));
    }
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let port = match port.or(extra) {
        None => DEFAULT_PORT,
        Some(port) => port.parse().map_err(|_| wrong("redisHost", given, "host:port"))?,
    };
    Ok((if name.is_empty() { "localhost".to_owned() } else { name.to_owned() }, port))
}

fn client(
    properties: &Properties,
    host: String,
    port: u16,
    info: RedisConnectionInfo,
) -> Result<::redis::Client, InitError> {
    let tls = properties.flag("enableTLS");
    let address = if tls {
        let insecure = properties.flag("insecureSkipTLSVerify");
        ConnectionAddr::TcpTls { host, port, insecure, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, port)
    };
    let failed = |error: ::redis::RedisError| {
        InitError(format!("redis client configuration error: {}", net::cause(&error)))
    };
    let connection: ConnectionInfo = address.into_connection_info().map_err(failed)?;
    let connection =
        connection.set_redis_settings(info).set_tcp_settings(TcpSettings::default().set_nodelay(true));
    if !tls {
        return ::redis::Client::open(connection).map_err(failed);
    }
    net::provide_cryptography();
    let pem = |name: &str| properties.any(&[name]).map(|text| text.as_bytes().to_vec());
    let client_tls = match (pem("clientCert"), pem("clientKey")) {
        (Some(client_cert), Some(client_key)) => Some(ClientTlsConfig { client_cert, client_key }),
        (None, None) => None,
        _ => {
            return Err(InitError::new(
                "redis client configuration error: clientCert and clientKey belong together",
            ));
        }
    };
    let certificates = TlsCertificates { client_tls, root_cert: None };
    ::redis::Client::build_with_tls(connection, certificates).map_err(failed)
}

fn retries(properties: &Properties, defaults: Defaults) -> Result<Retries, InitError> {
    let names: &[&str] =
        if defaults.legacy { &["redisMaxRetries", "maxRetries"] } else { &["redisMaxRetries"] };
    let count = u32::try_from(integer(properties, names, 3)?).unwrap_or(0);
    let mut shortest = milliseconds(properties, &["redisMinRetryInterval"], Some(defaults.shortest_pause))?;
    if defaults.legacy && properties.any(&["redisMinRetryInterval"]).is_none() {
        let nanoseconds = integer(properties, &["maxRetryBackoff"], -1)?;
        if let Ok(nanoseconds) = u64::try_from(nanoseconds) {
            shortest = Some(Duration::from_nanos(nanoseconds));
        }
    }
    let longest = milliseconds(properties, &["redisMaxRetryInterval"], Some(defaults.longest_pause))?;
    let or_none = |pause: Option<Duration>| pause.unwrap_or(Duration::ZERO);
    Ok(Retries { count, shortest: or_none(shortest), longest: or_none(longest) })
}

fn wrong(name: &str, value: &str, wanted: &str) -> InitError {
    InitError(format!(
        "redis client configuration error: decode failed. invalid value for '{name}': {value:?} is not {wanted}"
    ))
}

fn integer(properties: &Properties, names: &[&str], default: i64) -> Result<i64, InitError> {
    match properties.any(names) {
        None => Ok(default),
        Some(text) => text.trim().parse().map_err(|_| wrong(names[0], text, "a number")),
    }
}

/// A duration of a Redis component: Go syntax, or a bare integer in milliseconds. `None` for a negative one, which
/// switches the limit off.
pub fn milliseconds(
    properties: &Properties,
    names: &[&str],
    default: Option<Duration>,
) -> Result<Option<Duration>, InitError> {
    let Some(text) = properties.any(names).map(str::trim) else {
        return Ok(default);
    };
    let (size, negative) = text.strip_prefix('-').map_or((text, false), |size| (size, true));
    let bare = size.parse().ok().map(Duration::from_millis);
    let duration = bare.or_else(|| parse_duration(size));
    let duration = duration.ok_or_else(|| wrong(names[0], text, "a duration (try 500ms, or 500)"))?;
    Ok(Some(duration).filter(|_| !negative))
}
