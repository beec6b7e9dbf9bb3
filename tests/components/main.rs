//! Conformance suites of the component contracts: one per contract, run over every provider, and what single
//! providers promise beyond their contract.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod bindings;
mod configuration;
mod lock;
mod pubsub;
#[path = "../support/redis.rs"]
mod redis_server;
mod secretstores;
mod state;
mod support;
#[path = "../support/tls.rs"]
mod tls;

#[test]
fn the_list_of_embedded_types_is_that_of_the_registry() {
    assert_eq!(dapr_cli::components::registry::builtin().types(), dapr_cli::resources::EMBEDDED);
}
