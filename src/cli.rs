//! The command line: reads it, loads the settings, calls the app, chooses the exit code.

mod progress;

use clap::{Args, Parser, Subcommand};
use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use warmline::app::{self, AppError, Which};
use warmline::config::{self, LogFormat, PasswordHash, Settings, StoreUrl, What};
use warmline::telemetry;

/// Exit code for anything that fails while running.
const FAILED: u8 = 1;
/// Exit code for a configuration or a command line that cannot be used.
const MISCONFIGURED: u8 = 2;

/// Looked for in this order when no file is named.
const USUAL_FILES: [&str; 2] = ["warmline.toml", "/etc/warmline/warmline.toml"];

/// Hands a chatbot's conversation over to a human who sits in an XMPP client.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 well, 1 failed, 2 wrong configuration or usage."
)]
struct CommandLine {
    /// The configuration [else ./warmline.toml, else /etc/warmline/warmline.toml, else none]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the bridge until SIGTERM
    Run,
    /// Tell everything that is wrong with the configuration
    Check,
    /// Print the default configuration with every key explained
    Config,
    /// Hash a password for the configuration; it is read from standard input
    HashPassword,
    /// Deliveries that were given up
    #[command(subcommand)]
    DeadLetters(DeadLetters),
    /// Handoffs and their transcripts
    #[command(subcommand)]
    Conversations(Conversations),
    /// The store
    #[command(subcommand)]
    Store(StoreCommand),
}

#[derive(Subcommand)]
enum StoreCommand {
    /// Move everything to another store, while Warmline does not run; begun again it goes on
    Migrate {
        /// Where it is, as in store.url
        #[arg(value_parser = store_url)]
        from: StoreUrl,
        /// Where it is to be
        #[arg(value_parser = store_url)]
        to: StoreUrl,
    },
}

fn store_url(text: &str) -> Result<StoreUrl, What> {
    StoreUrl::parse(text)
}

#[derive(Subcommand)]
enum DeadLetters {
    /// Show them
    List,
    /// Try them again
    Retry(Letters),
    /// Forget them
    Drop(Letters),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Letters {
    /// The one of this id
    id: Option<String>,
    /// Every one
    #[arg(long)]
    all: bool,
}

impl From<Letters> for Which {
    fn from(letters: Letters) -> Self {
        letters.id.map_or(Self::All, Self::One)
    }
}

#[derive(Subcommand)]
enum Conversations {
    /// Show the open ones
    List {
        /// Closed ones too
        #[arg(long)]
        closed: bool,
    },
    /// Show one with its transcript
    Show {
        /// As the list shows it
        id: String,
    },
    /// Close one
    Close {
        /// As the list shows it
        id: String,
    },
    /// Let one that is closed go on, on channels that open tickets again
    Reopen {
        /// As the list shows it
        id: String,
    },
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    // On wrong usage clap ends the process itself, with code 2.
    let CommandLine { config, command } = CommandLine::parse();
    match command {
        Command::Config => return say(config::DEFAULT_FILE),
        Command::HashPassword => return hash_password(),
        _ => {}
    }
    let file = config.or_else(usual_file);
    let settings = match config::load(file.as_deref(), std::env::vars_os()) {
        Ok(settings) => settings,
        Err(problems) => {
            problems
                .iter()
                .for_each(|problem| complain("error", problem));
            complain("error", &told(problems.len(), file.as_deref()));
            return ExitCode::from(MISCONFIGURED);
        }
    };
    match command {
        Command::Check => check(&settings, file.as_deref()),
        Command::Run => run(settings, file),
        Command::DeadLetters(command) => answer(dead_letters(&settings, command)),
        Command::Conversations(command) => answer(conversations(&settings, command)),
        Command::Store(StoreCommand::Migrate { from, to }) => {
            let mut shown = progress::Shown::new();
            let moved = app::store_migrate(&settings, (&from, &to), |now| shown.tell(now));
            shown.end();
            answer(moved)
        }
        Command::Config | Command::HashPassword => ExitCode::SUCCESS,
    }
}

fn usual_file() -> Option<PathBuf> {
    USUAL_FILES
        .into_iter()
        .map(PathBuf::from)
        .find(|file| file.exists())
}

fn check(settings: &Settings, file: Option<&Path>) -> ExitCode {
    settings
        .warnings()
        .iter()
        .for_each(|warning| complain("warning", warning));
    say(&format!("{}: in order\n", place(file)))
}

fn run(settings: Settings, file: Option<PathBuf>) -> ExitCode {
    let format = match settings.log.format {
        LogFormat::Text => telemetry::Format::Text,
        LogFormat::Json => telemetry::Format::Json,
    };
    if let Err(error) = telemetry::init(format, &settings.log.level) {
        complain("error", &error);
        return ExitCode::from(MISCONFIGURED);
    }
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    let reload = move || config::load(file.as_deref(), std::env::vars_os());
    match app::run(settings, Box::new(reload)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(FAILED)
        }
    }
}

/// Never from the command line, where every user of the machine could read it.
fn hash_password() -> ExitCode {
    let stdin = std::io::stdin();
    let read = match stdin.is_terminal() {
        true => rpassword::prompt_password("Password: "),
        false => std::io::read_to_string(stdin.lock()),
    };
    let hashed = read.map(|text| {
        let password = text.trim_end_matches(['\r', '\n']);
        (!password.is_empty()).then(|| PasswordHash::of(password))
    });
    match hashed {
        Ok(Some(Ok(hash))) => say(&(hash.expose() + "\n")),
        Ok(Some(Err(error))) => failed(&error),
        Ok(None) => failed(&"the password is empty"),
        Err(error) => failed(&error),
    }
}

fn failed(why: &impl Display) -> ExitCode {
    complain("error", why);
    ExitCode::from(FAILED)
}

fn dead_letters(settings: &Settings, command: DeadLetters) -> Result<String, AppError> {
    match command {
        DeadLetters::List => app::dead_letters_list(settings),
        DeadLetters::Retry(letters) => app::dead_letters_retry(settings, &letters.into()),
        DeadLetters::Drop(letters) => app::dead_letters_drop(settings, &letters.into()),
    }
}

fn conversations(settings: &Settings, command: Conversations) -> Result<String, AppError> {
    match command {
        Conversations::List { closed } => app::conversations_list(settings, closed),
        Conversations::Show { id } => app::conversations_show(settings, &id),
        Conversations::Close { id } => app::conversations_close(settings, &id),
        Conversations::Reopen { id } => app::conversations_reopen(settings, &id),
    }
}

fn answer(result: Result<String, AppError>) -> ExitCode {
    match result {
        Ok(text) => say(&(text + "\n")),
        Err(error) => {
            complain("error", &error);
            ExitCode::from(FAILED)
        }
    }
}

fn place(file: Option<&Path>) -> String {
    match file {
        Some(file) => file.display().to_string(),
        None => "no file, environment only".to_owned(),
    }
}

fn told(problems: usize, file: Option<&Path>) -> String {
    let noun = if problems == 1 { "problem" } else { "problems" };
    format!(
        "{problems} {noun} ({}); `warmline config` explains every key",
        place(file)
    )
}

/// To standard output; a reader that has seen enough (`| head`) is no failure.
fn say(text: &str) -> ExitCode {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => ExitCode::from(FAILED),
        _ => ExitCode::SUCCESS,
    }
}

/// To standard error, where a failure to write has nowhere to be told.
fn complain(kind: &str, what: &impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{kind}: {what}");
}
