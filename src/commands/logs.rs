//! `dapr logs`: what apps that were run here have written, and their sidecars.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::{Globals, unavailable};
use crate::error::{EXIT_OK, EXIT_USAGE, Failure};
use crate::lint;
use crate::self_hosted::logs::{self, Kind, Line, Source, Wanted};

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
    tail: Option<usize>,
    /// Show when each line was written
    #[arg(short, long)]
    timestamps: bool,
    /// Show the logs of a pod in a Kubernetes cluster
    #[arg(short, long)]
    kubernetes: bool,
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
    let sources = logs::sources(&globals.install()?, &args.app_id, kinds).map_err(|error| {
        let hint = match &error {
            logs::Error::Unknown { question, .. } => question.clone(),
            logs::Error::NothingRuns => Some("name an app with -a to see the logs of its last run".into()),
        };
        Failure::new(error).with_hints(hint)
    })?;
    let heads = heads(&sources, globals);
    let printer = globals.printer;
    let mut waiting = Vec::new();
    let mut emit = |line: Option<Line>| {
        let text = &mut waiting;
        let Some(line) = line else {
            let read = text.is_empty() || printer.stream(text);
            text.clear();
            return read;
        };
        if args.timestamps {
            let time = i64::try_from(line.time).ok().and_then(|time| Timestamp::from_millisecond(time).ok());
            text.extend(format!("{} ", time.unwrap_or_default()).into_bytes());
        }
        text.extend(heads[line.source].bytes());
        text.extend(&line.text);
        text.push(b'\n');
        if text.len() < BATCH {
            return true;
        }
        // Somebody who has seen enough closes the pipe: that is no failure.
        let read = printer.stream(text);
        text.clear();
        read
    };
    let readers = logs::show(&sources, wanted, &mut emit);
    logs::follow(&sources, readers, args.follow, &mut emit);
    Ok(EXIT_OK)
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
