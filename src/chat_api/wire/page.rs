//! What a page tells of itself: Open Graph (ogp.me), Twitter cards, and plain HTML.

use encoding_rs::{Encoding, UTF_8};
use html5gum::emitters::default::DefaultEmitter;
use html5gum::{StartTag, Token, Tokenizer};
use url::Url;

/// Characters of a title, and of a description, that are shown.
const LONGEST_TITLE: usize = 200;
const LONGEST_DESCRIPTION: usize = 300;
/// The longest address of a picture, in bytes.
const LONGEST_ADDRESS: usize = 2_048;
/// Where a page says how it is encoded, it does so within so many bytes (HTML §13.2.3.2).
const PRESCAN: usize = 1_024;

/// A preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The title; the host's name where the page has none.
    pub title: String,
    /// What it is about, cut short.
    pub description: Option<String>,
    /// A picture, by HTTP or HTTPS.
    pub image: Option<Url>,
}

/// What of a page is of use, each as it came first.
#[derive(Default)]
struct Told {
    /// By name: those of Open Graph, of cards, and plain ones.
    metas: Vec<(String, String)>,
    title: Option<String>,
    base: Option<String>,
}

/// Whether this content type is a page's.
pub fn is_page(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|page| essence.eq_ignore_ascii_case(page))
}

/// Reads a page, or the beginning of one, of this content type, that was found at this address.
pub fn preview(bytes: &[u8], kind: Option<&str>, at: &Url) -> Preview {
    let (text, _, _) = encoding(bytes, kind).decode(bytes);
    let told = read(&text);
    let first = |names: &[&str], longest: usize| {
        let mut all = names.iter().filter_map(|name| told.meta(name));
        all.find_map(|text| shown(text, longest))
    };
    let own = told.title.as_deref();
    let title = first(&["og:title", "twitter:title"], LONGEST_TITLE)
        .or_else(|| own.and_then(|title| shown(title, LONGEST_TITLE)))
        .unwrap_or_else(|| at.host_str().unwrap_or_default().to_owned());
    let described = ["og:description", "twitter:description", "description"];
    let base = told.base.as_deref().and_then(|base| at.join(base).ok());
    let base = base.unwrap_or_else(|| at.clone());
    let pictures = [
        "og:image:secure_url",
        "og:image",
        "og:image:url",
        "twitter:image",
    ];
    let mut pictures = pictures.iter().filter_map(|name| told.meta(name));
    Preview {
        title,
        description: first(&described, LONGEST_DESCRIPTION),
        image: pictures.find_map(|picture| image(&base, picture)),
    }
}

impl Told {
    fn meta(&self, name: &str) -> Option<&str> {
        let mut metas = self.metas.iter().filter(|(key, _)| key == name);
        metas.next().map(|(_, content)| content.as_str())
    }

    fn tag(&mut self, tag: &StartTag<()>) {
        let attribute = |name: &str| {
            let value = tag.attributes.get(name.as_bytes())?;
            Some(String::from_utf8_lossy(&value.value).into_owned())
        };
        match tag.name.as_slice() {
            b"meta" => {
                let name = attribute("property").or_else(|| attribute("name"));
                if let (Some(name), Some(content)) = (name, attribute("content")) {
                    self.metas.push((name.trim().to_lowercase(), content));
                }
            }
            b"base" if self.base.is_none() => self.base = attribute("href"),
            _ => {}
        }
    }
}

/// Reads up to the body: what comes there is the page's words and not about it.
fn read(html: &str) -> Told {
    let mut told = Told::default();
    let mut emitter = DefaultEmitter::<()>::default();
    emitter.naively_switch_states(true);
    let mut in_title = false;
    for token in Tokenizer::new_with_emitter(html, emitter) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) if tag.name.as_slice() == b"body" => break,
            Token::StartTag(tag) if tag.name.as_slice() == b"title" => {
                in_title = told.title.is_none();
            }
            Token::StartTag(tag) => told.tag(&tag),
            Token::EndTag(_) => in_title = false,
            Token::String(text) if in_title => {
                let title = told.title.get_or_insert_default();
                title.push_str(&String::from_utf8_lossy(&text.value));
            }
            _ => {}
        }
    }
    told
}

/// The encoding that the answer's header names, else the page itself, else UTF-8. A byte order mark
/// goes before all of them.
fn encoding(bytes: &[u8], kind: Option<&str>) -> &'static Encoding {
    let head = bytes.get(..PRESCAN).unwrap_or(bytes);
    let head = String::from_utf8_lossy(head);
    let told = kind.and_then(charset).or_else(|| charset(&head));
    told.unwrap_or(UTF_8)
}

fn charset(text: &str) -> Option<&'static Encoding> {
    let text = text.to_ascii_lowercase();
    let (_, rest) = text.split_once("charset=")?;
    let rest = rest.trim_start_matches(['"', '\'', ' ']);
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_:.".contains(c));
    let label = end.map_or(Some(rest), |end| rest.get(..end))?;
    Encoding::for_label(label.as_bytes())
}

/// A text on one line, cut short.
fn shown(text: &str, longest: usize) -> Option<String> {
    let plain = text.replace(|c: char| c.is_control() || is_direction(c), " ");
    let words: Vec<&str> = plain.split_whitespace().collect();
    let text = words.join(" ");
    if text.chars().count() <= longest {
        return (!text.is_empty()).then_some(text);
    }
    let mut short: String = text.chars().take(longest.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    Some(short + "…")
}

/// Turns what stands around it: a title could look like another one.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn image(base: &Url, picture: &str) -> Option<Url> {
    let url = base.join(picture.trim()).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && !picture.trim().is_empty();
    let plain = url.username().is_empty() && url.password().is_none();
    (web && plain && url.as_str().len() <= LONGEST_ADDRESS).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> Preview {
        let at = Url::parse("https://www.example.org/news/today.html").unwrap();
        preview(html.as_bytes(), Some("text/html"), &at)
    }

    #[test]
    fn open_graph_goes_before_cards_and_those_before_plain_html() {
        let plain = "<title>Plain &amp; simple</title><meta name=description content='A  page.'>";
        let card = "<meta name='twitter:title' content='Card'><meta name=twitter:image content=//c.example/x.png>";
        let graph = "<meta content='Graph' property='OG:Title'><meta property=og:image content='../pic.png'>\
                     <meta property=og:description content='About &lt;it&gt;'>";
        let page = of(&format!("<!doctype html><head>{plain}"));
        assert_eq!(page.title, "Plain & simple");
        assert_eq!(page.description.as_deref(), Some("A page."));
        assert_eq!(page.image, None);
        let page = of(&format!("<head>{plain}{card}"));
        assert_eq!(page.title, "Card");
        assert_eq!(page.image.unwrap().as_str(), "https://c.example/x.png");
        let page = of(&format!("<head>{plain}{card}{graph}"));
        assert_eq!(page.title, "Graph");
        assert_eq!(page.description.as_deref(), Some("About <it>"));
        assert_eq!(
            page.image.unwrap().as_str(),
            "https://www.example.org/pic.png"
        );
    }

    #[test]
    fn markup_in_scripts_comments_and_the_body_is_not_about_the_page() {
        let page = of(
            "<head><script>'<title>No</title>'</script><!--<title>No</title>-->\
                       <style>a{content:'<title>No</title>'}</style><title>Yes</title><title>No</title></head>\
                       <body><meta property=og:title content=No><svg><title>No</title></svg></body>",
        );
        assert_eq!(page.title, "Yes");
        assert_eq!(of("<p>words").title, "www.example.org");
        assert_eq!(of("<title> \n </title>").title, "www.example.org");
        assert_eq!(of("<title>cut of").title, "cut of");
    }

    #[test]
    fn pictures_have_web_addresses_only() {
        for (bad, base) in [
            ("javascript:alert(1)", ""),
            ("data:image/png;base64,AAAA", ""),
            ("file:///etc/passwd", ""),
            ("", ""),
            ("http://", ""),
            ("https://user:secret@x.example/a.png", ""),
            ("a.png", "<base href='data:x'>"),
        ] {
            let page = of(&format!("{base}<meta property=og:image content='{bad}'>"));
            let unjoined = page.image.as_ref().map(Url::as_str);
            let joined = (!base.is_empty()).then_some("https://www.example.org/news/a.png");
            assert!(
                unjoined.is_none() || unjoined == joined,
                "{bad}: {unjoined:?}"
            );
        }
        let page = of("<base href='https://cdn.example/x/'><meta property=og:image content=a.png>");
        assert_eq!(page.image.unwrap().as_str(), "https://cdn.example/x/a.png");
    }

    #[test]
    fn texts_are_on_one_line_and_short() {
        let page = of(&format!(
            "<title>a\u{202E}b\n\tc{}</title>",
            "ü".repeat(500)
        ));
        assert!(page.title.starts_with("a b c"), "{}", page.title);
        assert_eq!(page.title.chars().count(), LONGEST_TITLE);
        assert!(page.title.ends_with("ü…"));
    }

    #[test]
    fn the_encoding_is_what_header_or_page_say() {
        let at = Url::parse("https://x.example/").unwrap();
        let latin = b"<title>Gr\xfc\xdfe</title>";
        let title = |bytes: &[u8], kind| preview(bytes, Some(kind), &at).title;
        assert_eq!(title(latin, "text/html; charset=\"ISO-8859-1\""), "Grüße");
        let told = [b"<meta charset=windows-1252>".as_slice(), latin].concat();
        assert_eq!(title(&told, "text/html"), "Grüße");
        assert_eq!(
            title("<title>Grüße</title>".as_bytes(), "text/html"),
            "Grüße"
        );
        assert_eq!(
            title(latin, "text/html; charset=nonsense"),
            "Gr\u{FFFD}\u{FFFD}e"
        );
    }
}
