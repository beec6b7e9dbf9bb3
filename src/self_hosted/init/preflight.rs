//! What can be known to fail before anything changes: ports, networks, containers of others, a Redis to adopt.

use std::net::IpAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::plan::Plan;
use super::{Error, Redis, Service, Settings, services};
use crate::containers::{Engine, Port, State, tag};
use crate::net;

/// How long a Redis may take to answer.
const REDIS: Duration = Duration::from_secs(3);
/// How long a port may still be held by what has ended.
const LETTING_GO: Duration = Duration::from_millis(700);

/// What there is of a service already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Have {
    /// Its container runs.
    Running,
    /// Its container is there and doesn't run.
    Stopped,
    /// The container of another version, which is to be replaced: by an upgrade, or since an interrupted init left
    /// it and no runtime is installed.
    Outdated {
        /// Whether it runs.
        running: bool,
    },
    /// Nothing.
    Nothing,
}

/// Checks everything; returns what there is of each service, in the plan's order.
pub async fn check(settings: &Settings, plan: &Plan, engine: Option<&Engine>) -> Result<Vec<Have>, Error> {
    if let Redis::Existing(host) = &settings.redis {
        ask_redis(host).await.map_err(|reason| Error::NoRedis { host: host.clone(), reason })?;
    }
    let Some(engine) = engine else {
        return Ok(Vec::new());
    };
    if let Some(network) = &settings.network
        && !engine.has_network(network).await?
    {
        return Err(Error::NoNetwork { engine: engine.kind(), network: network.clone() });
    }
    let mut found = Vec::new();
    let mut needed = Vec::new();
    for service in &plan.services {
        let have = have(engine, service, settings, plan).await?;
        if !matches!(have, Have::Running | Have::Outdated { running: true }) {
            needed.extend(service.spec.ports.iter().map(|port| (service.spec.name.clone(), *port)));
        }
        found.push(have);
    }
    check_ports(engine, settings.bind, &needed).await?;
    Ok(found)
}

async fn have(engine: &Engine, service: &Service, settings: &Settings, plan: &Plan) -> Result<Have, Error> {
    let Some(container) = engine.container(&service.spec.name).await? else {
        return Ok(Have::Nothing);
    };
    let running = container.state != State::Stopped;
    // Registries differ, mirrors and fallbacks are allowed: the tag is what says which version it is.
    if service.role.is_of_runtime() && tag(&container.image) != tag(&service.spec.image) {
        let is_left_over = container.labels.contains_key(services::LABEL) && !plan.present;
        if settings.upgrade || is_left_over {
            return Ok(Have::Outdated { running });
        }
        let (name, image, wanted) = (container.name, container.image, service.spec.image.clone());
        return Err(Error::ForeignContainer { name, image, wanted });
    }
    Ok(if running { Have::Running } else { Have::Stopped })
}

/// Fails for the first port that a container is to have and that somebody else holds.
async fn check_ports(engine: &Engine, bind: IpAddr, needed: &[(String, Port)]) -> Result<(), Error> {
    if !engine.is_local() {
        return Ok(());
    }
    for (container, Port { host: port, .. }) in needed {
        if is_taken(bind, *port).await {
            let holder = engine.publisher(*port).await.ok().flatten();
            let by = holder.map(|name| format!(" by the container {name}")).unwrap_or_default();
            return Err(Error::PortInUse { port: *port, address: bind, container: container.clone(), by });
        }
    }
    Ok(())
}

/// Whether a port can't be had. An engine lets go of the ports of a container that has just ended a moment later.
async fn is_taken(bind: IpAddr, port: u16) -> bool {
    let deadline = Instant::now() + LETTING_GO;
    loop {
        let taken = net::is_taken(bind, port);
        if !taken || Instant::now() > deadline {
            return taken;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Whether something speaks the Redis protocol at `host:port`.
async fn ask_redis(host: &str) -> Result<(), String> {
    let talk = async {
        let mut stream = TcpStream::connect(host).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).await?;
        // One that wants a password says so in its protocol.
        Ok::<_, std::io::Error>(matches!(answer[..length], [b'+' | b'-', ..]))
    };
    match timeout(REDIS, talk).await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err("what listens there is no Redis".into()),
        Ok(Err(error)) => Err(crate::error::system_text(&error)),
        Err(_) => Err(format!("no answer within {} s", REDIS.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_redis_is_a_redis() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let serve = async |answer: &[u8]| {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 6];
            stream.read_exact(&mut request).await.unwrap();
            assert_eq!(&request, b"PING\r\n");
            stream.write_all(answer).await.unwrap();
        };
        let (result, ()) = tokio::join!(ask_redis(&host), serve(b"-NOAUTH Authentication required.\r\n"));
        assert_eq!(result, Ok(()));
        let (result, ()) = tokio::join!(ask_redis(&host), serve(b"HTTP/1.1 400 Bad Request\r\n"));
        assert_eq!(result, Err("what listens there is no Redis".into()));
    }
}
