//! Component types and the metadata that they can't do without. Not complete: a type that is missing here is not
//! checked.

/// A component type.
#[derive(Debug, Clone, Copy)]
pub struct Type {
    /// For example `state.redis`.
    pub kind: &'static str,
    /// Each of these has to be there, by one of its names.
    pub required: &'static [&'static [&'static str]],
}

const SQLITE: &[&[&str]] = &[&["connectionString", "url"]];
const REDIS: &[&[&str]] = &[&["redisHost"]];

/// Types of which it is known what they need.
pub const TYPES: &[Type] = &[
    Type { kind: "state.in-memory", required: &[] },
    Type { kind: "state.sqlite", required: SQLITE },
    Type { kind: "state.sqlite3", required: SQLITE },
    Type { kind: "state.redis", required: REDIS },
    Type { kind: "pubsub.in-memory", required: &[] },
    Type { kind: "pubsub.sqlite", required: SQLITE },
    Type { kind: "pubsub.redis", required: REDIS },
    Type { kind: "secretstores.local.env", required: &[] },
    Type { kind: "secretstores.local.file", required: &[&["secretsFile"]] },
    Type { kind: "configuration.redis", required: REDIS },
    Type { kind: "lock.redis", required: REDIS },
    Type { kind: "bindings.redis", required: REDIS },
    Type { kind: "bindings.cron", required: &[&["schedule"]] },
    Type { kind: "bindings.http", required: &[&["url"]] },
    Type { kind: "bindings.localstorage", required: &[&["rootPath"]] },
];

/// Types that the embedded runtime has.
pub const EMBEDDED: &[&str] = &[
    "bindings.cron",
    "bindings.http",
    "bindings.localstorage",
    "bindings.redis",
    "configuration.redis",
    "lock.redis",
    "pubsub.in-memory",
    "pubsub.redis",
    "pubsub.sqlite",
    "secretstores.local.env",
    "secretstores.local.file",
    "state.in-memory",
    "state.redis",
    "state.sqlite",
    "state.sqlite3",
];

/// Types that only the embedded runtime has.
pub const OURS: &[&str] = &["pubsub.sqlite"];

/// Categories of components: what stands before the first dot of a type.
pub const CATEGORIES: &[&str] = &[
    "state",
    "pubsub",
    "bindings",
    "secretstores",
    "configuration",
    "lock",
    "crypto",
    "conversation",
    "middleware",
    "nameresolution",
];

/// What is known of a type.
pub fn find(kind: &str) -> Option<&'static Type> {
    TYPES.iter().find(|one| one.kind.eq_ignore_ascii_case(kind))
}
