//! Takes a child's output to its outlet. A line of any length passes, nothing is dropped, and an outlet that is
//! gone never stops the child.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;
use std::time::Duration;

use super::console::Stream;
use super::outlet::{Outlet, Writer};
use crate::os;

/// Bytes that are read at once.
const CHUNK: usize = 256 * 1024;
/// Most bytes of an unfinished line that are held back; a longer line is passed on in pieces.
const LONGEST: usize = 1024 * 1024;
/// How long the begin of a line waits for its end before it is shown as a prompt.
const PROMPT: Duration = Duration::from_millis(100);

/// One output of a child.
pub struct Source {
    /// What the child writes into.
    pub file: OwnedFd,
    /// Where it is shown.
    pub stream: Stream,
    /// The begin of a line is shown before its end comes, because somebody may be asked something.
    pub prompts: bool,
}

/// Starts a thread that pumps until the other side is closed by everybody who holds it.
pub fn pump(source: Source, outlet: &Outlet) -> io::Result<JoinHandle<()>> {
    let mut writer = outlet.writer(source.stream);
    std::thread::Builder::new().name("output".into()).stack_size(128 * 1024).spawn(move || {
        run(File::from(source.file), source.prompts, &mut writer);
        writer.finish();
    })
}

fn run(mut source: File, prompts: bool, writer: &mut Writer) {
    let mut buffer = Vec::new();
    // What was read and not passed on; never holds a newline between two rounds.
    let mut held = 0;
    loop {
        if prompts && held > 0 && !os::readable_within(&source, PROMPT) {
            writer.write(&buffer[..held]);
            held = 0;
        }
        // Grows when it is needed: most apps say little, and memory is per app.
        let room = held + if held < CHUNK { 4096 } else { CHUNK };
        buffer.resize(room.max(buffer.len()), 0);
        let read = match source.read(&mut buffer[held..]) {
            // A terminal whose other end is closed reports an error, not an end.
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        let filled = held + read;
        if filled == buffer.len() && buffer.len() < CHUNK {
            buffer.resize((buffer.len() * 4).min(CHUNK), 0);
        }
        let lines = memchr::memrchr(b'\n', &buffer[held..filled]).map_or(0, |at| held + at + 1);
        let ready = if filled - lines > LONGEST { filled } else { lines };
        if ready > 0 {
            writer.write(&buffer[..ready]);
            buffer.copy_within(ready..filled, 0);
        }
        held = filled - ready;
    }
    writer.write(&buffer[..held]);
}

/// Starts a thread that hands our standard input to the app's terminal while we are in the foreground. It
/// ends with the process.
pub fn feed(target: OwnedFd) -> io::Result<()> {
    os::never_stop_for_input();
    let mut target = File::from(target);
    std::thread::Builder::new().stack_size(64 * 1024).spawn(move || {
        let mut buffer = [0_u8; 4096];
        let mut input = io::stdin();
        while os::in_foreground() {
            match input.read(&mut buffer) {
                Ok(read) if read > 0 && target.write_all(&buffer[..read]).is_ok() => {}
                _ => break,
            }
        }
    })?;
    Ok(())
}
