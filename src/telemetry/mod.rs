//! Logs and figures: what operators see of a running Warmline.

pub mod metrics;

pub use metrics::{Metrics, install_metrics};

use std::fmt::Display;
use std::io::IsTerminal;
use thiserror::Error;
use tracing::{Span, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Why logs or metrics could not be set up.
#[derive(Debug, Error)]
pub enum TelemetryError {
    /// The level or filter is not understood.
    #[error("the log level is not understood: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// A second call in one process.
    #[error("logging is set up already: {0}")]
    LogsTwice(#[from] TryInitError),
    /// A second call in one process.
    #[error("metrics are set up already: {0}")]
    MetricsTwice(#[from] metrics_exporter_prometheus::BuildError),
    /// The thread that tidies the metrics did not start.
    #[error("the metrics thread did not start: {0}")]
    Thread(#[from] std::io::Error),
}

/// The shape of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One line of text for people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Sends log lines to standard error. `RUST_LOG`, if set, goes before `level`.
///
/// # Errors
/// A filter that is not understood, or a second call.
pub fn init(format: Format, level: &str) -> Result<(), TelemetryError> {
    let wanted = std::env::var("RUST_LOG")
        .ok()
        .filter(|filter| !filter.is_empty());
    let filter = EnvFilter::try_new(wanted.unwrap_or_else(|| filter_for(level)))?;
    let colours = std::io::stderr().is_terminal();
    lines(format, filter, colours, std::io::stderr).try_init()?;
    Ok(())
}

type Lines = Box<dyn Subscriber + Send + Sync>;

fn lines<W>(format: Format, filter: EnvFilter, colours: bool, to: W) -> Lines
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Else a line that cannot be written, on a full disk say, is told on standard error, and
        // where that cannot be written either, whoever logs panics.
        .log_internal_errors(false)
        .with_ansi(colours);
    let lines = lines.with_writer(to);
    match format {
        Format::Text => Box::new(lines.finish()),
        Format::Json => Box::new(
            lines
                .json()
                .flatten_event(true)
                .with_span_list(false)
                .finish(),
        ),
    }
}

/// A bare `debug` or `trace` is for our own code only: the libraries' lines at these levels may
/// hold what our own never do below `trace` (headers, addresses, texts).
fn filter_for(level: &str) -> String {
    let level = level.trim();
    if level.eq_ignore_ascii_case("debug") || level.eq_ignore_ascii_case("trace") {
        format!("info,warmline={level}")
    } else {
        level.to_owned()
    }
}

/// The span that puts a conversation's id on every line about it, at whatever level.
pub fn conversation(id: &impl Display) -> Span {
    tracing::error_span!("conversation", %id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, SeekFrom};
    use std::sync::Arc;

    #[test]
    fn a_bare_debug_level_keeps_libraries_at_info() {
        assert_eq!(filter_for("debug"), "info,warmline=debug");
        assert_eq!(filter_for(" TRACE "), "info,warmline=TRACE");
        assert_eq!(filter_for("warn"), "warn");
        assert_eq!(filter_for("info,rustls=debug"), "info,rustls=debug");
    }

    /// What one line within a conversation, and one at `debug`, look like.
    fn written(format: Format, level: &str) -> String {
        let mut file = tempfile::tempfile().expect("a file");
        let to = Arc::new(file.try_clone().expect("a handle"));
        let filter = EnvFilter::try_new(filter_for(level)).expect("a filter");
        tracing::subscriber::with_default(lines(format, filter, false, to), || {
            conversation(&"c-17").in_scope(|| tracing::info!(seconds = 4, "agent joined"));
            tracing::debug!("detail");
        });
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).expect("a start");
        file.read_to_string(&mut text).expect("text");
        text
    }

    #[test]
    fn people_get_a_line_of_text_with_the_conversation() {
        let text = written(Format::Text, "info");
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in ["INFO", "conversation{id=c-17}", "agent joined", "seconds=4"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(written(Format::Text, "debug").contains("detail"));
    }

    #[test]
    fn machines_get_an_object_with_the_conversation() {
        let text = written(Format::Json, "info");
        let line: serde_json::Value = serde_json::from_str(text.trim()).expect("one JSON object");
        assert_eq!(line["message"], "agent joined");
        assert_eq!(line["seconds"], 4);
        assert_eq!(line["span"]["id"], "c-17");
        assert_eq!(line["level"], "INFO");
    }

    #[test]
    fn the_conversation_stays_on_lines_when_only_errors_are_told() {
        let mut file = tempfile::tempfile().expect("a file");
        let to = Arc::new(file.try_clone().expect("a handle"));
        let filter = EnvFilter::try_new("error").expect("a filter");
        tracing::subscriber::with_default(lines(Format::Text, filter, false, to), || {
            conversation(&"c-17").in_scope(|| tracing::error!("lost"));
        });
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).expect("a start");
        file.read_to_string(&mut text).expect("text");
        assert!(text.contains("c-17"), "{text}");
    }

    #[test]
    fn metrics_are_installed_once_and_show_the_link_from_the_start() {
        let metrics = install_metrics().expect("the first call");
        let text = metrics.render();
        assert!(
            text.contains("warmline_xmpp_link_up 0") && text.contains("warmline_dead_letters 0")
        );
        assert!(matches!(
            install_metrics(),
            Err(TelemetryError::MetricsTwice(_))
        ));
    }
}
