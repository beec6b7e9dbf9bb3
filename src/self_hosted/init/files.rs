//! The default files of the stock runtime (layout reference, section 3).

use std::path::PathBuf;

use super::{Redis, Role, Settings};

const STATESTORE: &str = include_str!("../../../templates/stock/statestore.yaml");
const PUBSUB: &str = include_str!("../../../templates/stock/pubsub.yaml");
const CONFIG: &str = include_str!("../../../templates/stock/config.yaml");
const CONFIG_SLIM: &str = include_str!("../../../templates/stock/config-slim.yaml");

/// The files for an installation with these services.
pub fn files(settings: &Settings, roles: &[Role]) -> Vec<(PathBuf, String)> {
    let host =
        |role: Role| settings.network.as_ref().map_or_else(|| "localhost".to_owned(), |_| role.alias());
    let redis = match &settings.redis {
        Redis::Existing(host) => Some(host.clone()),
        _ if roles.contains(&Role::Redis) => Some(format!("{}:6379", host(Role::Redis))),
        _ => None,
    };
    let mut files = Vec::new();
    if let Some(redis) = redis {
        let components = settings.install.components();
        let with_host = |template: &str| template.replace("@REDIS_HOST@", &redis);
        files.push((components.join("statestore.yaml"), with_host(STATESTORE)));
        files.push((components.join("pubsub.yaml"), with_host(PUBSUB)));
    }
    let config = if roles.contains(&Role::Zipkin) {
        CONFIG.replace("@ZIPKIN_HOST@", &host(Role::Zipkin))
    } else {
        CONFIG_SLIM.to_owned()
    };
    files.push((settings.install.config(), config));
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_hosted::init::testing::settings;

    #[test]
    fn hosts_follow_the_network() {
        let home = tempfile::tempdir().unwrap();
        let mut settings = settings(home.path());
        let hosts = |settings: &Settings, roles: &[Role]| -> Vec<String> {
            let texts = files(settings, roles).into_iter().flat_map(|(_, text)| {
                let lines = text.lines().filter(|line| line.contains(":6379") || line.contains(":9411"));
                lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
            });
            texts.collect()
        };
        let (redis, zipkin) =
            ("value: localhost:6379", "endpointAddress: http://localhost:9411/api/v2/spans");
        assert_eq!(hosts(&settings, &Role::ALL), [redis, redis, zipkin]);
        settings.network = Some("net".into());
        let (redis, zipkin) =
            ("value: dapr_redis:6379", "endpointAddress: http://dapr_zipkin:9411/api/v2/spans");
        assert_eq!(hosts(&settings, &Role::ALL), [redis, redis, zipkin]);
        assert_eq!(hosts(&settings, &[Role::Placement]), Vec::<String>::new());
        assert_eq!(files(&settings, &[]), [(settings.install.config(), CONFIG_SLIM.to_owned())]);
    }
}
