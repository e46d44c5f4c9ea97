//! The server under test, and somebody at the engine's seat who answers as each test wants.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web::Data;
use tokio::sync::mpsc;
use warmline::bridge::{Answer, Input};
use warmline::channels::AddressBook;
use warmline::channels::http::{Running, serve};
use warmline::channels::rapidpro::{RapidPro, RapidProSettings, configure};
use warmline::engine::{Handle, Unavailable};
use warmline::ids::{ConversationId, MessageId};

use super::raw::{Connection, soon};
use super::settings::settings;

pub use super::support::engine::{client as http, serving};

pub const SECRET: &str = "ATESTSECRETOFTHIRTYTWOLETTERSXYZ";

pub type Outcome = Result<Answer, Unavailable>;

/// The server, and what it asked the engine.
pub struct World {
    pub address: SocketAddr,
    pub book: AddressBook,
    pub asked: mpsc::UnboundedReceiver<Input>,
    running: Running,
}

impl World {
    /// One channel, and an engine that takes everything.
    pub fn new() -> Self {
        Self::with(vec![settings()], agreeable)
    }

    /// These channels, and an engine that answers so.
    pub fn with(channels: Vec<RapidProSettings>, answers: fn(&Input) -> Outcome) -> Self {
        let (engine, mut jobs) = Handle::pair(16);
        let (told, asked) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(job) = jobs.recv().await {
                let answer = answers(job.input());
                let _ = told.send(job.input().clone());
                job.answer(answer);
            }
        });
        let book = AddressBook::default();
        let http = http();
        let channels = channels.into_iter().map(Arc::new);
        let state = Data::new(RapidPro::new(channels, engine, book.clone(), http));
        let services = move |services: &mut _| configure(services, state.clone());
        let running = serve(serving(), services).unwrap();
        Self {
            address: running.address,
            book,
            asked,
            running,
        }
    }

    pub async fn connect(&self) -> Connection {
        Connection::open(self.address).await
    }

    /// The next thing that the engine was asked.
    pub async fn input(&mut self) -> Input {
        soon(self.asked.recv()).await.expect("an input")
    }

    /// Lets requests end, then stops.
    pub async fn stop(self) {
        self.running.handle.stop(true).await;
        self.running.finished.await.unwrap().unwrap();
    }
}

/// Takes everything as new.
pub fn agreeable(input: &Input) -> Outcome {
    Ok(match input {
        Input::Open(opening) => Answer::Opened {
            conversation: opening.conversation.clone(),
            again: false,
        },
        Input::Said(saying) => Answer::Taken {
            conversation: ConversationId::new("c1"),
            message: saying.id.clone(),
            again: false,
            late: false,
        },
        Input::VisitorClosed(_) => Answer::Closed { before: None },
        _ => Answer::Done,
    })
}

/// What was taken before: the same ticket, a message too late, a second close.
pub fn knowing(input: &Input) -> Outcome {
    Ok(match input {
        Input::Open(_) => Answer::Opened {
            conversation: ConversationId::new("the-first"),
            again: true,
        },
        Input::Said(_) => Answer::Taken {
            conversation: ConversationId::new("the-first"),
            message: MessageId::new("kept"),
            again: false,
            late: true,
        },
        Input::VisitorClosed(_) => Answer::Closed {
            before: Some(warmline::conversation::ClosedBy::Agent),
        },
        _ => Answer::Done,
    })
}

/// A request as Go's client writes it.
pub fn request(method: &str, endpoint: &str, body: &str) -> Vec<u8> {
    let app = "684202ed-1461-4983-9ea7-fde74b15026c";
    request_to(method, &format!("/api/apps/public/{app}/{endpoint}"), body)
}

/// The same to any path.
pub fn request_to(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: help.example.org\r\nUser-Agent: Go-http-client/1.1\r\n\
         Content-Length: {length}\r\nAuthorization: Token {SECRET}\r\n\
         Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A ticket as mailroom sends it.
pub const TICKET: &str = r#"{"visitor":{"token":"1234","contactUUID":"6393abc0-283d-4c9b-a1b3-641a035c34bf","name":"Cathy","phone":"+12025550143"},"ticketID":"59d74b86-3e2f-4a93-aece-b05d2fdcde0c","sessionStart":"2026-11-21T06:30:00Z"}"#;
/// A close as mailroom sends it.
pub const CLOSE: &str = r#"{"visitor":{"token":"1234"}}"#;
/// A message as mailroom sends it.
pub const MESSAGE: &str = r#"{"visitor":{"token":"1234"},"text":"Can you help me?","attachments":[{"type":"image/jpeg","url":"https://link.to/image.jpg"},{"type":"video/mp4","url":"https://link.to/video.mp4"},{"type":"audio/ogg","url":"https://link.to/audio.ogg"}]}"#;
