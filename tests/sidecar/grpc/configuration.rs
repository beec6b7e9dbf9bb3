//! Configuration by a stream, from a real server.

use std::collections::{BTreeMap, HashMap};

use dapr::dapr::proto::runtime::v1::{
    GetConfigurationRequest, SubscribeConfigurationRequest, SubscribeConfigurationResponse,
    UnsubscribeConfigurationRequest,
};
use dapr_cli::sidecar::{Ended, Options};
use redis::Commands as _;
use tonic::{Code, Streaming};

use super::{client, parts};
use crate::redis_server::{self, Server};
use crate::support::{Sidecar, alone, component, resources, within};

async fn sidecar(host: &str, database: u32) -> (Sidecar, tempfile::TempDir) {
    let database = database.to_string();
    let settings = [("redisHost", host), ("redisDB", database.as_str())];
    let folder = resources(&[component("s", "configuration.redis", &settings)]);
    let options = Options { resources_paths: vec![folder.path().into()], ..alone("a") };
    (Sidecar::ready(options).await, folder)
}

/// A subscription that is open.
struct Stream {
    id: String,
    changes: Streaming<SubscribeConfigurationResponse>,
}

impl Stream {
    async fn open(sidecar: &Sidecar, keys: &[&str]) -> Self {
        let request = SubscribeConfigurationRequest {
            store_name: "s".into(),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            metadata: HashMap::new(),
        };
        let answer = within(client(sidecar).await.subscribe_configuration(request)).await.unwrap();
        let mut changes = answer.into_inner();
        let first = within(changes.message()).await.unwrap().unwrap();
        assert!(first.items.is_empty(), "the first message names the subscription and nothing else");
        Self { id: first.id, changes }
    }

    /// Values by key, until so many keys have been told.
    async fn told(&mut self, count: usize) -> BTreeMap<String, String> {
        let mut told = BTreeMap::new();
        while told.len() < count {
            let change = within(self.changes.message()).await.unwrap().unwrap();
            assert_eq!(change.id, self.id);
            told.extend(change.items.into_iter().map(|(key, item)| (key, item.value)));
        }
        told
    }
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn changes_come_by_a_stream_until_it_is_ended() {
    let Some((server, database)) = redis_server::database() else { return };
    let (sidecar, _folder) = sidecar(&server.host(), database).await;
    let mut db = server.client(database);
    let _: () = db.set("colour", "red||1").unwrap();
    let request = GetConfigurationRequest {
        store_name: "s".into(),
        keys: vec!["colour".into(), "absent".into()],
        metadata: HashMap::new(),
    };
    let items = client(&sidecar).await.get_configuration(request).await.unwrap().into_inner().items;
    assert_eq!(
        (items.len(), items["colour"].value.as_str(), items["colour"].version.as_str()),
        (1, "red", "1")
    );

    let mut stream = Stream::open(&sidecar, &["colour"]).await;
    let mut all = Stream::open(&sidecar, &[]).await;
    let _: () = db.set("size", "5").unwrap();
    let _: () = db.set("colour", "blue||2").unwrap();
    assert_eq!(stream.told(1).await, values(&[("colour", "blue")]));
    assert_eq!(all.told(2).await, values(&[("colour", "blue"), ("size", "5")]));

    let end = UnsubscribeConfigurationRequest { store_name: "s".into(), id: stream.id.clone() };
    let mut dapr = client(&sidecar).await;
    assert!(dapr.unsubscribe_configuration(end.clone()).await.unwrap().into_inner().ok);
    assert!(within(stream.changes.message()).await.unwrap().is_none());
    assert!(!dapr.unsubscribe_configuration(end).await.unwrap().into_inner().ok);
    sidecar.handle.shutdown();
    assert!(within(all.changes.message()).await.unwrap().is_none(), "the end of the sidecar ends it");
    assert_eq!(sidecar.ended().await.unwrap(), Ended::Gracefully);
}

#[tokio::test]
async fn a_stream_outlives_the_server() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().to_str().unwrap();
    let durable = ["--dir", directory, "--appendonly", "yes", "--appendfsync", "always"];
    let Some(mut server) = Server::start(&durable) else { return };
    let host = server.host();
    let (sidecar, _folder) = sidecar(&host, 0).await;
    let _: () = server.client(0).set("goes", "1").unwrap();
    let mut stream = Stream::open(&sidecar, &["goes", "comes", "stays"]).await;
    for round in 0..2 {
        server.kill();
        let request =
            GetConfigurationRequest { store_name: "s".into(), ..GetConfigurationRequest::default() };
        let error = client(&sidecar).await.get_configuration(request).await.unwrap_err();
        let text = "failed to get [] from Configuration store s: ";
        assert!(error.message().starts_with(&format!("{text}redis at {host}: ")), "{error}");
        assert_eq!(
            (error.code(), parts(&error).2.as_deref()),
            (Code::Internal, Some("ERR_CONFIGURATION_GET"))
        );
        server.restart();
        // Perhaps before the sidecar knows that the server is back.
        let mut db = server.client(0);
        let _: () = db.set("comes", round).unwrap();
        let _: () = db.del("goes").unwrap();
        assert_eq!(stream.told(2).await, values(&[("comes", &round.to_string()), ("goes", "")]));
        let _: () = db.set("stays", round).unwrap();
        assert_eq!(stream.told(1).await, values(&[("stays", &round.to_string())]));
        let _: () = db.set("goes", "again").unwrap();
        assert_eq!(stream.told(1).await, values(&[("goes", "again")]));
    }
    sidecar.stop().await.unwrap();
}

#[tokio::test]
async fn a_stream_goes_on_with_a_component_that_was_replaced() {
    let (Some((server, one)), Some((_, other))) = (redis_server::database(), redis_server::database()) else {
        return;
    };
    let _: () = server.client(one).set("colour", "red").unwrap();
    let _: () = server.client(other).set("colour", "green").unwrap();
    let (sidecar, folder) = sidecar(&server.host(), one).await;
    let mut stream = Stream::open(&sidecar, &["colour"]).await;
    let settings = [("redisHost", server.host()), ("redisDB", other.to_string())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let text = component("s", "configuration.redis", &settings);
    fs_err::write(folder.path().join("resources.yaml"), text).unwrap();
    assert_eq!(stream.told(1).await, values(&[("colour", "green")]));
    let _: () = server.client(other).set("colour", "blue").unwrap();
    assert_eq!(stream.told(1).await, values(&[("colour", "blue")]));
    fs_err::remove_file(folder.path().join("resources.yaml")).unwrap();
    assert!(within(stream.changes.message()).await.unwrap().is_none());
    sidecar.stop().await.unwrap();
}
