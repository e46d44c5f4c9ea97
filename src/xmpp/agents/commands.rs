//! Ad-hoc commands on a workgroup, for agents (XEP-0050). No session is kept: every step carries
//! all that it needs, so that a restart between two steps does no harm.

use minidom::Element;

use crate::bridge::{Answer, ChatView, Input, Refusal};
use crate::engine::Unavailable;
use crate::ids::{AgentJid, ConversationId};
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::service::iso_date;
use crate::xmpp::stanza::{Build, Condition, attr, child, element};

use super::adhoc::AdHoc;
use super::{Agents, Got, Then, refuse};

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take the offer that one holds.
    Accept,
    /// Refuse the offer that one holds.
    Reject,
    /// Stop getting offers.
    Pause,
    /// Get offers again.
    Resume,
    /// See one's conversations.
    Mine,
    /// End one of one's conversations.
    Close,
}

/// All commands, in the order in which they are shown.
pub const COMMANDS: [Command; 6] = [
    Command::Accept,
    Command::Reject,
    Command::Pause,
    Command::Resume,
    Command::Mine,
    Command::Close,
];

impl Command {
    /// The command's name on the wire.
    pub fn node(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Mine => "my-conversations",
            Self::Close => "close",
        }
    }

    /// The command's name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Accept => "Accept the offer",
            Self::Reject => "Reject the offer",
            Self::Pause => "Pause: no more offers",
            Self::Resume => "Resume: offers again",
            Self::Mine => "My conversations",
            Self::Close => "Close a conversation",
        }
    }

    /// The command of this name on the wire.
    pub fn named(node: &str) -> Option<Self> {
        COMMANDS.into_iter().find(|command| command.node() == node)
    }
}

/// A command that waits for the engine.
#[derive(Debug)]
pub struct Running {
    /// The request.
    pub request: Element,
    /// Which command.
    pub command: Command,
    /// The session's name.
    pub session: String,
    /// Who gave it.
    pub agent: AgentJid,
}

/// The field of the form that asks which conversation to close.
const FIELD: &str = "conversation";

impl Agents {
    pub(super) fn command(&mut self, got: &Got<'_>, payload: &Element) -> Vec<Out<Then>> {
        let Some(agent) = self.settings.agent(&got.from) else {
            return refuse(got.stanza, Condition::Forbidden);
        };
        let Some(command) = attr(payload, "node").and_then(Command::named) else {
            return refuse(got.stanza, Condition::ItemNotFound);
        };
        let session = match attr(payload, "sessionid") {
            Some(session) => session.to_owned(),
            None => self.mint("command"),
        };
        let running = Running {
            request: got.stanza.clone(),
            command,
            session,
            agent,
        };
        match attr(payload, "action").unwrap_or("execute") {
            "execute" | "complete" => run(running, payload),
            "cancel" => running.reply("canceled", []),
            _ => bad_request(got.stanza, "bad-action"),
        }
    }
}

fn run(running: Running, payload: &Element) -> Vec<Out<Then>> {
    let agent = running.agent.clone();
    let answered = |accept| Input::OfferAnswered {
        agent: agent.clone(),
        conversation: None,
        accept,
    };
    let paused = |paused| Input::AgentPaused {
        agent: agent.clone(),
        paused,
    };
    let input = match running.command {
        Command::Accept => answered(true),
        Command::Reject => answered(false),
        Command::Pause => paused(true),
        Command::Resume => paused(false),
        Command::Mine => Input::ChatsAsked(agent),
        Command::Close => match child(payload, "x", ns::DATA_FORMS).map(chosen) {
            Some(Some(conversation)) => Input::AgentClosed {
                agent,
                conversation: Some(conversation),
            },
            Some(None) => return bad_request(&running.request, "bad-payload"),
            None => Input::ChatsAsked(agent),
        },
    };
    vec![Out::Ask(input, Then::Command(Box::new(running)))]
}

fn chosen(form: &Element) -> Option<ConversationId> {
    let field = form
        .children()
        .find(|field| field.is("field", ns::DATA_FORMS) && attr(field, "var") == Some(FIELD))?;
    let value = child(field, "value", ns::DATA_FORMS)?.text();
    let value = value.trim();
    (!value.is_empty()).then(|| ConversationId::new(value))
}

/// The error of XEP-0050 §4.4 with this condition of its own.
pub(super) fn bad_request(request: &Element, what: &str) -> Vec<Out<Then>> {
    let mut out = refuse(request, Condition::BadRequest);
    for one in &mut out {
        if let Out::Send(reply) = one
            && let Some(error) = reply.get_child_mut("error", ns::CLIENT)
        {
            error.append_child(element(what, ns::COMMANDS));
        }
    }
    out
}

/// What a command says once the engine has answered.
pub(super) fn answered(running: Running, answer: Result<Answer, Unavailable>) -> Vec<Out<Then>> {
    let Ok(answer) = answer else {
        return refuse(&running.request, Condition::InternalServerError);
    };
    match answer {
        Answer::Chats(chats) if running.command == Command::Mine => running.show(&chats),
        Answer::Chats(chats) => running.ask_which(&chats),
        Answer::Refused(Refusal::NotAnAgent) => refuse(&running.request, Condition::Forbidden),
        Answer::Refused(why) => running.note("error", refusal(why)),
        _ => {
            let text = done(running.command);
            running.note("info", text)
        }
    }
}

fn done(command: Command) -> &'static str {
    match command {
        Command::Accept => "Accepted. The invitation to the room is on its way.",
        Command::Reject => "Rejected. Somebody else is asked.",
        Command::Pause => "You get no more offers until you resume.",
        Command::Resume => "You get offers again.",
        Command::Mine => "Done.",
        Command::Close => "The conversation is closed.",
    }
}

fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::NoSuchOffer => super::chat::NO_SUCH_OFFER,
        Refusal::UnknownConversation => "You have no such conversation.",
        Refusal::Ambiguous => "You have several conversations: choose one.",
        _ => "That is not possible.",
    }
}

impl AdHoc for Running {
    fn asked(&self) -> (&Element, &str, &str) {
        (&self.request, self.command.node(), &self.session)
    }
}

impl Running {
    fn show(&self, chats: &[ChatView]) -> Vec<Out<Then>> {
        if chats.is_empty() {
            return self.note("info", "You have no conversation and no offer.");
        }
        let columns = [
            ("visitor", "Visitor"),
            ("state", "State"),
            ("since", "Since"),
            (FIELD, "Conversation"),
        ];
        let mut reported = element("reported", ns::DATA_FORMS);
        for (var, label) in columns {
            reported = reported.and(field(var).with("label", label));
        }
        let form = element("x", ns::DATA_FORMS)
            .with("type", "result")
            .and_text("title", ns::DATA_FORMS, self.command.title())
            .and(reported);
        let form = chats.iter().fold(form, |form, chat| {
            let cell = |var, text: &str| field(var).and_text("value", ns::DATA_FORMS, text);
            form.and(
                element("item", ns::DATA_FORMS)
                    .and(cell("visitor", &chat.pseudonym))
                    .and(cell("state", state(chat)))
                    .and(cell("since", &iso_date(chat.opened_at)))
                    .and(cell(FIELD, chat.conversation.as_str())),
            )
        });
        self.reply("completed", [form])
    }

    fn ask_which(self, chats: &[ChatView]) -> Vec<Out<Then>> {
        let own: Vec<&ChatView> = chats.iter().filter(|chat| chat.accepted).collect();
        match own.as_slice() {
            [] => self.note("error", "You have no conversation."),
            [only] => {
                let input = Input::AgentClosed {
                    agent: self.agent.clone(),
                    conversation: Some(only.conversation.clone()),
                };
                vec![Out::Ask(input, Then::Command(Box::new(self)))]
            }
            several => {
                let actions = element("actions", ns::COMMANDS)
                    .with("execute", "complete")
                    .and(element("complete", ns::COMMANDS));
                self.reply("executing", [actions, which(several)])
            }
        }
    }
}

fn which(chats: &[&ChatView]) -> Element {
    let list = field(FIELD)
        .with("type", "list-single")
        .with("label", "Conversation")
        .and(element("required", ns::DATA_FORMS));
    let list = chats.iter().fold(list, |list, chat| {
        let label = format!("{} since {}", chat.pseudonym, iso_date(chat.opened_at));
        list.and(
            element("option", ns::DATA_FORMS)
                .with("label", &label)
                .and_text("value", ns::DATA_FORMS, chat.conversation.as_str()),
        )
    });
    element("x", ns::DATA_FORMS)
        .with("type", "form")
        .and_text("title", ns::DATA_FORMS, Command::Close.title())
        .and(list)
}

fn field(var: &str) -> Element {
    element("field", ns::DATA_FORMS).with("var", var)
}

/// Whether a conversation is accepted or still an offer, in one word.
pub(super) fn state(chat: &ChatView) -> &'static str {
    if chat.accepted { "yours" } else { "offered" }
}
