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
fn without_an_engine_nothing_changes_and_the_ways_without_one_are_named() {
    let context = TestContext::new();
    insta::assert_snapshot!(context.dapr(["init", "--runtime-version", "1.18.0"]), @"
    exit code: 1
    ----- stdout -----
    ⌛  Making the jump to hyperspace...

    ----- stderr -----
    ❌  could not connect to docker. docker may not be installed or running
    hint: tried unix://[HOME]/no-engine.sock (DOCKER_HOST): there is no such socket
    hint: start docker, or name another engine with --container-runtime or its variables
    hint: without containers: `dapr init --embedded` (no download either), `dapr init --slim`, or `dapr init --slim --from-dir <bundle>`; `dapr run` works as it is, with the embedded runtime
    ");
    assert_eq!(tree(context.home()), "");
}

#[test]
fn without_a_network_nothing_changes_and_the_ways_without_one_are_named() {
    let context = TestContext::new();
    // Nobody listens there, and nobody will.
    let url = "http://127.0.0.1:1";
    let mut command = context.command();
    command.args(["init", "--slim", "--runtime-version", "1.18.0"]).env("DAPR_DOWNLOAD_URL", url);
    let outcome = context.run(&mut command);
    assert_eq!(outcome.code, Some(1));
    // All three are asked for at the same time, and any of them may be the first to fail.
    let text = format!(" binary: cannot download {url}/v1.18.0/");
    assert!(outcome.stderr.contains(&text), "{outcome}");
    for way in ["--embedded", "--slim --from-dir", "`dapr run` works as it is", "HTTPS_PROXY"] {
        assert!(outcome.stderr.contains(way), "{way} is not in {outcome}");
    }
    assert_eq!(tree(context.home()), "");
}

/// A bundle with three programs that print a version, as an installation without containers needs it.
fn bundle(context: &TestContext, version: &str) -> PathBuf {
    let directory = context.home().join("bundle");
    fs_err::create_dir_all(directory.join("dist")).unwrap();
    let program = context.home().join("program");
    fs_err::write(&program, format!("#!/bin/sh\necho {version}\n")).unwrap();
    dapr_cli::os::make_executable(&program).unwrap();
    for name in ["daprd", "placement", "scheduler"] {
        let archive = directory.join("dist").join(dapr_cli::release::Archive::file_name(name));
        dapr_cli::release::pack(&program, name, &archive).unwrap();
    }
    fs_err::remove_file(program).unwrap();
    let details = format!(
        r#"{{"daprd": "{version}", "daprBinarySubDir": "dist", "dockerImageSubDir": "docker",
            "daprImageName": "daprio/dapr:{version}", "daprImageFileName": "dapr.tar.gz"}}"#
    );
    fs_err::write(directory.join("details.json"), details).unwrap();
    directory
}

#[test]
fn a_bundle_is_installed_without_containers_or_network() {
    let context = TestContext::new();
    let bundle = bundle(&context, "1.17.5");
    insta::assert_snapshot!(context.dapr(["init", "--slim", "--from-dir", bundle.to_str().unwrap()]), @"
    exit code: 0
    ----- stdout -----
    ⌛  Making the jump to hyperspace...
    ⚠  Local bundle installation using --from-dir flag is currently a preview feature and is subject to change. It is only available from CLI version 1.7 onwards.
    ℹ️  Installing runtime version 1.17.5

    Dapr runtime installed to [HOME]/.dapr/bin, you may run the following to add it to your path if you want to run daprd directly:
        export PATH=$PATH:[HOME]/.dapr/bin
    ✅  Extracting binaries and setting up components...
    ✅  Extracted binaries and completed components set up.
    ℹ️  daprd binary has been installed to [HOME]/.dapr/bin.
    ℹ️  placement binary has been installed to [HOME]/.dapr/bin.
    ℹ️  scheduler binary has been installed to [HOME]/.dapr/bin.
    ✅  Success! Dapr is up and running. To get started, go here: https://docs.dapr.io/getting-started

    ----- stderr -----
    [HOME]/.dapr/config.yaml: written
    ");
    insta::assert_snapshot!(tree(context.install().root()), @"
    bin/daprd
    bin/placement
    bin/scheduler
    components
    config.yaml
    init.json
    ");
    assert!(context.dapr(["version"]).stdout.contains("Runtime version: 1.17.5"));
    let config = fs_err::read_to_string(context.install().config()).unwrap();
    assert!(config.ends_with("spec: {}\n"), "{config}");
}

#[test]
fn a_second_init_puts_back_what_is_missing_and_changes_nothing_else() {
    let context = TestContext::new();
    let bundle = bundle(&context, "1.17.5");
    let init = || context.dapr(["init", "--slim", "--from-dir", bundle.to_str().unwrap()]);
    assert_eq!(init().code, Some(0));
    let install = context.install();
    fs_err::write(install.config(), "mine").unwrap();
    fs_err::remove_file(install.program("placement")).unwrap();
    let age = |name: &str| fs_err::metadata(install.program(name)).unwrap().modified().unwrap();
    let before = age("daprd");
    let outcome = init();
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(outcome.stdout.contains("Runtime version 1.17.5 is installed already"), "{outcome}");
    assert!(install.program("placement").is_file());
    assert_eq!(age("daprd"), before);
    assert_eq!(fs_err::read_to_string(install.config()).unwrap(), "mine");
}

#[test]
fn another_version_is_refused_by_init_and_brought_by_upgrade() {
    let context = TestContext::new();
    let old = bundle(&context, "1.17.5");
    assert_eq!(context.dapr(["init", "--slim", "--from-dir", old.to_str().unwrap()]).code, Some(0));
    let new = bundle(&context, "1.18.0");
    let args = ["--from-dir", new.to_str().unwrap()];
    let refused = context.dapr([&["init", "--slim"], args.as_slice()].concat());
    assert_eq!(refused.code, Some(1));
    let text = "❌  [HOME]/.dapr/bin/daprd file already exists, please run `dapr uninstall` first";
    assert!(
        refused.stderr.contains(text) && refused.stderr.contains("dapr upgrade --runtime-version 1.18.0"),
        "{refused}"
    );
    fs_err::write(context.install().config(), "mine").unwrap();
    insta::assert_snapshot!(context.dapr([&["upgrade"], args.as_slice()].concat()), @"
    exit code: 0
    ----- stdout -----
    ℹ️  Dapr runtime version 1.17.5 detected in [HOME]/.dapr
    ℹ️  Installing runtime version 1.18.0
    ✅  Extracting binaries and replacing services...
    ✅  Dapr runtime successfully upgraded to version 1.18.0. Make sure your applications are restarted to pick up the latest sidecar version.

    ----- stderr -----
    ");
    assert!(context.dapr(["version"]).stdout.contains("Runtime version: 1.18.0"));
    assert_eq!(fs_err::read_to_string(context.install().config()).unwrap(), "mine");
}

#[test]
fn a_damaged_archive_leaves_everything_as_it_was() {
    let context = TestContext::new();
    let bundle = bundle(&context, "1.17.5");
    let archive = bundle.join("dist").join(dapr_cli::release::Archive::file_name("scheduler"));
    let whole = fs_err::read(&archive).unwrap();
    fs_err::write(&archive, &whole[..whole.len() / 2]).unwrap();
    let outcome = context.dapr(["init", "--slim", "--from-dir", bundle.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(1));
    let text = "❌  error extracting scheduler binary: [HOME]/bundle/dist/scheduler_";
    assert!(outcome.stderr.contains(text), "{outcome}");
    assert!(outcome.stdout.ends_with("❌  Extracting binaries and setting up components...\n"), "{outcome}");
    assert!(!context.install().root().exists());
}

#[test]
fn a_slim_installation_can_be_packed_and_installed_again() {
    let context = TestContext::new();
    let first = bundle(&context, "1.17.5");
    assert_eq!(context.dapr(["init", "--slim", "--from-dir", first.to_str().unwrap()]).code, Some(0));
    let made = context.dapr(["bundle", "create", "packed"]);
    assert_eq!(made.code, Some(0), "{made}");
    insta::assert_snapshot!(made.stdout, @"
    ✅  Packing runtime version 1.17.5...
    ✅  Runtime version 1.17.5 has been packed into packed
    ℹ️  There are no images in it
    ℹ️  On the other machine: dapr init --slim --from-dir packed
    ");
    let again = context.dapr(["bundle", "create", "packed"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("[HOME]/packed is there already and is not an empty directory"), "{again}");
    assert_eq!(context.dapr(["uninstall", "--all"]).code, Some(0));
    assert_eq!(context.dapr(["init", "--slim", "--from-dir", "packed"]).code, Some(0));
    assert!(context.dapr(["version"]).stdout.contains("Runtime version: 1.17.5"));
}

#[test]
fn without_a_runtime_there_is_nothing_to_upgrade_or_pack() {
    let context = TestContext::new();
    for args in [["upgrade", "--runtime-version=1.18.0"].as_slice(), &["bundle", "create", "packed"]] {
        let outcome = context.dapr(args);
        assert_eq!(outcome.code, Some(1), "{outcome}");
        let text = "no runtime is installed in [HOME]/.dapr\nhint: `dapr init` installs one\n";
        assert!(outcome.stderr.contains(text), "{outcome}");
    }
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
fn an_engine_that_a_flag_names_wins_over_the_environment() {
    let context = TestContext::new();
    let asked = |args: &[&str]| {
        let mut command = context.command();
        context.run(command.args(args).env("DAPR_CONTAINER_RUNTIME", "podman")).stderr
    };
    let init = ["init", "--runtime-version", "1.18.0"];
    let named = asked(&[&init[..], &["--container-runtime", "docker"]].concat());
    assert!(named.contains("could not connect to docker"), "{named}");
    let of_environment = asked(&init);
    assert!(of_environment.contains("could not connect to podman"), "{of_environment}");
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
    ⚠  WARNING: could not delete supporting containers as container runtime is not installed or running
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
