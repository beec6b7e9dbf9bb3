//! Reads a run file: checks it, and resolves defaults, paths and precedence (run file reference, section 3).

use std::path::{Path, PathBuf};

use super::app::{App, Condition, RunFile};
use super::locate::{Source, clean};
use super::{own, shape};
use crate::env::Env;
use crate::lint::{self, Diagnostic, Node, Severity};
use crate::paths::InstallDir;
use crate::suggest;

/// What a run file is read with.
#[derive(Debug, Clone)]
pub struct Context {
    /// Variables, for `${NAME}`.
    pub env: Env,
    /// The default `.dapr`.
    pub install: InstallDir,
    /// What `~` stands for.
    pub home: Option<PathBuf>,
    /// How bad a key is said to be that nobody knows. It never refuses the file, as with the stock command line.
    pub unknown_keys: Severity,
}

/// Reads the text of a run file. Warnings come with the result; with an error (unknown keys are none, whatever
/// they are called) there is no result, and all errors are there.
pub fn load(
    source: &Source,
    text: &str,
    context: &Context,
) -> Result<(RunFile, Vec<Diagnostic>), Vec<Diagnostic>> {
    let file = &source.path;
    let (documents, mut found) = lint::parse(file, text);
    for error in &mut found {
        error.message.insert_str(0, "error in parsing the provided app config file: ");
    }
    if documents.is_empty() && !found.is_empty() {
        return Err(found);
    }
    let empty = Node { at: (1, 1), value: lint::Value::Map(Vec::new()) };
    let root = documents.into_iter().next().unwrap_or(empty);
    found.extend(lint::check(file, &root, &shape::RUN_FILE, Severity::Warning, false));
    let unknown_keys: Vec<Diagnostic> = found.iter().filter(|finding| !finding.is_error()).cloned().collect();
    let mut reader = Reader { file, context, found };
    let run_file = reader.run_file(&root);
    // What is wrong in `common` is met again in each app.
    let mut findings: Vec<Diagnostic> = Vec::new();
    for finding in std::mem::take(&mut reader.found) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    reader.found = findings;
    reader.found.sort_by_key(|finding| (finding.line, finding.column));
    let refused = reader.found.iter().any(Diagnostic::is_error);
    for finding in &mut reader.found {
        if unknown_keys.contains(finding) {
            finding.severity = context.unknown_keys;
        }
    }
    if refused { Err(reader.found) } else { Ok((run_file, reader.found)) }
}

/// Where an app's values come from.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// The app's own keys.
    pub app: &'a Node,
    /// Keys for all apps.
    pub common: Option<&'a Node>,
    /// The whole file.
    pub root: &'a Node,
}

impl<'a> Places<'a> {
    /// What the app says, or else what holds for all.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.app.get(key).or_else(|| self.common.and_then(|common| common.get(key)))
    }

    /// A text; empty when nobody says anything.
    pub fn text(&self, key: &str) -> String {
        self.get(key).map(text).unwrap_or_default()
    }

    fn number(&self, key: &str, default: i64) -> i64 {
        self.get(key).and_then(Node::integer).unwrap_or(default)
    }

    fn flag(&self, key: &str) -> bool {
        self.get(key).and_then(Node::flag).unwrap_or_default()
    }
}

/// A scalar as a text: as it is written, and nothing for a null.
pub fn text(node: &Node) -> String {
    if node.is_null() { String::new() } else { node.text().to_owned() }
}

/// Texts of a list.
pub fn texts(node: Option<&Node>) -> Vec<String> {
    node.map(|node| node.items().iter().map(text).collect()).unwrap_or_default()
}

/// A reader with what it has found so far.
pub struct Reader<'a> {
    /// The run file.
    pub file: &'a Path,
    /// What it is read with.
    pub context: &'a Context,
    /// Findings.
    pub found: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn run_file(&mut self, root: &Node) -> RunFile {
        let base = self.file.parent().unwrap_or(Path::new("/")).to_owned();
        if let Some(version) = root.get("version").filter(|version| version.integer() == Some(0)) {
            self.error(version, shape::NO_VERSION);
        }
        let common = root.get("common");
        let shared = Shared::read(self, common, &base);
        let mut apps: Vec<App> = Vec::new();
        let nodes = root.get("apps").map(Node::items).unwrap_or_default();
        for node in nodes {
            let app = self.app(Places { app: node, common, root }, &shared, &base);
            if !app.id.is_empty() && apps.iter().any(|other| other.id == app.id) {
                let place = node.get("appID").unwrap_or(node);
                self.error(place, format!("app id {:?} is here twice; each app needs its own", app.id));
            }
            apps.push(app);
        }
        self.check_dependencies(nodes, &apps);
        let name = root.get("name").map(text).unwrap_or_default();
        RunFile { path: self.file.to_owned(), name, apps }
    }

    fn app(&mut self, places: Places<'_>, shared: &Shared, base: &Path) -> App {
        let node = places.app;
        let own_directory = node.get("appDirPath");
        if let Some(path) = own_directory.filter(|path| path.text().is_empty()) {
            self.error(path, shape::NO_DIRECTORY);
        }
        let directory = own_directory.and_then(|path| self.directory(path, base)).unwrap_or_default();
        let id = match node.get("appID").map(Node::text) {
            Some(id) if !id.is_empty() => id.to_owned(),
            _ => directory.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let runtime_path = match node.get("runtimePath") {
            Some(path) => self.path(path, &directory),
            None => shared.runtime_path.clone(),
        };
        let install = runtime_path
            .as_ref()
            .and_then(|path| InstallDir::resolve(Some(&path.to_string_lossy()), &self.context.env).ok())
            .unwrap_or_else(|| self.context.install.clone());
        let own_config = node.get("configFilePath").and_then(|path| self.path(path, &directory));
        let beside = Some(directory.join(".dapr/config.yaml")).filter(|path| path.is_file());
        let config_file = own_config.or(beside).or_else(|| shared.config.clone());
        let own_resources = self.resources(node, &directory);
        let beside = Some(vec![directory.join(".dapr/resources")]).filter(|paths| paths[0].is_dir());
        let resources_paths = Some(own_resources)
            .filter(|paths| !paths.is_empty())
            .or(beside)
            .or_else(|| Some(shared.resources.clone()).filter(|paths| !paths.is_empty()));
        let protocol = places.text("appProtocol");
        let env = own::environment(self, places, base, &directory);
        App {
            command: own::command(self, node, &env),
            env,
            config_file: config_file.unwrap_or_else(|| install.config()),
            resources_paths: resources_paths.unwrap_or_else(|| vec![install.components()]),
            protocol: if protocol.is_empty() { "http".into() } else { protocol },
            app_port: self.port(node, "appPort"),
            http_port: self.port(node, "daprHTTPPort"),
            grpc_port: self.port(node, "daprGRPCPort"),
            internal_port: self.port(node, "daprInternalGRPCPort"),
            metrics_port: self.port(node, "metricsPort"),
            profile_port: self.port(node, "profilePort"),
            profiling: places.flag("enableProfiling"),
            log_level: places.text("logLevel"),
            max_concurrency: places.number("appMaxConcurrency", -1),
            ssl: places.flag("appSSL"),
            placement: places.get("placementHostAddress").map(|node| node.text().to_owned()),
            scheduler: places.get("schedulerHostAddress").map(|node| node.text().to_owned()),
            max_body_size: or(places.text("maxBodySize"), "4Mi"),
            read_buffer_size: or(places.text("readBufferSize"), "4Ki"),
            socket: Some(places.text("unixDomainSocket")).filter(|path| !path.is_empty()).map(PathBuf::from),
            health_check: places.flag("enableAppHealthCheck"),
            health_path: places.text("appHealthCheckPath"),
            health_interval: places.number("appHealthProbeInterval", 0),
            health_timeout: places.number("appHealthProbeTimeout", 0),
            health_threshold: places.number("appHealthThreshold", 0),
            api_logging: places.flag("enableApiLogging"),
            listen_addresses: places.text("apiListenAddresses"),
            channel_address: places.text("appChannelAddress"),
            runtime_path,
            runtime: own::runtime(places),
            daprd_log_destination: own::destination(
                places.get("daprdLogDestination"),
                own::DAPRD_DESTINATION,
            ),
            app_log_destination: own::destination(places.get("appLogDestination"), own::APP_DESTINATION),
            log_dir: own::log_dir(self, places, base),
            depends_on: own::depends_on(node),
            readiness: own::readiness(self, node),
            restart: own::restart(self, places.get("restart")),
            watch: own::watch(self, places, base, &directory),
            profiles: texts(node.get("profiles")),
            container_image: places.text("containerImage"),
            container_image_pull_policy: or(places.text("containerImagePullPolicy"), "Always"),
            create_service: places.flag("createService"),
            id,
            directory,
        }
    }

    /// `appDirPath`; also when there is no such directory, for what comes from its name.
    fn directory(&mut self, node: &Node, base: &Path) -> Option<PathBuf> {
        let path = self.path(node, base).or_else(|| self.place(node.text(), base))?;
        if path.is_file() {
            self.error(node, format!("appDirPath is a file, not a directory: {}", path.display()));
        }
        Some(path)
    }

    /// A port of an app; -1 when nothing is said.
    fn port(&mut self, node: &Node, key: &str) -> i64 {
        let Some((node, port)) = node.get(key).and_then(|node| Some((node, node.integer()?))) else {
            return -1;
        };
        if port > i64::from(u16::MAX) {
            self.error(node, format!("{key} takes a port up to {}, not {port}", u16::MAX));
        }
        port
    }

    /// `resourcesPaths` and `resourcesPath`.
    fn resources(&mut self, node: &Node, base: &Path) -> Vec<PathBuf> {
        let many = node.get("resourcesPaths").map(Node::items).unwrap_or_default();
        many.iter().chain(node.get("resourcesPath")).filter_map(|path| self.path(path, base)).collect()
    }

    /// A path that has to exist: `~/` is the home directory, what is relative begins at `base`. `None` for an
    /// empty one, and for one that isn't there.
    pub fn path(&mut self, node: &Node, base: &Path) -> Option<PathBuf> {
        self.existing(node, node.text(), base)
    }

    /// The same, for a path whose text is not that of the node.
    pub fn existing(&mut self, node: &Node, text: &str, base: &Path) -> Option<PathBuf> {
        let path = self.place(text, base)?;
        // What isn't in a directory that isn't there is no news.
        if path.exists() || !base.is_dir() {
            return Some(path);
        }
        let shown = path.display();
        self.error(
            node,
            format!("error in getting the file info for {shown}: stat {shown}: no such file or directory"),
        );
        None
    }

    /// The same, for a path that need not exist.
    pub fn place(&self, text: &str, base: &Path) -> Option<PathBuf> {
        match (text.strip_prefix("~/"), &self.context.home) {
            _ if text.is_empty() => None,
            (Some(rest), Some(home)) => Some(clean(&home.join(rest))),
            _ => Some(clean(&base.join(text))),
        }
    }

    /// Notes an error at a node.
    pub fn error(&mut self, node: &Node, message: impl Into<String>) {
        self.found.push(Diagnostic::error(self.file, node.at, message));
    }

    fn check_dependencies(&mut self, nodes: &[Node], apps: &[App]) {
        for (node, app) in nodes.iter().zip(apps) {
            let place = node.get("dependsOn").map_or(node.at, |place| place.at);
            let others =
                || apps.iter().map(|other| other.id.as_str()).filter(|id| *id != app.id && !id.is_empty());
            for (id, _) in &app.depends_on {
                let (text, hint) = if *id == app.id {
                    (format!("app {id:?} depends on itself"), None)
                } else if others().any(|other| other == id) {
                    continue;
                } else {
                    let text = format!("app {:?} depends on {id:?}, which is no app of this file", app.id);
                    (text, suggest::question(id, others()))
                };
                self.found.push(Diagnostic::error(self.file, place, text).hint(hint));
            }
        }
    }
}

/// Paths of `common`.
struct Shared {
    config: Option<PathBuf>,
    resources: Vec<PathBuf>,
    runtime_path: Option<PathBuf>,
}

impl Shared {
    fn read(reader: &mut Reader<'_>, common: Option<&Node>, base: &Path) -> Self {
        let Some(common) = common else {
            return Self { config: None, resources: Vec::new(), runtime_path: None };
        };
        Self {
            config: common.get("configFilePath").and_then(|path| reader.path(path, base)),
            resources: reader.resources(common, base),
            runtime_path: common.get("runtimePath").and_then(|path| reader.path(path, base)),
        }
    }
}

fn or(text: String, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text }
}

/// A condition by its name.
pub fn condition(text: &str) -> Condition {
    match text {
        "healthy" => Condition::Healthy,
        "completed" => Condition::Completed,
        _ => Condition::Started,
    }
}

#[cfg(test)]
mod tests;
