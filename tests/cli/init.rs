//! `dapr init` and `dapr uninstall`.

use std::path::{Path, PathBuf};

use dapr_cli::records::ProcessId;

use crate::support::{Process, TestContext};

/// All files and empty directories below a directory, sorted, one a line.
fn tree(root: &Path) -> String {
    fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
        let entries: Vec<_> = fs_err::read_dir(directory).unwrap().flatten().collect();
        if entries.is_empty() {
            found.push(directory.to_owned());
        }
        for entry in entries {
            let path = entry.path();
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(root, &mut found);
    found.sort();
    let lines = found.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn an_embedded_init_writes_the_defaults() {
    let context = TestContext::new();
    insta::assert_snapshot!(context.dapr(["init", "--embedded"]), @"
    exit code: 0
    ----- stdout -----
    ⌛  Making the jump to hyperspace...
    ✅  Created [HOME]/.dapr/components/statestore.yaml
    ✅  Created [HOME]/.dapr/components/pubsub.yaml
    ✅  Created [HOME]/.dapr/config.yaml
    ✅  Success! Dapr is up and running. To get started, go here: https://docs.dapr.io/getting-started

    ----- stderr -----
    ");
    insta::assert_snapshot!(tree(context.home()), @"
    .dapr/components/pubsub.yaml
    .dapr/components/statestore.yaml
    .dapr/config.yaml
    .dapr/data
    .dapr/logs
    .dapr/run
    ");
    let file = context.install().components().join("statestore.yaml");
    let text = fs_err::read_to_string(file).unwrap();
    insta::assert_snapshot!(text.replace(context.home().to_str().unwrap(), "[HOME]"), @r#"
    # Default of the embedded Dapr runtime: state in a SQLite file. Edit it as you like; it is never overwritten.
    apiVersion: dapr.io/v1alpha1
    kind: Component
    metadata:
      name: statestore
    spec:
      type: state.sqlite
      version: v1
      metadata:
      - name: connectionString
        value: "[HOME]/.dapr/data/state.sqlite"
      - name: actorStateStore
        value: "true"
    "#);
}

#[test]
fn a_second_init_keeps_what_is_there() {
    let context = TestContext::new();
    fs_err::create_dir_all(context.install().root()).unwrap();
    fs_err::write(context.install().config(), "mine").unwrap();
    let outcome = context.dapr(["init", "--embedded=true", "surplus"]);
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout.contains("Kept [HOME]/.dapr/config.yaml, which was there already\n"), "{outcome}");
    assert_eq!(fs_err::read_to_string(context.install().config()).unwrap(), "mine");
}

#[test]
fn containers_are_not_there_yet() {
    let context = TestContext::new();
    insta::assert_snapshot!(context.dapr(["init"]), @"
    exit code: 1
    ----- stdout -----
    ⌛  Making the jump to hyperspace...

    ----- stderr -----
    ❌  installing the stock runtime is not available yet in this build
    hint: try `dapr init --embedded`, which needs no containers and no download
    ");
    assert_eq!(tree(context.home()), "");
}

#[test]
fn flags_are_checked_in_the_stock_words() {
    let context = TestContext::new();
    let last = |args: &[&str]| {
        let outcome = context.dapr([&["init"], args].concat());
        (outcome.code.unwrap(), outcome.stderr.lines().next().unwrap().to_owned())
    };
    let registry = ["--image-registry", "r", "--from-dir", "d"];
    let text = "❌  both --image-registry and --from-dir flags cannot be given at the same time";
    assert_eq!(last(&registry), (1, text.into()));
    let text = "❌  Invalid container runtime. Supported values are docker and podman.";
    assert_eq!(last(&["--container-runtime", "lxc", "--embedded"]), (1, text.into()));
    let text = "❌  --runtime-path is only valid for self-hosted mode";
    assert_eq!(last(&["-k", "--runtime-path", "/x"]), (1, text.into()));
    let text = "❌  --embedded cannot be combined with --slim";
    assert_eq!(last(&["--embedded", "--slim"]), (2, text.into()));
    let (code, text) = last(&["--issuer-private-key", "k"]);
    assert_eq!(code, 2);
    assert!(text.ends_with("missing [ca-root-certificate issuer-public-certificate]"), "{text}");
    assert_eq!(tree(context.home()), "");
}

#[test]
fn uninstall_removes_the_binaries_and_keeps_the_rest() {
    let context = TestContext::new();
    context.dapr(["init", "--embedded"]);
    fs_err::create_dir_all(context.install().bin()).unwrap();
    fs_err::write(context.install().daprd(), "").unwrap();
    insta::assert_snapshot!(context.dapr(["uninstall"]), @"
    exit code: 0
    ----- stdout -----
    ℹ️  Removing Dapr from your machine...
    ℹ️  Removing directory: [HOME]/.dapr/bin
    ⚠  WARNING: containers named dapr_*, if there are any, are left: removing them is not available yet in this build
    ✅  Dapr has been removed successfully

    ----- stderr -----
    ");
    assert!(!context.install().bin().exists());
    assert!(context.install().config().exists());
    let outcome = context.dapr(["uninstall", "--all"]);
    insta::assert_snapshot!(outcome, @"
    exit code: 0
    ----- stdout -----
    ℹ️  Removing Dapr from your machine...
    ⚠  WARNING: [HOME]/.dapr/bin does not exist
    ℹ️  Removing directory: [HOME]/.dapr
    ✅  Dapr has been removed successfully

    ----- stderr -----
    ");
    assert_eq!(tree(context.home()), "");
}

#[test]
fn nothing_is_removed_while_an_app_uses_it() {
    let context = TestContext::new();
    context.dapr(["init", "--embedded"]);
    let daprd = Process::idle();
    context.record("uninstall-app", daprd.id(), |record| record.cli = Some(ProcessId::current()));
    insta::assert_snapshot!(context.dapr(["uninstall", "--all"]), @"
    exit code: 1
    ----- stdout -----
    ℹ️  Removing Dapr from your machine...

    ----- stderr -----
    ❌  Error removing Dapr: these apps still run with the embedded runtime: uninstall-app
    hint: stop them first: dapr stop uninstall-app
    ");
    assert!(context.install().config().exists());
    assert!(context.dapr(["uninstall"]).code == Some(0));
}
