//! Words to flags, by the rules of Go's `pflag` (daprd reference, section 1.1).

use std::collections::HashMap;
use std::fmt::Write as _;

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text; the last one counts.
    Text,
    /// On or off; a following word is never its value.
    Switch,
    /// A whole number.
    Int,
    /// A whole number, not negative.
    Uint,
    /// A Go duration.
    Duration,
    /// Repeatable, each occurrence a comma-separated list.
    List,
}

struct Flag {
    name: &'static str,
    kind: Kind,
    default: &'static str,
    help: &'static str,
    /// Printed after `Flag --x has been deprecated, `; empty for flags in good standing.
    deprecated: &'static str,
}

const fn flag(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Flag {
    Flag { name, kind, default, help, deprecated: "" }
}

const fn old(name: &'static str, kind: Kind, default: &'static str, hint: &'static str) -> Flag {
    Flag { name, kind, default, help: "", deprecated: hint }
}

use Kind::{Duration, Int, List, Switch, Text, Uint};

/// Every flag, sorted by name.
#[rustfmt::skip]
const FLAGS: &[Flag] = &[
    old("actors-service", Text, "", "it has no effect"),
    flag("actors-disseminate-timeout", Duration, "30s", "Accepted and not used: actors need the installed runtime"),
    flag("allowed-origins", Text, "", "Origins that browsers may call the API from, comma-separated, or *; empty switches CORS off"),
    flag("app-channel-address", Text, "127.0.0.1", "Host that the app listens on"),
    flag("app-health-check-path", Text, "/healthz", "Path of the app's health check"),
    flag("app-health-probe-interval", Int, "5", "Seconds between two probes of the app"),
    flag("app-health-probe-timeout", Int, "500", "Milliseconds that a probe of the app may take"),
    flag("app-health-threshold", Int, "3", "Failed probes in a row after which the app counts as unhealthy"),
    flag("app-id", Text, "", "Unique name of the app; used for service invocation, state and pub/sub"),
    flag("app-max-concurrency", Int, "-1", "Most calls to the app at one time; -1 for no limit"),
    flag("app-port", Text, "", "Port that the app listens on"),
    flag("app-protocol", Text, "http", "Protocol of the app: grpc, grpcs, http, https, h2c"),
    old("app-ssl", Switch, "false", "use '--app-protocol=https|grpcs'"),
    flag("build-info", Switch, "false", "Print the build information"),
    old("components-path", Text, "", "use --resources-path"),
    flag("config", List, "", "Path of a Configuration file; may be repeated"),
    flag("control-plane-address", Text, "", "Accepted and not used"),
    flag("control-plane-namespace", Text, "default", "Accepted and not used"),
    flag("control-plane-trust-domain", Text, "localhost", "Accepted and not used"),
    flag("dapr-block-shutdown-duration", Text, "", "How long a shutdown is held back while the app is healthy"),
    flag("dapr-graceful-shutdown-seconds", Int, "5", "Seconds that running requests get at shutdown"),
    flag("dapr-grpc-port", Text, "50001", "Port of the gRPC API"),
    old("dapr-http-max-request-size", Int, "4", "use '--max-body-size'"),
    flag("dapr-http-port", Text, "3500", "Port of the HTTP API"),
    old("dapr-http-read-buffer-size", Int, "4", "use '--read-buffer-size'"),
    flag("dapr-internal-grpc-listen-address", Text, "", "Accepted and not used: calls between sidecars stay on the loopback interface"),
    flag("dapr-internal-grpc-port", Text, "", "Port for calls between sidecars; empty keeps the one of the last start"),
    flag("dapr-listen-addresses", Text, "", "Addresses of the API, comma-separated; empty for the loopback interface"),
    flag("dapr-public-listen-address", Text, "", "Address of the public port; empty for the loopback interface"),
    flag("dapr-public-port", Text, "", "Port that serves only health and metadata"),
    flag("disable-builtin-k8s-secret-store", Switch, "false", "Accepted and not used"),
    flag("disable-init-endpoints", List, "", "What is not asked of the app at start: config, subscribe"),
    flag("enable-api-logging", Switch, "", "Log every API call"),
    flag("enable-app-health-check", Switch, "false", "Probe the app's health"),
    flag("enable-metrics", Switch, "true", "Serve metrics"),
    flag("enable-mtls", Switch, "false", "Accepted and not used"),
    flag("enable-profiling", Switch, "false", "Accepted and not used"),
    flag("log-as-json", Switch, "false", "Log JSON objects"),
    flag("log-file", Text, "", "Log to this file instead of the standard output"),
    flag("log-level", Text, "info", "debug, info, warn, error or fatal"),
    flag("max-body-size", Text, "4Mi", "Largest request body, for example 4Mi"),
    flag("metrics-listen-address", Text, "", "Address of the metrics; empty for the loopback interface"),
    flag("metrics-port", Text, "9090", "Port of the metrics"),
    flag("mode", Text, "standalone", "standalone"),
    flag("placement-host-address", Text, "", "Accepted and not used: actors need the installed runtime"),
    flag("profile-port", Text, "7777", "Accepted and not used"),
    flag("read-buffer-size", Text, "4Ki", "Largest head of a request, for example 4Ki"),
    old("reminders-service", Text, "", "it has no effect"),
    flag("resources-path", List, "", "Directory with resource files; may be repeated"),
    flag("scheduler-host-address", List, "", "Accepted and not used: jobs are kept in a file of this machine"),
    flag("scheduler-job-streams", Uint, "3", "Accepted and not used"),
    flag("sentry-address", Text, "", "Accepted and not used"),
    flag("sentry-request-jwt-audiences", Text, "", "Accepted and not used"),
    flag("unix-domain-socket", Text, "", "Directory of Unix sockets that the API listens on instead of TCP"),
    flag("version", Switch, "false", "Print the version"),
    flag("wait", Switch, "false", "Wait until the sidecar at the HTTP port can be used, then end"),
];

fn known(name: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.name == name)
}

/// A command line that can't be read. The caller prints [`usage`], then this text, and ends with exit code 2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct UsageError {
    /// The last line.
    pub text: String,
}

/// What was typed.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    given: HashMap<&'static str, Vec<String>>,
    /// One line for each deprecated flag that was used, to be printed on stderr.
    pub deprecations: Vec<String>,
}

/// Reads the words after the program's name. Words that aren't flags are ignored, as the stock runtime does.
pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Flags, UsageError> {
    let mut flags = Flags::default();
    let mut words = words.iter().map(AsRef::as_ref);
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let Some(name) = long_form(word)? else {
            continue;
        };
        let (name, inline) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        let flag = match known(name) {
            Some(flag) => flag,
            None if name == "help" => return Err(usage_error("pflag: help requested")),
            None => return Err(usage_error(format!("unknown flag: --{name}"))),
        };
        let value = match inline {
            Some(value) => value,
            None if flag.kind == Kind::Switch => "true",
            None => words.next().ok_or_else(|| usage_error(format!("flag needs an argument: --{name}")))?,
        };
        flags.take(flag, value)?;
    }
    Ok(flags)
}

/// The name part of a flag, with its value when written as one word; `None` for a word that is no flag.
fn long_form(word: &str) -> Result<Option<&str>, UsageError> {
    let name = if let Some(name) = word.strip_prefix("--") {
        name
    } else if let Some(name) = word.strip_prefix('-').filter(|name| !name.is_empty()) {
        match name.len() {
            1 if name == "h" => return Err(usage_error("pflag: help requested")),
            1 => return Err(usage_error(format!("unknown shorthand flag: '{name}' in {word}"))),
            // `-app-id` is `--app-id`.
            _ => name,
        }
    } else {
        return Ok(None);
    };
    if name.is_empty() || name.starts_with(['-', '=']) {
        return Err(usage_error(format!("bad flag syntax: {word}")));
    }
    Ok(Some(name))
}

fn usage_error(text: impl Into<String>) -> UsageError {
    UsageError { text: text.into() }
}

impl Flags {
    fn take(&mut self, flag: &'static Flag, value: &str) -> Result<(), UsageError> {
        let refuse = |reason: &str| {
            usage_error(format!("invalid argument {value:?} for \"--{}\" flag: {reason}", flag.name))
        };
        let syntax =
            |function: &str| refuse(&format!("strconv.{function}: parsing {value:?}: invalid syntax"));
        match flag.kind {
            Kind::Text | Kind::List => {}
            Kind::Switch => {
                boolean(value).ok_or_else(|| syntax("ParseBool"))?;
            }
            Kind::Int => {
                value.parse::<i64>().map_err(|_| syntax("ParseInt"))?;
            }
            Kind::Uint => {
                value.parse::<u64>().map_err(|_| syntax("ParseUint"))?;
            }
            Kind::Duration => {
                let unsigned = value.strip_prefix('-').unwrap_or(value);
                super::values::go_duration(unsigned)
                    .ok_or_else(|| refuse(&format!("time: invalid duration {value:?}")))?;
            }
        }
        let first = !self.given.contains_key(flag.name);
        if first && !flag.deprecated.is_empty() {
            self.deprecations.push(format!("Flag --{} has been deprecated, {}", flag.name, flag.deprecated));
        }
        self.given.entry(flag.name).or_default().push(value.to_owned());
        Ok(())
    }

    /// Whether the flag was typed.
    pub fn given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// The text of a flag: the last one typed, or its default.
    pub fn text(&self, name: &str) -> &str {
        match self.given.get(name).and_then(|values| values.last()) {
            Some(value) => value,
            None => known(name).map_or("", |flag| flag.default),
        }
    }

    /// The number of a flag whose text was checked by [`parse`].
    pub fn number(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or_default()
    }

    /// Whether a switch is on.
    pub fn on(&self, name: &str) -> bool {
        boolean(self.text(name)).unwrap_or_default()
    }

    /// All items of a repeatable flag, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let typed = self.given.get(name).into_iter().flatten();
        typed.flat_map(|value| value.split(',')).map(str::trim).filter(|item| !item.is_empty()).collect()
    }
}

/// The words that Go's `strconv.ParseBool` knows.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// The usage text: every flag that isn't deprecated.
pub fn usage() -> String {
    let mut text = String::from("Usage of daprd:\n");
    for flag in FLAGS.iter().filter(|flag| flag.deprecated.is_empty()) {
        let kind = match flag.kind {
            Kind::Text => " string",
            Kind::Switch => "",
            Kind::Int => " int",
            Kind::Uint => " uint",
            Kind::Duration => " duration",
            Kind::List => " strings",
        };
        let left = format!("--{}{kind}", flag.name);
        let _ = write!(text, "      {left:<46}{}", flag.help);
        match (flag.kind, flag.default) {
            (_, "" | "false") => {}
            (Kind::Text, default) => {
                let _ = write!(text, " (default {default:?})");
            }
            (_, default) => {
                let _ = write!(text, " (default {default})");
            }
        }
        text.push('\n');
    }
    text
}
