//! `POST /ask`: a visitor asks, and is answered at once, or when an agent has come.

use std::time::Duration;

use crate::bridge::{Answer as Bridged, Input, Opening};
use crate::chat_api::ChatApi;
use crate::chat_api::Reveal;
use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::Caller;
use crate::chat_api::grants::{Asked, Grants, digest};
use crate::chat_api::log::{Event, FeedName, Since};
use crate::chat_api::wire::body::{Assist, assist};
use crate::chat_api::wire::node::{Entity, Node};
use crate::chat_api::wire::visitor::{self, Stand};
use crate::conversation::{Brief, Manners};
use crate::ids::{ConversationId, TicketId, VisitorToken, WorkgroupName};
use crate::workgroup::Place;

use super::{owner, room_keys, word};

/// The longest that a call may wait, as the source had it.
const LONGEST_WAIT: Duration = Duration::from_mins(3);
/// How often a visitor who waits is told the place in the line at most.
const PLACE_EVERY: Duration = Duration::from_secs(1);

/// `POST /ask?wait=`
pub async fn open(call: Call) -> Outcome {
    if matches!(call.caller, Caller::Nobody | Caller::Bearer(_)) {
        if !call.api.settings.anonymous {
            return Err(Failure::NoCredentials);
        }
        call.api.crowd.enter(&call.from)?;
    }
    let wait = wait(&call)?;
    let form = assist(&call.entity("assist")?)?;
    let workgroup = known_workgroup(&call.api, &form.workgroup)?;
    let owner = owner(&call.caller);
    if let Some(owner) = &owner {
        let before = call.api.grants.ask_of(owner, &form.user).await?;
        if let Some(before) = before
            && call.api.stand(&before).await? != Stand::Ended
        {
            return Err(Failure::WaitsAlready);
        }
    }
    let token = Grants::mint();
    let asked = Asked {
        user: form.user.clone(),
        conversation: ConversationId::from_bits(rand::random()),
        workgroup,
        owner,
        // The token itself stays with the visitor.
        token: VisitorToken::new(digest(&token)),
    };
    begin(&call.api, (&token, &asked), &form).await?;
    let stand = match wait {
        Some(wait) => wait_for(&call.api, &asked, wait).await?,
        None => Stand::Waiting,
    };
    if stand == Stand::Ended {
        return ended(&call, (&token, &asked), &form).await;
    }
    let keys = answer(&call.api, (&token, &asked), (&form, stand));
    Ok(Answer::entity(Entity {
        root: "assist",
        keys,
    }))
}

/// As the source: a request that was cancelled meanwhile is answered with `revoked`, one that nobody
/// took with an error.
async fn ended(call: &Call, granted: (&str, &Asked), form: &Assist) -> Outcome {
    let feed = FeedName::visitor(&granted.1.conversation);
    let came_to_nothing = |event: &Event| {
        (visitor::kind(&event.entry).as_deref() == Some("nobody-came")).then_some(())
    };
    let nobody = call.api.log.find_back(&feed, None, came_to_nothing).await?;
    if nobody.is_some() {
        return Err(Failure::NobodyCame);
    }
    let mut keys = answer(&call.api, granted, (form, Stand::Ended));
    keys.push(("groupchat", Node::Text("revoked".to_owned())));
    Ok(Answer::entity(Entity {
        root: "assist",
        keys,
    }))
}

fn wait(call: &Call) -> Result<Option<Duration>, Failure> {
    let Some(text) = call.query("wait") else {
        return Ok(call.api.settings.wait);
    };
    let wrong = |_| Failure::Parameter("wait", "a whole number of seconds is wanted");
    let wait = Duration::from_secs(text.parse().map_err(wrong)?);
    Ok(Some(wait.min(LONGEST_WAIT)).filter(|wait| !wait.is_zero()))
}

/// A workgroup by its name or its address.
fn known_workgroup(api: &ChatApi, given: &str) -> Result<WorkgroupName, Failure> {
    let name = given.split_once('@').map_or(given, |(name, _)| name);
    let name = WorkgroupName::new(name.to_lowercase());
    match api.groups.has(&name) {
        true => Ok(name),
        false => Err(Failure::NoWorkgroup),
    }
}

async fn begin(api: &ChatApi, granted: (&str, &Asked), form: &Assist) -> Result<(), Failure> {
    let (token, asked) = granted;
    // Before the conversation, so that no conversation is without somebody who can end it.
    api.grants.keep_ask(token, asked).await?;
    let opening = Opening {
        conversation: asked.conversation.clone(),
        visitor: api.visitor(asked),
        ticket: Some(TicketId::new(asked.user.clone())),
        workgroup: asked.workgroup.clone(),
        refuse_without_agents: api.settings.refuse_without_agents,
        wait_ends: api.settings.wait_ends,
        brief: brief(api, form),
        earlier: Vec::new(),
        recall: false,
        manners: Manners {
            place_every: Some(PLACE_EVERY),
            every_end: true,
            typing: true,
            ..Manners::default()
        },
        place: Place::Normal,
        wanted: None,
    };
    match api.ask(Input::Open(opening)).await {
        Ok(Bridged::Opened { .. }) => Ok(()),
        Ok(_) => Err(Failure::Fault),
        Err(why) => {
            // Where this fails too, the token leads to nothing and expires.
            let _ = api.grants.drop_ask(token, asked).await;
            Err(why)
        }
    }
}

/// What agents are shown: the question, and of the rest what the configuration lets them see.
fn brief(api: &ChatApi, form: &Assist) -> Brief {
    let shows = |what: Reveal| api.settings.reveal.contains(&what);
    let mut facts = Vec::new();
    if shows(Reveal::Email) {
        facts.push(("email".to_owned(), form.email.clone()));
    }
    if shows(Reveal::User) {
        facts.push(("user".to_owned(), form.user.clone()));
    }
    if shows(Reveal::Details) {
        facts.extend(form.more.iter().cloned());
    }
    Brief {
        question: Some(form.question.clone()),
        facts,
    }
}

async fn wait_for(api: &ChatApi, asked: &Asked, wait: Duration) -> Result<Stand, Failure> {
    let feed = FeedName::visitor(&asked.conversation);
    let Some(mut reader) = api.log.open(&feed, Since::Start).await? else {
        return Ok(Stand::Ended);
    };
    let settled = async {
        while let Some(event) = reader.next().await {
            match visitor::stand(&event.entry) {
                None | Some(Stand::Waiting) => {}
                Some(stand) => return stand,
            }
        }
        Stand::Waiting
    };
    let settled = tokio::time::timeout(wait, settled).await;
    Ok(settled.unwrap_or(Stand::Waiting))
}

/// The request as it was made, and what has become of it.
fn answer(
    api: &ChatApi,
    (token, asked): (&str, &Asked),
    (form, stand): (&Assist, Stand),
) -> Vec<(&'static str, Node)> {
    const SHOWN: [&str; 10] = [
        "workgroup",
        "userID",
        "emailAddress",
        "question",
        "nickname",
        "agent",
        "product",
        "company",
        "state",
        "country",
    ];
    let given = SHOWN.iter().map(|key| {
        let value = form.given.get(*key).and_then(serde_json::Value::as_str);
        (*key, Node::maybe(value))
    });
    let mut keys: Vec<_> = given.collect();
    keys.push(("status", Node::Text(word(stand).to_owned())));
    keys.push(("token", Node::Text(token.to_owned())));
    keys.push((
        "events",
        Node::Text(format!("/sse/{}?token={token}", asked.user)),
    ));
    if stand == Stand::Invited {
        keys.extend(room_keys(api, asked, stand));
        let workgroup = format!("{}@{}", asked.workgroup, api.settings.names.domain);
        keys.push(("sender", Node::Text(workgroup)));
        keys.push(("message", Node::Text("An agent has come.".to_owned())));
    }
    keys
}
