//! `dapr logs`: what apps that were run here have written, and their sidecars.

use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::{Globals, unavailable};
use crate::client;
use crate::error::{EXIT_OK, EXIT_USAGE, Failure, system_text};
use crate::lint;
use crate::os::Signals;
use crate::output::logs::Lines;
use crate::self_hosted::instances;
use crate::self_hosted::logs::{self, Kind, Piece, Source, Wanted};

const EXAMPLES: &str = "# Show the logs of everything that runs, and go on
dapr logs --follow

# Show the last 20 lines of an app, without those of its sidecar
dapr logs -a orders --app --tail 20

# Show what two apps have written in the last five minutes
dapr logs -a orders -a shipping --since 5m";

/// Bytes that are printed at once, while more lines are there.
const BATCH: usize = 64 * 1024;

/// Flags of `logs`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag that takes no value")]
pub struct Args {
    /// Further app ids
    ids: Vec<String>,
    /// The application ids; all that run when none is given
    #[arg(short, long, value_delimiter = ',')]
    app_id: Vec<String>,
    /// Only what the apps have written
    #[arg(long)]
    app: bool,
    /// Only what the sidecars have written
    #[arg(long)]
    sidecar: bool,
    /// Go on until the apps have ended
    #[arg(short, long)]
    follow: bool,
    /// Only lines written since then: a length of time such as 5m, or a time such as 2026-01-31T08:00:00Z
    #[arg(long, default_value = "")]
    since: String,
    /// So many lines at the end
    #[arg(long)]
    tail: Option<u64>,
    /// Show when each line was written
    #[arg(short, long)]
    timestamps: bool,
    /// Show the logs of a pod in a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
    /// The Kubernetes namespace in which your application is deployed
    #[arg(short, long, default_value = "default")]
    namespace: String,
    /// The name of the pod in Kubernetes, in case your application has multiple pods (optional)
    #[arg(short, long, default_value = "")]
    pod_name: String,
}

/// Prints the lines.
pub fn run(args: &Args, globals: &Globals) -> Result<u8, Failure> {
    if args.kubernetes {
        return Err(unavailable("dapr logs -k"));
    }
    let kinds: &[Kind] = match (args.app, args.sidecar) {
        (true, false) => &[Kind::App],
        (false, true) => &[Kind::Sidecar],
        _ => &[Kind::App, Kind::Sidecar],
    };
    let wanted = Wanted { since: since(&args.since)?, tail: args.tail };
    let ids: Vec<String> = args.ids.iter().chain(&args.app_id).cloned().collect();
    let install = globals.install()?;
    let running = instances::list(&install, &globals.env);
    let sources = logs::sources(&install, &running, &ids, kinds).map_err(failure)?;
    let mut lines = Lines::new(heads(&sources, globals), args.timestamps);
    let mut printed = Ok(());
    let mut emit = |piece: Option<Piece<'_>>| {
        if let Some(piece) = piece {
            lines.add(&piece);
            if lines.text().len() < BATCH {
                return ControlFlow::Continue(());
            }
        }
        let read = globals.printer.stream(lines.text());
        lines.clear();
        match read {
            Ok(true) => return ControlFlow::Continue(()),
            // Somebody who has seen enough closes the pipe: that is no failure.
            Ok(false) => {}
            Err(error) => printed = Err(error),
        }
        ControlFlow::Break(())
    };
    if args.follow {
        let cannot = |error: io::Error| Failure::new(format!("cannot follow: {error}"));
        let runtime = client::runtime().map_err(cannot)?;
        runtime.block_on(async {
            let mut signals = Signals::listen().map_err(cannot)?;
            let ended = async {
                _ = signals.next().await;
            };
            logs::follow(&sources, wanted, ended, &mut emit).await.map_err(failure)
        })?;
    } else {
        logs::show(&sources, wanted, &mut emit).map_err(failure)?;
    }
    printed.map_err(|error| Failure::new(format!("cannot write to stdout: {}", system_text(&error))))?;
    Ok(EXIT_OK)
}

fn failure(error: logs::Error) -> Failure {
    let hint = match &error {
        logs::Error::Unknown { question, .. } => question.clone(),
        logs::Error::NothingRuns => Some("name an app with -a to see the logs of its last run".into()),
        logs::Error::NotKept { .. } | logs::Error::NothingKept => {
            Some("only this dapr run keeps what apps and sidecars write; look where it was started".into())
        }
        logs::Error::Gone { .. } | logs::Error::Read { .. } => None,
    };
    Failure::new(error).with_hints(hint)
}

/// What stands before the lines of each log; nothing when there is only one.
fn heads(sources: &[Source], globals: &Globals) -> Vec<String> {
    if sources.len() < 2 {
        return vec![String::new(); sources.len()];
    }
    let names: Vec<String> =
        sources.iter().map(|source| format!("{} {}", source.app_id, source.kind)).collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let head = |(rank, name): (usize, &String)| globals.printer.label(&format!("{name:<width$} | "), rank);
    names.iter().enumerate().map(head).collect()
}

fn since(text: &str) -> Result<Option<SystemTime>, Failure> {
    let ago = |time: Duration| SystemTime::now().checked_sub(time).unwrap_or(SystemTime::UNIX_EPOCH);
    match text.trim() {
        "" => Ok(None),
        text => match (lint::duration(text), text.parse::<Timestamp>()) {
            (Some(time), _) => Ok(Some(ago(time))),
            (None, Ok(time)) => {
                let time = Duration::from_millis(u64::try_from(time.as_millisecond()).unwrap_or_default());
                Ok(Some(SystemTime::UNIX_EPOCH + time))
            }
            (None, Err(_)) => Err(Failure::new(format!("invalid value {text:?} for --since"))
                .hint("--since takes a length of time such as 90s, 5m or 2h, or a time such as 2026-01-31T08:00:00Z")
                .code(EXIT_USAGE)),
        },
    }
}
