//! What a person who waits is shown: documents that are made and the time that passed in, now and then a line out.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::host::Host;

/// Nobody wonders about what takes no longer.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two lines.
const PAUSE: Duration = Duration::from_millis(100);
/// Back to the first column, and nothing in the line any more.
const ERASE: &str = "\r\x1b[K";

pub struct Progress<'h> {
    host: &'h dyn Host,
    state: Mutex<State>,
}

struct State {
    done: usize,
    total: usize,
    next: Duration,
    is_shown: bool,
}

impl<'h> Progress<'h> {
    pub fn new(host: &'h dyn Host) -> Progress<'h> {
        let state = State { done: 0, total: 0, next: host.elapsed() + PATIENCE, is_shown: false };
        Progress { host, state: Mutex::new(state) }
    }

    /// Counts one of so many; gives what to send to the terminal, if it is time. A full count is followed by a new one.
    pub fn step(&self, total: usize) -> Option<String> {
        let mut state = self.state();
        if state.done == state.total || state.total != total {
            (state.done, state.total) = (0, total);
        }
        state.done += 1;
        let now = self.host.elapsed();
        if now < state.next {
            return None;
        }
        (state.next, state.is_shown) = (now + PAUSE, true);
        Some(format!("{ERASE}rendering {} of {} …", grouped(state.done), grouped(total)))
    }

    /// What leaves the terminal as it was.
    pub fn end(&self) -> Option<&'static str> {
        std::mem::take(&mut self.state().is_shown).then_some(ERASE)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics while it counts")
    }
}

/// `20,000`
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
