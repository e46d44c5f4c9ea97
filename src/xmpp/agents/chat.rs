//! Plain chat between a workgroup and an agent's client: offers, answers, and a little help.

use minidom::Element;

use crate::bridge::{Answer, ChatView, Input, OfferOrder, Refusal, RevokeReason};
use crate::conversation::{render_brief, split};
use crate::engine::Unavailable;
use crate::ids::{AgentJid, ConversationId, WorkgroupName};
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::service::iso_date;
use crate::xmpp::stanza::{self, Build, Condition, attr, child, element, message};

use super::commands::state;
use super::courtesy::Matter;
use super::{Agents, AgentsSettings, Got, Place, Then, refuse};

/// The most bytes of what is known of a visitor in one offer.
const MOST_OF_A_BRIEF: usize = 8_000;

pub(super) const NO_SUCH_OFFER: &str =
    "No such offer is open to you: it was answered, has timed out or was taken back.";

/// What an agent's line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To take or refuse an offer: the one named, by the visitor's pseudonym or the
    /// conversation's id in lower case, else the one held.
    Answer {
        /// Whether the agent takes it.
        accept: bool,
        /// The name.
        name: Option<String>,
    },
    /// No offers for a while, or offers again.
    Pause(bool),
    /// To see one's conversations.
    Mine,
    /// Anything else.
    Help,
}

/// What a line asks for. Quoted lines do not count.
pub fn wish(settings: &AgentsSettings, line: &str) -> Wish {
    let said: Vec<&str> = line.lines().filter(|line| !line.starts_with('>')).collect();
    let said = said.join("\n").trim().to_lowercase();
    let said = said.trim_end_matches(['.', '!']).trim_end();
    let words = |accept, words: &[String]| {
        let mut named = words.iter().filter_map(|word| name_after(said, word));
        named.next().map(|name| Wish::Answer { accept, name })
    };
    // What is configured goes first: without it no offer could be answered.
    let answer = words(true, &settings.accept_words);
    let answer = answer.or_else(|| words(false, &settings.reject_words));
    answer.unwrap_or(match said {
        "pause" => Wish::Pause(true),
        "resume" => Wish::Pause(false),
        "mine" => Wish::Mine,
        _ => Wish::Help,
    })
}

/// What follows `word` in `said`, if that is nothing or may name an offer.
fn name_after(said: &str, word: &str) -> Option<Option<String>> {
    let rest = said.strip_prefix(word.to_lowercase().as_str())?;
    if rest.is_empty() {
        return Some(None);
    }
    let name = rest.strip_prefix(char::is_whitespace)?.trim();
    let is_id = name.len() >= 8 && name.chars().all(|c| c.is_ascii_alphanumeric());
    let is_pseudonym = name.starts_with("visitor-") && !name.contains(char::is_whitespace);
    (is_id || is_pseudonym).then(|| Some(name.to_owned()))
}

/// A line that waits for the engine.
#[derive(Debug)]
pub struct Talk {
    /// The workgroup that was spoken to.
    pub workgroup: WorkgroupName,
    /// The full JID that spoke.
    pub to: String,
    /// Who spoke.
    pub agent: AgentJid,
    /// What was asked for.
    pub wish: Wish,
}

impl Agents {
    /// The message that puts a request before a client that knows nothing of Fastpath. It goes to
    /// the client that was chosen: a server passes what is for the account alone to clients of the
    /// highest priority, be they away, and to none that shows itself to the workgroup only.
    pub(super) fn offer_message(&mut self, agent: &AgentJid, order: &OfferOrder) -> Element {
        let from = self.settings.jid(&order.workgroup);
        let (accept, reject) = (self.settings.accept_word(), self.settings.reject_word());
        let brief = render_brief(&order.pseudonym, &order.brief);
        let shown = split(&brief, MOST_OF_A_BRIEF)
            .first()
            .copied()
            .unwrap_or("");
        let cut = if shown.len() < brief.len() { "…" } else { "" };
        let body = format!(
            "{} {}.\n{shown}{cut}\n{} seconds left. Answer with {accept} or {reject}.",
            if order.again {
                "Still open in"
            } else {
                "New in"
            },
            self.settings.title(&order.workgroup),
            order.left.as_secs().max(1),
        );
        let tap = |value: &str| {
            element("response", ns::QUICK_RESPONSE)
                .with("value", value)
                .with("label", &capitalised(value))
        };
        let (accept, reject) = (tap(accept), tap(reject));
        let id = self.mint(&format!("offer-{}", order.conversation));
        let client = format!("{agent}/{}", order.to.resource);
        message("chat", (&from, &client))
            .with("id", &id)
            .and_text("body", ns::CLIENT, &body)
            .and_text("thread", ns::CLIENT, order.conversation.as_str())
            .and(accept)
            .and(reject)
    }

    /// The message that takes such an offer back from a client.
    pub(super) fn revoke_message(
        &mut self,
        client: &str,
        (conversation, workgroup): (&ConversationId, &WorkgroupName),
        why: RevokeReason,
    ) -> Element {
        let pseudonym = conversation.pseudonym();
        let text = match why {
            RevokeReason::TimedOut => {
                format!("The offer of {pseudonym} has timed out; others are asked now.")
            }
            RevokeReason::Closed => {
                format!("The offer of {pseudonym} is over: the conversation has ended.")
            }
            RevokeReason::AgentGone => {
                format!("The offer of {pseudonym} is over: others are asked now.")
            }
        };
        self.say(workgroup, client, &text)
            .and_text("thread", ns::CLIENT, conversation.as_str())
    }

    /// A sentence from a workgroup.
    pub(super) fn say(&mut self, workgroup: &WorkgroupName, to: &str, text: &str) -> Element {
        let from = self.settings.jid(workgroup);
        message("chat", (&from, to))
            .with("id", &self.mint("said"))
            .and_text("body", ns::CLIENT, text)
    }

    /// A message to any address of the component.
    pub(super) fn message(&mut self, got: &Got<'_>) -> Vec<Out<Then>> {
        let kind = attr(got.stanza, "type").unwrap_or("normal");
        let said = stanza::body(got.stanza).filter(|body| !body.trim().is_empty());
        let invites = child(got.stanza, "x", ns::MUC_USER).is_some();
        let own = self.settings.is_own_service(&got.from);
        let Some(said) = said.filter(|_| matches!(kind, "chat" | "normal") && !invites && !own)
        else {
            return Vec::new();
        };
        let Place::Workgroup(workgroup) = got.place.clone() else {
            // An address without a mouth; the service alone is silent to those without a name.
            return match got.from.local {
                Some(_) => refuse(got.stanza, Condition::NotAuthorized),
                None => Vec::new(),
            };
        };
        let wish = wish(&self.settings, &said);
        let Some(agent) = self.settings.agent(&got.from) else {
            return self.tell_stranger(got, &workgroup, &wish);
        };
        let to = got.from.to_string();
        let talk = Talk {
            workgroup,
            to,
            agent,
            wish,
        };
        self.heed(got, talk)
    }

    fn tell_stranger(
        &mut self,
        got: &Got<'_>,
        workgroup: &WorkgroupName,
        wish: &Wish,
    ) -> Vec<Out<Then>> {
        // Servers and services announce things, and need no answer.
        if got.from.local.is_none() {
            return Vec::new();
        }
        let (matter, text) = match wish {
            Wish::Answer { .. } => (
                Matter::StrangersAnswer,
                "You do not serve here, so nothing was changed.".to_owned(),
            ),
            _ => {
                let title = self.settings.title(workgroup);
                let text =
                    format!("This is {title}. Only those who serve here can be answered here.");
                (Matter::Stranger, text)
            }
        };
        if !self.courtesy.allows(got.now, matter, &got.from.bare()) {
            return Vec::new();
        }
        let to = got.from.to_string();
        vec![Out::Send(self.say(workgroup, &to, &text))]
    }

    fn heed(&mut self, got: &Got<'_>, talk: Talk) -> Vec<Out<Then>> {
        let agent = talk.agent.clone();
        let input = match talk.wish.clone() {
            Wish::Answer { accept, name: None } => Input::OfferAnswered {
                agent,
                conversation: replied_to(got.stanza),
                accept,
            },
            Wish::Answer { name: Some(_), .. } | Wish::Mine => Input::ChatsAsked(agent),
            Wish::Pause(paused) => Input::AgentPaused { agent, paused },
            Wish::Help => {
                let matter = Matter::Help;
                if !self.courtesy.allows(got.now, matter, talk.agent.as_str()) {
                    return Vec::new();
                }
                let text = help(&self.settings);
                return vec![Out::Send(self.say(&talk.workgroup, &talk.to, &text))];
            }
        };
        vec![Out::Ask(input, Then::Talk(Box::new(talk)))]
    }

    /// What an agent's line led to.
    pub(super) fn talked(
        &mut self,
        talk: Talk,
        answer: Result<Answer, Unavailable>,
    ) -> Vec<Out<Then>> {
        let text = match (answer, &talk.wish) {
            (Err(Unavailable), _) => {
                "This could not be stored just now. Please try again in a moment.".to_owned()
            }
            (Ok(Answer::Chats(chats)), Wish::Mine) => list(&chats),
            (Ok(Answer::Chats(chats)), Wish::Answer { accept, name }) => {
                let accept = *accept;
                let Some(conversation) = named(&chats, name.as_deref()) else {
                    return vec![Out::Send(self.say(
                        &talk.workgroup,
                        &talk.to,
                        NO_SUCH_OFFER,
                    ))];
                };
                let input = Input::OfferAnswered {
                    agent: talk.agent.clone(),
                    conversation: Some(conversation),
                    accept,
                };
                return vec![Out::Ask(input, Then::Talk(Box::new(talk)))];
            }
            (Ok(Answer::Refused(Refusal::NotAnAgent)), _) => {
                "You do not serve here, so nothing was changed.".to_owned()
            }
            (Ok(Answer::Refused(_)), _) => NO_SUCH_OFFER.to_owned(),
            (Ok(_), Wish::Answer { accept: true, .. }) => {
                "Accepted. The invitation to the room is on its way.".to_owned()
            }
            (Ok(_), Wish::Answer { .. }) => "Rejected. Somebody else is asked.".to_owned(),
            (Ok(_), Wish::Pause(true)) => "You get no more offers until you say resume.".to_owned(),
            (Ok(_), _) => "You get offers again.".to_owned(),
        };
        vec![Out::Send(self.say(&talk.workgroup, &talk.to, &text))]
    }
}

/// The conversation whose offer a message is a reply to (XEP-0461): our ids tell.
fn replied_to(message: &Element) -> Option<ConversationId> {
    let reply = child(message, "reply", ns::REPLY)?;
    let rest = attr(reply, "id")?.strip_prefix("offer-")?;
    let (id, _) = rest.split_once('-')?;
    Some(ConversationId::new(id))
}

fn named(chats: &[ChatView], name: Option<&str>) -> Option<ConversationId> {
    let name = name?;
    let chat = chats
        .iter()
        .find(|chat| chat.conversation.as_str() == name || chat.pseudonym.to_lowercase() == name)?;
    Some(chat.conversation.clone())
}

fn list(chats: &[ChatView]) -> String {
    if chats.is_empty() {
        return "You have no conversation and no offer.".to_owned();
    }
    let lines = chats.iter().map(|chat| {
        let since = iso_date(chat.opened_at);
        format!("{} ({}), since {since}", chat.pseudonym, state(chat))
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn help(settings: &AgentsSettings) -> String {
    format!(
        "I understand: {} or {}, alone or followed by the visitor's name · pause · resume · mine \
         · help. What you write in a conversation's room goes to its visitor.",
        settings.accept_word(),
        settings.reject_word(),
    )
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
