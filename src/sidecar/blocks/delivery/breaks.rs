//! Messages during which the connection to the app broke, and how often. One may be the reason why the app dies:
//! it must not be taken for an app that is away, and come again for ever. One time may be bad luck.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::components::pubsub::Message;

/// Messages that are remembered; a subscription works on few at a time.
const MOST: usize = 256;

/// The count for each message of one subscription, by a digest of it.
#[derive(Default)]
pub struct Breaks {
    any: AtomicBool,
    counts: Mutex<VecDeque<(u64, u32)>>,
}

impl Breaks {
    fn counts(&self) -> MutexGuard<'_, VecDeque<(u64, u32)>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more for this message; returns how many there are now.
    pub fn add(&self, message: &Message) -> u32 {
        let digest = digest(message);
        let mut counts = self.counts();
        self.any.store(true, Ordering::Relaxed);
        if let Some((_, count)) = counts.iter_mut().find(|(known, _)| *known == digest) {
            *count += 1;
            return *count;
        }
        if counts.len() == MOST {
            counts.pop_front();
        }
        counts.push_back((digest, 1));
        1
    }

    /// The app is done with this message.
    pub fn forget(&self, message: &Message) {
        // Nearly always there is nothing to forget.
        if self.any.load(Ordering::Relaxed) {
            let digest = digest(message);
            let mut counts = self.counts();
            counts.retain(|(known, _)| *known != digest);
            self.any.store(!counts.is_empty(), Ordering::Relaxed);
        }
    }
}

fn digest(message: &Message) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&message.topic, &message.data, &message.metadata).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::Metadata;

    fn message(text: &str) -> Message {
        Message { topic: "t".into(), data: text.to_owned().into(), metadata: Metadata::new() }
    }

    #[test]
    fn messages_are_counted_until_they_are_done() {
        let breaks = Breaks::default();
        assert_eq!([1, 2], [breaks.add(&message("a")), breaks.add(&message("a"))]);
        assert_eq!(breaks.add(&message("b")), 1);
        breaks.forget(&message("a"));
        assert_eq!([1, 2], [breaks.add(&message("a")), breaks.add(&message("b"))]);
    }

    #[test]
    fn few_are_remembered() {
        let breaks = Breaks::default();
        for n in 0..=MOST {
            breaks.add(&message(&n.to_string()));
        }
        assert_eq!(breaks.counts().len(), MOST);
        assert_eq!(breaks.add(&message("0")), 1, "the oldest one is forgotten");
    }
}
