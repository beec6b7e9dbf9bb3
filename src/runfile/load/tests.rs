use super::*;
use crate::records::Runtime;
use crate::runfile::{Destination, Probe, RestartPolicy};

struct Home(tempfile::TempDir);

impl Home {
    fn new(directories: &[&str]) -> Self {
        let home = tempfile::tempdir().unwrap();
        for directory in directories {
            fs_err::create_dir_all(home.path().join(directory)).unwrap();
        }
        Self(home)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs_err::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs_err::write(self.at(path), text).unwrap();
    }

    fn load(&self, text: &str) -> Result<(RunFile, Vec<Diagnostic>), Vec<Diagnostic>> {
        let env = Env::of([("HOST", "example"), ("BLANK", "")]);
        let install = InstallDir::resolve(Some(&self.at("user").to_string_lossy()), &env).unwrap();
        let context = Context { env, install, home: Some(self.at("user")), unknown_keys: Severity::Warning };
        load(&Source { path: self.at("dapr.yaml"), stdin: false }, text, &context)
    }

    fn apps(&self, text: &str) -> Vec<App> {
        let (file, warnings) = self.load(text).unwrap_or_else(|found| panic!("{found:#?}"));
        assert_eq!(warnings, [], "no warnings");
        file.apps
    }

    /// All findings, with the home cut off.
    fn findings(&self, text: &str) -> String {
        let found = match self.load(text) {
            Ok((_, warnings)) => warnings,
            Err(found) => found,
        };
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        lines.join("\n").replace(&*self.0.path().to_string_lossy(), "[HOME]")
    }
}

#[test]
fn defaults() {
    let home = Home::new(&["orders"]);
    let apps = home.apps("version: 1\napps:\n- appDirPath: orders\n");
    let [app] = &apps[..] else { panic!("{apps:?}") };
    assert_eq!((app.id.as_str(), &app.directory), ("orders", &home.at("orders")));
    assert_eq!(app.config_file, home.at("user/.dapr/config.yaml"));
    assert_eq!(app.resources_paths, [home.at("user/.dapr/components")]);
    assert_eq!((app.protocol.as_str(), app.max_concurrency, app.app_port), ("http", -1, -1));
    assert_eq!(
        (app.daprd_log_destination, app.app_log_destination),
        (Destination::File, Destination::FileAndConsole)
    );
    assert_eq!(
        (app.placement.as_deref(), app.channel_address.as_str(), app.log_level.as_str()),
        (None, "", "")
    );
    assert_eq!((app.max_body_size.as_str(), app.read_buffer_size.as_str()), ("4Mi", "4Ki"));
    assert_eq!(app.restart.policy, RestartPolicy::No);
}

#[test]
fn apps_take_from_common_what_they_do_not_say() {
    let home = Home::new(&["a", "b"]);
    let text = "
version: 1
common:
  appProtocol: grpc
  enableApiLogging: true
  appHealthThreshold: 3
  placementHostAddress: host:1
  env: {A: 1, B: true, C: keep}
  daprdLogDestination: console
apps:
- appDirPath: a
- appDirPath: b
  appProtocol: http
  enableApiLogging: false
  appHealthThreshold: 0
  placementHostAddress: ''
  env: {B: own, D: 1.50}
  daprdLogDestination: fileAndConsole
";
    let apps = home.apps(text);
    let env = |app: &App| app.env.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" ");
    assert_eq!(env(&apps[0]), "A=1 B=true C=keep");
    assert_eq!((apps[0].api_logging, apps[0].health_threshold), (true, 3));
    assert_eq!(apps[0].placement.as_deref(), Some("host:1"));
    assert_eq!(apps[0].daprd_log_destination, Destination::Console);
    assert_eq!(env(&apps[1]), "A=1 B=own C=keep D=1.50");
    assert_eq!((apps[1].api_logging, apps[1].health_threshold), (false, 0), "an explicit zero counts");
    assert_eq!((apps[1].placement.as_deref(), apps[1].protocol.as_str()), (Some(""), "http"));
}

#[test]
fn one_level_of_resources_and_configuration_counts() {
    let home =
        Home::new(&["shared", "own/res", "own/more", "beside/.dapr/resources", "plain", "elsewhere/.dapr"]);
    for file in ["shared.yaml", "own/c.yaml", "beside/.dapr/config.yaml"] {
        home.write(file, "");
    }
    let text = "
version: 1
common: {resourcesPath: shared, configFilePath: shared.yaml}
apps:
- {appDirPath: own, resourcesPath: res, resourcesPaths: [./more], configFilePath: c.yaml}
- {appDirPath: beside}
- {appDirPath: plain}
";
    let apps = home.apps(text);
    assert_eq!(apps[0].resources_paths, [home.at("own/more"), home.at("own/res")]);
    assert_eq!(apps[0].config_file, home.at("own/c.yaml"));
    assert_eq!(apps[1].resources_paths, [home.at("beside/.dapr/resources")]);
    assert_eq!(apps[1].config_file, home.at("beside/.dapr/config.yaml"));
    assert_eq!(apps[2].resources_paths, [home.at("shared")]);
    assert_eq!(apps[2].config_file, home.at("shared.yaml"));

    let apps = home.apps("version: 1\napps: [{appDirPath: plain, runtimePath: ../elsewhere}]\n");
    assert_eq!(apps[0].resources_paths, [home.at("elsewhere/.dapr/components")]);
    assert_eq!(apps[0].runtime_path, Some(home.at("elsewhere")));
}

#[test]
fn a_tilde_is_the_home_directory() {
    let home = Home::new(&["user/app"]);
    let apps = home.apps("version: 1\napps: [{appDirPath: ~/app}]\n");
    assert_eq!(apps[0].directory, home.at("user/app"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let home = Home::new(&["a"]);
    let text = "
version: 0
apps:
- appDirPath: a
  appPort: eighty
  resourcePath: x
  appLogDestination: files
- appDirPath: nowhere
- appID: a
  dependsOn: [a, c]
";
    insta::assert_snapshot!(home.findings(text), @r#"
    [HOME]/dapr.yaml:2:10: error: required field 'version' not found in the provided run template file
    [HOME]/dapr.yaml:5:12: error: appPort takes a whole number, not the text "eighty"
    [HOME]/dapr.yaml:6:3: warning: apps[0] has no key "resourcePath" (did you mean resourcesPath or resourcesPaths?)
    [HOME]/dapr.yaml:7:22: error: invalid log destination type: files (did you mean file?)
    [HOME]/dapr.yaml:8:15: error: error in getting the file info for [HOME]/nowhere: stat [HOME]/nowhere: no such file or directory
    [HOME]/dapr.yaml:9:3: error: required field 'appDirPath' not found in the provided app config file
    [HOME]/dapr.yaml:9:10: error: app id "a" is here twice; each app needs its own
    [HOME]/dapr.yaml:10:14: error: app "a" depends on itself
    [HOME]/dapr.yaml:10:14: error: app "a" depends on "c", which is no app of this file
    "#);
}

#[test]
fn unknown_keys_refuse_nothing() {
    let home = Home::new(&["a"]);
    let (file, warnings) =
        home.load("version: 1\nfuture: 1\napps: [{appDirPath: a, new: {x: 1}}]\n").unwrap();
    assert_eq!((file.apps.len(), warnings.len()), (1, 2));
}

#[test]
fn our_own_keys() {
    let home = Home::new(&["a", "b", "b/src"]);
    home.write("b/.env", "TOKEN=secret\nURL=http://${HOST}/\n");
    let text = "
version: 1
common: {restart: on-failure, logDir: logs}
apps:
- appDirPath: a
  restart: {policy: always, maxRetries: 3, backoff: 1s, maxBackoff: 1m}
  readiness: {http: {path: /ready, port: 9}, interval: 50ms, timeout: 2s, startTimeout: 5m}
  profiles: [debug]
- appDirPath: b
  dependsOn: {a: healthy}
  envFile: .env
  env: {LINK: '${URL}x', WHO: '${NOBODY:-me}', EMPTY: '${BLANK:-filled}', RAW: '$HOST'}
  readiness: {command: [curl, -f, localhost]}
  watch: {paths: [src], ignore: ['*.log'], debounce: 1s}
  runtime: embedded
";
    let apps = home.apps(text);
    let (a, b) = (&apps[0], &apps[1]);
    assert_eq!((a.restart.policy, a.restart.max_retries), (RestartPolicy::Always, Some(3)));
    assert_eq!((a.restart.backoff.as_secs(), a.restart.max_backoff.as_secs()), (1, 60));
    let readiness = a.readiness.as_ref().unwrap();
    assert_eq!(readiness.probe, Probe::Http { path: "/ready".into(), port: Some(9) });
    assert_eq!((readiness.interval.as_millis(), readiness.start_timeout.as_secs()), (50, 300));
    assert_eq!(a.profiles, ["debug"]);
    assert_eq!((b.restart.policy, b.runtime), (RestartPolicy::OnFailure, Some(Runtime::Embedded)));
    assert_eq!(b.depends_on, [("a".to_owned(), Condition::Healthy)]);
    assert_eq!(b.log_dir, Some(home.at("logs")));
    let env: Vec<String> = b.env.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(
        env,
        [
            "TOKEN=secret",
            "URL=http://example/",
            "LINK=http://example/x",
            "WHO=me",
            "EMPTY=filled",
            "RAW=$HOST"
        ]
    );
    let watch = b.watch.as_ref().unwrap();
    assert_eq!((&watch.paths[..], &watch.ignore[..]), (&[home.at("b/src")][..], &["*.log".to_owned()][..]));
}

#[test]
fn an_undefined_variable_is_a_warning() {
    let home = Home::new(&["a"]);
    let text = "version: 1\napps:\n- appDirPath: a\n  env:\n    X: '${NOBODY}'\n";
    assert_eq!(
        home.findings(text),
        "[HOME]/dapr.yaml:5:8: warning: X: nothing defines ${NOBODY}; it stays as it is (write $${NOBODY} if it is meant so)"
    );
}

#[test]
fn what_is_no_yaml_is_named_with_its_place() {
    let home = Home::new(&[]);
    assert!(
        home.findings("version: 1\napps: [\n").starts_with("[HOME]/dapr.yaml:3:"),
        "{}",
        home.findings("version: 1\napps: [\n")
    );
    let text = "version: 1\nname: a\nname: b\napps: []\n";
    let twice = "[HOME]/dapr.yaml:3:1: error: error in parsing the provided app config file: key \"name\" is here twice; the first one is in line 2";
    assert_eq!(home.findings(text), twice);
    assert_eq!(
        home.findings(""),
        "[HOME]/dapr.yaml:1:1: error: required field 'version' not found in the provided run template file"
    );
}

#[test]
fn an_empty_directory_is_none_and_says_nothing_of_ids() {
    let home = Home::new(&["a"]);
    let text = "version: 1\napps:\n- appDirPath: ''\n- appPort: 1\n- appDirPath: a\n  daprdLogDestination: ''\n  containerImagePullPolicy: Sometimes\n";
    insta::assert_snapshot!(home.findings(text), @r#"
    [HOME]/dapr.yaml:3:15: error: required field 'appDirPath' not found in the provided app config file
    [HOME]/dapr.yaml:4:3: error: required field 'appDirPath' not found in the provided app config file
    [HOME]/dapr.yaml:7:29: error: invalid containerImagePullPolicy: Sometimes, allowed values: Always, Never, IfNotPresent (it takes Always, Never or IfNotPresent)
    "#);
}

#[test]
fn words_of_a_command_know_the_environment_of_the_app() {
    let home = Home::new(&["a"]);
    let text = "version: 1\napps:\n- appDirPath: a\n  env: {PORT: 80, NONE: null, BLANK: }\n  command: [serve, '${HOST}:${PORT}', '$PORT', '$${PORT}', '${X:-y}']\n";
    let apps = home.apps(text);
    assert_eq!(apps[0].command, ["serve", "example:80", "$PORT", "${PORT}", "y"]);
    let script = "version: 1\napps:\n- appDirPath: a\n  command: [/bin/sh, -c, 'for i in 1 2; do echo ${i} ${X:-y}; done']\n";
    assert_eq!(
        home.apps(script)[0].command[2],
        "for i in 1 2; do echo ${i} ${X:-y}; done",
        "a shell has its own"
    );
    let env: Vec<(&str, &str)> = apps[0].env.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(env, [("PORT", "80"), ("NONE", ""), ("BLANK", "")], "nothing is not the word null");
}

#[test]
fn one_probe_on_a_port_that_there_is() {
    let home = Home::new(&["a", "b", "c", "d", "e"]);
    let text = "
version: 1
apps:
- appDirPath: a
  appPort: 80
  readiness: {http: {path: /, port: 99999}}
- appDirPath: b
  readiness: {interval: 1s}
- appDirPath: c
  readiness: {http: {path: /, port: 1}, command: [x]}
- appDirPath: d
  readiness: {tcp: }
- appDirPath: e
  readiness: {command: []}
  restart: {policy: always, maxRetries: -1}
";
    insta::assert_snapshot!(home.findings(text), @r#"
    [HOME]/dapr.yaml:6:37: error: port takes a number from 1 to 65535, not 99999
    [HOME]/dapr.yaml:8:14: error: readiness needs one of http, tcp and command
    [HOME]/dapr.yaml:10:41: error: readiness takes only one of http, tcp and command
    [HOME]/dapr.yaml:12:15: error: tcp needs a port, since the app has no appPort
    [HOME]/dapr.yaml:14:24: error: command names no program
    [HOME]/dapr.yaml:15:41: error: maxRetries takes a number that is not below 0, not -1
    "#);
    let apps = home.apps("version: 1\napps: [{appDirPath: a, appPort: 80, readiness: {tcp: }}]\n");
    assert_eq!(apps[0].readiness.as_ref().unwrap().probe, Probe::Tcp { port: None });
}

#[test]
fn what_is_watched_may_be_said_for_all() {
    let home = Home::new(&["a", "b", "shared", "a/src"]);
    let text = "version: 1\ncommon: {watch: {paths: [shared]}}\napps:\n- {appDirPath: a, watch: {paths: [src]}}\n- {appDirPath: b}\n- {appDirPath: a, appID: c, watch: false}\n";
    let apps = home.apps(text);
    let paths = |app: &App| app.watch.as_ref().map(|watch| watch.paths.clone());
    assert_eq!(paths(&apps[0]), Some(vec![home.at("a/src")]));
    assert_eq!(paths(&apps[1]), Some(vec![home.at("shared")]));
    assert_eq!(paths(&apps[2]), None);
    let apps = home.apps("version: 1\ncommon: {watch: true}\napps: [{appDirPath: b}]\n");
    assert_eq!(paths(&apps[0]), Some(vec![home.at("b")]));
}

#[test]
fn what_is_wrong_for_all_is_said_once() {
    let home = Home::new(&["a", "b"]);
    let text = "version: 1\ncommon: {envFile: nowhere}\napps:\n- {appDirPath: a}\n- {appDirPath: b}\n";
    assert_eq!(home.findings(text).lines().count(), 1, "{}", home.findings(text));
}

#[test]
fn values_are_read_as_the_stock_program_reads_them() {
    let home = Home::new(&["a"]);
    let text = "
version: 1
common: {enableApiLogging: yes, appLogDestination: console}
apps:
- appDirPath: a
  appID: 12
  appLogDestination: ''
  containerImagePullPolicy: ''
  appSSL: off
  env: {YES: yes, NUMBER: 0x1F}
  command: [run, ~, 1.0]
";
    let app = &home.apps(text)[0];
    assert_eq!((app.id.as_str(), app.api_logging, app.ssl), ("12", true, false));
    assert_eq!(app.app_log_destination, Destination::FileAndConsole, "empty is the default");
    let env: Vec<String> = app.env.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(env, ["YES=yes", "NUMBER=0x1F"]);
    assert_eq!(app.command, ["run", "", "1.0"]);
}

#[test]
fn one_mistake_is_one_finding() {
    let home = Home::new(&["a"]);
    home.write("file", "");
    let text = "
version: 1
apps:
- {appDirPath: gone, configFilePath: x.yaml, resourcesPath: y}
- {appID: b, configFilePath: x.yaml}
- {appDirPath: file}
- {appDirPath: a, configFilePath: x.yaml, metricsPort: 70000}
";
    insta::assert_snapshot!(home.findings(text), @r"
    [HOME]/dapr.yaml:4:16: error: error in getting the file info for [HOME]/gone: stat [HOME]/gone: no such file or directory
    [HOME]/dapr.yaml:5:3: error: required field 'appDirPath' not found in the provided app config file
    [HOME]/dapr.yaml:6:16: error: appDirPath is a file, not a directory: [HOME]/file
    [HOME]/dapr.yaml:7:35: error: error in getting the file info for [HOME]/a/x.yaml: stat [HOME]/a/x.yaml: no such file or directory
    [HOME]/dapr.yaml:7:56: error: metricsPort takes a port up to 65535, not 70000
    ");
}

#[test]
fn log_directories_and_keys_for_kubernetes() {
    let home = Home::new(&["a", "b"]);
    let text = "
version: 1
logDir: logs
apps:
- {appDirPath: a, logDir: own, containerImage: 'img:1', createService: true}
- {appDirPath: b}
";
    let apps = home.apps(text);
    assert_eq!((&apps[0].log_dir, &apps[1].log_dir), (&Some(home.at("own")), &Some(home.at("logs"))));
    assert_eq!((apps[0].container_image.as_str(), apps[0].create_service), ("img:1", true));
    assert_eq!(apps[1].container_image_pull_policy, "Always");
}

#[test]
fn variables_are_replaced_also_in_names_of_files_and_in_defaults() {
    let home = Home::new(&["a"]);
    home.write("a/example.env", "PORT=80\nRAW='${HOST}'\nKEY=\"one\ntwo\"\n");
    let text = "
version: 1
apps:
- appDirPath: a
  envFile: ['${HOST}.env']
  env: {URL: '${HOST}:${PORT}'}
  command: [serve, '--on=${URL}', $HOST, '$${HOST}', '${x%.*} $$', '${NONE:-${HOST}}']
";
    let app = &home.apps(text)[0];
    assert_eq!(app.env[1], ("RAW".to_owned(), "${HOST}".to_owned()), "single quotes");
    assert_eq!(app.env[2], ("KEY".to_owned(), "one\ntwo".to_owned()));
    assert_eq!(app.command, ["serve", "--on=example:80", "$HOST", "${HOST}", "${x%.*} $$", "example"]);
}
