//! `dapr scheduler list`: the jobs of a namespace.

use jiff::Timestamp;

use super::{Target, format, no_words};
use crate::commands::Globals;
use crate::error::{EXIT_OK, EXIT_USAGE, Failure};
use crate::output::scheduler::{Format, render};
use crate::scheduler::{Kind, Stored, kind, show};

/// Flags of `scheduler list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Filter jobs by type. Supported values are all, app, actor, workflow, activity
    #[arg(long, default_value = "all")]
    filter: String,
    /// Output format. One of short, wide, yaml, json
    #[arg(short, long, default_value = "short")]
    output: String,
    #[arg(hide = true)]
    words: Vec<String>,
}

/// Prints the jobs, the ones that begin first on top.
pub(super) fn run(args: &Args, target: &Target, globals: &Globals) -> Result<u8, Failure> {
    no_words("list", &args.words)?;
    let (format, filter) = (format(&args.output)?, filter(&args.filter)?);
    let is_wanted = |job: &Stored| {
        job.key.receiver.namespace() == target.namespace
            && filter.is_none_or(|wanted| wanted == kind(&job.key))
    };
    let mut jobs = target.with(globals, async |place| place.list().await)?;
    jobs.retain(is_wanted);
    // As they are shown: to the second.
    jobs.sort_by_cached_key(|job| (job.job.begin.time().as_second(), show(&job.key)));
    if jobs.is_empty() {
        globals.printer.failure(format!("No jobs found in namespace {:?}", target.namespace));
        // A program that reads the data gets some.
        return if matches!(format, Format::Json | Format::Yaml) {
            globals.finish(render(&jobs, format, Timestamp::now())?)
        } else {
            Ok(EXIT_OK)
        };
    }
    globals.finish(render(&jobs, format, Timestamp::now())?)
}

fn filter(text: &str) -> Result<Option<Kind>, Failure> {
    match text {
        "all" => Ok(None),
        "app" => Ok(Some(Kind::App)),
        "actor" => Ok(Some(Kind::Actor)),
        "workflow" => Ok(Some(Kind::Workflow)),
        "activity" => Ok(Some(Kind::Activity)),
        _ => Err(Failure::new(
            "invalid value for --filter. Supported values are all, app, actor, workflow, activity",
        )
        .code(EXIT_USAGE)),
    }
}
