//! Help pages.

use crate::support::TestContext;

#[test]
fn nothing_at_all_shows_the_root_help() {
    let context = TestContext::new();
    let outcome = context.dapr::<&str>([]);
    insta::assert_snapshot!(outcome, @r#"
    exit code: 0
    ----- stdout -----

            |
        ___ |  ___    ___    ___
       /   \| /   \  /   \  /
      |     ||     ||     ||
       \___/| \___/||\___/ |
                    |
                    |
    ===============================
    Distributed Application Runtime

    Usage:
      dapr [flags]
      dapr [command]

    Available Commands:
      build-info     Print build info of Dapr CLI and runtime
      bundle         Pack the installed runtime for machines without a network. Supported platforms: Self-hosted
      completion     Generates shell completion scripts
      components     List all Dapr components. Supported platforms: Kubernetes and self-hosted
      configurations List all Dapr configurations. Supported platforms: Kubernetes and self-hosted
      dashboard      Show apps, logs and resources in the browser. Supported platforms: Self-hosted
      doctor         Look for what keeps Dapr from working on this machine. Supported platforms: Self-hosted
      help           Help about any command
      init           Install Dapr on supported hosting platforms. Supported platforms: Kubernetes and self-hosted
      invoke         Invoke a method on a given Dapr application. Supported platforms: Self-hosted
      lint           Check run files and resources. Supported platforms: Self-hosted
      list           List all Dapr instances. Supported platforms: Kubernetes and self-hosted
      logs           Show what applications and their sidecars have written. Supported platforms: Self-hosted
      mcpservers     List all Dapr MCPServer resources. Supported platforms: Kubernetes and self-hosted
      publish        Publish a pub-sub event. Supported platforms: Self-hosted
      restart        Restart applications, beside the same sidecars. Supported platforms: Self-hosted
      run            Run Dapr and (optionally) your application side by side. Supported platforms: Self-hosted
      scheduler      Scheduler management commands. Use -k to target a Kubernetes Dapr cluster
      status         Show the health status of Dapr services. Supported platforms: Kubernetes and self-hosted
      stop           Stop Dapr instances and their associated apps. Supported platforms: Self-hosted
      subscriptions  List what running applications receive. Supported platforms: Self-hosted
      uninstall      Uninstall Dapr runtime. Supported platforms: Kubernetes and self-hosted
      upgrade        Upgrades or downgrades a Dapr installation. Supported platforms: Kubernetes and self-hosted
      version        Print the Dapr runtime and CLI version
      wait           Wait until applications are healthy, or have ended. Supported platforms: Self-hosted

    Flags:
      -h, --help                  help for dapr
          --log-as-json           Log output in JSON format
          --runtime-path string   The path to the dapr runtime installation directory
      -v, --version               version for dapr

    Use "dapr [command] --help" for more information about a command.

    ----- stderr -----
    "#);
    for same in [["help"].as_slice(), &["-h"], &["--help"], &["--log-as-json", "--help"]] {
        assert_eq!(context.dapr(same).to_string(), outcome.to_string(), "{same:?}");
    }
}

#[test]
fn a_verb_has_one_page_however_it_is_asked_for() {
    let context = TestContext::new();
    let outcome = context.dapr(["invoke", "--help"]);
    insta::assert_snapshot!(outcome, @r#"
    exit code: 0
    ----- stdout -----
    Invoke a method on a given Dapr application. Supported platforms: Self-hosted

    Usage:
      dapr invoke [flags]

    Examples:

    # Invoke a sample method on target app with POST Verb
    dapr invoke --app-id target --method sample --data '{"key":"value"}'

    # Invoke a sample method on target app with GET Verb
    dapr invoke --app-id target --method sample --verb GET

    # Invoke a sample method on target app with GET Verb using Unix domain socket
    dapr invoke --unix-domain-socket <DIR> --app-id target --method sample --verb GET


    Flags:
      -a, --app-id string               The application id to invoke
      -d, --data string                 The JSON serialized data string (optional)
      -f, --data-file string            A file containing the JSON serialized data (optional)
      -h, --help                        Print this help message
      -m, --method string               The method to invoke
      -u, --unix-domain-socket string   Path to a unix domain socket dir. If specified, Dapr API servers will use Unix Domain Sockets
      -v, --verb string                 The HTTP verb to use (default "POST")

    Global Flags:
          --log-as-json           Log output in JSON format
          --runtime-path string   The path to the dapr runtime installation directory

    ----- stderr -----
    "#);
    for same in [["help", "invoke"], ["invoke", "-h"], ["-h", "invoke"]] {
        assert_eq!(context.dapr(same).to_string(), outcome.to_string(), "{same:?}");
    }
}

#[test]
fn every_verb_has_a_page() {
    let context = TestContext::new();
    for child in dapr_cli::cli::command().get_subcommands() {
        let outcome = context.dapr([child.get_name(), "--help"]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{}", child.get_name());
        let usage = format!("\n\nUsage:\n  dapr {} [", child.get_name());
        assert!(outcome.stdout.contains(&usage), "{}", outcome.stdout);
    }
}

#[test]
fn completion_without_a_shell_explains_itself() {
    let context = TestContext::new();
    let outcome = context.dapr(["completion"]);
    assert_eq!(outcome.code, Some(0));
    assert!(outcome.stdout.contains("source <(dapr completion bash)"), "{outcome}");
    assert_eq!(context.dapr(["completion", "tcsh"]).to_string(), outcome.to_string());
}

#[test]
fn completion_prints_the_committed_scripts() {
    let context = TestContext::new();
    for (shell, text) in [
        ("bash", include_str!("../../completions/dapr.bash")),
        ("fish", include_str!("../../completions/dapr.fish")),
        ("powershell", include_str!("../../completions/_dapr.ps1")),
        ("zsh", include_str!("../../completions/_dapr")),
    ] {
        let outcome = context.dapr(["completion", shell, "surplus"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), text), "{shell}");
    }
}

#[test]
fn an_unknown_topic_is_wrong_usage() {
    let outcome = TestContext::new().dapr(["help", "nobody", "knows"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(2), ""));
    assert!(outcome.stderr.starts_with("Unknown help topic [`nobody` `knows`]\nUsage:\n  dapr [flags]\n"));
}
