//! Throw-away loader.
use super::*;
use crate::paths::InstallDir;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Loads.
pub fn load(path: &Path, install: &InstallDir) -> Result<RunFile, String> {
    let path = fs_err::canonicalize(path).map_err(|e| e.to_string())?;
    let path = if path.is_dir() { path.join("dapr.yaml") } else { path };
    let text = fs_err::read_to_string(&path).map_err(|e| e.to_string())?;
    let value: serde_json::Value = serde_yaml::from_str(&text).map_err(|e| e.to_string())?;
    let base = path.parent().unwrap_or(Path::new("/")).to_owned();
    let common = value["common"].clone();
    let apps = value["apps"]
        .as_array()
        .cloned()
        .unwrap_or_default()
        .into_iter()
        .map(|app| {
            let get = |key: &str| if app[key].is_null() { common[key].clone() } else { app[key].clone() };
            let text = |key: &str| get(key).as_str().unwrap_or_default().to_owned();
            let number = |key: &str| get(key).as_i64().unwrap_or(-1);
            let directory = base.join(app["appDirPath"].as_str().unwrap_or("."));
            let directory = fs_err::canonicalize(directory).unwrap_or_default();
            let destination = |key: &str, default| match text(key).as_str() {
                "console" => Destination::Console,
                "file" => Destination::File,
                "fileAndConsole" => Destination::FileAndConsole,
                _ => default,
            };
            let mut resources: Vec<PathBuf> = Vec::new();
            if let Some(one) = common["resourcesPath"].as_str() {
                resources.push(base.join(one));
            }
            if resources.is_empty() {
                resources.push(install.components());
            }
            let mut env = Vec::new();
            for source in [&common["env"], &app["env"]] {
                if let Some(map) = source.as_object() {
                    for (k, v) in map {
                        env.push((k.clone(), v.as_str().map_or(v.to_string(), str::to_owned)));
                    }
                }
            }
            App {
                id: app["appID"].as_str().map_or_else(
                    || directory.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                    str::to_owned,
                ),
                command: app["command"]
                    .as_array()
                    .map(|w| w.iter().filter_map(|w| w.as_str().map(str::to_owned)).collect())
                    .unwrap_or_default(),
                env,
                config_file: install.config(),
                resources_paths: resources,
                protocol: "http".into(),
                app_port: number("appPort"),
                http_port: number("daprHTTPPort"),
                grpc_port: number("daprGRPCPort"),
                internal_port: -1,
                metrics_port: -1,
                profile_port: -1,
                profiling: false,
                log_level: text("logLevel"),
                max_concurrency: -1,
                ssl: false,
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
                channel_address: String::new(),
                runtime_path: None,
                runtime: None,
                daprd_log_destination: destination("daprdLogDestination", Destination::File),
                app_log_destination: destination("appLogDestination", Destination::FileAndConsole),
                log_dir: None,
                depends_on: app["dependsOn"]
                    .as_object()
                    .map(|m| {
                        m.iter()
                            .map(|(k, v)| {
                                (
                                    k.clone(),
                                    match v.as_str() {
                                        Some("healthy") => Condition::Healthy,
                                        Some("completed") => Condition::Completed,
                                        _ => Condition::Started,
                                    },
                                )
                            })
                            .collect()
                    })
                    .unwrap_or_default(),
                readiness: app["readiness"]["tcp"].as_object().map(|_| Readiness {
                    probe: Probe::Tcp { port: None },
                    interval: Duration::from_millis(100),
                    timeout: Duration::from_secs(1),
                    start_timeout: Duration::from_secs(10),
                }),
                restart: Restart {
                    policy: match text("restart").as_str() {
                        "always" => RestartPolicy::Always,
                        "on-failure" => RestartPolicy::OnFailure,
                        _ => RestartPolicy::No,
                    },
                    max_retries: None,
                    backoff: Duration::from_millis(200),
                    max_backoff: Duration::from_secs(10),
                },
                watch: app["watch"].as_object().map(|_| Watch {
                    paths: vec![directory.clone()],
                    ignore: vec![],
                    debounce: Duration::from_millis(200),
                }),
                profiles: vec![],
                directory,
            }
        })
        .collect();
    Ok(RunFile { name: value["name"].as_str().unwrap_or_default().into(), apps, path })
}
