//! What a workgroup shows to visitors' clients before anybody serves them (fastpath-protocol §6).

/// The forms, texts and sounds of one workgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// Whether visitors at XMPP clients may join its line.
    pub visitors: bool,
    /// What visitors are asked before they join.
    pub form: Vec<Field>,
    /// Texts and pictures for web clients.
    pub settings: Vec<Setting>,
    /// What clients do while nobody serves.
    pub offline: Option<Offline>,
    /// Sounds for (outgoing, incoming) messages, in base64.
    pub sounds: Option<(String, String)>,
    /// Whether visitors are to log in before they join; clients go by it, Warmline does not.
    pub auth_required: bool,
    /// Ready answers for all agents: title and text.
    pub macros: Vec<(String, String)>,
}

/// A field of the form that visitors fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, under which agents see what was filled in.
    pub name: String,
    /// What visitors read beside it.
    pub label: String,
    /// Its type (XEP-0004 §3.3).
    pub kind: String,
    /// Whether clients are to insist on it.
    pub required: bool,
    /// What can be chosen, or the value of a hidden field.
    pub options: Vec<String>,
}

/// A text or picture that web clients show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub key: String,
    /// The text, or the picture in base64.
    pub value: String,
    /// 0 for pictures, 1 for texts, 2 for the bot's, 3 and 4 for those of search and offline pages.
    pub kind: u8,
}

/// What clients do while nobody serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offline {
    /// Go to this page.
    Page(String),
    /// Go to this room.
    Room(String),
    /// Show a text, and write a mail.
    Mail {
        /// To whom.
        address: String,
        /// About what.
        subject: String,
        /// The text.
        text: String,
    },
}

impl Face {
    /// Fastpath's own form: name, address and question, all of them required.
    pub fn usual_form() -> Vec<Field> {
        let fields = [
            ("username", "Name:"),
            ("email", "Email Address:"),
            ("question", "Question:"),
        ];
        let field = |(name, label): (&str, &str)| Field {
            name: name.to_owned(),
            label: label.to_owned(),
            kind: "text-single".to_owned(),
            required: true,
            options: Vec::new(),
        };
        fields.map(field).to_vec()
    }
}

impl Default for Face {
    fn default() -> Self {
        Self {
            visitors: true,
            form: Self::usual_form(),
            settings: Vec::new(),
            offline: None,
            sounds: None,
            auth_required: false,
            macros: Vec::new(),
        }
    }
}
