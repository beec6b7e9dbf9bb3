//! What is shown while a runtime is set up: the stock status lines, and progress.
//!
//! On a terminal there is a bar for each download and each layer of an image; otherwise a line on stderr for each
//! step that is done, or a JSON object with `--log-as-json`.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::printer::{Printer, Status};
use crate::release::Registry;
use crate::self_hosted::init::{Action, Event};

/// The stock frames of the line that turns.
const FRAMES: [&str; 9] = ["←", "↖", "↑", "↗", "→", "↘", "↓", "↙", " "];
const FRAME: Duration = Duration::from_millis(100);

/// Shows a set-up from its first event to its end.
pub struct Setup {
    printer: Printer,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// Nothing when stderr is no terminal.
    bars: Option<Bars>,
    /// The text of the step that takes long, once it has begun.
    text: Option<String>,
}

struct Bars {
    all: MultiProgress,
    spinner: Option<ProgressBar>,
    items: BTreeMap<String, ProgressBar>,
}

impl Setup {
    /// Nothing is shown yet.
    pub fn new(printer: Printer) -> Self {
        let terminal = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        let bars = (terminal && !printer.is_json()).then(|| Bars {
            all: MultiProgress::new(),
            spinner: None,
            items: BTreeMap::new(),
        });
        Self { printer, state: Arc::new(Mutex::new(State { bars, text: None })) }
    }

    /// Takes the events.
    pub fn reporter(&self) -> Box<dyn Fn(Event) + Send + Sync> {
        let (state, printer) = (Arc::clone(&self.state), self.printer);
        Box::new(move |event| state.lock().unwrap_or_else(PoisonError::into_inner).show(event, printer))
    }

    /// The long step is done.
    pub fn succeed(&self) {
        self.end(Status::Success);
    }

    /// The long step has failed; why is told by others.
    pub fn fail(&self) {
        self.end(Status::Failure);
    }

    fn end(&self, status: Status) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clear();
        if let Some(text) = state.text.take() {
            // The stock line is on stdout in both cases.
            let _ = self.printer.data(self.printer.line(status, &text));
        }
    }
}

impl State {
    fn clear(&mut self) {
        if let Some(bars) = &mut self.bars {
            bars.items.clear();
            if let Some(spinner) = bars.spinner.take() {
                spinner.finish_and_clear();
            }
            let _ = bars.all.clear();
        }
    }

    fn show(&mut self, event: Event, printer: Printer) {
        match event {
            Event::ImagesFrom(registry) => {
                let place = match registry {
                    Registry::Ghcr => "Dapr GitHub container registry",
                    _ => "Docker Hub",
                };
                printer.info(format!("Container images will be pulled from {place}"));
            }
            Event::Version { version, present: false } => {
                printer.info(format!("Installing runtime version {version}"));
            }
            Event::Version { version, present: true } => printer.info(format!(
                "Runtime version {version} is installed already; what is missing will be put back"
            )),
            Event::Working { text } => self.begin(text, printer),
            Event::Progress { item, done, total } => {
                if let Some(bars) = &mut self.bars {
                    bars.progress(&item, done, total);
                }
            }
            Event::Done { item, action } => {
                if let Some(bars) = &mut self.bars {
                    bars.done(&item);
                }
                self.aside(|| printer.step(format!("{item}: {}", words(action))));
            }
            Event::FallBack => self.aside(|| {
                printer.info("Image not found in Github container registry, pulling it from Docker Hub");
            }),
            Event::Placed(bin) => self.aside(|| placed(&bin.display().to_string(), printer)),
            Event::Kept(path) => self.aside(|| {
                printer.warning(format!("{} was there before and is kept as it is", path.display()));
            }),
        }
    }

    fn begin(&mut self, text: String, printer: Printer) {
        match &mut self.bars {
            Some(bars) => {
                let spinner = ProgressBar::new_spinner().with_message(text.clone());
                let style = ProgressStyle::with_template("{spinner:.cyan}  {msg}");
                spinner.set_style(
                    style.unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_strings(&FRAMES),
                );
                spinner.enable_steady_tick(FRAME);
                bars.spinner = Some(bars.all.add(spinner));
            }
            None if printer.is_json() => printer.pending(&text),
            None => {}
        }
        self.text = Some(text);
    }

    /// Prints something while bars may be on the screen.
    fn aside(&self, print: impl FnOnce()) {
        match &self.bars {
            Some(bars) => bars.all.suspend(print),
            None => print(),
        }
    }
}

impl Bars {
    fn progress(&mut self, item: &str, done: u64, total: Option<u64>) {
        let bar = self.items.entry(item.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(total.unwrap_or_default()));
            let template = "    {prefix:44} {bar:24.cyan/dim}  {bytes} of {total_bytes}  {bytes_per_sec}";
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_prefix(item.to_owned());
            bar
        });
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
        if total == Some(done) {
            bar.finish_and_clear();
        }
    }

    /// The bars of an item, and of its layers, go.
    fn done(&mut self, item: &str) {
        let layer = format!("{item} ");
        self.items.retain(|name, bar| {
            let is_its = name == item || name.starts_with(&layer);
            if is_its {
                bar.finish_and_clear();
            }
            !is_its
        });
    }
}

fn words(action: Action) -> &'static str {
    match action {
        Action::Downloaded { verified: true } => "downloaded, checksum verified",
        Action::Downloaded { verified: false } => "downloaded, no checksum is published",
        Action::Cached => "taken from the cache",
        Action::Pulled => "pulled",
        Action::Loaded => "loaded",
        Action::Saved => "saved",
        Action::Packed => "packed",
        Action::Started => "created and started",
        Action::Restarted => "started again",
        Action::Replaced => "replaced",
        Action::Written => "written",
    }
}

/// The stock hint on how to find the sidecar.
fn placed(bin: &str, printer: Printer) {
    let text = format!(
        "\nDapr runtime installed to {bin}, you may run the following to add it to your path if you want to run daprd \
         directly:\n    export PATH=$PATH:{bin}\n"
    );
    if !printer.is_json() {
        let _ = printer.data(console::style(text).yellow().to_string());
    }
}
