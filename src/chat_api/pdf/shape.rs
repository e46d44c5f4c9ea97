//! From characters to pictures of them: which font, which script, which shape next to its neighbours.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use krilla::text::{Font, GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, ShapePlan, UnicodeBuffer};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use super::PdfError;
use super::fonts::{Fonts, Loaded};

/// A part of a text in one font and one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Where in the text.
    pub range: Range<usize>,
    /// The font's place among all.
    pub font: usize,
    script: Script,
}

/// A part of a text as it is drawn.
pub struct Drawn {
    /// The font's place among all.
    pub font: usize,
    /// The pictures, from left to right; measures are parts of the size.
    pub glyphs: Vec<KrillaGlyph>,
    /// All of their widths.
    pub width: f32,
}

/// One font, ready to use.
struct Ready<'a> {
    face: Face<'a>,
    font: Font,
}

/// Knows the fonts of one file.
pub struct Shaper<'a> {
    fonts: &'a Fonts,
    ready: HashMap<usize, Ready<'a>>,
    /// Which font shows what was looked for already.
    found: RefCell<HashMap<String, Option<usize>>>,
    /// How fonts shape a script in a direction.
    plans: RefCell<HashMap<(usize, bool, rustybuzz::Script), ShapePlan>>,
}

impl<'a> Shaper<'a> {
    /// With these fonts.
    ///
    /// # Errors
    /// Not even the first one can be used.
    pub fn new(fonts: &'a Fonts, loaded: &'a Loaded) -> Result<Self, PdfError> {
        let ready = loaded.iter().filter_map(|(at, (bytes, index))| {
            let face = Face::from_slice(bytes, *index)?;
            let font = Font::new(bytes.clone().into(), *index)?;
            Some((*at, Ready { face, font }))
        });
        let ready: HashMap<usize, Ready<'a>> = ready.collect();
        match ready.contains_key(&0) {
            true => Ok(Self {
                fonts,
                ready,
                found: RefCell::default(),
                plans: RefCell::default(),
            }),
            false => Err(PdfError::NoFont),
        }
    }

    /// A font, to draw with.
    pub fn font(&self, at: usize) -> Option<&Font> {
        self.ready.get(&at).map(|ready| &ready.font)
    }

    fn usable(&self, cluster: &str, last: Option<usize>) -> Option<usize> {
        const LONGEST: usize = 32;
        if let Some(last) = last.filter(|last| self.fonts.has(*last, cluster)) {
            return Some(last);
        }
        if let Some(found) = self.found.borrow().get(cluster) {
            return *found;
        }
        let font = self.fonts.of(cluster);
        let font = font.filter(|font| self.ready.contains_key(font));
        if cluster.len() <= LONGEST {
            self.found.borrow_mut().insert(cluster.to_owned(), font);
        }
        font
    }

    /// The same text with the number of each character that no font shows, in the place of the character.
    pub fn visible(&self, text: &str) -> String {
        let mut visible = String::with_capacity(text.len());
        for cluster in text.graphemes(true) {
            if cluster == "\t" {
                visible.push_str("    ");
            } else if self.usable(cluster, None).is_some() && !has_control(cluster) {
                visible.push_str(cluster);
            } else {
                for letter in cluster.chars() {
                    let alone = letter.encode_utf8(&mut [0; 4]).to_owned();
                    match self.usable(&alone, None).is_some() && !letter.is_control() {
                        true => visible.push(letter),
                        false => visible.push_str(&format!("[U+{:04X}]", u32::from(letter))),
                    }
                }
            }
        }
        visible
    }

    /// A text that is visible, in parts of one font and one script, in the order of the text.
    pub fn items(&self, text: &str) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::new();
        for (at, cluster) in text.grapheme_indices(true) {
            let own = cluster.chars().map(|letter| letter.script());
            let own = own.into_iter().find(|script| {
                !matches!(script, Script::Common | Script::Inherited | Script::Unknown)
            });
            let last = items.last_mut();
            let script = own.or(last.as_ref().map(|item| item.script));
            let script = script.unwrap_or(Script::Common);
            let font = self.usable(cluster, last.as_ref().map(|item| item.font));
            let range = at..at + cluster.len();
            let font = font.unwrap_or(0);
            match last {
                Some(item) if item.font == font && joins(item.script, script) => {
                    item.range.end = range.end;
                    if item.script == Script::Common {
                        item.script = script;
                    }
                }
                _ => items.push(Item {
                    range,
                    font,
                    script,
                }),
            }
        }
        items
    }

    /// Shapes a part of a text of one font, script and direction.
    pub fn shape(&self, text: &str, (font, rightwards): (usize, bool)) -> Drawn {
        let mut drawn = Drawn {
            font,
            glyphs: Vec::new(),
            width: 0.0,
        };
        let Some(ready) = self.ready.get(&font) else {
            return drawn;
        };
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(text);
        buffer.guess_segment_properties();
        buffer.set_direction(match rightwards {
            true => Direction::LeftToRight,
            false => Direction::RightToLeft,
        });
        let (direction, script) = (buffer.direction(), buffer.script());
        let mut plans = self.plans.borrow_mut();
        let plan = plans
            .entry((font, rightwards, script))
            .or_insert_with(|| ShapePlan::new(&ready.face, direction, Some(script), None, &[]));
        let shaped = rustybuzz::shape_with_plan(&ready.face, plan, buffer);
        let mut starts: Vec<usize> = shaped
            .glyph_infos()
            .iter()
            .map(|g| g.cluster as usize)
            .collect();
        starts.sort_unstable();
        starts.dedup();
        let unit = 1.0 / ready.font.units_per_em();
        let part = |units: i32| units as f32 * unit;
        for (info, place) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()) {
            let start = info.cluster as usize;
            let after = starts.partition_point(|other| *other <= start);
            let end = starts.get(after).copied().unwrap_or(text.len());
            drawn.width += part(place.x_advance);
            drawn.glyphs.push(KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                part(place.x_advance),
                part(place.x_offset),
                part(place.y_offset),
                part(place.y_advance),
                start..end,
                None,
            ));
        }
        drawn
    }
}

fn has_control(cluster: &str) -> bool {
    cluster.chars().any(char::is_control)
}

fn joins(before: Script, script: Script) -> bool {
    before == script || before == Script::Common
}
