//! `dapr lint`, and the same checks by `dapr run`.

use crate::support::TestContext;

fn write(context: &TestContext, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = context.home().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
}

const RUN_FILE: &str = "version: 1
common: {resourcesPath: resources}
apps:
- appDirPath: .
  appPrt: 80
  command: [sleep, '1']
";
const COMPONENT: &str = "apiVersion: dapr.io/v1alpha1
kind: Component
metadata: {name: store}
spec:
  type: state.sqlite
  version: v1
  metadata: []
";

#[test]
fn a_run_file_is_checked_with_its_resources() {
    let context = TestContext::new();
    write(&context, &[("dapr.yaml", RUN_FILE), ("resources/store.yaml", COMPONENT)]);
    insta::assert_snapshot!(context.dapr(["lint"]), @r#"
    exit code: 1
    ----- stdout -----
    [HOME]/dapr.yaml:5:3: error: apps[0] has no key "appPrt" (did you mean appPort?)
    [HOME]/resources/store.yaml:5:9: error: state.sqlite needs the metadata connectionString or url
    2 errors, 0 warnings in 2 files

    ----- stderr -----
    "#);
    insta::assert_snapshot!(context.dapr(["lint", "-o", "json", "resources"]).stdout, @r#"
    [
      {
        "file": "resources/store.yaml",
        "line": 5,
        "column": 9,
        "severity": "error",
        "message": "state.sqlite needs the metadata connectionString or url"
      }
    ]
    "#);
}

#[test]
fn what_is_fine_is_said_to_be_fine() {
    let context = TestContext::new();
    write(&context, &[("one.yaml", &COMPONENT.replace("state.sqlite", "state.in-memory"))]);
    let outcome = context.dapr(["lint", "one.yaml"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "0 errors, 0 warnings in 1 file\n"));
    write(&context, &[("two.yaml", &COMPONENT.replace("state.sqlite", "state.sqlit"))]);
    let odd = "two.yaml:5:9: warning: component type \"state.sqlit\" is not known here (did you mean state.sqlite or state.sqlite3?)\n0 errors, 1 warning in 1 file\n";
    assert_eq!(context.dapr(["lint", "two.yaml"]).stdout, odd);
    assert_eq!(context.dapr(["lint", "two.yaml"]).code, Some(0));
    assert_eq!(context.dapr(["lint", "--strict", "two.yaml"]).code, Some(1));
}

#[test]
fn default_resources_need_no_configuration() {
    let context = TestContext::new();
    write(&context, &[(".dapr/components/store.yaml", COMPONENT)]);
    let outcome = context.dapr(["lint"]);
    assert!(outcome.stdout.ends_with("1 error, 0 warnings in 1 file\n"), "{outcome}");
}

#[test]
fn nothing_to_check_is_a_failure() {
    insta::assert_snapshot!(TestContext::new().dapr(["lint"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  there is neither a dapr.yaml here nor a default resources directory
    hint: name what is to be checked: dapr lint PATH
    ");
    let missing = TestContext::new().dapr(["lint", "nowhere"]);
    assert_eq!(missing.stderr, "❌  stat nowhere: no such file or directory\n");
    assert_eq!(TestContext::new().dapr(["lint", "-o", "yaml"]).code, Some(2));
}

#[test]
fn a_run_refuses_the_same_and_starts_nothing() {
    let context = TestContext::new();
    let run_file = RUN_FILE.replace("appDirPath: .", "appDirPath: app");
    fs_err::create_dir(context.home().join("app")).unwrap();
    write(&context, &[("dapr.yaml", &run_file), ("resources/store.yaml", COMPONENT)]);
    insta::assert_snapshot!(context.dapr(["run", "-f", "."]), @r#"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    [HOME]/dapr.yaml:5:3: warning: apps[0] has no key "appPrt" (did you mean appPort?)
    ❌  Error validating run config for app "app" present in [HOME]/dapr.yaml: cannot load [HOME]/resources/store.yaml:5:9: error: state.sqlite needs the metadata connectionString or url
    "#);
    insta::assert_snapshot!(context.dapr(["run", "--resources-path", "resources", "--", "sleep", "1"]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  cannot load resources/store.yaml:5:9: error: state.sqlite needs the metadata connectionString or url
    hint: correct the file, or move it out of the resources path
    ");
    assert!(!context.home().join(".dapr").exists(), "nothing is left behind");
}

#[test]
fn all_errors_of_a_run_file_are_said_at_once() {
    let context = TestContext::new();
    write(&context, &[("dapr.yaml", "version: 1\napps:\n- appPort: x\n- appDirPath: .\n  command: sleep\n")]);
    insta::assert_snapshot!(context.dapr(["run", "-f", "."]), @r#"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    [HOME]/dapr.yaml:3:3: error: required field 'appDirPath' not found in the provided app config file
    [HOME]/dapr.yaml:3:12: error: appPort takes a whole number, not the text "x"
    [HOME]/dapr.yaml:5:12: error: command takes a list, not the text "sleep"
    ❌  Error getting apps from config file: 3 errors, see above
    "#);
    let missing = context.dapr(["run", "-f", "nowhere"]);
    let text = "❌  Failed to get run file path: error getting file info for nowhere: stat nowhere: no such file or directory\n";
    assert_eq!((missing.code, missing.stderr.as_str()), (Some(1), text));
    write(&context, &[("dapr.yaml", "version: 1\napps: []\n")]);
    let nothing = context.dapr(["run", "-f", "dapr.yaml"]);
    assert_eq!((nothing.code, nothing.stderr.as_str()), (Some(1), "❌  No apps to run\n"));
}

#[test]
fn each_app_has_its_own_resources() {
    let context = TestContext::new();
    let store = COMPONENT.replace("state.sqlite", "state.in-memory");
    let run_file = "version: 1\napps: [{appDirPath: a}, {appDirPath: b}]\n";
    write(
        &context,
        &[
            ("dapr.yaml", run_file),
            ("a/.dapr/resources/store.yaml", &store),
            ("b/.dapr/resources/store.yaml", &store),
        ],
    );
    let outcome = context.dapr(["lint"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), "0 errors, 0 warnings in 3 files\n"));
    // The same file twice is one file, whatever it is called.
    let twice = context.dapr(["lint", "a/.dapr/resources", "a/../a/.dapr/resources/store.yaml"]);
    assert_eq!(twice.stdout, "0 errors, 0 warnings in 1 file\n");
    let both = context.dapr(["lint", "a/.dapr/resources", "b/.dapr/resources"]);
    assert!(both.stdout.contains("component \"store\" is defined twice"), "{both}");
}

#[test]
fn circles_are_errors_and_missing_variables_are_not() {
    let context = TestContext::new();
    let run_file = "version: 1
apps:
- {appDirPath: ., appID: a, dependsOn: [b], env: {X: '${NOBODY}'}}
- {appDirPath: ., appID: b, dependsOn: [a]}
";
    write(&context, &[("dapr.yaml", run_file)]);
    insta::assert_snapshot!(context.dapr(["lint"]), @r#"
    exit code: 1
    ----- stdout -----
    [HOME]/dapr.yaml:3:54: warning: X: nothing defines ${NOBODY}; it stays as it is (write $${NOBODY} if it is meant so)
    [HOME]/dapr.yaml:1:1: error: these apps depend on each other in a circle: a → b → a
    1 error, 1 warning in 1 file

    ----- stderr -----
    "#);
}
