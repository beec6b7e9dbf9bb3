use std::time::Duration;

use super::retry::Retries;
use super::{Defaults, Settings, milliseconds};
use crate::components::Properties;

fn parse(settings: &[(&str, &str)], defaults: Defaults) -> Result<Settings, String> {
    let properties: Properties = settings.iter().copied().collect();
    Settings::parse(&properties, defaults).map_err(|error| error.to_string())
}

fn refusal(settings: &[(&str, &str)]) -> String {
    parse(settings, Defaults::CLIENT).err().expect("refused")
}

#[test]
fn hosts_have_their_port_in_either_place() {
    let shown = |settings: &[(&str, &str)]| parse(settings, Defaults::CLIENT).unwrap().host.to_string();
    assert_eq!(shown(&[("redisHost", "cache")]), "cache:6379");
    assert_eq!(shown(&[("redisHost", "cache:7000")]), "cache:7000");
    assert_eq!(shown(&[("redisHost", "cache"), ("redisPort", "7000")]), "cache:7000");
    assert_eq!(shown(&[("redisHost", "cache:7000"), ("redisPort", "7000")]), "cache:7000");
    assert_eq!(shown(&[("redisHost", "[::1]:7000")]), "[::1]:7000");
    assert_eq!(shown(&[("redisHost", "::1")]), "[::1]:6379");
    assert_eq!(
        refusal(&[("redisHost", "h:1"), ("redisPort", "2")]),
        r#"redis host "h:1" already contains port 1, but redisPort is set to 2; either remove the port from redisHost or remove the redisPort setting"#
    );
    assert_eq!(refusal(&[]), "metadata property redisHost is empty");
    assert!(refusal(&[("redisHost", "h:many")]).contains("'redisHost'"));
}

#[test]
fn what_needs_the_stock_runtime_is_refused_in_one_sentence() {
    let server = ("redisHost", "h:1");
    for (name, value, named) in [
        ("redisType", "cluster", "Redis Cluster"),
        ("failover", "true", "Redis Sentinel"),
        ("sentinelMasterName", "m", "Redis Sentinel"),
        ("useEntraID", "true", "Entra ID"),
        ("useAzureAD", "1", "Entra ID"),
    ] {
        let text = refusal(&[server, (name, value)]);
        assert!(text.contains(named) && !text.contains('\n'), "{name}: {text}");
    }
    assert!(refusal(&[("redisHost", "a:1,b:2")]).contains("several servers"));
    assert!(refusal(&[server, ("redisType", "ring")]).contains("node and cluster"));
}

#[test]
fn wrong_values_name_their_property() {
    for (name, value) in [
        ("redisDB", "first"),
        ("dialTimeout", "soon"),
        ("readTimeout", "5 s"),
        ("poolSize", "many"),
        ("idleTimeout", "x"),
        ("redisMaxRetries", "often"),
    ] {
        let text = refusal(&[("redisHost", "h"), (name, value)]);
        let start = "redis client configuration error: decode failed. ";
        assert!(text.starts_with(start) && text.contains(name) && text.contains(value), "{text}");
    }
    let half = refusal(&[("redisHost", "h"), ("enableTLS", "true"), ("clientCert", "x")]);
    assert!(half.contains("clientKey"), "{half}");
}

#[test]
fn bare_numbers_are_milliseconds_and_negative_ones_switch_off() {
    let properties: Properties =
        [("a", "250"), ("b", "1m"), ("c", "-1"), ("d", "-3s"), ("e", "0")].into_iter().collect();
    let default = Some(Duration::from_secs(9));
    let read = |name: &str| milliseconds(&properties, &[name], default).unwrap();
    assert_eq!(read("a"), Some(Duration::from_millis(250)));
    assert_eq!(read("b"), Some(Duration::from_mins(1)));
    assert_eq!([read("c"), read("d")], [None, None]);
    assert_eq!(read("e"), Some(Duration::ZERO));
    assert_eq!(read("absent"), default);
}

#[test]
fn retries_follow_the_contract_and_the_old_names() {
    let of = |defaults, more: &[(&str, &str)]| {
        parse(&[&[("redisHost", "h")], more].concat(), defaults).unwrap().retries
    };
    let ms = Duration::from_millis;
    let stores = of(Defaults::STORE, &[]);
    assert_eq!(stores, Retries { count: 3, shortest: ms(2000), longest: ms(512) });
    assert_eq!([stores.pause(0), stores.pause(2)], [ms(512); 2]);
    assert_eq!(of(Defaults::STORE, &[("redisMaxRetries", "-1")]).count, 0);
    let old = of(Defaults::STORE, &[("maxRetries", "7"), ("maxRetryBackoff", "5000000")]);
    assert_eq!((old.count, old.shortest), (7, ms(5)));
    assert_eq!(of(Defaults::CLIENT, &[("maxRetries", "7")]).count, 3);
    let growing = of(Defaults::CONFIGURATION, &[]);
    for number in 0..40 {
        let pause = growing.pause(number);
        assert!((ms(8)..=ms(2000)).contains(&pause), "{number}: {pause:?}");
    }
}

#[test]
fn what_the_server_says_of_itself_names_the_server() {
    let host: std::sync::Arc<str> = "cache:6379".into();
    let said = |code: &str, text: &str| super::Error::Refused { code: code.into(), text: text.into() };
    let loading = said("LOADING", "LOADING Redis is loading the dataset in memory").given_up(&host);
    assert_eq!(loading.to_string(), "redis at cache:6379: LOADING Redis is loading the dataset in memory");
    let wrong = said("WRONGTYPE", "WRONGTYPE not a hash").given_up(&host);
    assert_eq!(wrong.to_string(), "WRONGTYPE not a hash");
}
