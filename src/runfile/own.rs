//! Keys of a run file that are ours, beside those of the stock format.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::app::{Condition, Destination, Probe, Readiness, Restart, RestartPolicy, Watch};
use super::expand::{Pair, environment_file, expand};
use super::load::{Places, Reader, condition, text, texts};
use crate::lint::{Diagnostic, Node, Value, duration};
use crate::records::Runtime;

/// Where a sidecar's log goes when the file says nothing.
pub const DAPRD_DESTINATION: Destination = Destination::File;
/// Where an app's output goes when the file says nothing.
pub const APP_DESTINATION: Destination = Destination::FileAndConsole;

/// A log destination by its name.
pub fn destination(node: Option<&Node>, default: Destination) -> Destination {
    match node.map(Node::text) {
        Some("console") => Destination::Console,
        Some("file") => Destination::File,
        Some("fileAndConsole") => Destination::FileAndConsole,
        _ => default,
    }
}

/// `runtime`.
pub fn runtime(places: Places<'_>) -> Option<Runtime> {
    match places.text("runtime").as_str() {
        "embedded" => Some(Runtime::Embedded),
        "installed" => Some(Runtime::Installed),
        _ => None,
    }
}

/// `envFile` and `env` of `common` and of the app, later ones winning; values expanded.
pub fn environment(
    reader: &mut Reader<'_>,
    places: Places<'_>,
    base: &Path,
    directory: &Path,
) -> Vec<(String, String)> {
    let mut env: Vec<(String, String)> = Vec::new();
    for (node, base) in
        places.common.map(|common| (common, base)).into_iter().chain([(places.app, directory)])
    {
        for (place, file) in files(reader, node, base) {
            match read(&file, place) {
                Ok(pairs) => {
                    for Pair { name, value, literal } in pairs {
                        let value =
                            if literal { value } else { expanded(reader, &env, place, &name, &value) };
                        set(&mut env, name, value);
                    }
                }
                Err(error) => reader.found.push(Diagnostic { file: reader.file.to_owned(), ..error }),
            }
        }
        for (name, node) in node.get("env").map(Node::entries).unwrap_or_default() {
            let value = expanded(reader, &env, node, name.text(), &text(node));
            set(&mut env, name.text().to_owned(), value);
        }
    }
    env
}

fn files<'n>(reader: &mut Reader<'_>, node: &'n Node, base: &Path) -> Vec<(&'n Node, PathBuf)> {
    let Some(value) = node.get("envFile") else { return Vec::new() };
    let nodes =
        if matches!(value.value, Value::List(_)) { value.items() } else { std::slice::from_ref(value) };
    let mut files = Vec::new();
    for node in nodes {
        let name = expanded(reader, &[], node, "envFile", node.text());
        files.extend(reader.existing(node, &name, base).map(|path| (node, path)));
    }
    files
}

fn read(file: &Path, place: &Node) -> Result<Vec<Pair>, Diagnostic> {
    let refused = |text: String| Diagnostic::error(file, place.at, text);
    let text = fs_err::read_to_string(file).map_err(|error| refused(error.to_string()))?;
    environment_file(file, &text).map_err(|error| refused(error.to_string()))
}

fn set(env: &mut Vec<(String, String)>, name: String, value: String) {
    match env.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => *known = value,
        None => env.push((name, value)),
    }
}

/// A value with its variables replaced: from the app's environment, then from ours. `name` is what it belongs to.
fn expanded(
    reader: &mut Reader<'_>,
    env: &[(String, String)],
    place: &Node,
    name: &str,
    value: &str,
) -> String {
    let mut unknown = Vec::new();
    let value_of = |name: &str| {
        let own = env.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        own.or_else(|| reader.context.env.raw(name).map(str::to_owned))
    };
    let value = expand(value, &value_of, &mut |name| unknown.push(name.to_owned()));
    for missing in unknown {
        let text = format!("{name}: nothing defines ${{{missing}}}; it stays as it is");
        let hint = format!("write $${{{missing}}} if it is meant so");
        reader.found.push(Diagnostic::warning(reader.file, place.at, text).hint(hint));
    }
    value
}

/// Programs that replace variables themselves, in their own way.
const SHELLS: [&str; 7] = ["sh", "bash", "dash", "zsh", "ksh", "fish", "pwsh"];

/// `command`, with what the app's environment defines. The words of a shell are left to the shell, which has
/// variables of its own.
pub fn command(reader: &mut Reader<'_>, node: &Node, env: &[(String, String)]) -> Vec<String> {
    let words = node.get("command").map(Node::items).unwrap_or_default();
    let program = words.first().map(Node::text).unwrap_or_default();
    if SHELLS.contains(&program.rsplit('/').next().unwrap_or_default()) {
        return words.iter().map(text).collect();
    }
    words.iter().map(|word| expanded(reader, env, word, "command", &text(word))).collect()
}

/// `logDir` of the app, of `common`, or of the file; relative to the run file.
pub fn log_dir(reader: &Reader<'_>, places: Places<'_>, base: &Path) -> Option<PathBuf> {
    let node = places.get("logDir").or_else(|| places.root.get("logDir"))?;
    reader.place(node.text(), base)
}

/// `dependsOn`.
pub fn depends_on(node: &Node) -> Vec<(String, Condition)> {
    let Some(value) = node.get("dependsOn") else { return Vec::new() };
    let list = value.items().iter().map(|item| (item.text().to_owned(), Condition::Started));
    let map = value.entries().iter().map(|(id, state)| (id.text().to_owned(), condition(state.text())));
    list.chain(map).collect()
}

/// `readiness`. A probe may have no settings: `tcp:` alone is one.
pub fn readiness(reader: &mut Reader<'_>, app: &Node) -> Option<Readiness> {
    let node = app.get("readiness").filter(|node| matches!(node.value, Value::Map(_)))?;
    let probes: Vec<&(Node, Node)> =
        node.entries().iter().filter(|(key, _)| matches!(key.text(), "http" | "tcp" | "command")).collect();
    let (kind, settings) = match probes[..] {
        [(kind, settings)] => (kind, settings),
        [] => {
            reader.error(node, "readiness needs one of http, tcp and command");
            return None;
        }
        [_, (second, _), ..] => {
            reader.error(second, "readiness takes only one of http, tcp and command");
            return None;
        }
    };
    let probe = match kind.text() {
        "command" => Probe::Command(texts(Some(settings))),
        "http" => {
            let path = settings.get("path").map_or("/", Node::text).to_owned();
            Probe::Http { path, port: port(reader, settings) }
        }
        _ => Probe::Tcp { port: port(reader, settings) },
    };
    match &probe {
        Probe::Command(words) if words.first().is_none_or(String::is_empty) => {
            reader.error(settings, "command names no program");
        }
        Probe::Http { port: None, .. } | Probe::Tcp { port: None }
            if settings.get("port").is_none()
                && app.get("appPort").and_then(Node::integer).is_none_or(|port| port <= 0) =>
        {
            reader.error(kind, format!("{} needs a port, since the app has no appPort", kind.text()));
        }
        _ => {}
    }
    Some(Readiness {
        probe,
        interval: time(node, "interval", Duration::from_millis(500)),
        timeout: time(node, "timeout", Duration::from_secs(1)),
        start_timeout: time(node, "startTimeout", Duration::from_mins(1)),
    })
}

fn port(reader: &mut Reader<'_>, settings: &Node) -> Option<u16> {
    let node = settings.get("port")?;
    let number = node.integer()?;
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    if port.is_none() {
        reader.error(node, format!("port takes a number from 1 to 65535, not {number}"));
    }
    port
}

/// `restart`.
pub fn restart(reader: &mut Reader<'_>, node: Option<&Node>) -> Restart {
    let policy = match node.map(|node| node.get("policy").unwrap_or(node)) {
        Some(node) => match (node.text(), node.flag()) {
            ("on-failure", _) => RestartPolicy::OnFailure,
            ("always", _) | (_, Some(true)) => RestartPolicy::Always,
            _ => RestartPolicy::No,
        },
        None => RestartPolicy::No,
    };
    let retries = node.and_then(|node| node.get("maxRetries"));
    let number = retries.and_then(Node::integer);
    let max_retries = number.and_then(|number| u32::try_from(number).ok());
    if let (Some(node), Some(number), None) = (retries, number, max_retries) {
        reader.error(node, format!("maxRetries takes a number that is not below 0, not {number}"));
    }
    Restart {
        policy,
        max_retries,
        backoff: node
            .map_or(Duration::from_millis(500), |node| time(node, "backoff", Duration::from_millis(500))),
        max_backoff: node
            .map_or(Duration::from_secs(30), |node| time(node, "maxBackoff", Duration::from_secs(30))),
    }
}

/// `watch`. Paths in `common` are relative to the run file, those of an app to its directory.
pub fn watch(reader: &mut Reader<'_>, places: Places<'_>, base: &Path, directory: &Path) -> Option<Watch> {
    let base = if places.app.get("watch").is_some() { directory } else { base };
    let node = places.get("watch").filter(|node| node.flag() != Some(false))?;
    let items = node.get("paths").map(Node::items).unwrap_or_default();
    let mut paths: Vec<PathBuf> = items.iter().filter_map(|path| reader.path(path, base)).collect();
    if paths.is_empty() {
        paths.push(directory.to_owned());
    }
    let debounce = time(node, "debounce", Duration::from_millis(200));
    Some(Watch { paths, ignore: texts(node.get("ignore")), debounce })
}

fn time(node: &Node, key: &str, default: Duration) -> Duration {
    node.get(key).and_then(|node| duration(node.text())).unwrap_or(default)
}
