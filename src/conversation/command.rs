//! The lines in a room that are meant for Warmline and not for the visitor.

/// A line that begins with `!`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// End the conversation.
    Close,
    /// Hand it to a workgroup or an agent.
    Transfer(String),
    /// Let a colleague in.
    Invite(String),
    /// Keep a note that the visitor never sees.
    Note(String),
    /// Show what was said before.
    Context,
    /// Show the cases that were filed.
    Case,
    /// Say what can be said.
    Help,
    /// Something else: answered with the help, never forwarded.
    Unknown(String),
}

/// What the help says.
pub const HELP: &str = "\
!close – end the conversation
!transfer WORKGROUP or AGENT – hand it to others; you stay until somebody came
!invite AGENT – let a colleague in
!note TEXT – keep a note that the visitor never sees
!context – show what was said so far
!case – show the case that was filed for this visitor
!help – this list
Everything else that you write here goes to the visitor.";

/// The command in `text`; `None` where the line does not begin with `!`.
pub fn parse(text: &str) -> Option<Command> {
    let rest = text.trim_start().strip_prefix('!')?;
    let (word, argument) = rest
        .split_once(char::is_whitespace)
        .map_or((rest, ""), |(word, argument)| (word, argument.trim()));
    let needs = |make: fn(String) -> Command| {
        if argument.is_empty() {
            Command::Unknown(word.to_owned())
        } else {
            make(argument.to_owned())
        }
    };
    Some(match word.trim().to_lowercase().as_str() {
        "close" => Command::Close,
        "transfer" => needs(Command::Transfer),
        "invite" => needs(Command::Invite),
        "note" => needs(Command::Note),
        "context" => Command::Context,
        "case" => Command::Case,
        "help" => Command::Help,
        _ => Command::Unknown(word.trim().to_owned()),
    })
}

/// Whether a line is surely meant for a Warmline, wherever it is said: a known command, with an
/// argument exactly where it takes one.
pub fn is_plain_command(text: &str) -> bool {
    let argued = text.trim().contains(char::is_whitespace);
    match parse(text) {
        Some(Command::Transfer(_) | Command::Invite(_) | Command::Note(_)) => true,
        Some(Command::Close | Command::Context | Command::Case | Command::Help) => !argued,
        Some(Command::Unknown(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_with_a_mark_are_commands() {
        assert_eq!(parse("hello"), None);
        assert_eq!(parse("wait!"), None);
        assert_eq!(parse("!close"), Some(Command::Close));
        assert_eq!(parse("  !CLOSE  now"), Some(Command::Close));
        assert_eq!(
            parse("!transfer billing"),
            Some(Command::Transfer("billing".into()))
        );
        assert_eq!(
            parse("!note two\nlines"),
            Some(Command::Note("two\nlines".into()))
        );
        assert_eq!(parse("!note"), Some(Command::Unknown("note".into())));
        assert_eq!(parse("!"), Some(Command::Unknown(String::new())));
        assert_eq!(parse("!clsoe"), Some(Command::Unknown("clsoe".into())));
        for text in ["!close", "!note he lies", " !transfer billing"] {
            assert!(is_plain_command(text), "{text}");
        }
        for text in [
            "!close the window",
            "!important",
            "!help me to see",
            "close",
            "!note",
        ] {
            assert!(!is_plain_command(text), "{text}");
        }
    }
}
