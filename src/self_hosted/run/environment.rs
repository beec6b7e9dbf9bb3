//! The variables that an app gets on top of ours (run reference, section 5).

use super::Settings;
use crate::records::Record;

/// Names and values for the app of a run.
pub fn of_app(settings: &Settings, record: &Record) -> Vec<(String, String)> {
    let mut env = vec![
        ("APP_ID".to_owned(), record.app_id.clone()),
        ("APP_CHANNEL_ADDRESS".to_owned(), settings.channel_address.clone()),
    ];
    if settings.app_port > 0 {
        env.push(("APP_PORT".into(), settings.app_port.to_string()));
    }
    for (name, port) in [
        ("DAPR_HTTP_PORT", record.http_port),
        ("DAPR_GRPC_PORT", record.grpc_port),
        ("DAPR_METRICS_PORT", record.metrics_port),
    ] {
        env.push((name.into(), port.to_string()));
    }
    let protocol = match (settings.protocol.to_lowercase().as_str(), settings.ssl) {
        ("http" | "", true) => "https".to_owned(),
        ("grpc", true) => "grpcs".to_owned(),
        ("", false) => "http".to_owned(),
        (other, _) => other.to_owned(),
    };
    if matches!(protocol.as_str(), "http" | "https" | "grpc" | "grpcs" | "h2c") {
        env.push(("APP_PROTOCOL".into(), protocol));
    }
    env.extend(settings.entries.iter().cloned());
    env
}
