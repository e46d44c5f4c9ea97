//! How a colleague is, as Fastpath's clients want to be told (fastpath-protocol §7.7).

use minidom::Element;

use crate::bridge::{ColleagueView, ServedView};
use crate::ids::WorkgroupName;
use crate::workgroup::Show;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, element, presence};

use super::{legacy_date, visitor_bare};

/// The most characters of a question or a name that colleagues are shown.
const MOST_OF_A_VALUE: usize = 200;

/// The presence of a colleague, in the colleague's own name; `words` are what the colleague's
/// client says of it.
pub fn colleague_presence(
    domain: &str,
    (workgroup, to): (&WorkgroupName, &str),
    (colleague, here): (&ColleagueView, bool),
    words: Option<&str>,
) -> Element {
    let from = format!("{}/{}", colleague.agent, colleague.resource);
    let told = presence((!here).then_some("unavailable"), (&from, to));
    let told = if here {
        shown(told, colleague, words)
    } else {
        told
    };
    let chats = colleague.chats.iter();
    let chats = chats.fold(element("current-chats", ns::JIVE_WORKGROUP), |all, one| {
        all.and(chat(domain, one))
    });
    let status = element("agent-status", ns::WORKGROUP)
        .with("jid", &format!("{}@{domain}", workgroup.local()))
        .and_text("max-chats", ns::WORKGROUP, &colleague.max_chats.to_string())
        .and(chats);
    told.and(status)
}

fn shown(presence: Element, colleague: &ColleagueView, words: Option<&str>) -> Element {
    let show = match colleague.show {
        Show::Chat => Some("chat"),
        Show::Online => None,
        Show::Away => Some("away"),
        Show::ExtendedAway => Some("xa"),
        Show::DoNotDisturb => Some("dnd"),
    };
    let mut presence = presence;
    if let Some(show) = show {
        presence = presence.and_text("show", ns::CLIENT, show);
    }
    if let Some(words) = words {
        presence = presence.and_text("status", ns::CLIENT, words);
    }
    match colleague.priority {
        0 => presence,
        priority => presence.and_text("priority", ns::CLIENT, &priority.to_string()),
    }
}

fn chat(domain: &str, one: &ServedView) -> Element {
    let user = visitor_bare(domain, &one.conversation);
    let mut chat = element("chat", ns::JIVE_WORKGROUP)
        .with("sessionID", one.conversation.as_str())
        .with("userID", &user)
        .with("startTime", &legacy_date(one.since));
    let told = [
        ("question", one.question.as_deref()),
        ("username", Some(one.visitor.as_str())),
        ("email", one.email.as_deref()),
    ];
    for (name, value) in told {
        if let Some(value) = value {
            let value: String = value.chars().take(MOST_OF_A_VALUE).collect();
            chat = chat.with(name, &value);
        }
    }
    chat
}
