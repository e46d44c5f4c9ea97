//! File names that can do no harm wherever they are shown or saved.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::kind;

/// Everything but RFC 8187's `attr-char`, which also may stand in a path.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The longest name, in characters, its ending included.
const LONGEST: usize = 100;

/// A name made of letters, digits, symbols beyond ASCII, and `-_.,()@ ` (blanks not at the ends),
/// that begins with no dot. Where the type is one that is shown, its ending is one of that type.
pub(super) fn safe(name: Option<&str>, mime: Option<&str>) -> String {
    let kind = mime.and_then(kind::listed);
    // Only the last part of a path, be it Unix's or Windows'.
    let last = name.and_then(|name| name.rsplit(['/', '\\']).next());
    let plain: String = last
        .unwrap_or_default()
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    let plain = plain.trim_matches([' ', '.']);
    let plain = match plain {
        "" => kind.map_or("file", kind::Kind::noun),
        plain => plain,
    };
    let (stem, ending) = match plain.rsplit_once('.') {
        Some((stem, ending)) if is_ending(ending) => (stem, Some(ending)),
        _ => (plain, None),
    };
    let fits = |ending: &str| kind.is_none_or(|kind| kind.has_ending(ending));
    let (stem, ending) = match (ending, kind) {
        (Some(ending), _) if fits(ending) => (stem, Some(ending)),
        (_, Some(kind)) => (plain, Some(kind.ending())),
        (_, None) => (plain, None),
    };
    let room = LONGEST - ending.map_or(0, |ending| ending.len() + 1);
    let stem: String = stem.chars().take(room).collect();
    match ending {
        Some(ending) => format!("{stem}.{ending}"),
        None => stem,
    }
}

/// The name as a part of a path.
pub(super) fn encoded(name: &str) -> String {
    utf8_percent_encode(name, ENCODED).to_string()
}

/// `Content-Disposition` (RFC 6266) with the name of a link: in ASCII, and, where that is not all
/// of it, in UTF-8 (RFC 8187).
pub fn disposition(inline: bool, name: &str) -> String {
    let how = if inline { "inline" } else { "attachment" };
    let quotable = |c: char| (' '..='~').contains(&c) && !matches!(c, '"' | '\\' | '%');
    let ascii = |c| if quotable(c) { c } else { '_' };
    let ascii: String = name.chars().map(ascii).collect();
    if ascii == name {
        return format!("{how}; filename=\"{ascii}\"");
    }
    let all = encoded(name);
    format!("{how}; filename=\"{ascii}\"; filename*=UTF-8''{all}")
}

fn is_ending(text: &str) -> bool {
    (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn is_plain(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric() || "-_.,()@ ".contains(c)
    } else {
        !c.is_whitespace()
    }
}

/// Characters that are not seen but change how others are: controls, marks of direction, joiners,
/// tags, private use. With them `exe.gpj` can look like `jpg.exe`.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffd}'
            | '\u{e0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_what_is_dangerous_and_keep_the_rest() {
        for (given, mime, safe_name) in [
            ("photo.jpg", "image/jpeg", "photo.jpg"),
            ("photo.JPEG", "image/jpeg", "photo.JPEG"),
            ("../../etc/passwd", "", "passwd"),
            ("..\\..\\boot.ini", "", "boot.ini"),
            ("..", "", "file"),
            (".htaccess", "", "htaccess"),
            ("a\"b'c;d%e&f.txt", "", "a_b_c_d_e_f.txt"),
            ("two\r\nlines: x", "", "twolines_ x"),
            (
                "\u{1f600} grüße.pdf",
                "application/pdf",
                "\u{1f600} grüße.pdf",
            ),
            ("annex\u{202e}gpj.exe", "image/jpeg", "annexgpj.exe.jpg"),
            ("page.html", "image/png", "page.html.png"),
            ("", "audio/ogg; codecs=opus", "audio.ogg"),
            ("", "image/svg+xml", "file"),
            ("   ", "", "file"),
            ("no ending", "video/mp4", "no ending.mp4"),
            ("e-mail. dot", "", "e-mail. dot"),
        ] {
            let mime = Some(mime).filter(|mime| !mime.is_empty());
            assert_eq!(safe(Some(given), mime), safe_name, "{given:?}");
        }
        assert_eq!(safe(None, Some("image/webp")), "image.webp");
        let long = safe(Some(&"ü".repeat(300)), Some("image/png"));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with(".png"));
    }

    #[test]
    fn a_disposition_says_the_name_in_both_ways() {
        assert_eq!(disposition(true, "a b.jpg"), "inline; filename=\"a b.jpg\"");
        assert_eq!(
            disposition(false, "grüße \u{1f600}.txt"),
            "attachment; filename=\"gr__e _.txt\"; filename*=UTF-8''gr%C3%BC%C3%9Fe%20%F0%9F%98%80.txt"
        );
        assert_eq!(
            disposition(false, "a\"\r\n\\.txt"),
            "attachment; filename=\"a____.txt\"; filename*=UTF-8''a%22%0D%0A%5C.txt"
        );
    }
}
