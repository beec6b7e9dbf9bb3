//! What the sidecar's metadata gets to know about its run, and the line that says that all is up.

use std::time::Duration;

use super::pair::Pair;
use super::{Note, Settings};
use crate::client::{Endpoint, metadata};
use crate::records::Record;

/// Stores what `list` and other tools read in the sidecar, and says that all is up.
pub async fn all(endpoint: &Endpoint, settings: &Settings, record: &Record, say: &dyn Fn(Note)) {
    let store = async |key: &str, value: String, what: &str| {
        let result = put(endpoint, settings, key, value).await;
        if let Err(error) = &result {
            say(Note::Warning(format!("Could not update sidecar metadata for {what}: {error}")));
        }
        result.is_ok()
    };
    store(metadata::CLI_PID, std::process::id().to_string(), "cliPID").await;
    if let Some(path) = &record.daprd_log_path {
        store(metadata::DAPRD_LOG_PATH, path.display().to_string(), "daprdLogPath").await;
    }
    let Some(app) = record.app else {
        say(Note::Success("You're up and running! Dapr logs will appear here.\n".into()));
        return;
    };
    if let Some(path) = &record.app_log_path {
        store(metadata::APP_LOG_PATH, path.display().to_string(), "appLogPath").await;
    }
    say(Note::Info(format!("Updating metadata for appPID: {}", app.pid)));
    store(metadata::APP_PID, app.pid.to_string(), "appPID").await;
    let command = settings.command.join(" ");
    say(Note::Info(format!("Updating metadata for app command: {command}")));
    if store(metadata::APP_COMMAND, command, "appCommand").await {
        say(Note::Success("You're up and running! Both Dapr and your app logs will appear here.\n".into()));
    }
}

/// The same for an app of a run file, with the lines in the order of that reference.
pub async fn of_run_file(pair: &Pair, say: &dyn Fn(Note)) {
    let (record, settings) = (&pair.record, &pair.settings);
    let store = async |key: &str, value: String, what: &str| {
        if let Err(error) = put(&pair.endpoint, settings, key, value).await {
            say(Note::Warning(format!("Could not update sidecar metadata for {what}: {error}")));
        }
    };
    let cli = std::process::id();
    say(Note::Info(format!("Updating metadata for cliPID: {cli}")));
    store(metadata::CLI_PID, cli.to_string(), "cliPID").await;
    store(metadata::RUN_TEMPLATE_PATH, record.run_template_path.clone(), "run file path").await;
    store(metadata::RUN_TEMPLATE_NAME, record.run_template_name.clone(), "run template name").await;
    if let Some(path) = &record.app_log_path {
        store(metadata::APP_LOG_PATH, path.display().to_string(), "app log file path").await;
    }
    if let Some(path) = &record.daprd_log_path {
        store(metadata::DAPRD_LOG_PATH, path.display().to_string(), "dapr log file path").await;
    }
    if let Some(app) = record.app {
        let command = settings.command.join(" ");
        say(Note::Info(format!("Updating metadata for app command: {command}")));
        store(metadata::APP_COMMAND, command, "appCommand").await;
        say(Note::Info(format!("Updating metadata for appPID: {}", app.pid)));
        store(metadata::APP_PID, app.pid.to_string(), "appPID").await;
    }
    say(Note::Success("You're up and running! Dapr logs will appear here.\n".into()));
}

/// Tells the sidecar of a new process of its app.
pub async fn restarted(pair: &Pair) {
    if let Some(app) = pair.record.app {
        // Only tools that don't read the record would miss it.
        let _ = put(&pair.endpoint, &pair.settings, metadata::APP_PID, app.pid.to_string()).await;
    }
}

/// Five attempts with growing pauses, as the stock command line does.
async fn put(endpoint: &Endpoint, settings: &Settings, key: &str, value: String) -> Result<(), String> {
    let mut pause = Duration::from_millis(250);
    for attempt in 1.. {
        match metadata::put(endpoint, &settings.env, key, &value, Duration::from_secs(5)).await {
            Ok(()) => break,
            Err(error) if attempt == 5 || !error.is_temporary() => {
                return Err(format!("giving up after {attempt} attempt(s): {error}"));
            }
            Err(_) => {}
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Ok(())
}
