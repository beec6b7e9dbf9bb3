//! Log lines in the form of the stock runtime (daprd reference, section 4): logfmt or JSON, one line each.
//!
//! Code logs with `tracing`; the target is the scope (`dapr.runtime.http`), other fields
//! (`component`, `method`, …) are printed in the order of their names. One subscriber per process, set by the sidecar's start.

use std::fmt::{self, Write as _};
use std::io::Write;
use std::sync::{Mutex, OnceLock};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// Level names of `--log-level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLevel(Level);

impl std::str::FromStr for LogLevel {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "debug" => Ok(Self(Level::DEBUG)),
            "info" => Ok(Self(Level::INFO)),
            "warn" | "warning" => Ok(Self(Level::WARN)),
            // `fatal` lines are printed by `fatal` whatever the level is.
            "error" | "fatal" => Ok(Self(Level::ERROR)),
            _ => Err(format!("undefined Log Output Level: {text}")),
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(level_name(self.0))
    }
}

/// How lines look and where they go.
pub struct Settings {
    /// Least important level that is printed.
    pub level: LogLevel,
    /// JSON objects instead of logfmt.
    pub json: bool,
    /// Printed as `app_id`; `None` before it is known.
    pub app_id: Option<String>,
    /// Printed as `ver`.
    pub version: String,
    /// stdout or a log file.
    pub sink: Box<dyn Write + Send>,
}

struct Lines {
    level: Level,
    json: bool,
    app_id: Option<String>,
    instance: String,
    version: String,
    sink: Mutex<Box<dyn Write + Send>>,
}

static LINES: OnceLock<&'static Lines> = OnceLock::new();

/// What `tracing` gets: the process's lines.
struct Global(&'static Lines);

/// Sets the process's logger. Only the first call counts.
pub fn set_up(settings: Settings) {
    let lines: &'static Lines = Box::leak(Box::new(Lines {
        level: settings.level.0,
        json: settings.json,
        app_id: settings.app_id,
        instance: crate::os::hostname(),
        version: settings.version,
        sink: Mutex::new(settings.sink),
    }));
    if LINES.set(lines).is_ok() {
        let _ = tracing::subscriber::set_global_default(Global(lines));
    }
}

/// Prints a line at level `fatal`, which `tracing` does not have. The caller ends the process.
pub fn fatal(scope: &str, message: &str) {
    if let Some(lines) = LINES.get() {
        lines.write("fatal", scope, message, &[]);
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::TRACE | Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warning",
        Level::ERROR => "error",
    }
}

impl Lines {
    fn write(&self, level: &str, scope: &str, message: &str, extra: &[(&'static str, Value)]) {
        let now = jiff::Timestamp::now().to_string();
        let line = if self.json {
            self.as_json(&now, level, scope, message, extra)
        } else {
            self.as_text(&now, level, scope, message, extra)
        };
        // A reader that is gone must not take the sidecar with it.
        if let Ok(mut sink) = self.sink.lock() {
            let _ = sink.write_all(line.as_bytes()).and_then(|()| sink.flush());
        }
    }

    fn as_text(
        &self,
        now: &str,
        level: &str,
        scope: &str,
        message: &str,
        extra: &[(&'static str, Value)],
    ) -> String {
        let mut line = String::with_capacity(160 + message.len());
        let _ = write!(line, "time=\"{now}\" level={level}");
        pair(&mut line, "msg", message);
        for (key, value) in self.keys(scope, extra) {
            match value {
                Value::String(text) => pair(&mut line, key, &text),
                other => pair(&mut line, key, &other.to_string()),
            }
        }
        line.push('\n');
        line
    }

    fn as_json(
        &self,
        now: &str,
        level: &str,
        scope: &str,
        message: &str,
        extra: &[(&'static str, Value)],
    ) -> String {
        let own = [("level", level), ("msg", message), ("time", now)];
        let own = own.map(|(key, value)| (key, Value::from(value)));
        // A map sorts its keys, which is the order that the reference shows.
        let keys: serde_json::Map<String, Value> = self
            .keys(scope, extra)
            .into_iter()
            .chain(own)
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        format!("{}\n", Value::Object(keys))
    }

    /// The keys that follow the message, sorted.
    fn keys<'a>(&'a self, scope: &'a str, extra: &'a [(&'static str, Value)]) -> Vec<(&'a str, Value)> {
        let app_id = self.app_id.as_deref().map(|app_id| ("app_id", app_id));
        let fixed =
            [("instance", self.instance.as_str()), ("scope", scope), ("type", "log"), ("ver", &self.version)];
        let fixed = app_id.into_iter().chain(fixed).map(|(key, text)| (key, Value::from(text)));
        let mut keys: Vec<_> = fixed.chain(extra.iter().cloned()).collect();
        keys.sort_unstable_by_key(|(key, _)| *key);
        keys
    }
}

/// Appends ` key=value`; the value is quoted unless it is made of letters, digits and `-._/@^+` only.
fn pair(line: &mut String, key: &str, value: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/@^+".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        let _ = write!(line, " {key}={value}");
    } else {
        let _ = write!(line, " {key}={}", quoted(value));
    }
}

fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(text, "\\x{:02x}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[derive(Default)]
struct Fields {
    message: String,
    /// Numbers stay numbers: in JSON they are told apart.
    extra: Vec<(&'static str, Value)>,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => {
                let _ = write!(self.message, "{value:?}");
            }
            name => self.extra.push((name, format!("{value:?}").into())),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.message.push_str(value),
            name => self.extra.push((name, value.into())),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.extra.push((field.name(), value.into()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.extra.push((field.name(), value.into()));
    }
}

impl Subscriber for Global {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Other crates may use `tracing` too; only our scopes are part of the log.
        *metadata.level() <= self.0.level && metadata.target().starts_with("dapr.")
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::from_level(self.0.level))
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        self.0.write(level_name(*metadata.level()), metadata.target(), &fields.message, &fields.extra);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(json: bool) -> Lines {
        Lines {
            level: Level::INFO,
            json,
            app_id: Some("myapp".into()),
            instance: "my-host".into(),
            version: "1.18.0".into(),
            sink: Mutex::new(Box::new(std::io::sink())),
        }
    }

    #[test]
    fn the_text_form_is_the_stock_one() {
        let line = lines(false).as_text(
            "2026-01-02T03:04:05.1Z",
            "info",
            "dapr.runtime",
            "say \"hi\"",
            &[("component", "s (state.redis/v1)".into()), ("code", 204.into())],
        );
        let expected = r#"time="2026-01-02T03:04:05.1Z" level=info msg="say \"hi\"" app_id=myapp code=204 component="s (state.redis/v1)" instance=my-host scope=dapr.runtime type=log ver=1.18.0"#;
        assert_eq!(line, format!("{expected}\n"));
    }

    #[test]
    fn the_json_form_has_sorted_keys() {
        let extra = [("code", 204.into())];
        let line = lines(true).as_json("2026-01-02T03:04:05Z", "warning", "dapr.runtime", "x", &extra);
        let expected = r#"{"app_id":"myapp","code":204,"instance":"my-host","level":"warning","msg":"x","scope":"dapr.runtime","time":"2026-01-02T03:04:05Z","type":"log","ver":"1.18.0"}"#;
        assert_eq!(line, format!("{expected}\n"));
    }

    #[test]
    fn levels_are_the_names_of_the_flag() {
        assert_eq!("WARN".parse::<LogLevel>().unwrap().to_string(), "warning");
        assert!("loud".parse::<LogLevel>().is_err());
    }
}
