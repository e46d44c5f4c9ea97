//! Pages that callers name, fetched for a preview of a link. Callers may name anything: all goes through
//! the guard of [`crate::outbox`], which calls public addresses only, redirects included.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::sync::Semaphore;
use url::Url;

use crate::outbox::{FetchSettings, Fetched, Fetcher, Trouble, Wish};

use super::wire::page::{self, Preview};

/// Bytes of a page that are read; what a preview needs stands at its beginning.
const MOST: usize = 512 * 1024;
/// Time for all of it.
const TIME: Duration = Duration::from_secs(5);
/// Pages that are fetched at once.
const AT_ONCE: usize = 8;

/// How pages are fetched, where the guard's rule on private networks is this.
pub fn fetching(allow_private_networks: bool) -> FetchSettings {
    FetchSettings {
        allow_private_networks,
        // What the operator lets media be fetched from is not for callers to look around in.
        allow_hosts: Vec::new(),
        connect_timeout: TIME,
        silence: TIME,
    }
}

/// Why there is no preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPage {
    /// The address, or one that it redirects to, may not be called.
    #[error("this address may not be fetched from here")]
    Forbidden,
    /// There is nothing, or no page for people.
    #[error("there is no page at this address")]
    NotFound,
    /// It cannot be reached, breaks off, or answers with an error.
    #[error("the page cannot be had")]
    Unreachable,
    /// It took too long.
    #[error("the page did not come in time")]
    TooSlow,
    /// As many pages as may be are being fetched.
    #[error("too many pages are being fetched; try again")]
    Busy,
}

impl From<Trouble> for NoPage {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Forbidden => Self::Forbidden,
            Trouble::Timeout => Self::TooSlow,
            _ => Self::Unreachable,
        }
    }
}

/// Makes previews.
pub struct Previews {
    fetcher: Fetcher,
    room: Semaphore,
}

impl Previews {
    /// Fetches by this.
    pub fn new(fetcher: Fetcher) -> Self {
        Self {
            fetcher,
            room: Semaphore::new(AT_ONCE),
        }
    }

    /// What the page at this address tells of itself.
    ///
    /// # Errors
    /// See [`NoPage`].
    pub async fn of(&self, url: &Url) -> Result<Preview, NoPage> {
        let _room = self.room.try_acquire().map_err(|_| NoPage::Busy)?;
        let fetched = tokio::time::timeout(TIME, self.fetch(url)).await;
        let (body, kind, found_at) = fetched.unwrap_or(Err(NoPage::TooSlow))?;
        let mut preview = page::preview(&body, kind.as_deref(), &found_at);
        // Whoever reads the preview fetches the picture: not from a place that we would not call.
        let image = preview.image.take();
        preview.image = image.filter(|image| self.fetcher.may_call(image));
        Ok(preview)
    }

    async fn fetch(&self, url: &Url) -> Result<(Vec<u8>, Option<String>, Url), NoPage> {
        let mut headers = HeaderMap::new();
        let accepted = HeaderValue::from_static("text/html, application/xhtml+xml");
        headers.insert(ACCEPT, accepted);
        let wish = Wish {
            url,
            headers,
            private: None,
        };
        let mut fetched = self.fetcher.get(wish).await?;
        match fetched.status() {
            200 => {}
            404 | 410 => return Err(NoPage::NotFound),
            _ => return Err(NoPage::Unreachable),
        }
        let kind = fetched.header(&CONTENT_TYPE).map(str::to_owned);
        if !kind.as_deref().is_some_and(page::is_page) {
            return Err(NoPage::NotFound);
        }
        let body = read(&mut fetched).await?;
        Ok((body, kind, fetched.url().clone()))
    }
}

/// The page, or its beginning.
async fn read(fetched: &mut Fetched) -> Result<Vec<u8>, NoPage> {
    let mut body = Vec::new();
    while let Some(chunk) = fetched.chunk().await? {
        let room = MOST.saturating_sub(body.len());
        body.extend(chunk.iter().take(room));
        if chunk.len() >= room {
            break;
        }
    }
    Ok(body)
}
