//! Conversations of before, notes and ready answers, as Fastpath's clients read them
//! (fastpath-protocol §6.6, §12): asked for in either namespace, answered in Jive's, with legacy
//! dates.

use minidom::Element;

use crate::conversation::{Author, Line};
use crate::ids::{ConversationId, Timestamp};
use crate::xmpp::ns;
use crate::xmpp::records::Session;
use crate::xmpp::rooms::Inside;
use crate::xmpp::stanza::{Build, element};

use super::{legacy_date, visitor_bare};

/// The most text of one transcript, in bytes: servers cut a link on which too large a stanza comes.
const MOST_SAID: usize = 150_000;

fn jive(name: &str) -> Element {
    element(name, ns::JIVE_WORKGROUP)
}

/// The list of a visitor's conversations.
pub fn transcripts(user: &str, sessions: &[Session]) -> Element {
    let list = jive("transcripts").with("userID", user);
    sessions.iter().fold(list, |list, one| {
        let (from, to) = (
            legacy_date(one.from),
            legacy_date(one.to.unwrap_or(one.from)),
        );
        let mut agents = jive("agents");
        if let Some(agent) = &one.agent {
            agents = agents.and(
                jive("agent")
                    .and_text("agentJID", ns::JIVE_WORKGROUP, agent.as_str())
                    .and_text("joinTime", ns::JIVE_WORKGROUP, &from)
                    .and_text("leftTime", ns::JIVE_WORKGROUP, &to),
            );
        }
        list.and(
            jive("transcript")
                .with("sessionID", one.id.as_str())
                .and(agents)
                .and_text("joinTime", ns::JIVE_WORKGROUP, &from)
                .and_text("leftTime", ns::JIVE_WORKGROUP, &to),
        )
    })
}

/// What was said in a conversation; of a very long one the end.
pub fn transcript(muc: &str, session: &Session, lines: &[Line]) -> Element {
    let room = format!("{}@{muc}", session.id);
    let mut said = Vec::new();
    let mut bytes = 0;
    for line in lines.iter().rev() {
        let nick = match &line.author {
            Author::Visitor => session.visitor(),
            Author::Agent { name } => name.clone(),
            Author::Bot => "Bot".to_owned(),
            _ => continue,
        };
        let body = body(line);
        bytes += body.len() + 400;
        if bytes > MOST_SAID {
            break;
        }
        said.push(message(&format!("{room}/{nick}"), (&body, line.at)));
    }
    let transcript = jive("transcript").with("sessionID", session.id.as_str());
    said.into_iter()
        .rev()
        .fold(transcript, |all, one| all.and(one))
}

fn body(line: &Line) -> String {
    let mut body = line.words.text.clone();
    for file in &line.words.attachments {
        body.push('\n');
        body.push_str(&file.url);
    }
    body
}

fn message(from: &str, (body, at): (&str, Timestamp)) -> Element {
    let delay = element("x", ns::DELAY_LEGACY).with("stamp", &legacy_date(at));
    element("message", ns::CLIENT)
        .with("from", from)
        .with("type", "groupchat")
        .and_text("body", ns::CLIENT, body)
        .and(delay)
}

/// The list of an agent's conversations.
pub fn chat_sessions(agent: &str, sessions: &[Session]) -> Element {
    let list = jive("chat-sessions").with("agentJID", agent);
    sessions.iter().fold(list, |list, one| {
        let lasted = one.to.unwrap_or(one.from).since(one.from).as_millis();
        let fact = |name: &str| one.brief.fact(name).unwrap_or_default().to_owned();
        let question = one.brief.question.clone().unwrap_or_default();
        list.and(
            jive("chat-session")
                .and_text("sessionID", ns::JIVE_WORKGROUP, one.id.as_str())
                .and_text("date", ns::JIVE_WORKGROUP, &one.from.0.to_string())
                .and_text("duration", ns::JIVE_WORKGROUP, &lasted.to_string())
                .and_text("visitorsName", ns::JIVE_WORKGROUP, &one.visitor())
                .and_text("visitorsEmail", ns::JIVE_WORKGROUP, &fact("email"))
                .and_text("question", ns::JIVE_WORKGROUP, &question),
        )
    })
}

/// What is known of a conversation's visitor.
pub fn chat_metadata(domain: &str, session: &Session) -> Element {
    let value = |name: &str, text: &str| {
        let value = Element::builder("value", ns::JIVE_WORKGROUP);
        value.append(text).build().with("name", name)
    };
    let mut all = jive("metadata")
        .and(value("username", &session.visitor()))
        .and(value("userID", &user_id(domain, session)));
    if let Some(question) = &session.brief.question {
        all = all.and(value("question", question));
    }
    for (name, text) in &session.brief.facts {
        if !["username", "userid"].contains(&name.to_lowercase().as_str()) {
            all = all.and(value(name, text));
        }
    }
    jive("chat-metadata").and(all)
}

fn user_id(domain: &str, session: &Session) -> String {
    let named = session.brief.fact("userID");
    let named = named.filter(|id| id.contains('@'));
    named.map_or_else(|| visitor_bare(domain, &session.id), str::to_owned)
}

/// What was noted of a conversation last.
pub fn chat_notes(session: &str, text: &str) -> Element {
    jive("chat-notes")
        .and_text("sessionID", ns::JIVE_WORKGROUP, session)
        .and_text("text", ns::JIVE_WORKGROUP, text)
}

/// Ready answers, as whoever kept them wrote them.
pub fn macros(model: &str) -> Element {
    jive("macros").and_text("model", ns::JIVE_WORKGROUP, model)
}

/// Ready answers in the grammar that clients read.
pub fn macro_model(macros: &[(String, String)]) -> String {
    let each = macros.iter().map(|(title, text)| {
        format!(
            "<macro><title>{}</title><type>0</type><description></description>\
             <response>{}</response></macro>",
            escaped(title),
            escaped(text)
        )
    });
    format!(
        "<macrogroup><title>Parent Category</title><macros>{}</macros><macroGroups></macroGroups>\
         </macrogroup>",
        each.collect::<String>()
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// What can be searched for.
pub fn search_form() -> Element {
    let field = |var: &str, kind: &str, label: &str| {
        element("field", ns::DATA_FORMS)
            .with("var", var)
            .with("type", kind)
            .with("label", label)
    };
    let text = field("queryString", "text-single", "Search terms");
    let form = element("x", ns::DATA_FORMS)
        .with("type", "form")
        .and(field("date/start", "text-single", "Begun after"))
        .and(field("date/end", "text-single", "Begun before"))
        .and(field("workgroups", "jid-multi", "Workgroups"))
        .and(field("agent", "jid-single", "Agent"))
        .and(text.and(element("required", ns::DATA_FORMS)));
    jive("transcript-search").and(form)
}

/// What was found.
pub fn search_result(domain: &str, sessions: &[Session]) -> Element {
    let field = |var: &str| element("field", ns::DATA_FORMS).with("var", var);
    let names = [
        "workgroup",
        "sessionID",
        "startDate",
        "agentJIDs",
        "relevance",
    ];
    let reported = names
        .iter()
        .fold(element("reported", ns::DATA_FORMS), |all, name| {
            all.and(field(name))
        });
    let form = element("x", ns::DATA_FORMS)
        .with("type", "result")
        .and(reported);
    let form = sessions.iter().fold(form, |form, one| {
        let value = |name: &str, text: &str| field(name).and_text("value", ns::DATA_FORMS, text);
        let agent = one.agent.as_ref().map_or("", |agent| agent.as_str());
        let mut item = element("item", ns::DATA_FORMS)
            .and(value(
                "workgroup",
                &format!("{}@{domain}", one.workgroup.local()),
            ))
            .and(value("sessionID", one.id.as_str()))
            .and(value("startDate", &legacy_date(one.from)))
            .and(value("agentJIDs", agent))
            .and(value("relevance", "1.0"))
            .and(value("username", &one.visitor()));
        if let Some(question) = &one.brief.question {
            item = item.and(value("question", question));
        }
        form.and(item)
    });
    jive("transcript-search").and(form)
}

/// Who is in a conversation's room.
pub fn occupants_info(id: &ConversationId, inside: &[Inside]) -> Element {
    let list = jive("occupants-info").with("roomID", id.as_str());
    inside.iter().fold(list, |list, one| {
        list.and(
            jive("occupant")
                .and_text("jid", ns::JIVE_WORKGROUP, &one.jid)
                .and_text("nickname", ns::JIVE_WORKGROUP, &one.nick)
                .and_text("joined", ns::JIVE_WORKGROUP, &legacy_date(one.since)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_answers_are_well_formed_once_they_are_unescaped() {
        let model = macro_model(&[("A < B".into(), "x & y".into())]);
        let read: Element = model
            .replacen("<macrogroup>", "<macrogroup xmlns='x'>", 1)
            .parse()
            .unwrap();
        let text = read.children().nth(1).unwrap().children().next().unwrap();
        assert_eq!(text.children().next().unwrap().text(), "A < B");
    }
}
