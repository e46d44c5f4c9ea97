//! A paragraph in lines that are no wider than the page, each in the order in which it is seen
//! (Unicode's bidirectional algorithm, UAX #9, and line breaking, UAX #14).

use std::ops::Range;

use unicode_bidi::ParagraphBidiInfo;
use unicode_linebreak::linebreaks;
use unicode_segmentation::UnicodeSegmentation;

use super::shape::{Drawn, Item, Shaper};

/// One line of a paragraph.
pub struct Row {
    /// Its parts, from left to right, each with its text.
    pub parts: Vec<(Drawn, String)>,
    /// All of their widths; a part of the size.
    pub width: f32,
}

/// A paragraph.
pub struct Paragraph {
    /// Its lines, from the top.
    pub rows: Vec<Row>,
    /// Whether it begins at the right.
    pub from_right: bool,
    /// How much text stands there, with what is written in the place of characters.
    pub bytes: usize,
}

/// Breaks a text without line ends into lines of this width, in parts of the size.
pub fn paragraph(shaper: &Shaper<'_>, text: &str, width: f32) -> Paragraph {
    let text = shaper.visible(text);
    let bidi = ParagraphBidiInfo::new(&text, None);
    let items = shaper.items(&text);
    let widths = widths(shaper, (&text, &bidi), &items);
    let rows = broken(&text, &widths, width);
    let rows = rows.into_iter();
    Paragraph {
        rows: rows
            .map(|range| row(shaper, (&text, &bidi), (&items, range)))
            .collect(),
        from_right: bidi.paragraph_level.is_rtl(),
        bytes: text.len(),
    }
}

/// How wide each character is, by the place of its first byte; of several in one picture the first one.
fn widths(
    shaper: &Shaper<'_>,
    (text, bidi): (&str, &ParagraphBidiInfo<'_>),
    items: &[Item],
) -> Vec<f32> {
    let mut widths = vec![0.0; text.len()];
    for item in items {
        for (range, rightwards) in one_way(bidi, item.range.clone()) {
            let part = text.get(range.clone()).unwrap_or_default();
            for glyph in shaper.shape(part, (item.font, rightwards)).glyphs {
                if let Some(width) = widths.get_mut(range.start + glyph.text_range.start) {
                    *width += glyph.x_advance;
                }
            }
        }
    }
    widths
}

/// The parts of a range that run one way, in the order of the text; and whether that is to the right.
fn one_way(bidi: &ParagraphBidiInfo<'_>, range: Range<usize>) -> Vec<(Range<usize>, bool)> {
    let mut parts: Vec<(Range<usize>, bool)> = Vec::new();
    for at in range {
        let rightwards = bidi.levels.get(at).is_none_or(|level| level.is_ltr());
        match parts.last_mut() {
            Some((part, way)) if *way == rightwards => part.end = at + 1,
            _ => parts.push((at..at + 1, rightwards)),
        }
    }
    parts
}

/// Measures any part of a text at once: nobody's words may take long.
struct Measure {
    /// How wide all before each byte is.
    before: Vec<f32>,
    /// Up to each byte, where the last character that is seen ends.
    seen: Vec<usize>,
}

impl Measure {
    fn new(text: &str, widths: &[f32]) -> Self {
        let (mut before, mut all) = (Vec::with_capacity(widths.len() + 1), 0.0);
        let (mut seen, mut last) = (vec![0; text.len() + 1], 0);
        for width in widths {
            before.push(all);
            all += width;
        }
        before.push(all);
        for (at, letter) in text.char_indices() {
            let end = at + letter.len_utf8();
            if !letter.is_whitespace() {
                last = end;
            }
            if let Some(place) = seen.get_mut(end) {
                *place = last;
            }
        }
        Self { before, seen }
    }

    /// How wide a range is without the spaces at its end.
    fn wide(&self, range: Range<usize>) -> f32 {
        let end = self.seen.get(range.end).copied().unwrap_or(range.end);
        let before = |at: usize| self.before.get(at).copied().unwrap_or_default();
        before(end.max(range.start)) - before(range.start)
    }
}

/// Where lines begin and end: at the last place that allows it, or within a word that is wider than
/// the page.
fn broken(text: &str, widths: &[f32], most: f32) -> Vec<Range<usize>> {
    let measure = Measure::new(text, widths);
    let mut rows = Vec::new();
    let (mut start, mut end) = (0, 0);
    for (next, _) in linebreaks(text) {
        if measure.wide(start..next) > most && end > start {
            rows.push(start..end);
            start = end;
        }
        if measure.wide(start..next) > most {
            let word = text.get(start..next).unwrap_or_default();
            let begin = start;
            for (at, cluster) in word.grapheme_indices(true) {
                let after = begin + at + cluster.len();
                if measure.wide(start..after) > most && begin + at > start {
                    rows.push(start..begin + at);
                    start = begin + at;
                }
            }
        }
        end = next;
    }
    if end > start || rows.is_empty() {
        rows.push(start..text.len());
    }
    rows
}

/// The parts of a line that run one way, from left to right; and whether each runs to the right.
fn seen(bidi: &ParagraphBidiInfo<'_>, line: Range<usize>) -> Vec<(Range<usize>, bool)> {
    let levels = bidi.levels.get(line.clone()).unwrap_or_default();
    if levels.iter().all(|level| level.is_ltr()) {
        // Besides, the library panics where a whole line is embedded as deep as can be.
        return vec![(line, true)];
    }
    let (levels, runs) = bidi.visual_runs(line);
    let runs = runs.into_iter().map(|run| {
        let rightwards = levels.get(run.start).is_none_or(|level| level.is_ltr());
        (run, rightwards)
    });
    runs.collect()
}

/// One line, in the order in which it is seen.
fn row(
    shaper: &Shaper<'_>,
    (text, bidi): (&str, &ParagraphBidiInfo<'_>),
    (items, range): (&[Item], Range<usize>),
) -> Row {
    let mut row = Row {
        parts: Vec::new(),
        width: 0.0,
    };
    let kept = text.get(range.clone()).unwrap_or_default().trim_end().len();
    let range = range.start..range.start + kept;
    if range.is_empty() {
        return row;
    }
    for (run, rightwards) in seen(bidi, range) {
        let first = items.partition_point(|item| item.range.end <= run.start);
        let here = items.iter().skip(first);
        let mut within: Vec<(Range<usize>, usize)> = here
            .take_while(|item| item.range.start < run.end)
            .map(|item| {
                (
                    item.range.start.max(run.start)..item.range.end.min(run.end),
                    item.font,
                )
            })
            .collect();
        if !rightwards {
            within.reverse();
        }
        for (range, font) in within {
            let part = text.get(range).unwrap_or_default();
            let drawn = shaper.shape(part, (font, rightwards));
            row.width += drawn.width;
            row.parts.push((drawn, part.to_owned()));
        }
    }
    row
}
