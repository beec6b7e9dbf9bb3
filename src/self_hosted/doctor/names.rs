//! How machines and sidecars find each other: names of hosts, and mDNS.

use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::time::Duration;

use tokio::time::timeout;

use super::Finding;
use crate::os;

const HOSTS: &str = "names";
const MDNS: &str = "mDNS";
/// How long each question may take.
const LIMIT: Duration = Duration::from_secs(1);
/// Where mDNS talks.
const GROUP: (Ipv4Addr, u16) = (Ipv4Addr::new(224, 0, 0, 251), 5353);

/// Asks everything at the same time. What has no answer in time goes on in a thread of its own.
pub async fn check() -> Vec<Finding> {
    let host = os::hostname();
    let (group, port) = GROUP;
    let (local, own, interfaces) = tokio::join!(
        within(|| addresses("localhost")),
        within({
            let host = host.clone();
            move || addresses(&host)
        }),
        within(move || os::join_group(group, port).map_err(|error| crate::error::system_text(&error))),
    );
    vec![localhost(local), own_name(&host, own), multicast(interfaces)]
}

/// The answer, or why there is none.
async fn within<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match timeout(LIMIT, tokio::task::spawn_blocking(question)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) | Err(_) => Err(format!("no answer within {} s", LIMIT.as_secs())),
    }
}

fn addresses(name: &str) -> Result<Vec<IpAddr>, String> {
    let found = (name, 0).to_socket_addrs().map_err(|error| crate::error::system_text(&error))?;
    let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}

fn list(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Apps call their sidecar, and sidecars their app, by this name.
fn localhost(answer: Result<Vec<IpAddr>, String>) -> Finding {
    let advice =
        "put the line `127.0.0.1 localhost` into /etc/hosts: apps and sidecars reach each other by this name";
    match answer {
        Ok(found) if !found.is_empty() && found.iter().all(IpAddr::is_loopback) => {
            Finding::ok(HOSTS, format!("localhost is {}", list(&found)))
        }
        Ok(found) => {
            let detail = format!("localhost is {}, which is not this machine alone", list(&found));
            Finding::problem(HOSTS, detail, advice)
        }
        Err(reason) => Finding::problem(HOSTS, format!("localhost cannot be resolved: {reason}"), advice),
    }
}

fn own_name(host: &str, answer: Result<Vec<IpAddr>, String>) -> Finding {
    match answer {
        Ok(found) => Finding::ok(HOSTS, format!("this machine, {host}, is {}", list(&found))),
        Err(reason) => Finding::warning(
            HOSTS,
            format!("this machine's name, {host}, cannot be resolved: {reason}"),
            format!("put the line `127.0.1.1 {host}` into /etc/hosts"),
        ),
    }
}

fn multicast(answer: Result<Vec<String>, String>) -> Finding {
    let (group, port) = GROUP;
    match answer {
        Ok(interfaces) => {
            let detail = format!("{group}:{port} can be joined on {}", interfaces.join(", "));
            Finding::ok(MDNS, detail)
        }
        Err(reason) => Finding::warning(
            MDNS,
            format!("{group}:{port} cannot be joined: {reason}"),
            "stock sidecars find each other by mDNS: let it through, or use the embedded runtime, which does without",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::self_hosted::doctor::Verdict;

    #[test]
    fn localhost_is_this_machine_and_nothing_else() {
        let judge = |addresses: &[&str]| {
            localhost(Ok(addresses.iter().map(|address| address.parse().unwrap()).collect())).result
        };
        assert_eq!(judge(&["127.0.0.1", "::1"]), Verdict::Ok);
        assert_eq!(judge(&["127.0.0.1", "192.0.2.1"]), Verdict::Problem);
        assert_eq!(judge(&[]), Verdict::Problem);
        assert_eq!(localhost(Err("no".into())).result, Verdict::Problem);
    }

    #[test]
    fn a_lookup_that_hangs_is_given_up() {
        let runtime = crate::client::runtime().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let answer = runtime.block_on(within(move || receiver.recv().map_err(|error| error.to_string())));
        assert_eq!(answer, Err("no answer within 1 s".into()));
        runtime.shutdown_background();
        drop(sender);
    }
}
