//! What a workgroup shows to the clients of visitors at XMPP: its form, texts, pictures, sounds.

use super::problem::What;
use super::reader::Reader;
use super::value::choice;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::Value as Toml;

/// The largest picture or sound, in bytes: all of them go into one stanza.
const LARGEST: usize = 20 * 1024;

/// What visitors' clients are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// Whether visitors at XMPP clients may join the line.
    pub xmpp_visitors: bool,
    /// What they are asked before; `None` asks for name, address and question.
    pub form: Option<Vec<FormField>>,
    /// Ready answers for agents, by title.
    pub macros: BTreeMap<String, String>,
    /// Whether clients are to have visitors log in.
    pub auth_required: bool,
    /// Texts of web pages, by their names.
    pub texts: BTreeMap<String, String>,
    /// Pictures of web pages, by their names, in base64.
    pub images: BTreeMap<String, String>,
    /// Sound for a message that goes out, in base64.
    pub outgoing_sound: Option<String>,
    /// Sound for a message that comes in, in base64.
    pub incoming_sound: Option<String>,
    /// A page to go to while nobody serves.
    pub offline_page: Option<String>,
    /// A room to go to while nobody serves.
    pub offline_room: Option<String>,
    /// Where to write to while nobody serves.
    pub offline_mail: Option<String>,
    /// About what.
    pub offline_subject: String,
    /// What is shown meanwhile.
    pub offline_text: String,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormField {
    /// Its name.
    pub name: String,
    /// What visitors read beside it.
    pub label: String,
    /// Its type.
    pub kind: FieldKind,
    /// Whether it has to be filled in.
    pub required: bool,
    /// What can be chosen; of a hidden field its value.
    pub options: Vec<String>,
}

choice! {
    /// The type of a field (XEP-0004 §3.3).
    FieldKind {
        /// One line.
        TextSingle = "text-single",
        /// Several lines.
        TextMulti = "text-multi",
        /// A line that is not shown.
        TextPrivate = "text-private",
        /// Yes or no.
        Boolean = "boolean",
        /// One of several.
        ListSingle = "list-single",
        /// Some of several.
        ListMulti = "list-multi",
        /// Not shown.
        Hidden = "hidden",
    }
}

impl FieldKind {
    /// The word, as it stands in the file and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TextSingle => "text-single",
            Self::TextMulti => "text-multi",
            Self::TextPrivate => "text-private",
            Self::Boolean => "boolean",
            Self::ListSingle => "list-single",
            Self::ListMulti => "list-multi",
            Self::Hidden => "hidden",
        }
    }
}

impl Face {
    pub(super) fn read(r: &mut Reader) -> Self {
        let form = r.has("form").then(|| form(r));
        let macros = r.texts("macros");
        let xmpp_visitors = r.or("xmpp_visitors", true);
        r.section("web", |r| Self {
            xmpp_visitors,
            form,
            macros,
            auth_required: r.or("auth_required", false),
            texts: r.texts("texts"),
            images: images(r),
            outgoing_sound: sound(r, "outgoing_sound"),
            incoming_sound: sound(r, "incoming_sound"),
            offline_page: r.maybe("offline_page"),
            offline_room: r.maybe("offline_room"),
            offline_mail: r.maybe("offline_mail"),
            offline_subject: r.or("offline_subject", String::new()),
            offline_text: r.or("offline_text", String::new()),
        })
    }
}

fn form(r: &mut Reader) -> Vec<FormField> {
    let mut fields = Vec::new();
    for (place, entry) in r.entries("form").unwrap_or_default() {
        let Toml::Table(table) = entry else {
            let found = super::value::type_name(&entry);
            let expected = "a table";
            r.complain(&place, What::WrongType { expected, found });
            continue;
        };
        fields.extend(r.within(&place, table, field));
    }
    fields
}

fn field(r: &mut Reader) -> Option<FormField> {
    let name: Option<String> = r.need("name");
    if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
        r.complain("name", What::Empty);
    }
    let label: Option<String> = r.maybe("label");
    Some(FormField {
        label: label.or_else(|| name.clone())?,
        kind: r.or("type", FieldKind::TextSingle),
        required: r.or("required", false),
        options: r.list("options").unwrap_or_default(),
        name: name?,
    })
}

fn images(r: &mut Reader) -> BTreeMap<String, String> {
    let mut images = BTreeMap::new();
    for (name, path) in r.texts("images") {
        match encoded(path.into()) {
            Ok(image) => {
                images.insert(name, image);
            }
            Err(what) => r.complain(&format!("images.{name:?}"), what),
        }
    }
    images
}

fn sound(r: &mut Reader, key: &'static str) -> Option<String> {
    let path: String = r.maybe(key)?;
    if path.is_empty() {
        return None;
    }
    encoded(path.into())
        .map_err(|what| r.complain(key, what))
        .ok()
}

fn encoded(path: PathBuf) -> Result<String, What> {
    match std::fs::read(&path) {
        Ok(bytes) if bytes.len() <= LARGEST => Ok(STANDARD.encode(bytes)),
        Ok(_) => Err(What::FileTooLarge {
            path,
            most: LARGEST,
        }),
        Err(error) => Err(What::FileUnreadable {
            path,
            reason: error.kind(),
        }),
    }
}
