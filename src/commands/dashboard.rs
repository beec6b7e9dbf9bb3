//! `dapr dashboard`: what runs on this machine, in a browser.

use std::net::{IpAddr, Ipv4Addr};

use tokio_util::sync::CancellationToken;

use super::scheduler::ETCD;
use super::{Globals, no_async_runtime, unavailable};
use crate::dashboard::{Options, Service};
use crate::error::{EXIT_OK, EXIT_USAGE, Failure};
use crate::os::{self, Signals};

const EXAMPLES: &str = "# Start the dashboard and open it in the browser
dapr dashboard

# On another port, without opening anything
dapr dashboard -p 9999 --no-open

# For other machines, with a token
dapr dashboard -a 0.0.0.0 --token \"$(openssl rand -hex 16)\"";

/// Flags of `dashboard`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag that takes no value")]
pub struct Args {
    /// The address to listen on. Addresses that other machines reach need --token
    #[arg(short, long, default_value = "localhost")]
    address: String,
    /// Open the dashboard of a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
    /// Don't open a browser
    #[arg(long)]
    no_open: bool,
    /// The port to listen on; 0 for any that is free
    #[arg(short, long, default_value = "8080")]
    port: u16,
    /// The port on which Zipkin spans are received, unless a Zipkin has it; 0 for any that is free
    #[arg(long, default_value = "9411")]
    zipkin_port: u16,
    /// The port on which traces, logs and metrics are received by OTLP over HTTP; 0 for any that is free
    #[arg(long, default_value = "4318")]
    otlp_port: u16,
    /// Where the etcd of the installed runtime's scheduler listens, for its jobs
    #[arg(long, default_value = ETCD)]
    etcd_address: String,
    /// Show everything, change nothing
    #[arg(long)]
    read_only: bool,
    /// What a browser has to know: opened with ?token=... once
    #[arg(long, default_value = "")]
    token: String,
    /// Print the version of the dashboard
    #[arg(long)]
    version: bool,
}

/// Serves until Ctrl-C.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    if args.version {
        return globals.finish(concat!(env!("CARGO_PKG_VERSION"), "\n"));
    }
    if args.kubernetes {
        return Err(unavailable("dapr dashboard -k"));
    }
    let options = Options {
        address: address(&args.address)?,
        port: args.port,
        read_only: args.read_only,
        zipkin_port: args.zipkin_port,
        otlp_port: args.otlp_port,
        etcd: args.etcd_address.clone(),
        token: Some(args.token.trim().to_owned()).filter(|token| !token.is_empty()),
        install: globals.install()?,
        env: globals.env.clone(),
    };
    let token = options.token.is_some();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(no_async_runtime)?;
    let outcome = runtime.block_on(async {
        let service = Service::bind(options).await.map_err(failure)?;
        let url = service.url();
        globals.printer.info(format!("Starting Dapr Dashboard on {url}"));
        if token {
            globals.printer.hint(format!("open it once as {url}/?token=..."));
        } else if !args.no_open && os::has_desktop(&globals.env) {
            // Nobody who opened it by hand misses this.
            let _ = os::open_in_browser(&url);
        }
        for one in service.receiving() {
            if let Some(trouble) = &one.trouble {
                globals
                    .printer
                    .hint(format!("{} is not received on port {}: {trouble}", one.protocol, one.port));
            }
        }
        let mut signals = Signals::listen().map_err(no_async_runtime)?;
        let stop = CancellationToken::new();
        let ended = stop.clone();
        tokio::spawn(async move {
            signals.next().await;
            ended.cancel();
        });
        service.run(stop).await.map_err(failure)
    });
    // A log that is being read must not hold us.
    runtime.shutdown_background();
    outcome.map(|()| EXIT_OK)
}

fn failure(error: crate::dashboard::Error) -> Failure {
    let hints = error.hints();
    Failure::new(error).with_hints(hints)
}

fn address(text: &str) -> Result<IpAddr, Failure> {
    match text.trim() {
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        text => text.trim_matches(['[', ']']).parse().map_err(|_| {
            Failure::new(format!("--address {text}: not an IP address"))
                .hint("use an address of this machine, or 0.0.0.0 for all of them")
                .code(EXIT_USAGE)
        }),
    }
}
