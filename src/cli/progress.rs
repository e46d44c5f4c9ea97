//! How far a long command has come: a bar on a terminal, plain lines elsewhere.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};
use warmline::app::Progress;

/// How often a plain line is written.
const EVERY: Duration = Duration::from_secs(2);

/// What is shown of a command's progress, on standard error.
pub(super) struct Shown {
    bar: Option<ProgressBar>,
    told: Option<Instant>,
}

impl Shown {
    /// Nothing yet.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let form = "{bar:40} {human_pos} of {human_len} rows, {eta} left";
            let style = ProgressStyle::with_template(form);
            ProgressBar::no_length()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, told: None }
    }

    /// So far it has come.
    pub fn tell(&mut self, now: Progress) {
        if let Some(bar) = &self.bar {
            bar.set_length(now.all);
            bar.set_position(now.moved);
        } else if self.told.is_none_or(|told| told.elapsed() > EVERY) {
            self.told = Some(Instant::now());
            let Progress { moved, all } = now;
            // Where nobody can read it, nobody misses it.
            let _ = writeln!(std::io::stderr().lock(), "{moved} of {all} rows");
        }
    }

    /// It is over, well or not.
    pub fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
