//! The keys of a run file, for the check and for the JSON Schema (run file reference, section 2; what is ours is
//! at the end of each group).

use serde_json::Value;

use crate::lint::{Field, Shape, schema};

/// The stock words for a run file without a version.
pub const NO_VERSION: &str = "required field 'version' not found in the provided run template file";
/// The stock words for an app without a directory.
pub const NO_DIRECTORY: &str = "required field 'appDirPath' not found in the provided app config file";

const TEXTS: Shape = Shape::List(&Shape::Scalar);
const DESTINATION: Shape = Shape::OneOf(&["console", "file", "fileAndConsole"]);
const CONDITION: Shape = Shape::OneOf(&["started", "healthy", "completed"]);

/// Keys of `common` and of each app.
const SHARED: &[Field] = &[
    Field::new("configFilePath", Shape::Scalar, "Configuration file of the sidecar."),
    Field::new(
        "appProtocol",
        Shape::Scalar,
        "How the sidecar talks to the app: http (default), https, grpc, grpcs or h2c.",
    ),
    Field::new(
        "apiListenAddresses",
        Shape::Scalar,
        "Addresses on which the sidecar's API listens, separated by commas.",
    ),
    Field::new("enableProfiling", Shape::Flag, "Profiling of the sidecar."),
    Field::new(
        "logLevel",
        Shape::Scalar,
        "Log level of the sidecar: debug, info, warn, error, fatal or panic.",
    ),
    Field::new(
        "appMaxConcurrency",
        Shape::Integer,
        "How many requests the app gets at the same time; no limit when 0 or less.",
    ),
    Field::new("placementHostAddress", Shape::Scalar, "Address of the placement service; empty for none."),
    Field::new("schedulerHostAddress", Shape::Scalar, "Address of the scheduler service; empty for none."),
    Field::new("resourcesPath", Shape::Scalar, "One more resources directory; see resourcesPaths."),
    Field::new(
        "resourcesPaths",
        TEXTS,
        "Directories with components, subscriptions and resiliency policies.",
    ),
    Field::new("appSSL", Shape::Flag, "The app is called with TLS; better: appProtocol https or grpcs."),
    Field::new("maxBodySize", Shape::Scalar, "Largest request body, for example 4Mi."),
    Field::new("readBufferSize", Shape::Scalar, "Largest HTTP header, for example 4Ki."),
    Field::new("enableAppHealthCheck", Shape::Flag, "The sidecar checks the app's health."),
    Field::new("appHealthCheckPath", Shape::Scalar, "Path of the health check."),
    Field::new("appHealthProbeInterval", Shape::Integer, "Seconds between health checks."),
    Field::new("appHealthProbeTimeout", Shape::Integer, "Milliseconds that a health check may take."),
    Field::new("appHealthThreshold", Shape::Integer, "Failed health checks that make the app unhealthy."),
    Field::new("enableApiLogging", Shape::Flag, "The sidecar logs each call of its API."),
    Field::new(
        "runtimePath",
        Shape::Scalar,
        "Directory that holds the .dapr with the runtime and the default files.",
    ),
    Field::new(
        "env",
        Shape::Map(&Shape::Scalar),
        "Variables of the app. ${NAME} and ${NAME:-default} are replaced.",
    ),
    Field::new("daprdLogDestination", DESTINATION, "Where the sidecar's log goes; file is the default.")
        .refused("invalid log destination type: {}"),
    Field::new(
        "appLogDestination",
        DESTINATION,
        "Where the app's output goes; fileAndConsole is the default.",
    )
    .refused("invalid log destination type: {}"),
    Field::new(
        "envFile",
        Shape::Either(&[Shape::Scalar, TEXTS]),
        "Files of NAME=value lines; env wins over them.",
    ),
    Field::new(
        "logDir",
        Shape::Scalar,
        "Directory of the log files; .dapr/logs in the app's directory is the default.",
    ),
    Field::new(
        "restart",
        Shape::Either(&[RESTART, POLICY, Shape::Flag]),
        "Whether an app that ends is started again; no is the default.",
    ),
    Field::new(
        "runtime",
        Shape::OneOf(&["embedded", "installed"]),
        "Which sidecar serves the app; the installed one is the default when there is one.",
    ),
    Field::new(
        "watch",
        Shape::Either(&[Shape::Flag, Shape::Object(&[WATCH])]),
        "The app is restarted when its files change.",
    ),
];

/// Keys of an app.
const APP: &[Field] = &[
    Field::required("appDirPath", Shape::Scalar, "the app's directory, relative to the run file")
        .missing(NO_DIRECTORY),
    Field::new("appID", Shape::Scalar, "Identity of the app; the name of its directory is the default."),
    Field::new(
        "appChannelAddress",
        Shape::Scalar,
        "Address on which the app listens; 127.0.0.1 is the default.",
    ),
    Field::new("appPort", Shape::Integer, "Port on which the app listens."),
    Field::new("daprHTTPPort", Shape::Integer, "Port of the sidecar's HTTP API; a free one is the default."),
    Field::new("daprGRPCPort", Shape::Integer, "Port of the sidecar's gRPC API; a free one is the default."),
    Field::new(
        "daprInternalGRPCPort",
        Shape::Integer,
        "Port for calls between sidecars; a free one is the default.",
    ),
    Field::new("metricsPort", Shape::Integer, "Port of the sidecar's metrics; a free one is the default."),
    Field::new("profilePort", Shape::Integer, "Port of the sidecar's profiles; a free one is the default."),
    Field::new(
        "unixDomainSocket",
        Shape::Scalar,
        "Directory of the sockets on which the sidecar's API listens, in place of ports.",
    ),
    Field::new(
        "command",
        TEXTS,
        "Program and arguments, ${NAME} and ${NAME:-default} replaced; without it only the sidecar runs.",
    ),
    Field::new("containerImage", Shape::Scalar, "Image of the app, for Kubernetes."),
    Field::new(
        "containerImagePullPolicy",
        Shape::OneOf(&["Always", "Never", "IfNotPresent"]),
        "When Kubernetes pulls the image.",
    )
    .refused("invalid containerImagePullPolicy: {}, allowed values: Always, Never, IfNotPresent"),
    Field::new("createService", Shape::Flag, "Kubernetes gets a service for the app."),
    Field::new(
        "dependsOn",
        Shape::Either(&[TEXTS, Shape::Map(&CONDITION)]),
        "Apps that have to come first: their ids, or a map from ids to started, healthy or completed.",
    ),
    Field::new("readiness", READINESS, "How it is found out whether the app is ready."),
    Field::new("profiles", TEXTS, "The app is started only when one of these is asked for with --profile."),
];

const POLICY: Shape = Shape::OneOf(&["no", "on-failure", "always"]);
const RESTART: Shape = Shape::Object(&[&[
    Field::required("policy", Shape::Either(&[POLICY, Shape::Flag]), "no, on-failure or always"),
    Field::new(
        "maxRetries",
        Shape::Integer,
        "Restarts until the run gives up; no limit is the default. A minute without an end resets the count.",
    ),
    Field::new(
        "backoff",
        Shape::Duration,
        "The first pause before a restart, 500ms; each further one is twice as long.",
    ),
    Field::new("maxBackoff", Shape::Duration, "The longest pause before a restart, 30s."),
]]);
const PORT: Field = Field::new("port", Shape::Integer, "Port; the app's own is the default.");
const READINESS: Shape = Shape::Object(&[&[
    Field::new(
        "http",
        Shape::Object(&[&[Field::required("path", Shape::Scalar, "the path that is asked for"), PORT]]),
        "Ready when a GET is answered with 2xx or 3xx.",
    ),
    Field::new("tcp", Shape::Object(&[&[PORT]]), "Ready when a connection is accepted."),
    Field::new("command", TEXTS, "Ready when this command ends with 0."),
    Field::new("interval", Shape::Duration, "Pause between tries, 500ms."),
    Field::new("timeout", Shape::Duration, "Limit of one try, 1s."),
    Field::new("startTimeout", Shape::Duration, "Limit of all tries together, 60s."),
]]);
const WATCH: &[Field] = &[
    Field::new("paths", TEXTS, "Files and directories; the app's directory is the default."),
    Field::new("ignore", TEXTS, "Glob patterns of what doesn't count."),
    Field::new("debounce", Shape::Duration, "How long things have to be quiet before the restart, 200ms."),
];

/// A run file.
pub const RUN_FILE: Shape = Shape::Object(&[&[
    Field::required("version", Shape::Integer, "the version of the format, 1").missing(NO_VERSION),
    Field::new("name", Shape::Scalar, "Name of the system."),
    Field::new("common", Shape::Object(&[SHARED]), "What holds for every app that doesn't say otherwise."),
    Field::new(
        "logDir",
        Shape::Scalar,
        "Directory of the log files; .dapr/logs in each app's directory is the default.",
    ),
    Field::new("apps", Shape::List(&Shape::Object(&[APP, SHARED])), "The apps, at least one."),
]]);

/// The JSON Schema of run files, as `templates/schema/dapr.schema.json` holds it.
pub fn json_schema() -> Value {
    schema("Dapr run file", "Apps and their sidecars, for `dapr run -f`.", &RUN_FILE)
}
