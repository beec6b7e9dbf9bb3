//! Everything that can fail at once: configuration, ports, the parts that the APIs share.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Mutex, watch};

use super::{Error, Service};
use crate::env::{APP_API_TOKEN, DAPR_HTTP_DISABLE_H2C, Env, NAMESPACE};
use crate::os;
use crate::paths::InstallDir;
use crate::records::{Directory, ProcessId, Record, Runtime};
use crate::resources::{self, Audience, Configuration};
use crate::sidecar::api::serve::{Servers, Settings, Versions};
use crate::sidecar::api::{grpc, http, internal, metrics};
use crate::sidecar::app::{Channel, Target};
use crate::sidecar::blocks::bindings::Inputs;
use crate::sidecar::blocks::configuration::Watching;
use crate::sidecar::blocks::invoke::Invoker;
use crate::sidecar::blocks::jobs::Jobs;
use crate::sidecar::blocks::metadata::Extended;
use crate::sidecar::blocks::subscriptions::Subscriptions;
use crate::sidecar::core::{Core, Stop};
use crate::sidecar::handle::Addresses;
use crate::sidecar::health::{self, Health};
use crate::sidecar::listen::{self, Bound, Inherited, Listener, Wish, stable_port};
use crate::sidecar::metrics::{Metrics, Settings as Counted};
use crate::sidecar::resiliency::Resiliency;
use crate::sidecar::resolve::Resolver;
use crate::sidecar::store::Components;
use crate::sidecar::trace::Tracer;
use crate::sidecar::{Options, RUNTIME_VERSION, Shared};

/// Parts of the configuration that change what an API does, and that nobody reads here yet.
const UNREAD: [(&str, &str); 2] =
    [("/httppipeline/handlers", "httpPipeline"), ("/apphttppipeline/handlers", "appHttpPipeline")];

/// Bound sockets by server.
pub struct Sockets {
    http: Vec<Listener>,
    grpc: Vec<Listener>,
    internal: Vec<Listener>,
    metrics: Vec<Listener>,
    public: Vec<Listener>,
    /// Whether the API understands HTTP/2 without TLS.
    h2c: bool,
    /// For the log.
    pub texts: Texts,
}

/// Where each API listens, as the log says it.
#[derive(Default)]
pub struct Texts {
    /// `TCP address: 127.0.0.1:3500` or `Unix Domain Socket: /x`.
    pub http: Vec<String>,
    /// The same for gRPC.
    pub grpc: Vec<String>,
    /// The same for calls between sidecars.
    pub internal: Vec<String>,
}

impl Service {
    /// Reads the configuration and binds every port. Nothing is served before [`Service::run`].
    pub async fn build(options: Options, env: Env) -> Result<Self, Error> {
        let started = Instant::now();
        let configuration = Configuration::load(&options.config_files, &env).map_err(Error::Configuration)?;
        for (pointer, name) in UNREAD {
            let value = configuration.spec.pointer(pointer);
            if value.is_some_and(|value| value.as_array().is_none_or(|list| !list.is_empty()) && value != "")
            {
                tracing::warn!(
                    target: "dapr.runtime",
                    "spec.{name} of the configuration has no effect in the embedded runtime yet"
                );
            }
        }
        let mut inherited = Inherited::from(&env);
        let (addresses, sockets) = bind(&options, &mut inherited, &env).await?;
        let namespace = env.get(NAMESPACE).unwrap_or_default().to_owned();
        let metrics =
            Arc::new(Metrics::with(&options.app_id, Counted::of(&configuration, options.metrics.is_some())));
        let resiliency = resiliency(&options, &env, &metrics);
        let app = if options.app_port == 0 {
            None
        } else {
            let target = Target { host: options.app_channel_address.clone(), port: options.app_port };
            let channel = Channel::new(target, options.app_max_concurrency, env.get(APP_API_TOKEN))
                .counted(Arc::clone(&metrics))
                .limited(options.max_body_size)
                .asking(resiliency.initialization_retries().clone())
                .speaking(options.app_protocol)
                .map_err(Error::Tls)?;
            // With health checks the first good probe opens the gate.
            channel.set_healthy(options.app_health.is_none());
            Some(Arc::new(channel))
        };
        let install = InstallDir::resolve(None, &env).ok();
        let records = install.as_ref().map(Directory::of);
        let jobs = Arc::new(Jobs::new(&options.app_id, &namespace, install.as_ref()));
        let resolver = Resolver::new(records.clone());
        let env = own_variables(env, &options, &addresses);
        let (tracer, exporter) = Tracer::of(&configuration, &options.app_id, &env).map_err(Error::Tracing)?;
        let mut invoker =
            Invoker::new(&options.app_id, &namespace, app.clone(), resolver, &configuration, &env);
        invoker.traced = tracer.is_on();
        invoker.resiliency = Arc::clone(&resiliency);
        let components = Components::new(Arc::clone(&resiliency), &namespace);
        let core = Core {
            invoker,
            shared: Arc::new(Shared {
                app_id: options.app_id.clone(),
                namespace,
                configuration,
                env,
                tracer,
                components,
                app,
            }),
            addresses,
            health: Health::new(&[health::RUNTIME]),
            extended: Extended::default(),
            subscriptions: Subscriptions::default(),
            inputs: Inputs::default(),
            watching: Watching::default(),
            jobs,
            metrics,
            sources: Mutex::default(),
            loaded: watch::Sender::new(false),
            stop: Stop::default(),
            options,
        };
        Ok(Self { core: Arc::new(core), sockets, records, exporter, started })
    }

    /// Writes the instance record, unless the command line has written a fuller one.
    pub(super) fn announce(&self) {
        let Some(records) = &self.records else { return };
        let (options, addresses) = (&self.core.options, &self.core.addresses);
        let record = Record {
            app_id: options.app_id.clone(),
            runtime: Runtime::Embedded,
            daprd: ProcessId::current(),
            cli: None,
            app: None,
            http_port: Addresses::port(&addresses.http),
            grpc_port: Addresses::port(&addresses.grpc),
            internal_port: Addresses::port(&addresses.internal),
            metrics_port: Addresses::port(&addresses.metrics),
            app_port: options.app_port,
            metrics_enabled: options.metrics.is_some(),
            unix_domain_socket: options.unix_domain_socket.clone(),
            command: String::new(),
            created: jiff::Timestamp::now().to_string(),
            max_request_body_size: options
                .max_body_size
                .map_or(-1, |size| size.try_into().unwrap_or(i64::MAX)),
            http_read_buffer_size: options.read_buffer_size.try_into().unwrap_or(i64::MAX),
            app_log_path: None,
            daprd_log_path: None,
            run_template_path: String::new(),
            run_template_name: String::new(),
            control: None,
            ready: None,
        };
        // A fuller record stays, but it may be of a life before SIGHUP, with other ports.
        let written = match records.announce(&record) {
            Ok(false) => records
                .instances(&record.app_id)
                .into_iter()
                .find(|old| old.daprd == record.daprd && ports(old) != ports(&record))
                .map_or(Ok(()), |old| records.write(&with_ports(old, &record))),
            other => other.map(|_| ()),
        };
        if let Err(error) = written {
            tracing::warn!(
                target: "dapr.runtime",
                "other sidecars and dapr list can't find this one: its instance record was not written: {error}"
            );
        }
    }

    /// Removes the instance record.
    pub(super) fn forget(&self) {
        let Some(records) = &self.records else { return };
        if let Err(error) = records.remove(&self.core.options.app_id, std::process::id()) {
            tracing::warn!(target: "dapr.runtime", "the instance record was not removed: {error}");
        }
        for socket in &self.core.addresses.sockets {
            let _ = fs_err::remove_file(socket);
        }
    }
}

/// The policies of the resources directories. What can't be read is told of and left out, as with the stock runtime.
fn resiliency(options: &Options, env: &Env, metrics: &Arc<Metrics>) -> Arc<Resiliency> {
    let audience =
        Audience { app_id: options.app_id.clone(), namespace: env.get(NAMESPACE).map(str::to_owned) };
    let (resources, broken) = resources::resiliency(&options.resources_paths, &audience);
    for finding in broken {
        tracing::error!(target: "dapr.runtime.resiliency", "a resiliency resource is left out: {finding}");
    }
    Arc::new(Resiliency::load(resources, Arc::clone(metrics)))
}

fn ports(record: &Record) -> [u16; 4] {
    [record.http_port, record.grpc_port, record.internal_port, record.metrics_port]
}

fn with_ports(record: Record, from: &Record) -> Record {
    let [http_port, grpc_port, internal_port, metrics_port] = ports(from);
    Record { http_port, grpc_port, internal_port, metrics_port, ..record }
}

async fn bind(
    options: &Options,
    inherited: &mut Inherited,
    env: &Env,
) -> Result<(Addresses, Sockets), Error> {
    let (http, grpc, sockets) = bind_api(options, inherited).await?;
    let internal = bind_internal(options, inherited).await?;
    let metrics = match &options.metrics {
        None => Bound::default(),
        Some(wanted) => {
            let addresses = list(&wanted.address);
            let wish = Wish {
                server: "metrics",
                title: "metrics",
                addresses: &addresses,
                port: wanted.port,
                patient: wanted.explicit,
            };
            match listen::tcp(&wish, inherited).await {
                Err(error) if wanted.explicit => return Err(error.into()),
                bound => bound.unwrap_or_default(),
            }
        }
    };
    let public = match options.public_port {
        None => Bound::default(),
        Some(port) => {
            let addresses = list(&options.public_listen_address);
            let wish =
                Wish { server: "public", title: "public HTTP", addresses: &addresses, port, patient: true };
            listen::tcp(&wish, inherited).await?
        }
    };
    let tcp =
        |bound: &Bound| bound.addresses.iter().map(|address| format!("TCP address: {address}")).collect();
    let file = |at: usize| -> Vec<String> {
        sockets.get(at).map(|path| format!("Unix Domain Socket: {}", path.display())).into_iter().collect()
    };
    let texts = Texts {
        http: if sockets.is_empty() { tcp(&http) } else { file(0) },
        grpc: if sockets.is_empty() { tcp(&grpc) } else { file(1) },
        internal: tcp(&internal),
    };
    let addresses = Addresses {
        http: http.addresses,
        grpc: grpc.addresses,
        internal: internal.addresses,
        metrics: metrics.addresses,
        public: public.addresses,
        sockets,
    };
    let sockets = Sockets {
        http: http.listeners,
        grpc: grpc.listeners,
        internal: internal.listeners,
        metrics: metrics.listeners,
        public: public.listeners,
        h2c: !env.flag(DAPR_HTTP_DISABLE_H2C),
        texts,
    };
    Ok((addresses, sockets))
}

async fn bind_api(
    options: &Options,
    inherited: &mut Inherited,
) -> Result<(Bound, Bound, Vec<std::path::PathBuf>), Error> {
    if let Some(directory) = &options.unix_domain_socket {
        let path = |api: &str| directory.join(format!("dapr-{}-{api}.socket", options.app_id));
        let files = vec![path("http"), path("grpc")];
        return Ok((listen::socket("HTTP", &files[0])?, listen::socket("gRPC", &files[1])?, files));
    }
    let wish = |server, title, port| Wish {
        server,
        title,
        addresses: &options.listen_addresses,
        port,
        patient: true,
    };
    let http = listen::tcp(&wish("http", "HTTP", options.http_port), inherited).await?;
    let grpc = listen::tcp(&wish("grpc", "gRPC", options.grpc_port), inherited).await?;
    Ok((http, grpc, Vec::new()))
}

async fn bind_internal(options: &Options, inherited: &mut Inherited) -> Result<Bound, Error> {
    let wish = |port, patient| Wish { server: "internal", title: "internal", addresses: &[], port, patient };
    if options.internal_port != 0 {
        return Ok(listen::tcp(&wish(options.internal_port, true), inherited).await?);
    }
    let directory = std::env::current_dir().unwrap_or_default();
    let port = stable_port(&options.app_id, &directory);
    // Another instance of the app may have it.
    let port = if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() { port } else { 0 };
    match listen::tcp(&wish(port, false), inherited).await {
        Ok(bound) => Ok(bound),
        Err(_) => Ok(listen::tcp(&wish(0, false), inherited).await?),
    }
}

fn list(address: &str) -> Vec<String> {
    if address.is_empty() { Vec::new() } else { vec![address.to_owned()] }
}

/// The variables that components see beside the inherited ones (daprd reference, 2.2).
fn own_variables(env: Env, options: &Options, addresses: &Addresses) -> Env {
    let port = |addresses| Addresses::port(addresses).to_string();
    let host = env.get(crate::env::DAPR_HOST_IP).unwrap_or("127.0.0.1").to_owned();
    let app_port = if options.app_port == 0 { String::new() } else { options.app_port.to_string() };
    env.with("APP_ID", &options.app_id)
        .with("APP_PORT", &app_port)
        .with("HOST_ADDRESS", &host)
        .with("DAPR_PORT", &port(&addresses.internal))
        .with("DAPR_GRPC_PORT", &port(&addresses.grpc))
        .with("DAPR_HTTP_PORT", &port(&addresses.http))
        .with("DAPR_METRICS_PORT", &port(&addresses.metrics))
        .with("DAPR_PROFILE_PORT", &options.profile_port.to_string())
}

impl Sockets {
    /// Serves all of them.
    pub fn serve(&mut self, core: &Arc<Core>, servers: &Servers) {
        let versions = if self.h2c { Versions::Both } else { Versions::One };
        let settings = Settings { head: core.options.read_buffer_size, versions };
        let api = http::server::Api::new(core);
        for listener in self.http.drain(..) {
            let api = Arc::clone(&api);
            servers.add(listener, settings, move |request| Arc::clone(&api).answer(request));
        }
        let api = grpc::server::Api::new(core, servers.stopping());
        for listener in self.grpc.drain(..) {
            let settings = Settings { versions: Versions::Two, ..settings };
            let api = Arc::clone(&api);
            servers.add(listener, settings, move |request| Arc::clone(&api).answer(request));
        }
        for listener in self.internal.drain(..) {
            let core = Arc::clone(core);
            // The caller's sidecar has added headers to a head that it had already checked.
            let settings = Settings { head: settings.head + (16 << 10), versions: Versions::Both };
            servers.add(listener, settings, move |request| {
                let core = Arc::clone(&core);
                async move { internal::answer(&core, request).await }
            });
        }
        for listener in self.metrics.drain(..) {
            let core = Arc::clone(core);
            servers.add(listener, settings, move |request| {
                let response = metrics::answer(&core, request.method());
                async move { response }
            });
        }
        let public = http::public::routes(core);
        for listener in self.public.drain(..) {
            let public = public.clone();
            servers.add(listener, settings, move |request| http::public::answer(public.clone(), request));
        }
    }
}

/// The first lines of the log.
pub fn greet(level: impl std::fmt::Display, options: &Options) {
    let commit = option_env!("DAPR_GIT_COMMIT").unwrap_or("unknown");
    tracing::info!(target: "dapr.runtime", "Starting Dapr Runtime -- version {RUNTIME_VERSION} -- commit {commit}");
    tracing::info!(target: "dapr.runtime", "Log level set to: {level}");
    tracing::warn!(target: "dapr.runtime.security", "mTLS is disabled. Skipping certificate request and tls validation");
    if options.config_files.is_empty() {
        tracing::info!(target: "dapr.runtime", "loading default configuration");
    }
    tracing::debug!(target: "dapr.runtime", "host {}", os::hostname());
}
