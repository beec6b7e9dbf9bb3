//! The keys of Dapr resources, for the check of files (daprd reference, sections 10 and 12).

use crate::lint::{Field, Shape};

const TEXTS: Shape = Shape::List(&Shape::Scalar);
const NUMBER: Shape = Shape::Either(&[Shape::Integer, Shape::Scalar]);

const fn field(name: &'static str, shape: Shape) -> Field {
    Field::new(name, shape, "")
}

const METADATA: Shape = Shape::Object(&[&[
    Field::required("name", Shape::Scalar, "the name of the resource"),
    field("namespace", Shape::Scalar),
    field("labels", Shape::Any),
    field("annotations", Shape::Any),
    field("creationTimestamp", Shape::Any),
]]);
const HEAD: &[Field] = &[
    field("apiVersion", Shape::Scalar),
    field("kind", Shape::Scalar),
    Field::required("metadata", METADATA, "it holds the name of the resource"),
    field("scopes", TEXTS),
    field("auth", Shape::Object(&[&[field("secretStore", Shape::Scalar)]])),
];
const REFERENCE: Shape = Shape::Object(&[&[
    Field::required("name", Shape::Scalar, "the name of the secret"),
    field("key", Shape::Scalar),
]]);
const ITEM: Shape = Shape::Object(&[&[
    Field::required("name", Shape::Scalar, "the name of the property"),
    field("value", Shape::Any),
    field("secretKeyRef", REFERENCE),
    field("envRef", Shape::Scalar),
]]);

/// `kind: Component`.
pub const COMPONENT: Shape = Shape::Object(&[
    HEAD,
    &[Field::required(
        "spec",
        Shape::Object(&[&[
            Field::required("type", Shape::Scalar, "the component's type, for example state.redis"),
            field("version", Shape::Scalar),
            field("ignoreErrors", Shape::Boolean),
            field("initTimeout", Shape::Scalar),
            field("metadata", Shape::List(&ITEM)),
        ]]),
        "what the component is",
    )],
]);

const ROUTES: Shape = Shape::Object(&[&[
    field(
        "rules",
        Shape::List(&Shape::Object(&[&[
            field("match", Shape::Scalar),
            Field::required("path", Shape::Scalar, "where matching events go"),
        ]])),
    ),
    field("default", Shape::Scalar),
]]);
const TOPIC: &[Field] = &[
    Field::required("pubsubname", Shape::Scalar, "the name of the pub/sub component"),
    Field::required("topic", Shape::Scalar, "the topic"),
    field("metadata", Shape::Map(&Shape::Scalar)),
    field("deadLetterTopic", Shape::Scalar),
    field(
        "bulkSubscribe",
        Shape::Object(&[&[
            field("enabled", Shape::Boolean),
            field("maxMessagesCount", Shape::Integer),
            field("maxAwaitDurationMs", Shape::Integer),
        ]]),
    ),
];

/// `kind: Subscription`, `dapr.io/v1alpha1`.
pub const SUBSCRIPTION_V1: Shape = Shape::Object(&[
    HEAD,
    &[Field::required(
        "spec",
        Shape::Object(&[TOPIC, &[Field::required("route", Shape::Scalar, "where events go")]]),
        "what is subscribed to",
    )],
]);

/// `kind: Subscription`, `dapr.io/v2alpha1`.
pub const SUBSCRIPTION_V2: Shape = Shape::Object(&[
    HEAD,
    &[Field::required(
        "spec",
        Shape::Object(&[TOPIC, &[Field::required("routes", ROUTES, "where events go")]]),
        "what is subscribed to",
    )],
]);

const SECRET_VALUE: Shape = Shape::Object(&[&[field("value", Shape::Any), field("secretKeyRef", REFERENCE)]]);

/// `kind: HTTPEndpoint`.
pub const HTTP_ENDPOINT: Shape = Shape::Object(&[
    HEAD,
    &[Field::required(
        "spec",
        Shape::Object(&[&[
            Field::required("baseUrl", Shape::Scalar, "the URL of the service"),
            field("headers", Shape::List(&ITEM)),
            field(
                "clientTLS",
                Shape::Object(&[&[
                    field("rootCA", SECRET_VALUE),
                    field("certificate", SECRET_VALUE),
                    field("privateKey", SECRET_VALUE),
                    field(
                        "renegotiation",
                        Shape::OneOf(&[
                            "RenegotiateNever",
                            "RenegotiateOnceAsClient",
                            "RenegotiateFreelyAsClient",
                        ]),
                    ),
                ]]),
            ),
        ]]),
        "where the service is",
    )],
]);

const POLICIES: &[Field] =
    &[field("timeout", Shape::Scalar), field("retry", Shape::Scalar), field("circuitBreaker", Shape::Scalar)];
const CACHE: &[Field] = &[field("circuitBreakerCacheSize", Shape::Integer)];
const SCOPE: &[Field] = &[field("circuitBreakerScope", Shape::OneOf(&["type", "id", "both"]))];
const RETRY: Shape = Shape::Object(&[&[
    field("policy", Shape::OneOf(&["constant", "exponential"])),
    field("duration", Shape::Scalar),
    field("initialInterval", Shape::Scalar),
    field("randomizationFactor", NUMBER),
    field("multiplier", NUMBER),
    field("maxInterval", Shape::Scalar),
    field("maxElapsedTime", Shape::Scalar),
    field("maxRetries", Shape::Integer),
    field(
        "matching",
        Shape::Object(&[&[field("httpStatusCodes", Shape::Scalar), field("gRPCStatusCodes", Shape::Scalar)]]),
    ),
]]);
const BREAKER: Shape = Shape::Object(&[&[
    field("maxRequests", Shape::Integer),
    field("interval", Shape::Scalar),
    field("timeout", Shape::Scalar),
    field("trip", Shape::Scalar),
]]);

/// `kind: Resiliency`.
pub const RESILIENCY: Shape = Shape::Object(&[
    HEAD,
    &[Field::required(
        "spec",
        Shape::Object(&[&[
            field(
                "policies",
                Shape::Object(&[&[
                    field("timeouts", Shape::Map(&Shape::Scalar)),
                    field("retries", Shape::Map(&RETRY)),
                    field("circuitBreakers", Shape::Map(&BREAKER)),
                ]]),
            ),
            field(
                "targets",
                Shape::Object(&[&[
                    field("apps", Shape::Map(&Shape::Object(&[POLICIES, CACHE]))),
                    field("actors", Shape::Map(&Shape::Object(&[POLICIES, SCOPE, CACHE]))),
                    field(
                        "components",
                        Shape::Map(&Shape::Object(&[&[
                            field("inbound", Shape::Object(&[POLICIES])),
                            field("outbound", Shape::Object(&[POLICIES])),
                        ]])),
                    ),
                ]]),
            ),
        ]]),
        "policies and their targets",
    )],
]);

const HANDLERS: Shape = Shape::Object(&[&[field("handlers", Shape::List(&Shape::Any))]]);
const METRIC: Shape = Shape::Object(&[&[
    field("enabled", Shape::Boolean),
    field("recordErrorCodes", Shape::Boolean),
    field("latencyDistributionBuckets", Shape::List(&NUMBER)),
    field(
        "http",
        Shape::Object(&[&[
            field("increasedCardinality", Shape::Boolean),
            field("pathMatching", TEXTS),
            field("excludeVerbs", Shape::Boolean),
        ]]),
    ),
    field("rules", Shape::List(&Shape::Any)),
]]);
const TRACING: Shape = Shape::Object(&[&[
    field("samplingRate", Shape::Scalar),
    field("stdout", Shape::Boolean),
    field("zipkin", Shape::Object(&[&[field("endpointAddress", Shape::Scalar)]])),
    field(
        "otel",
        Shape::Object(&[&[
            field("protocol", Shape::OneOf(&["http", "grpc"])),
            field("endpointAddress", Shape::Scalar),
            field("isSecure", Shape::Boolean),
            field("headers", Shape::Any),
            field("timeout", Shape::Any),
        ]]),
    ),
]]);
const SECRET_SCOPE: Shape = Shape::Object(&[&[
    Field::required("storeName", Shape::Scalar, "the name of the secret store"),
    field("defaultAccess", Shape::OneOf(&["allow", "deny"])),
    field("allowedSecrets", TEXTS),
    field("deniedSecrets", TEXTS),
]]);
const API_RULES: Shape = Shape::List(&Shape::Object(&[&[
    field("name", Shape::Scalar),
    field("version", Shape::Scalar),
    field("protocol", Shape::OneOf(&["http", "grpc"])),
]]));

/// `kind: Configuration`.
pub const CONFIGURATION: Shape = Shape::Object(&[
    HEAD,
    &[field(
        "spec",
        Shape::Object(&[&[
            field("httpPipeline", HANDLERS),
            field("appHttpPipeline", HANDLERS),
            field("tracing", TRACING),
            field("metric", METRIC),
            field("metrics", METRIC),
            field("secrets", Shape::Object(&[&[field("scopes", Shape::List(&SECRET_SCOPE))]])),
            field("accessControl", Shape::Any),
            field("nameResolution", Shape::Any),
            field(
                "features",
                Shape::List(&Shape::Object(&[&[
                    field("name", Shape::Scalar),
                    field("enabled", Shape::Boolean),
                ]])),
            ),
            field("api", Shape::Object(&[&[field("allowed", API_RULES), field("denied", API_RULES)]])),
            field("components", Shape::Object(&[&[field("deny", TEXTS)]])),
            field("logging", Shape::Any),
            field("workflow", Shape::Any),
            field("mtls", Shape::Any),
            field("wasm", Shape::Any),
        ]]),
    )],
]);
