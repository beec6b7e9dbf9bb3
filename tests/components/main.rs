//! Conformance suites of the component contracts: one per contract, run over every provider, and what single
//! providers promise beyond their contract.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod pubsub;
mod secretstores;
mod state;
mod support;
