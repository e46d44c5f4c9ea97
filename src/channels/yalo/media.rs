//! Media of one side as links for the other.

use crate::conversation::Attachment;

/// Makes the links; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Media;

/// A file as one side tells of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct File<'a> {
    /// The MIME type, or whatever its sender wrote in its place.
    pub kind: &'a str,
    /// Where it lies.
    pub url: &'a str,
    /// Its name, where it has one.
    pub name: Option<&'a str>,
}

impl Media {
    /// The file as the other side is shown it; `None` where no link can be made.
    pub fn attachment(&self, file: File<'_>) -> Option<Attachment> {
        Some(Attachment {
            kind: file.kind.to_owned(),
            url: self.link(file)?,
        })
    }

    fn link(&self, file: File<'_>) -> Option<String> {
        Some(file.url.to_owned())
    }
}
