//! The log files of an app of a run file (run file reference, section 4), and what stands around its lines.

use std::io;
use std::path::{Path, PathBuf};

use crate::env::{DAPR_LOG_DIR, Env};
use crate::process::{Console, Frame, Kept, LogFile, Outlet, Shown};
use crate::runfile::{App, Destination};

use super::super::logs;
use super::super::pair::Outlets;

/// ANSI colours of prefixes: bright ones first, since apps use the plain ones themselves.
const COLOURS: [u8; 10] = [94, 92, 93, 95, 96, 34, 32, 33, 35, 36];

/// Where an app's log files are: `logDir` of the run file, `DAPR_LOG_DIR`, or `.dapr/logs` in the app's directory.
pub fn directory(app: &App, env: &Env) -> PathBuf {
    let own = app.log_dir.clone().or_else(|| env.get(DAPR_LOG_DIR).map(PathBuf::from));
    own.unwrap_or_else(|| app.directory.join(".dapr/logs"))
}

/// How prefixes look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Colours can be shown.
    pub colours: bool,
    /// Nothing is shown at all: output goes to the files only, wherever it was meant to go.
    pub hidden: bool,
    /// Prefixes are as wide as the one of the longest app id; nothing outside a terminal.
    pub width: usize,
}

/// Creates the files that are wanted and puts the outlets together.
pub fn open(app: &App, rank: usize, console: &Console, look: Look, env: &Env) -> io::Result<Outlets> {
    let directory = directory(app, env);
    fs_err::create_dir_all(&directory)?;
    let plain = format!("== APP - {} == ", app.id);
    let narrower = plain.len().max(look.width + "== APP -  == ".len());
    let prefix = if look.width == 0 {
        plain.clone()
    } else {
        let text = format!("== APP - {:<width$} == ", app.id, width = look.width);
        if look.colours { coloured(&text, rank) } else { text }
    };
    let destination = |wanted| if look.hidden { Destination::File } else { wanted };
    let outlet = |kind: &str, destination, wanted: bool, shown: Frame, kept: Frame| -> io::Result<Outlet> {
        let shown =
            (destination != Destination::File).then(|| Shown { console: console.clone(), frame: shown });
        let kept = if wanted && destination != Destination::Console {
            let file = create(&directory, &format!("{}_{kind}_", app.id), env)?;
            Some(Kept { file, frame: kept, plain: true })
        } else {
            None
        };
        Ok(Outlet::new(shown, kept))
    };
    Ok(Outlets {
        daprd: outlet("daprd", destination(app.daprd_log_destination), true, Frame::none(), Frame::none())?,
        app: outlet(
            "app",
            destination(app.app_log_destination),
            !app.command.is_empty(),
            Frame::prefix(prefix),
            Frame::prefix(plain),
        )?,
        narrower: u16::try_from(narrower).unwrap_or(u16::MAX),
    })
}

fn coloured(text: &str, rank: usize) -> String {
    let colour = COLOURS[rank % COLOURS.len()];
    format!("\x1b[{colour}m{text}\x1b[0m")
}

/// `<appID>_app_<YYYYMMDDhhmmss>.log`; a second run within one second gets a name of its own.
fn create(directory: &Path, prefix: &str, env: &Env) -> io::Result<LogFile> {
    logs::forget_old(directory, prefix);
    let stamp =
        jiff::tz::TimeZone::system().to_datetime(jiff::Timestamp::now()).strftime("%Y%m%d%H%M%S").to_string();
    let first = directory.join(format!("{prefix}{stamp}.log"));
    let path = if first.exists() {
        directory.join(format!("{prefix}{stamp}_{}.log", std::process::id()))
    } else {
        first
    };
    LogFile::create(&path, logs::rotation(env))
}
