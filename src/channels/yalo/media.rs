//! Media of one side as links for the other: on our own server, so that neither sees where it lies.

use crate::channels::{MediaLinks, Origin};
use crate::conversation::Attachment;

/// Makes the links; cheap to clone. Without `http.public_url` there is no address for any.
#[derive(Clone, Debug, Default)]
pub struct Media {
    links: Option<MediaLinks>,
}

/// A file as one side tells of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct File<'a> {
    /// The MIME type, or whatever its sender wrote in its place.
    pub kind: &'a str,
    /// Where it lies.
    pub url: &'a str,
    /// Its name, where it has one.
    pub name: Option<&'a str>,
}

impl Media {
    /// Makes links of this sort, or none.
    pub fn new(links: Option<MediaLinks>) -> Self {
        Self { links }
    }

    /// The file as the other side is shown it; `None` where no link can be made.
    pub(super) fn attachment(&self, file: File<'_>) -> Option<Attachment> {
        let mut origin = Origin::at(file.url);
        if !file.kind.is_empty() {
            origin = origin.kind(file.kind);
        }
        if let Some(name) = file.name {
            origin = origin.name(name);
        }
        let link = self.links.as_ref()?.link(&origin);
        let url = link
            .inspect_err(|error| tracing::warn!(%error, "no link to a file"))
            .ok()?;
        Some(Attachment {
            kind: file.kind.to_owned(),
            url,
        })
    }
}
