//! Fetches what bot and visitor said before the ticket, from RapidPro's own API.

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use crate::channels::{Call, HttpClient, Secret};
use crate::conversation::{Attachment, Author, Earlier, Words};
use crate::ids::Timestamp;
use crate::outbox::Trouble;

const PAGE_TIMEOUT: Duration = Duration::from_secs(15);
/// Pages hold 100 to 250 messages, newest first.
const PAGE_LIMIT: usize = 4;
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What to look for.
#[derive(Clone, Debug)]
pub struct Search {
    /// Any address on RapidPro's server; its scheme, host and port are used.
    pub server: String,
    /// Whose messages.
    pub contact: Uuid,
    /// From when on.
    pub after: Timestamp,
    /// Until when; what the visitor says later comes as a message of its own.
    pub until: Timestamp,
    /// The API token; not the ticketer's secret.
    pub token: Secret,
}

/// Why there is no history. The conversation goes on without.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The callback address is none from which an API address could be made.
    #[error("no API address can be made of the callback address")]
    NoAddress,
    /// The server did not give a page.
    #[error("RapidPro {0}")]
    Call(#[from] Trouble),
    /// The page is not as documented.
    #[error("RapidPro's page of messages cannot be read")]
    BadPage,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    next: Option<String>,
    results: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    direction: Option<String>,
    status: Option<String>,
    text: Option<String>,
    #[serde(default)]
    attachments: Option<Vec<File>>,
    created_on: Option<String>,
    sent_on: Option<String>,
}

/// Older servers give `"image/jpeg:https://…"`, newer ones an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Joined(String),
    Parts { content_type: String, url: String },
}

/// Everything found, oldest first. A later page that cannot be had ends the search without error.
///
/// # Errors
/// Where not even the first page could be had.
pub async fn fetch(http: &HttpClient, search: &Search) -> Result<Vec<Earlier>, HistoryError> {
    let first = first_page(search).ok_or(HistoryError::NoAddress)?;
    let mut found = Vec::new();
    let mut next = Some(first.clone());
    for _ in 0..PAGE_LIMIT {
        let Some(url) = next.take() else { break };
        let page = match page(http, &url, &search.token).await {
            Ok(page) => page,
            Err(error) if found.is_empty() => return Err(error),
            Err(_) => break,
        };
        let told = page.results.into_iter().filter_map(earlier);
        found.extend(told.filter(|one| one.at <= search.until));
        // The token must not follow a link to another server.
        next = page
            .next
            .and_then(|link| first.join(&link).ok())
            .filter(|link| link.origin() == first.origin());
    }
    found.sort_by_key(|one| one.at);
    Ok(found)
}

fn first_page(search: &Search) -> Option<Url> {
    let callback = Url::parse(&search.server).ok()?;
    let after = jiff::Timestamp::from_millisecond(search.after.0).ok()?;
    // An origin leaves out user names, paths and queries, and keeps a port.
    let origin = callback.origin();
    let mut url = Url::parse(&format!(
        "{}/api/v2/messages.json",
        origin.ascii_serialization()
    ))
    .ok()?;
    url.query_pairs_mut()
        .append_pair("contact", &search.contact.to_string())
        .append_pair("after", &after.to_string());
    Some(url)
}

async fn page(http: &HttpClient, url: &Url, token: &Secret) -> Result<Page, HistoryError> {
    let call = Call::to(url.as_str())
        .header(AUTHORIZATION, format!("Token {}", token.expose()))
        .header(ACCEPT, "application/json")
        .timeout(PAGE_TIMEOUT)
        .limit(PAGE_BYTES);
    let reply = http.get(&call).await?;
    if reply.status != 200 {
        return Err(Trouble::Status(reply.status).into());
    }
    serde_json::from_slice(&reply.body).map_err(|_| HistoryError::BadPage)
}

fn earlier(message: Message) -> Option<Earlier> {
    // Neither reached the visitor.
    if matches!(message.status.as_deref(), Some("errored" | "failed")) {
        return None;
    }
    let author = match message.direction.as_deref() {
        Some("out") => Author::Bot,
        _ => Author::Visitor,
    };
    let at = message.sent_on.or(message.created_on)?;
    let at = at.parse::<jiff::Timestamp>().ok()?;
    let files = message.attachments.unwrap_or_default();
    let words = Words {
        text: message.text.unwrap_or_default(),
        attachments: files.into_iter().map(attachment).collect(),
        corrects: None,
    };
    (!words.is_empty()).then_some(Earlier {
        id: None,
        author,
        words,
        at: Timestamp(at.as_millisecond()),
    })
}

fn attachment(file: File) -> Attachment {
    let (kind, url) = match file {
        File::Parts { content_type, url } => (content_type, url),
        File::Joined(joined) => match joined.split_once(':') {
            Some((kind, url)) if !matches!(kind, "http" | "https") => {
                (kind.to_owned(), url.to_owned())
            }
            _ => (String::new(), joined),
        },
    };
    Attachment { kind, url }
}
