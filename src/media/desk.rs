//! Hands out what links stand for: so much at once, so large, so long, and only what it says it is.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use reqwest::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, HeaderMap,
    HeaderName, HeaderValue, RANGE,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::debug;
use url::Url;

use super::kind::{self, Disguised, Shown};
use super::links::{BadLink, MediaLinks, Origin};
use crate::outbox::{Fetched, Fetcher, Trouble, Wish};
use crate::telemetry::metrics::{self as figures, MediaOutcome};

/// How much of the beginning is looked at, in bytes.
const HEAD: usize = 512;
/// Pieces that wait for a client who reads slowly; a piece is some kilobytes.
const PIECES: usize = 4;

/// What one link, and all of them together, may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of one piece of media.
    pub max_size: u64,
    /// Fetches under way at once.
    pub max_fetches: usize,
    /// How long the first bytes may take.
    pub first_byte: Duration,
    /// How long a whole fetch may take.
    pub whole: Duration,
}

/// Why there is no media behind a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The link is no good.
    #[error(transparent)]
    Link(#[from] BadLink),
    /// As many fetches as may be are under way.
    #[error("too many media at once")]
    Busy,
    /// Its origin, or where that redirects to, may not be called.
    #[error("the media may not be fetched")]
    Forbidden,
    /// Its origin cannot be reached, refuses it, or answers what no client can use.
    #[error("the media cannot be had from its origin")]
    Refused,
    /// Its origin does not answer in time.
    #[error("the origin of the media does not answer in time")]
    TooSlow,
    /// It is larger than the limit.
    #[error("the media is larger than is passed on here")]
    TooLarge,
    /// It is said to be a picture, say, and is a web page.
    #[error("the media is not what it is said to be")]
    Disguised,
    /// It has no such part as was asked for.
    #[error("the media has no such part")]
    NoSuchPart,
}

impl From<Trouble> for MediaError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Forbidden => Self::Forbidden,
            Trouble::Timeout => Self::TooSlow,
            _ => Self::Refused,
        }
    }
}

impl From<Disguised> for MediaError {
    fn from(Disguised: Disguised) -> Self {
        Self::Disguised
    }
}

/// The body ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the media broke off")]
pub struct Torn;

/// Opens links; cheap to clone.
#[derive(Clone, Debug)]
pub struct MediaDesk {
    links: MediaLinks,
    fetcher: Fetcher,
    limits: Limits,
    permits: Arc<Semaphore>,
}

impl MediaDesk {
    /// Opens these links, with this fetcher.
    pub fn new(links: MediaLinks, fetcher: Fetcher, limits: Limits) -> Self {
        let permits = Arc::new(Semaphore::new(limits.max_fetches));
        Self {
            links,
            fetcher,
            limits,
            permits,
        }
    }

    /// What makes the links that are opened here.
    pub fn links(&self) -> MediaLinks {
        self.links.clone()
    }

    /// The media behind a link, up to its first bytes. `range` is the request's header of that
    /// name; of it one plain part of sound or film is heeded, all else means the whole.
    ///
    /// # Errors
    /// See [`MediaError`].
    pub async fn fetch(
        &self,
        sealed: &str,
        name: &str,
        range: Option<&str>,
    ) -> Result<Media, MediaError> {
        let found = self.find(sealed, name, range).await;
        if let Err(problem) = &found {
            // The link may be anything that a stranger typed, and is not repeated.
            debug!(%problem, "no media for a link");
            figures::media(outcome(*problem));
        }
        found
    }

    async fn find(
        &self,
        sealed: &str,
        name: &str,
        range: Option<&str>,
    ) -> Result<Media, MediaError> {
        let origin = self.links.open(sealed, name)?;
        let permit = self.permits.clone().try_acquire_owned();
        let permit = permit.map_err(|_| MediaError::Busy)?;
        let deadline = Instant::now() + self.limits.whole;
        let start = range
            .filter(|_| kind::played(origin.kind.as_deref()).is_some())
            .and_then(start_of);
        let asked = start.and(range);
        let opening = self.begin(&origin, asked);
        let (source, head) = timeout_at(deadline, opening)
            .await
            .map_err(|_| MediaError::TooSlow)??;
        let part = match (source.status(), start) {
            (200, _) => None,
            (206, Some(start)) => Some(part(&source, start).ok_or(MediaError::Refused)?),
            (416, Some(_)) => return Err(MediaError::NoSuchPart),
            _ => return Err(MediaError::Refused),
        };
        let whole = part.as_ref().and_then(|part| part.total);
        let length = source.length();
        if whole.max(length) > Some(self.limits.max_size) {
            return Err(MediaError::TooLarge);
        }
        let told = origin.kind.as_deref();
        let shown = match (&part, kind::played(told)) {
            // The middle of a film has no beginning to be known by.
            (Some(part), Some(mime)) if part.start > 0 => Shown::Inline(mime),
            _ => kind::judge(told, source.header(&CONTENT_TYPE), &head.concat())?,
        };
        Ok(Media {
            shown,
            length,
            part: part.map(|part| part.text),
            in_parts: source.header(&ACCEPT_RANGES) == Some("bytes"),
            flow: Flow {
                source,
                head,
                most: self.limits.max_size,
                deadline,
                permit,
            },
        })
    }

    /// The answer and the first pieces of its body.
    async fn begin(
        &self,
        origin: &Origin,
        range: Option<&str>,
    ) -> Result<(Fetched, Vec<Bytes>), MediaError> {
        let wish = wish(origin, range)?;
        let (url, headers, private) = wish;
        let wish = Wish {
            url: &url,
            headers,
            private,
        };
        let mut source = self.fetcher.get(wish).await?;
        let coded = source.header(&CONTENT_ENCODING);
        if coded.is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
            return Err(MediaError::Refused);
        }
        if !matches!(source.status(), 200 | 206) {
            return Ok((source, Vec::new()));
        }
        let head = timeout(self.limits.first_byte, head(&mut source)).await;
        let head = head.map_err(|_| MediaError::TooSlow)??;
        Ok((source, head))
    }
}

type Wished = (Url, HeaderMap, Option<(HeaderName, HeaderValue)>);

fn wish(origin: &Origin, range: Option<&str>) -> Result<Wished, MediaError> {
    let url = Url::parse(&origin.url).map_err(|_| MediaError::Forbidden)?;
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(range) = range.and_then(|range| HeaderValue::from_str(range).ok()) {
        headers.insert(RANGE, range);
    }
    let private = origin.header.as_ref().and_then(|(name, value)| {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        Some((name.clone(), value))
    });
    Ok((url, headers, private))
}

async fn head(source: &mut Fetched) -> Result<Vec<Bytes>, Trouble> {
    let (mut head, mut length) = (Vec::new(), 0);
    while length < HEAD {
        let Some(piece) = source.chunk().await? else {
            break;
        };
        length += piece.len();
        head.push(piece);
    }
    Ok(head)
}

/// Where a `Range` of the plain sort, `bytes=FIRST-` or `bytes=FIRST-LAST`, begins.
fn start_of(range: &str) -> Option<u64> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first = number(first)?;
    let fine = last.is_empty() || number(last).is_some_and(|last| last >= first);
    fine.then_some(first)
}

/// Digits and nothing else.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// A part as `Content-Range` tells it (RFC 9110 §14.4).
struct Part {
    start: u64,
    total: Option<u64>,
    text: String,
}

/// The part that was sent; `None` where it is not the one that was asked for, or makes no sense.
fn part(source: &Fetched, asked: u64) -> Option<Part> {
    let text = source.header(&CONTENT_RANGE)?;
    let (bounds, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = bounds.split_once('-')?;
    let (start, end) = (number(start)?, number(end)?);
    let total = match total {
        "*" => None,
        total => Some(number(total)?),
    };
    let length = end.checked_sub(start)?.checked_add(1)?;
    let told = source.length().is_none_or(|told| told == length);
    let within = total.is_none_or(|total| end < total);
    (told && within && start == asked).then(|| Part {
        start,
        total,
        text: text.to_owned(),
    })
}

/// Media on its way.
#[derive(Debug)]
pub struct Media {
    /// How to hand it out.
    pub shown: Shown,
    /// Its length in bytes, or that of the part, where the origin says so.
    pub length: Option<u64>,
    /// `Content-Range`, where this is a part.
    pub part: Option<String>,
    /// Whether its origin gives out parts.
    pub in_parts: bool,
    flow: Flow,
}

#[derive(Debug)]
struct Flow {
    source: Fetched,
    head: Vec<Bytes>,
    most: u64,
    deadline: Instant,
    /// Given back when the fetch is over, whether or not the client has read all of it.
    permit: OwnedSemaphorePermit,
}

impl Media {
    /// Its bytes, no faster than they are taken. It ends with [`Torn`] when the origin breaks off,
    /// the media gets too large, or the time is over. Needs a tokio runtime around it.
    pub fn into_bytes(self) -> impl Stream<Item = Result<Bytes, Torn>> {
        let (pieces, taken) = mpsc::channel(PIECES);
        // A task of its own, for the time to run also while the client reads nothing.
        tokio::spawn(self.flow.run(pieces));
        futures::stream::unfold(Some(taken), |taken| async {
            let mut taken = taken?;
            match taken.recv().await {
                Some(Some(piece)) => Some((Ok(piece), Some(taken))),
                Some(None) => None,
                None => Some((Err(Torn), None)),
            }
        })
    }
}

impl Flow {
    /// Sends each piece, and `None` after the last one: a channel that closes without it has lost
    /// something.
    async fn run(self, pieces: mpsc::Sender<Option<Bytes>>) {
        let Self {
            source,
            head,
            most,
            deadline,
            permit,
        } = self;
        let passing = timeout_at(deadline, pass(source, head, (most, &pieces)));
        let passed = tokio::select! {
            passed = passing => passed,
            () = pieces.closed() => Ok(Err(MediaError::Refused)),
        };
        drop(permit);
        figures::media(match passed {
            Ok(Ok(())) => MediaOutcome::Passed,
            _ => MediaOutcome::Torn,
        });
    }
}

async fn pass(
    mut source: Fetched,
    head: Vec<Bytes>,
    (most, pieces): (u64, &mpsc::Sender<Option<Bytes>>),
) -> Result<(), MediaError> {
    let mut head = head.into_iter();
    let mut sent = 0_u64;
    loop {
        let piece = match head.next() {
            Some(piece) => Some(piece),
            None => source.chunk().await?,
        };
        let end = piece.is_none();
        sent = sent.saturating_add(piece.as_ref().map_or(0, |piece| piece.len() as u64));
        if sent > most {
            return Err(MediaError::TooLarge);
        }
        let taken = pieces.send(piece).await;
        taken.map_err(|_| MediaError::Refused)?;
        if end {
            return Ok(());
        }
    }
}

fn outcome(problem: MediaError) -> MediaOutcome {
    match problem {
        MediaError::Link(_) => MediaOutcome::BadLink,
        MediaError::Busy => MediaOutcome::Busy,
        MediaError::Forbidden => MediaOutcome::Forbidden,
        MediaError::Refused | MediaError::NoSuchPart => MediaOutcome::Refused,
        MediaError::TooSlow => MediaOutcome::TooSlow,
        MediaError::TooLarge => MediaOutcome::TooLarge,
        MediaError::Disguised => MediaOutcome::Disguised,
    }
}
