//! Media of one side as links for the other: on our own server, so that neither sees where it lies.

use crate::channels::{MediaLinks, Origin};
use crate::conversation::Attachment;
use crate::media::type_of;

/// Makes the links; cheap to clone. Without `http.public_url` there is no address for any.
#[derive(Clone, Debug, Default)]
pub struct Media {
    links: Option<MediaLinks>,
}

/// A file as one side tells of it.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::channels) struct File<'a> {
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
    pub(in crate::channels) fn attachment(&self, file: File<'_>) -> Option<Attachment> {
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

    /// An agent's file as the visitor is shown it; at its own address where no link can be made.
    pub(in crate::channels) fn of_agent(&self, file: &Attachment) -> Attachment {
        let name = last_step(&file.url);
        let kind = match file.kind.contains('/') {
            true => file.kind.as_str(),
            // Agents' clients do not tell the type, so that the name has to.
            false => type_of(name),
        };
        let link = self.attachment(File {
            kind,
            url: &file.url,
            name: Some(name).filter(|name| !name.is_empty()),
        });
        link.unwrap_or_else(|| Attachment {
            kind: kind.to_owned(),
            url: file.url.clone(),
        })
    }
}

/// The file's name in its address.
fn last_step(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit_once('/').map_or("", |(_, last)| last)
}
