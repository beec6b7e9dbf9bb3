//! `dapr run -f`, up to the start of the first app.

use crate::support::TestContext;

fn context(run_file: &str) -> TestContext {
    let context = TestContext::new();
    fs_err::write(context.home().join("dapr.yaml"), run_file).unwrap();
    context
}

#[test]
fn flags_that_the_file_decides_are_named() {
    let context = context("version: 1\napps: []\n");
    let args = ["run", "-f", ".", "--app-port", "3", "-a", "x", "--enable-profiling", "--profile", "p"];
    insta::assert_snapshot!(context.dapr(args), @r"
    exit code: 1
    ----- stdout -----
    ⚠  The following flags are ignored when using --run-file and should be configured in the run file instead: app-id, app-port, enable-profiling

    ----- stderr -----
    ❌  No apps to run
    ");
    // Also when there is no such file, and never for flags that count.
    let missing = context.dapr(["run", "-f", "nowhere", "--metrics-port=1"]);
    assert!(missing.stdout.ends_with(" instead: metrics-port\n"), "{missing}");
    let home = context.home().to_str().unwrap();
    let fine = context.dapr([
        "run",
        "-f",
        ".",
        "--runtime-path",
        home,
        "--log-as-json=false",
        "--on-failure",
        "stop",
    ]);
    assert_eq!(fine.stdout, "");
}

#[test]
fn only_apps_of_the_file_can_be_named() {
    let context = context("version: 1\napps: [{appDirPath: ., appID: orders}]\n");
    insta::assert_snapshot!(context.dapr(["run", "-f", ".", "ordres"]), @r#"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  the run file has no app "ordres" (did you mean orders?)
    "#);
}

#[test]
fn an_app_without_a_directory_is_not_started_anywhere_else() {
    let context = context("version: 1\napps: [{appDirPath: '', appID: a, command: [pwd]}]\n");
    insta::assert_snapshot!(context.dapr(["run", "-f", "."]), @r"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    [HOME]/dapr.yaml:2:21: error: required field 'appDirPath' not found in the provided app config file
    ❌  Error getting apps from config file: 1 error, see above
    ");
    assert!(!context.home().join(".dapr").exists());
}
