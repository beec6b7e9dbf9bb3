//! Wrong usage, said once, on stderr, with exit code 2.

use std::io::Read;
use std::process::Stdio;

use crate::support::TestContext;

#[test]
fn an_unknown_flag_shows_the_usage_of_its_verb() {
    insta::assert_snapshot!(TestContext::new().dapr(["stop", "--app-idd", "x"]), @"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    Error: unknown flag: --app-idd
    Usage:
      dapr stop [flags]

    Examples:

    # Stop a Dapr application
    dapr stop --app-id <ID>

    # Stop several Dapr applications
    dapr stop <ID> <ID>

    # Stop the applications of a run template file
    dapr stop -f dapr.yaml

    # Stop everything
    dapr stop --all


    Flags:
          --all               Stop everything that dapr list shows
      -a, --app-id string     The application id to be stopped
      -h, --help              Print this help message
      -k, --kubernetes        Stop all Dapr instances of a run template file in a Kubernetes cluster
      -f, --run-file string   Path to the run template file for the list of apps to stop

    Global Flags:
          --log-as-json           Log output in JSON format
          --runtime-path string   The path to the dapr runtime installation directory

    hint: did you mean --app-id?
    ");
}

#[test]
fn an_unknown_command_asks_what_was_meant() {
    insta::assert_snapshot!(TestContext::new().dapr(["stpo"]), @r#"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    Error: unknown command "stpo" for "dapr"

    Did you mean this?
    	stop

    Run 'dapr --help' for usage.
    "#);
    insta::assert_snapshot!(TestContext::new().dapr(["frobnicate", "-x"]), @r#"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    Error: unknown command "frobnicate" for "dapr"
    Run 'dapr --help' for usage.
    "#);
}

#[test]
fn required_flags_are_named_together() {
    let outcome = TestContext::new().dapr(["publish", "--topic", "t"]);
    assert_eq!(outcome.code, Some(2));
    let first = outcome.stderr.lines().next().unwrap();
    assert_eq!(first, r#"Error: required flag(s) "publish-app-id", "pubsub" not set"#);
    assert!(outcome.stderr.ends_with("installation directory\n\n"), "{outcome}");
}

#[test]
fn verbs_to_come_say_so() {
    for verb in ["annotate", "mtls", "workflow"] {
        let outcome = TestContext::new().dapr([verb, "list", "--whatever"]);
        assert_eq!(outcome.code, Some(1));
        assert_eq!(outcome.stderr, format!("❌  dapr {verb} is not available yet in this build\n"));
    }
}

#[test]
fn kubernetes_is_not_there_yet() {
    for args in [["list", "-k"], ["init", "-k"], ["uninstall", "-k"]] {
        let outcome = TestContext::new().dapr(args);
        assert_eq!(outcome.code, Some(1));
        let text = format!("❌  dapr {} {} is not available yet in this build\n", args[0], args[1]);
        assert_eq!(outcome.stderr, text);
    }
}

#[test]
fn an_unknown_format_is_a_failure() {
    insta::assert_snapshot!(TestContext::new().dapr(["list", "-o", "xml"]), @"
    exit code: 1
    ----- stdout -----

    ----- stderr -----
    ❌  An invalid output format was specified.
    hint: valid formats are json, yaml, wide and table
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let context = TestContext::new();
    let mut child = context.command().args(["completion", "bash"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 1]).unwrap();
    drop(stdout);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_full_disk_is_a_failure() {
    let context = TestContext::new();
    let full = fs_err::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = context.command().arg("version").stdout(full.into_parts().0).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn status_lines_can_be_json() {
    let outcome = TestContext::new().dapr(["stop", "--log-as-json", "no<body>"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    let line: serde_json::Value = serde_json::from_str(outcome.stderr.lines().next().unwrap()).unwrap();
    assert_eq!(line["status"], "failure");
    assert_eq!(line["msg"], "failed to stop app id no<body>: couldn't find app id no<body>");
    assert!(outcome.stderr.contains(r"no\u003cbody\u003e"), "{outcome}");
}
