//! What agents and supervisors look up and keep: conversations of before, notes, ready answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::bridge::ConversationRecord;
use crate::conversation::{Author, Brief, Line, Past};
use crate::ids::{AgentJid, ConversationId, Timestamp, VisitorToken, WorkgroupName};
use crate::store::{Change, Put, Row, Store, StoreError, Table};

use super::fastpath::{self, Joined};

/// The group of [`Table::Desk`] that holds agents' ready answers.
const MACROS: &str = "macros";
/// The most sessions that one answer names.
const MOST: usize = 200;

/// What is looked up or kept. Everything but ready answers is of the workgroups in `of` alone.
#[derive(Clone, Debug)]
pub enum Wish {
    /// The conversations of one visitor, as agents know the visitor.
    OfUser(String),
    /// The conversations in which an agent served last that began after a moment, at most so many.
    OfAgent(AgentJid, Timestamp, usize),
    /// The conversations in which something was said.
    Search(Search),
    /// What was said in one.
    Transcript(ConversationId),
    /// What was noted last of one.
    Notes(ConversationId),
    /// What is known of the visitor of one.
    About(ConversationId),
    /// An agent's ready answers.
    Macros(AgentJid),
    /// Keep an agent's ready answers.
    KeepMacros(AgentJid, String),
}

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Words that occur in what was said, whatever their case.
    pub text: String,
    /// In these workgroups; in all where it is empty.
    pub workgroups: BTreeSet<WorkgroupName>,
    /// Served last by this agent.
    pub agent: Option<AgentJid>,
    /// Begun after this.
    pub from: Option<Timestamp>,
    /// Begun before this.
    pub to: Option<Timestamp>,
}

/// A conversation, over or not.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id.
    pub id: ConversationId,
    /// The workgroup that it is or was in.
    pub workgroup: WorkgroupName,
    /// What agents were shown.
    pub brief: Brief,
    /// When it began.
    pub from: Timestamp,
    /// When it ended, if it did.
    pub to: Option<Timestamp>,
    /// Who served last.
    pub agent: Option<AgentJid>,
    token: VisitorToken,
    own_channel: bool,
}

/// What was found.
#[derive(Clone, Debug)]
pub enum Found {
    /// Conversations, the newest first.
    Sessions(Vec<Session>),
    /// One with what was said in it, oldest first.
    Said(Box<Session>, Vec<Line>),
    /// A text: a note, or ready answers.
    Text(String),
    /// It is kept.
    Kept,
    /// There is no such thing, or it is not for this asker.
    Nothing,
}

/// The store, as far as lookups go; cheap to clone.
#[derive(Clone)]
pub struct Records {
    store: Arc<dyn Store>,
}

impl Records {
    /// On this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Looks something up, or keeps it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn look(
        &self,
        wish: Wish,
        of: &BTreeSet<WorkgroupName>,
    ) -> Result<Found, StoreError> {
        match wish {
            Wish::OfUser(user) => {
                let mut found = self.all(of).await?;
                found.retain(|one| one.is_of(&user));
                Ok(newest(found, MOST))
            }
            Wish::OfAgent(agent, since, most) => {
                let mut found = self.all(of).await?;
                let by = |one: &Session| one.agent.as_ref() == Some(&agent);
                found.retain(|one| by(one) && one.from >= since && one.to.is_some());
                Ok(newest(found, most.min(MOST)))
            }
            Wish::Search(search) => self.search(&search, of).await,
            Wish::Transcript(id) => match self.one(&id, of).await? {
                Some(session) => Ok(Found::Said(Box::new(session), self.lines(&id).await?)),
                None => Ok(Found::Nothing),
            },
            Wish::About(id) => match self.one(&id, of).await? {
                Some(session) => Ok(Found::Said(Box::new(session), Vec::new())),
                None => Ok(Found::Nothing),
            },
            Wish::Notes(id) => {
                let lines = match self.one(&id, of).await? {
                    Some(_) => self.lines(&id).await?,
                    None => Vec::new(),
                };
                let note = |line: &&Line| matches!(line.author, Author::Note { .. });
                let last = lines.iter().rev().find(note);
                Ok(last.map_or(Found::Nothing, |line| Found::Text(line.words.text.clone())))
            }
            Wish::Macros(agent) => {
                let row = self.store.get(Table::Desk, MACROS, agent.as_str()).await?;
                let text = row.and_then(|row| String::from_utf8(row.value).ok());
                Ok(text.map_or(Found::Nothing, Found::Text))
            }
            Wish::KeepMacros(agent, text) => {
                let row = Put {
                    table: Table::Desk,
                    group: MACROS.to_owned(),
                    key: agent.as_str().to_owned(),
                    value: text.into_bytes(),
                    expires: None,
                };
                self.store.commit(vec![Change::Put(row)]).await?;
                Ok(Found::Kept)
            }
        }
    }

    async fn search(
        &self,
        search: &Search,
        of: &BTreeSet<WorkgroupName>,
    ) -> Result<Found, StoreError> {
        let text = search.text.to_lowercase();
        let mut found = Vec::new();
        let mut all = self.all(of).await?;
        all.sort_by_key(|one| std::cmp::Reverse(one.from));
        for session in all.into_iter().filter(|one| search.may_be(one)) {
            if found.len() >= MOST {
                break;
            }
            let said = |line: &Line| line.words.text.to_lowercase().contains(&text);
            let asked = session.brief.question.as_deref().unwrap_or_default();
            let hit = asked.to_lowercase().contains(&text)
                || self.lines(&session.id).await?.iter().any(said);
            if hit {
                found.push(session);
            }
        }
        Ok(Found::Sessions(found))
    }

    async fn all(&self, of: &BTreeSet<WorkgroupName>) -> Result<Vec<Session>, StoreError> {
        let past = self.store.load(Table::Past).await?;
        let open = self.store.load(Table::Conversation).await?;
        let past = past.iter().filter_map(past_session);
        let all = past.chain(open.iter().filter_map(open_session));
        // A conversation whose room is still to be destroyed stands in both.
        let mut seen = BTreeSet::new();
        let all =
            all.filter(|one| of.contains(&one.workgroup.home()) && seen.insert(one.id.clone()));
        Ok(all.collect())
    }

    async fn one(
        &self,
        id: &ConversationId,
        of: &BTreeSet<WorkgroupName>,
    ) -> Result<Option<Session>, StoreError> {
        let past = self.store.get(Table::Past, "", id.as_str()).await?;
        let found = match past.as_ref().and_then(past_session) {
            Some(found) => Some(found),
            None => {
                let open = self.store.get(Table::Conversation, "", id.as_str()).await?;
                open.as_ref().and_then(open_session)
            }
        };
        Ok(found.filter(|one| of.contains(&one.workgroup.home())))
    }

    async fn lines(&self, id: &ConversationId) -> Result<Vec<Line>, StoreError> {
        let rows = self.store.group(Table::Line, id.as_str()).await?;
        Ok(rows.iter().filter_map(read).collect())
    }
}

impl Session {
    /// Whether agents know the visitor of this conversation so.
    fn is_of(&self, user: &str) -> bool {
        let named = self.brief.fact("userID");
        let own = Joined::read(&self.token).filter(|_| self.own_channel);
        let bare = own.and_then(|joined| AgentJid::parse(&joined.jid));
        let id = user
            .strip_prefix("v-")
            .and_then(|rest| rest.split('@').next());
        named == Some(user)
            || bare.is_some_and(|bare| bare.as_str().eq_ignore_ascii_case(user))
            || id == Some(self.id.as_str())
    }

    /// The visitor's name towards agents.
    pub fn visitor(&self) -> String {
        let own = self.brief.fact("username").filter(|_| self.own_channel);
        own.map_or_else(|| self.id.pseudonym(), str::to_owned)
    }
}

impl Search {
    fn may_be(&self, one: &Session) -> bool {
        let group = self.workgroups.is_empty() || self.workgroups.contains(&one.workgroup.home());
        let agent = self.agent.is_none() || self.agent == one.agent;
        let from = self.from.is_none_or(|from| one.from >= from);
        group && agent && from && self.to.is_none_or(|to| one.from <= to)
    }
}

fn newest(mut found: Vec<Session>, most: usize) -> Found {
    found.sort_by_key(|one| std::cmp::Reverse(one.from));
    found.truncate(most);
    Found::Sessions(found)
}

fn past_session(row: &Row) -> Option<Session> {
    let past: Past = read(row)?;
    Some(Session {
        own_channel: past.channel.as_str() == fastpath::CHANNEL,
        id: past.id,
        workgroup: past.workgroup,
        brief: past.brief,
        from: past.opened_at,
        to: Some(past.closed_at),
        agent: past.agent,
        token: past.token,
    })
}

fn open_session(row: &Row) -> Option<Session> {
    let record: ConversationRecord = read(row)?;
    let one = record.conversation;
    Some(Session {
        agent: one.agent().cloned(),
        own_channel: one.channel.as_str() == fastpath::CHANNEL,
        id: one.id,
        workgroup: one.workgroup,
        brief: one.brief,
        from: one.opened_at,
        to: None,
        token: one.token,
    })
}

fn read<T: DeserializeOwned>(row: &Row) -> Option<T> {
    serde_json::from_slice(&row.value).ok()
}
