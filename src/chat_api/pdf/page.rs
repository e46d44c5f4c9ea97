//! Paragraphs on pages.

use krilla::Document;
use krilla::geom::Point;
use krilla::metadata::Metadata;
use krilla::page::PageSettings;

use super::paragraph::{Row, paragraph};
use super::shape::Shaper;
use super::{Line, PdfError};

/// A4, in points.
const PAGE: (f32, f32) = (595.0, 842.0);
/// Free on each side.
const MARGIN: f32 = 56.0;
/// How far words stand in from who said them.
const INDENT: f32 = 12.0;

/// The most of a paragraph that is set in one go, in bytes. A longer one goes on in a new line, so that
/// nobody's words take more time than their length.
const PIECE: usize = 16 * 1024;

/// A long paragraph in pieces, after spaces where there are some.
fn pieces(mut text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    while text.len() > PIECE {
        let most = text.floor_char_boundary(PIECE);
        let (head, _) = text.split_at(most);
        let after = head.rfind(' ').map_or(most, |space| space + 1);
        let (piece, rest) = text.split_at(after);
        pieces.push(piece);
        text = rest;
    }
    pieces.push(text);
    pieces
}

/// Something that is drawn: its upper left corner's place, and how large.
struct Placed {
    row: Row,
    x: f32,
    y: f32,
    size: f32,
}

/// The pages, from the first one.
pub struct Pages<'a> {
    shaper: &'a Shaper<'a>,
    title: String,
    pages: Vec<Vec<Placed>>,
    /// How far the last page is full, from the top.
    y: f32,
    /// How much text stands on them.
    bytes: usize,
}

impl<'a> Pages<'a> {
    /// None yet.
    pub fn new(shaper: &'a Shaper<'a>, title: &str) -> Self {
        Self {
            shaper,
            title: title.to_owned(),
            pages: vec![Vec::new()],
            y: MARGIN,
            bytes: 0,
        }
    }

    /// How much text stands on the pages, in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What is on top of the first page.
    pub fn title(&mut self, text: &str) {
        self.text(text, (16.0, 0.0));
    }

    /// What is on top of a conversation.
    pub fn heading(&mut self, text: &str) {
        // Not alone at the foot of a page.
        self.room_for(80.0);
        self.y += 14.0;
        self.text(text, (12.0, 0.0));
        self.y += 2.0;
    }

    /// One thing that was said.
    pub fn line(&mut self, line: &Line) {
        self.room_for(32.0);
        self.y += 4.0;
        self.text(&line.label, (8.0, 0.0));
        self.text(&line.words, (10.0, INDENT));
    }

    fn room_for(&mut self, height: f32) {
        if self.y + height > PAGE.1 - MARGIN {
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
    }

    /// A text of this size, this far in, a paragraph for each of its lines.
    fn text(&mut self, text: &str, (size, indent): (f32, f32)) {
        let width = PAGE.0 - 2.0 * MARGIN - indent;
        let text = text.replace("\r\n", "\n");
        let ends = [
            '\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}',
        ];
        for part in text.split(ends).flat_map(pieces) {
            let paragraph = paragraph(self.shaper, part, width / size);
            self.bytes += paragraph.bytes;
            for row in paragraph.rows {
                let height = size * 1.4;
                self.room_for(height);
                let x = match paragraph.from_right {
                    true => PAGE.0 - MARGIN - row.width * size,
                    false => MARGIN + indent,
                };
                let y = self.y + size * 1.1;
                self.y += height;
                if let Some(page) = self.pages.last_mut() {
                    page.push(Placed { row, x, y, size });
                }
            }
        }
    }

    /// The file.
    ///
    /// # Errors
    /// It could not be made.
    pub fn finish(self) -> Result<Vec<u8>, PdfError> {
        let mut document = Document::new();
        let about = Metadata::new()
            .title(self.title)
            .producer("Warmline".to_owned());
        document.set_metadata(about);
        let count = self.pages.len();
        for (page, number) in self.pages.into_iter().zip(1..) {
            let settings = PageSettings::from_wh(PAGE.0, PAGE.1).ok_or(PdfError::Fault)?;
            let mut sheet = document.start_page_with(settings);
            let mut surface = sheet.surface();
            let foot = format!("{number} / {count}");
            let mut foot = paragraph(self.shaper, &foot, PAGE.0);
            let foot = foot.rows.drain(..).map(|row| Placed {
                x: PAGE.0 - MARGIN - row.width * 8.0,
                y: PAGE.1 - MARGIN / 2.0,
                size: 8.0,
                row,
            });
            for placed in page.into_iter().chain(foot) {
                let mut x = placed.x;
                for (drawn, text) in &placed.row.parts {
                    let Some(font) = self.shaper.font(drawn.font) else {
                        continue;
                    };
                    let at = Point::from_xy(x, placed.y);
                    surface.draw_glyphs(at, &drawn.glyphs, font.clone(), text, placed.size, false);
                    x += drawn.width * placed.size;
                }
            }
            surface.finish();
            sheet.finish();
        }
        document.finish().map_err(|_| PdfError::Fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_short_and_together_the_whole() {
        for text in [
            String::new(),
            "short".to_owned(),
            "words ".repeat(10_000),
            "\u{1f9ff}".repeat(20_000),
            "x".repeat(PIECE),
        ] {
            let all = pieces(&text);
            assert_eq!(all.concat(), text);
            assert!(all.iter().all(|piece| piece.len() <= PIECE));
            assert!(all.len() <= text.len() / (PIECE / 2) + 1);
        }
    }
}
