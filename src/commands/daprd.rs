//! `daprd`, hidden: the embedded sidecar as a process of its own, with the stock command line (daprd
//! reference, sections 1 and 8).

use std::io::Write;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::env::{DAPR_LISTEN_FDS, Env};
use crate::error::{EXIT_FAILED, EXIT_OK, EXIT_USAGE};
use crate::logging::{self, LogLevel, Settings};
use crate::os::{self, Signals, Told};
use crate::sidecar::options::{self, Flags, Options};
use crate::sidecar::{Ended, RUNTIME_VERSION, Service};

const RUNTIME: &str = "dapr.runtime";
const SIGNALS: &str = "dapr.signals";
/// Few threads: the sidecar shares a laptop with everything else, and each one costs memory.
const WORKERS: usize = 2;
/// Limits of `--wait`.
const WAIT: Duration = Duration::from_mins(1);
const WAIT_STEP: Duration = Duration::from_millis(100);

/// Runs the sidecar with these arguments (without the program's name) until it is told to end; returns the
/// exit code of the process.
pub fn run(args: &[String]) -> u8 {
    os::set_process_name("daprd");
    let flags = match options::parse(args) {
        Ok(flags) => flags,
        Err(error) => {
            tell(&format!("{}{error}", options::usage()));
            return EXIT_USAGE;
        }
    };
    for line in &flags.deprecations {
        tell(line);
    }
    if flags.on("version") {
        say(RUNTIME_VERSION);
        return EXIT_OK;
    }
    if flags.on("build-info") {
        let commit = option_env!("DAPR_GIT_COMMIT").unwrap_or("unknown");
        say(&format!("Version: {RUNTIME_VERSION}\nGit Commit: {commit}\nGit Version: v{RUNTIME_VERSION}"));
        return EXIT_OK;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_name("daprd")
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&format!("failed to start the threads of the sidecar: {error}"));
            return EXIT_FAILED;
        }
    };
    let code = if flags.on("wait") {
        runtime.block_on(wait(flags.text("dapr-http-port")));
        EXIT_OK
    } else {
        match set_up(&flags) {
            Ok(options) => runtime.block_on(serve(options, Env::process())),
            Err(text) => {
                logging::fatal(RUNTIME, &format!("Fatal error from runtime: {text}"));
                EXIT_FAILED
            }
        }
    };
    // A lookup that hangs in the operating system must not hold the exit back.
    runtime.shutdown_background();
    code
}

/// Sets the log up as far as the flags allow, then checks the rest.
fn set_up(flags: &Flags) -> Result<Options, String> {
    let level = flags.text("log-level").parse::<LogLevel>();
    let file = flags.text("log-file");
    let opened = if file.is_empty() {
        None
    } else {
        Some(fs_err::OpenOptions::new().create(true).append(true).open(file))
    };
    let (sink, problem): (Box<dyn Write + Send>, Option<String>) = match opened {
        None => (Box::new(std::io::stdout()), None),
        Some(Ok(file)) => (Box::new(file), None),
        Some(Err(error)) => {
            (Box::new(std::io::stdout()), Some(format!("failed to open the log file: {error}")))
        }
    };
    let default = || "info".parse::<LogLevel>();
    let shown = level.clone().or_else(|_| default())?;
    logging::set_up(Settings {
        level: shown,
        json: flags.on("log-as-json"),
        app_id: Some(flags.text("app-id").to_owned()).filter(|app_id| !app_id.is_empty()),
        version: RUNTIME_VERSION.to_owned(),
        sink,
    });
    if let Some(problem) = problem {
        return Err(problem);
    }
    level?;
    let options = flags.options().map_err(|error| error.to_string())?;
    crate::sidecar::greet(shown, &options);
    Ok(options)
}

/// Runs the sidecar, anew after each SIGHUP.
async fn serve(options: Options, mut env: Env) -> u8 {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            logging::fatal(RUNTIME, &format!("Fatal error from runtime: signals can't be handled: {error}"));
            return EXIT_FAILED;
        }
    };
    loop {
        match once(&options, env.clone(), &mut signals).await {
            Some(code) => return code,
            // The inherited sockets are gone now: the ports are bound anew.
            None => env = env.with(DAPR_LISTEN_FDS, ""),
        }
    }
}

/// One life; `None` when another one is to follow.
async fn once(options: &Options, env: Env, signals: &mut Signals) -> Option<u8> {
    let built = tokio::select! {
        built = Service::build(options.clone(), env) => built,
        signal = signals.next() => return obey(signal).then_some(EXIT_OK),
    };
    let ended = match built {
        Ok(service) => {
            let handle = service.handle();
            let mut life = std::pin::pin!(service.run(CancellationToken::new()));
            let mut ending = false;
            loop {
                tokio::select! {
                    ended = life.as_mut() => break ended,
                    signal = signals.next() => match signal {
                        Told::End(name) if ending => {
                            let text = format!("Received signal '{name}' during shutdown; exiting immediately");
                            logging::fatal(SIGNALS, &text);
                            return Some(EXIT_FAILED);
                        }
                        Told::Restart if ending => {}
                        signal => {
                            ending = true;
                            if obey(signal) { handle.shutdown() } else { handle.restart() }
                        }
                    },
                }
            }
        }
        Err(error) => Err(error),
    };
    match ended {
        Ok(Ended::Restarting) => None,
        Ok(Ended::Gracefully) => {
            tracing::info!(target: RUNTIME, "Daprd shutdown gracefully");
            Some(EXIT_OK)
        }
        Ok(Ended::Forced) => Some(EXIT_FAILED),
        Err(error) => {
            logging::fatal(RUNTIME, &format!("Fatal error from runtime: {error}"));
            Some(EXIT_FAILED)
        }
    }
}

/// Logs a signal; returns whether it means the end.
fn obey(signal: Told) -> bool {
    match signal {
        Told::End(name) => {
            tracing::info!(target: SIGNALS, "Received signal '{name}'; beginning shutdown");
            true
        }
        Told::Restart => {
            tracing::info!(target: SIGNALS, "Received signal 'hangup'; restarting");
            false
        }
    }
}

/// Waits until the sidecar at this port can be used (`--wait`).
async fn wait(port: &str) {
    let url = format!("http://localhost:{port}/v1.0/healthz/outbound");
    tell(&format!("Waiting for Dapr to be outbound ready (timeout: 60 seconds): url={url}"));
    let started = Instant::now();
    while started.elapsed() < WAIT {
        match crate::sidecar::outbound_ready(port.parse().unwrap_or_default()).await {
            Ok(()) => {
                tell("Dapr is outbound ready!");
                return;
            }
            Err(reason) => tell(&format!("Dapr outbound NOT ready yet: {reason}")),
        }
        tokio::time::sleep(WAIT_STEP).await;
    }
}

#[expect(clippy::print_stderr, reason = "the stock runtime prints these before it logs")]
fn tell(text: &str) {
    eprintln!("{text}");
}

#[expect(clippy::print_stdout, reason = "the answers to --version and --build-info are data")]
fn say(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(words: &str) -> u8 {
        run(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn exit_codes_are_the_stock_ones() {
        assert_eq!(code("--version"), EXIT_OK);
        assert_eq!(code("--build-info"), EXIT_OK);
        assert_eq!(code("--help"), EXIT_USAGE);
        assert_eq!(code("--foo"), EXIT_USAGE);
    }
}
