//! `dapr version` and `dapr build-info`. A script stands in for the installed runtime: it prints its flag.

use std::process::Command;

use crate::support::TestContext;

fn with_runtime() -> TestContext {
    let context = TestContext::new();
    fs_err::create_dir_all(context.install().bin()).unwrap();
    // Written by another process: while any process has it open for writing, it can't be executed.
    let script = r#"printf '#!/bin/sh\necho "$1"\n' > "$0" && chmod 755 "$0""#;
    let status = Command::new("sh").args(["-c", script]).arg(context.install().daprd()).status();
    assert!(status.unwrap().success());
    context
}

#[test]
fn both_versions_are_printed_in_all_forms() {
    let context = with_runtime();
    for args in [["version"], ["--version"], ["-v"]] {
        let outcome = context.dapr(args);
        let expected = format!("CLI version: {} \nRuntime version: --version\n", env!("CARGO_PKG_VERSION"));
        assert_eq!((outcome.code, outcome.stdout), (Some(0), expected), "{args:?}");
    }
}

#[test]
fn without_a_runtime_its_version_is_not_available() {
    let outcome = TestContext::new().dapr(["version"]);
    assert!(outcome.stdout.ends_with(" \nRuntime version: n/a\n"), "{outcome}");
}

#[test]
fn the_runtime_path_counts() {
    let (elsewhere, context) = (with_runtime(), TestContext::new());
    let path = elsewhere.home().to_str().unwrap();
    let outcome = context.dapr(["--runtime-path", path, "version", "-o", "json"]);
    let expected =
        format!("{{\"Cli version\":\"{}\",\"Runtime version\":\"--version\"}}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(outcome.stdout, expected);
}

#[test]
fn an_unknown_format_is_a_failure() {
    let outcome = TestContext::new().dapr(["version", "-o", "yaml"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.starts_with("❌  An invalid output format was specified.\n"), "{outcome}");
}

#[test]
fn build_info_asks_the_runtime() {
    let outcome = with_runtime().dapr(["build-info"]);
    assert!(outcome.stdout.starts_with("CLI:\n\tVersion: "), "{outcome}");
    assert!(outcome.stdout.ends_with("Runtime:\n\t--build-info\n"), "{outcome}");
    let outcome = TestContext::new().dapr(["build-info"]);
    assert!(outcome.stdout.ends_with("Runtime:\n\tN/A\n"), "{outcome}");
}
