use std::time::Duration;

use super::*;

fn options(words: &str) -> Result<Options, String> {
    let words: Vec<&str> = words.split_whitespace().collect();
    let flags = parse(&words).map_err(|error| format!("usage: {error}"))?;
    flags.options().map_err(|error| error.to_string())
}

fn ok(words: &str) -> Options {
    options(&format!("--app-id a {words}")).unwrap()
}

#[test]
fn words_become_options() {
    type Check = fn(&Options) -> bool;
    let cases: &[(&str, Check)] = &[
        ("", |o| o.http_port == 3500 && o.grpc_port == 50001 && o.internal_port == 0),
        ("-dapr-http-port 1", |o| o.http_port == 1),
        ("--dapr-http-port=1 --dapr-http-port=2", |o| o.http_port == 2),
        ("--app-port 0", |o| o.app_port == 0),
        ("--app-port 80 -- --app-port 81", |o| o.app_port == 80),
        ("--app-max-concurrency -1", |o| o.app_max_concurrency == 0),
        ("--app-max-concurrency 3", |o| o.app_max_concurrency == 3),
        ("--app-protocol GRPC", |o| o.app_protocol == Protocol::Grpc),
        ("--app-ssl", |o| o.app_protocol == Protocol::Https),
        ("--app-protocol grpc --app-ssl=true", |o| o.app_protocol == Protocol::Grpcs),
        ("--resources-path x,y --resources-path z", |o| o.resources_paths.len() == 3),
        ("--components-path c", |o| o.resources_paths == [PathBuf::from("c")]),
        ("--components-path c --resources-path r", |o| o.resources_paths == [PathBuf::from("r")]),
        ("--enable-api-logging", |o| o.api_logging == Some(true)),
        ("--enable-api-logging=false", |o| o.api_logging == Some(false)),
        ("", |o| o.api_logging.is_none() && o.metrics.is_some()),
        ("--enable-metrics=false", |o| o.metrics.is_none()),
        ("--enable-metrics false", |o| o.metrics.is_some()),
        ("--max-body-size 16", |o| o.max_body_size == Some(16)),
        ("--max-body-size -1", |o| o.max_body_size.is_none()),
        ("--dapr-http-max-request-size 2", |o| o.max_body_size == Some(2 << 20)),
        ("--dapr-http-max-request-size 2 --max-body-size 1Ki", |o| o.max_body_size == Some(1 << 10)),
        ("--read-buffer-size 8Ki", |o| o.read_buffer_size == 8192),
        ("--dapr-graceful-shutdown-seconds -3", |o| o.graceful_shutdown == Duration::from_secs(5)),
        ("--dapr-graceful-shutdown-seconds 0", |o| o.graceful_shutdown.is_zero()),
        ("--dapr-block-shutdown-duration 1m30s", |o| o.block_shutdown == Some(Duration::from_secs(90))),
        ("--disable-init-endpoints config", |o| !o.app_config && o.app_subscribe),
        ("--profile-port -1", |o| o.profile_port == -1),
        ("--enable-app-health-check --app-health-check-path hz", |o| {
            o.app_health.as_ref().is_some_and(|health| health.path == "/hz" && health.threshold == 3)
        }),
        ("--enable-mtls --sentry-address localhost:50001", |o| o.app_id == "a"),
        ("--reminders-service x --actors-service=y --actors-disseminate-timeout 1s", |o| o.app_id == "a"),
        ("--placement-host-address localhost:50005", |o| o.placement),
        ("--dapr-listen-addresses 127.0.0.1,[::1]", |o| o.listen_addresses == ["127.0.0.1", "[::1]"]),
    ];
    for (words, holds) in cases {
        assert!(holds(&ok(words)), "{words}");
    }
}

#[test]
fn wrong_words_have_the_stock_texts() {
    let cases = [
        ("--foo", "usage: unknown flag: --foo"),
        ("--help", "usage: pflag: help requested"),
        ("-h", "usage: pflag: help requested"),
        ("-x", "usage: unknown shorthand flag: 'x' in -x"),
        ("--app-id", "usage: flag needs an argument: --app-id"),
        (
            "--app-max-concurrency x",
            "usage: invalid argument \"x\" for \"--app-max-concurrency\" flag: strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        ("", "parameter app-id cannot be empty"),
        ("--app-id a.b", "parameter app-id cannot contain dots"),
        ("--app-id a --app-port 3500", "the 'dapr-http-port' argument value 3500 conflicts with 'app-port'"),
        (
            "--app-id a --app-port 50001",
            "the 'dapr-grpc-port' argument value 50001 conflicts with 'app-port'",
        ),
        ("--app-id a --app-protocol tcp", "invalid value for 'app-protocol': tcp"),
        ("--app-id a --disable-init-endpoints x", "invalid value for 'disable-init-endpoints': x"),
        ("--app-id a --mode moon", "invalid mode: moon"),
        (
            "--app-id a --dapr-http-port x",
            "error parsing dapr-http-port flag: strconv.Atoi: parsing \"x\": invalid syntax",
        ),
        (
            "--app-id a --dapr-public-port x",
            "error parsing dapr-public-port: strconv.Atoi: parsing \"x\": invalid syntax",
        ),
        (
            "--app-id a --enable-app-health-check --app-health-probe-interval 1 --app-health-probe-timeout 1000",
            "value for 'health-probe-timeout' must be smaller than 'health-probe-interval'",
        ),
        (
            "--app-id a --actors-disseminate-timeout -1s",
            "invalid value for 'actors-disseminate-timeout' option: must be positive, got -1s",
        ),
        (
            "--app-id a --max-body-size big",
            "invalid max request body size: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
    ];
    for (words, text) in cases {
        assert_eq!(options(words).unwrap_err(), text, "{words}");
    }
}

#[test]
fn a_deprecated_flag_is_told_once() {
    let flags = parse(&["--components-path", "a", "--components-path", "b", "--app-ssl"]).unwrap();
    let expected = [
        "Flag --components-path has been deprecated, use --resources-path",
        "Flag --app-ssl has been deprecated, use '--app-protocol=https|grpcs'",
    ];
    assert_eq!(flags.deprecations, expected);
}

#[test]
fn what_the_command_line_passes_is_understood() {
    let words = "--config c.yaml --app-protocol http --log-level info --app-max-concurrency -1 \
        --placement-host-address localhost:50005 --components-path c --max-body-size 4Mi --read-buffer-size 4Ki \
        --scheduler-host-address localhost:50006 --app-id a --app-port 0 --dapr-http-port 3501 \
        --dapr-grpc-port 50002 --profile-port -1 --metrics-port 9091 --dapr-internal-grpc-port 50003 --log-as-json";
    let options = options(words).unwrap();
    assert_eq!((options.http_port, options.grpc_port, options.internal_port), (3501, 50002, 50003));
    assert_eq!(options.config_files, [PathBuf::from("c.yaml")]);
    assert_eq!(options.max_body_size, Some(4 << 20));
}

#[test]
fn quantities_and_durations() {
    for (text, bytes) in [("4Mi", 4 << 20), ("500k", 500_000), ("1.5Ki", 1536), ("1e3", 1000), ("-1", -1)] {
        assert_eq!(quantity(text), Ok(bytes), "{text}");
    }
    for wrong in ["", "x", "4Mb", "4 Mi"] {
        assert!(quantity(wrong).is_err(), "{wrong}");
    }
    for (milliseconds, text) in
        [(5000, "5s"), (500, "500ms"), (60_000, "1m0s"), (1500, "1.5s"), (3_600_000, "1h0m0s")]
    {
        assert_eq!(duration_text(Duration::from_millis(milliseconds)), text);
    }
}

#[test]
fn the_usage_text_names_every_current_flag() {
    let text = usage();
    assert!(text.starts_with("Usage of daprd:\n"));
    assert!(text.contains("--dapr-http-port string") && text.contains("(default \"3500\")"));
    assert!(!text.contains("--components-path"));
}
