//! The fonts of this machine: which there are, and what each of them shows.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use fontdb::{Database, Source, Style, Weight};
use rustybuzz::ttf_parser::{Face, RawFace, Tag};

use super::PdfError;

/// Fonts that are looked at, and then used; whoever installs more has nearly the same twice.
const MOST: (usize, usize) = (2_000, 250);
/// What every file needs: letters, digits, and what marks a character that no font shows.
const NEEDED: &str = "AZaz09[]+:-,. ";
/// Families that are taken first where several show the same.
const PREFERRED: [&str; 3] = ["Noto Sans", "DejaVu Sans", "Liberation Sans"];

/// One font.
struct Known {
    source: PathBuf,
    index: u32,
    /// The characters that it shows: first and last of each range, in order.
    shows: Vec<(u32, u32)>,
}

impl Known {
    fn shows(&self, letter: char) -> bool {
        let letter = u32::from(letter);
        let after = self.shows.partition_point(|(first, _)| *first <= letter);
        let range = after.checked_sub(1).and_then(|at| self.shows.get(at));
        range.is_some_and(|(_, last)| letter <= *last)
    }
}

/// The fonts of this machine, the best ones first.
pub struct Fonts {
    known: Vec<Known>,
}

/// The bytes of those fonts that a text needs, by their places among all.
pub type Loaded = HashMap<usize, (Arc<Vec<u8>>, u32)>;

impl Fonts {
    /// Looks for fonts in these directories, or in the system's own where none are named. Reads all
    /// of them; not to be called where others wait.
    ///
    /// # Errors
    /// None shows letters and digits.
    pub fn find(directories: &[PathBuf]) -> Result<Self, PdfError> {
        let mut all = Database::new();
        match directories {
            [] => all.load_system_fonts(),
            some => some.iter().for_each(|one| all.load_fonts_dir(one)),
        }
        let mut known = Vec::new();
        for face in all.faces().take(MOST.0) {
            if face.style != Style::Normal || face.weight != Weight::NORMAL {
                continue;
            }
            let Source::File(path) = &face.source else {
                continue;
            };
            let family = face.families.first().map_or("", |(family, _)| family);
            let shows = all.with_face_data(face.id, shown).flatten();
            known.extend(shows.map(|shows| {
                let font = Known {
                    source: path.clone(),
                    index: face.index,
                    shows,
                };
                (rank(family), family.to_owned(), font)
            }));
        }
        known.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let mut known: Vec<Known> = known.into_iter().map(|(_, _, font)| font).collect();
        let base = known
            .iter()
            .position(|font| NEEDED.chars().all(|letter| font.shows(letter)));
        let base = known.remove(base.ok_or(PdfError::NoFont)?);
        known.insert(0, base);
        known.truncate(MOST.1);
        Ok(Self { known })
    }

    /// Whether a font shows some characters that belong together.
    pub fn has(&self, font: usize, cluster: &str) -> bool {
        let mut seen = cluster.chars().filter(|letter| !is_unseen(*letter));
        let font = self.known.get(font);
        font.is_some_and(|font| seen.all(|letter| font.shows(letter)))
    }

    /// The best font that shows all of some characters that belong together.
    pub fn of(&self, cluster: &str) -> Option<usize> {
        (0..self.known.len()).find(|at| self.has(*at, cluster))
    }

    /// Reads the fonts that these texts need, and the first one.
    pub fn load<'a>(&self, texts: impl Iterator<Item = &'a str>) -> Loaded {
        let letters: BTreeSet<char> = texts.flat_map(str::chars).collect();
        let mut needed: BTreeSet<usize> = BTreeSet::from([0]);
        for letter in letters.into_iter().filter(|letter| !is_unseen(*letter)) {
            // A cluster may take any font that shows each of its characters.
            let showing = self.known.iter().enumerate();
            let showing = showing.filter(|(_, font)| font.shows(letter));
            needed.extend(showing.map(|(at, _)| at).take(ALTERNATIVES));
        }
        let files = needed.into_iter().filter_map(|at| {
            let font = self.known.get(at)?;
            let bytes = std::fs::read(&font.source).ok()?;
            Some((at, (Arc::new(bytes), font.index)))
        });
        files.collect()
    }
}

/// How many fonts are held ready for one character.
const ALTERNATIVES: usize = 3;

/// The smaller the earlier.
fn rank(family: &str) -> usize {
    let exactly = PREFERRED.iter().position(|preferred| *preferred == family);
    let begins = family.starts_with("Noto Sans");
    exactly.unwrap_or(PREFERRED.len() + usize::from(!begins))
}

/// The characters that a font shows, if it draws them with outlines: pictures of fixed sizes are not
/// taken.
fn shown(bytes: &[u8], index: u32) -> Option<Vec<(u32, u32)>> {
    let raw = RawFace::parse(bytes, index).ok()?;
    let has = |name: &[u8; 4]| raw.table(Tag::from_bytes(name)).is_some();
    if !has(b"glyf") && !has(b"CFF ") {
        return None;
    }
    let face = Face::parse(bytes, index).ok()?;
    let mut letters = BTreeSet::new();
    for table in face.tables().cmap?.subtables {
        if table.is_unicode() {
            table.codepoints(|letter| {
                letters.insert(letter);
            });
        }
    }
    // A table may name a character and have no picture of it.
    letters.retain(|letter| {
        let letter = char::from_u32(*letter);
        letter.is_some_and(|letter| face.glyph_index(letter).is_some_and(|glyph| glyph.0 != 0))
    });
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for letter in letters {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(letter) => *last = letter,
            _ => ranges.push((letter, letter)),
        }
    }
    Some(ranges)
}

/// Characters that only steer how others are shown (Unicode's Default_Ignorable_Code_Point, the most of it).
pub fn is_unseen(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}')
}
