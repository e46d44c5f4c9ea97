//! Which types are shown in the browser or client, and whether media is what it is said to be.

/// A type that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    mime: &'static str,
    /// Its endings of file names; the first is the one that is given.
    endings: &'static [&'static str],
    /// Other names of it.
    aliases: &'static [&'static str],
}

/// How media may be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// To be shown, as this MIME type.
    Inline(&'static str),
    /// To be saved, as `application/octet-stream`.
    Attachment,
}

/// It is said to be shown, and is markup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disguised;

/// Nothing here can hold a script: no HTML, no XML, no SVG.
const KINDS: &[Kind] = &[
    kind(
        "image/jpeg",
        &["jpg", "jpeg"],
        &["image/jpg", "image/pjpeg"],
    ),
    kind("image/png", &["png"], &["image/x-png"]),
    kind("image/gif", &["gif"], &[]),
    kind("image/webp", &["webp"], &[]),
    kind("image/avif", &["avif"], &[]),
    kind("image/bmp", &["bmp"], &["image/x-ms-bmp"]),
    kind("audio/mpeg", &["mp3", "mpga"], &["audio/mp3"]),
    kind(
        "audio/ogg",
        &["ogg", "oga", "opus"],
        &["audio/opus", "application/ogg", "audio/vorbis"],
    ),
    kind("audio/mp4", &["m4a", "mp4"], &["audio/m4a", "audio/x-m4a"]),
    kind("audio/aac", &["aac"], &["audio/x-aac", "audio/aacp"]),
    kind("audio/amr", &["amr"], &["audio/amr-nb"]),
    kind("audio/wav", &["wav"], &["audio/x-wav", "audio/wave"]),
    kind("audio/flac", &["flac"], &["audio/x-flac"]),
    kind("audio/webm", &["webm", "weba"], &[]),
    kind("audio/3gpp", &["3gp"], &[]),
    kind("video/mp4", &["mp4", "m4v"], &["video/x-m4v"]),
    kind("video/webm", &["webm"], &[]),
    kind("video/ogg", &["ogv", "ogg"], &[]),
    kind("video/3gpp", &["3gp"], &["video/3gp"]),
    kind("video/quicktime", &["mov"], &[]),
    kind("application/pdf", &["pdf"], &["application/x-pdf"]),
];

const fn kind(
    mime: &'static str,
    endings: &'static [&'static str],
    aliases: &'static [&'static str],
) -> Kind {
    Kind {
        mime,
        endings,
        aliases,
    }
}

impl Kind {
    /// What to call media without a name.
    pub fn noun(self) -> &'static str {
        match self.mime.split_once('/') {
            Some((noun @ ("image" | "audio" | "video"), _)) => noun,
            _ => "file",
        }
    }

    pub fn ending(self) -> &'static str {
        self.endings.first().copied().unwrap_or("bin")
    }

    pub fn has_ending(self, ending: &str) -> bool {
        let mut endings = self.endings.iter();
        endings.any(|own| own.eq_ignore_ascii_case(ending))
    }

    /// Sound and pictures that move: parts of them are worth asking for, and as their containers
    /// are the same, only who made them knows which of the two they are.
    fn is_played(self) -> bool {
        is_played(self.mime)
    }
}

fn is_played(mime: &str) -> bool {
    mime.starts_with("audio/") || mime.starts_with("video/")
}

/// The type of this name, where it is one that is shown.
pub(super) fn listed(mime: &str) -> Option<Kind> {
    let mime = essence(mime);
    let own = |kind: &&Kind| kind.mime == mime || kind.aliases.contains(&mime.as_str());
    KINDS.iter().find(own).copied()
}

/// The MIME type that a name's or an address's ending suggests; empty where it suggests none. Where
/// sound and moving pictures share an ending, moving pictures.
pub fn type_of(name: &str) -> &'static str {
    let path = name.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if ending.eq_ignore_ascii_case("heic") {
        // Browsers do not show it, so that it is not among the kinds.
        return "image/heic";
    }
    let own = |kind: &&Kind| kind.ending().eq_ignore_ascii_case(ending);
    let moving = |kind: &&Kind| kind.mime.starts_with("video/");
    let found = KINDS.iter().find(|kind| own(kind) && moving(kind));
    let found = found.or_else(|| KINDS.iter().find(own));
    let found = found.or_else(|| KINDS.iter().find(|kind| kind.has_ending(ending)));
    found.map_or("", |kind| kind.mime)
}

/// The type of the media, where a player asks for parts of it.
pub(super) fn played(mime: Option<&str>) -> Option<&'static str> {
    let kind = mime.and_then(listed)?;
    kind.is_played().then_some(kind.mime)
}

/// How to hand out media that begins with `head`: the platform said the first type, the answer to
/// our request the second.
pub(super) fn judge(
    told: Option<&str>,
    answered: Option<&str>,
    head: &[u8],
) -> Result<Shown, Disguised> {
    let real = infer::get(head).map(|found| found.mime_type());
    let mut said = [told, answered].into_iter().flatten();
    let said = said.find(|mime| !is_vague(mime)).or(real);
    let Some(said) = said.and_then(listed) else {
        return Ok(Shown::Attachment);
    };
    if is_markup(head) {
        return Err(Disguised);
    }
    Ok(match real {
        // Some of it, such as bare MPEG frames, has no mark that can be relied on.
        None if said.is_played() => Shown::Inline(said.mime),
        Some(real) if said.is_played() && is_played(real) => Shown::Inline(said.mime),
        Some(real) => match listed(real) {
            Some(real) if real.noun() == said.noun() && !said.is_played() => {
                Shown::Inline(real.mime)
            }
            Some(real) if said.is_played() && real.is_played() => Shown::Inline(said.mime),
            _ => Shown::Attachment,
        },
        None => Shown::Attachment,
    })
}

/// The bare type, without parameters.
fn essence(mime: &str) -> String {
    let bare = mime.split(';').next().unwrap_or_default();
    bare.trim().to_ascii_lowercase()
}

/// Says nothing about what it is.
fn is_vague(mime: &str) -> bool {
    matches!(
        essence(mime).as_str(),
        "" | "application/octet-stream" | "binary/octet-stream" | "application/binary" | "*/*"
    )
}

fn is_markup(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    text.trim_ascii_start().first() == Some(&b'<')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
    const OGG: &[u8] = b"OggS\0\x02\0\0\0\0\0\0\0\0";
    const PDF: &[u8] = b"%PDF-1.7\n";
    const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0";
    const HTML: &[u8] = b"\xef\xbb\xbf \n<!doctype html><script>";
    const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>";

    #[test]
    fn what_is_shown_is_what_it_is_said_to_be() {
        use Shown::{Attachment, Inline};
        for (told, answered, head, shown) in [
            ("image/png", "", PNG, Inline("image/png")),
            ("image/jpeg", "text/html", PNG, Inline("image/png")),
            ("", "IMAGE/JPEG; x=y", JPEG, Inline("image/jpeg")),
            ("", "binary/octet-stream", JPEG, Inline("image/jpeg")),
            ("", "", PDF, Inline("application/pdf")),
            ("audio/ogg; codecs=opus", "", OGG, Inline("audio/ogg")),
            ("video/ogg", "", OGG, Inline("video/ogg")),
            ("audio/mpeg", "", b"\0\x01\x02", Inline("audio/mpeg")),
            ("audio/mpeg", "", PNG, Attachment),
            ("image/png", "", b"no picture", Attachment),
            ("image/png", "", b"", Attachment),
            ("image/png", "", PDF, Attachment),
            ("application/pdf", "", PNG, Attachment),
            ("image/jpeg", "", EXE, Attachment),
            ("text/html", "image/png", PNG, Attachment),
            ("text/html", "", HTML, Attachment),
            ("image/svg+xml", "", SVG, Attachment),
            ("", "image/svg+xml", SVG, Attachment),
            ("", "", HTML, Attachment),
            ("", "", b"text", Attachment),
            ("application/zip", "", PNG, Attachment),
        ] {
            let judged = judge(Some(told), Some(answered), head);
            assert_eq!(judged, Ok(shown), "{told} {answered} {head:?}");
        }
    }

    #[test]
    fn a_name_suggests_a_type() {
        let of = |name| type_of(name);
        assert_eq!(
            of("https://h.example/a.b/photo.JPG?size=2#top"),
            "image/jpeg"
        );
        assert_eq!(of("a.jpeg"), "image/jpeg");
        assert_eq!(of("a.mp4"), "video/mp4");
        assert_eq!(of("a.3gp"), "video/3gpp");
        assert_eq!(of("a.webm"), "video/webm");
        assert_eq!(of("a.ogg"), "audio/ogg");
        assert_eq!(of("a.opus"), "audio/ogg");
        assert_eq!(of("a.m4a"), "audio/mp4");
        assert_eq!(of("a.heic"), "image/heic");
        assert_eq!(of("https://h.example/mp4"), "");
        assert_eq!(of("a.svg"), "");
        assert_eq!(of("a."), "");
    }

    #[test]
    fn markup_in_disguise_is_refused() {
        for told in ["image/png", "video/mp4", "application/pdf", "audio/aac"] {
            for head in [HTML, SVG, b"<?xml version='1.0'?>"] {
                assert_eq!(judge(Some(told), None, head), Err(Disguised), "{told}");
            }
        }
    }

    #[test]
    fn no_listed_type_is_markup_or_script() {
        for kind in KINDS {
            for word in ["html", "xml", "svg", "script", "text/"] {
                assert!(!kind.mime.contains(word), "{}", kind.mime);
            }
            assert!(!kind.endings.is_empty(), "{}", kind.mime);
        }
    }
}
