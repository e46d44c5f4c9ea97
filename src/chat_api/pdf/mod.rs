//! What was said, as a PDF file for people: every script that a font of this machine shows, from
//! either side, and what no font shows by its number.

mod fonts;
mod page;
mod paragraph;
mod press;
mod shape;

pub use press::Press;

use fonts::Fonts;
use page::Pages;
use shape::Shaper;

/// The most text that one file takes as it stands there, in bytes: some hundred pages.
const LARGEST: usize = 1024 * 1024;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// This machine has no font that shows even plain letters.
    #[error("no font is installed that shows letters and digits")]
    NoFont,
    /// There is more text than one file takes.
    #[error("it is too much text for one file")]
    TooMuch,
    /// The file could not be made.
    #[error("the file could not be made")]
    Fault,
}

/// What stands in the file.
#[derive(Debug, Default)]
pub struct Paper {
    /// What is on top, and in the file's properties.
    pub title: String,
    /// The conversations, in order.
    pub talks: Vec<Talk>,
}

/// One conversation.
#[derive(Debug, Default)]
pub struct Talk {
    /// With whom, and from when to when.
    pub heading: String,
    /// Who said what when.
    pub lines: Vec<Line>,
}

/// One thing that was said.
#[derive(Debug, Default)]
pub struct Line {
    /// When and by whom.
    pub label: String,
    /// The words.
    pub words: String,
}

impl Paper {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let talks = self.talks.iter();
        let talks = talks.flat_map(|talk| {
            let lines = talk.lines.iter();
            let lines = lines.flat_map(|line| [line.label.as_str(), line.words.as_str()]);
            std::iter::once(talk.heading.as_str()).chain(lines)
        });
        std::iter::once(self.title.as_str()).chain(talks)
    }
}

/// Writes the file. Takes a while; not to be called where others wait.
///
/// # Errors
/// There is no font, or too much text.
fn write(paper: &Paper, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    if paper.texts().map(str::len).sum::<usize>() > LARGEST {
        return Err(PdfError::TooMuch);
    }
    let loaded = fonts.load(paper.texts());
    let shaper = Shaper::new(fonts, &loaded)?;
    let mut pages = Pages::new(&shaper, &paper.title);
    pages.title(&paper.title);
    for talk in &paper.talks {
        pages.heading(&talk.heading);
        for line in &talk.lines {
            pages.line(line);
            if pages.bytes() > LARGEST {
                return Err(PdfError::TooMuch);
            }
        }
    }
    pages.finish()
}
