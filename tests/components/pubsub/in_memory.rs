//! `pubsub.in-memory` beyond the contract.

use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;

use super::*;

#[tokio::test]
async fn a_star_subscribes_to_longer_topics() {
    let broker = make("pubsub.in-memory", "app", &[]).await.unwrap();
    assert_eq!(broker.features().iter().map(|f| f.name()).collect::<Vec<_>>(), ["SUBSCRIBE_WILDCARDS"]);
    let mut inbox = Inbox::new();
    let _subscription = subscribe(&*broker, "orders.*", inbox.handler()).await;
    for topic in ["orders", "orders.", "orders.new", "other"] {
        publish(&*broker, topic, topic).await;
    }
    publish(&*broker, "orders.end", "end").await;
    let received = inbox.next().await;
    assert_eq!((received.topic.as_str(), text(&received).as_str()), ("orders.new", "orders.new"));
    assert_eq!(inbox.texts(1).await, ["end"]);
}

#[tokio::test]
async fn without_a_subscriber_a_message_is_gone_and_a_failed_one_too() {
    let broker = make("pubsub.in-memory", "app", &[]).await.unwrap();
    publish(&*broker, "t", "early").await;
    let mut inbox = Inbox::new();
    let failing = inbox.handler_if(|_| Err(DeliveryError::Failed("no".into())));
    let _subscription = subscribe(&*broker, "t", failing).await;
    publish(&*broker, "t", "1").await;
    publish(&*broker, "t", "2").await;
    assert_eq!(inbox.texts(2).await, ["1", "2"]);
}

#[tokio::test]
async fn a_publisher_waits_for_a_slow_subscriber() {
    let broker = make("pubsub.in-memory", "app", &[]).await.unwrap();
    let (started, go_on) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let handler: Handler = {
        let (started, go_on) = (Arc::clone(&started), Arc::clone(&go_on));
        Arc::new(move |_| {
            let (started, go_on) = (Arc::clone(&started), Arc::clone(&go_on));
            Box::pin(async move {
                started.add_permits(1);
                go_on.acquire().await.unwrap().forget();
                Ok(())
            })
        })
    };
    let _subscription = subscribe(&*broker, "t", handler).await;
    publish(&*broker, "t", "handled").await;
    in_time("the handler starts", started.acquire()).await.unwrap().forget();
    publish(&*broker, "t", "queued").await;
    let mut third = Box::pin(broker.publish(message("t", "waits")));
    assert!(third.as_mut().now_or_never().is_none());
    go_on.add_permits(1);
    in_time("room in the queue", third).await.unwrap();
    go_on.add_permits(2);
}
