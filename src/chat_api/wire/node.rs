//! An entity as a tree, before it is JSON of either dialect, or XML.

use serde_json::{Map, Number, Value};

/// One value of an entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Nothing: the key is left out.
    Nothing,
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
    /// Keys and values, in order.
    Object(Vec<(&'static str, Node)>),
    /// An element that is repeated under its key.
    Many(Vec<Node>),
    /// A text that is an attribute in XML.
    Attribute(String),
}

impl Node {
    /// A text, or nothing.
    pub fn maybe(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.to_owned()))
    }

    /// Yes or no, or nothing.
    pub fn maybe_flag(flag: Option<bool>) -> Self {
        flag.map_or(Self::Nothing, Self::Flag)
    }

    /// A list within an element of its own: `groups.group[]`.
    pub fn list(item: &'static str, items: Vec<Node>) -> Self {
        Self::Object(vec![(item, Self::Many(items))])
    }

    /// A list of texts within an element of its own.
    pub fn texts(item: &'static str, texts: &[String]) -> Self {
        let texts = texts.iter().map(|text| Self::Text(text.clone()));
        Self::list(item, texts.collect())
    }

    fn is_empty_list(&self) -> bool {
        match self {
            Self::Object(keys) => keys
                .iter()
                .all(|(_, value)| matches!(value, Self::Many(items) if items.is_empty())),
            _ => false,
        }
    }
}

/// An entity with the name that its root has in XML.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// The root's name.
    pub root: &'static str,
    /// What is in it.
    pub keys: Vec<(&'static str, Node)>,
}

impl Entity {
    /// Plain JSON: real arrays, numbers and flags under the legacy keys.
    pub fn plain(&self) -> Value {
        Value::Object(plain_object(&self.keys))
    }

    /// Jersey's "mapped" JSON: one item is no array, no items are no key, all scalars are texts,
    /// attributes have an `@` (chat API §1.4, measured).
    pub fn mapped(&self) -> Value {
        Value::Object(mapped_object(&self.keys))
    }

    /// XML.
    pub fn xml(&self) -> String {
        let mut text =
            String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>");
        element(&mut text, self.root, &self.keys);
        text
    }
}

fn plain_object(keys: &[(&'static str, Node)]) -> Map<String, Value> {
    let pairs = keys.iter();
    pairs
        .filter(|(_, node)| *node != Node::Nothing)
        .map(|(key, node)| ((*key).to_owned(), plain(node)))
        .collect()
}

fn plain(node: &Node) -> Value {
    match node {
        Node::Nothing => Value::Null,
        Node::Text(text) | Node::Attribute(text) => Value::String(text.clone()),
        Node::Number(number) => Value::Number(Number::from(*number)),
        Node::Flag(flag) => Value::Bool(*flag),
        Node::Object(keys) => Value::Object(plain_object(keys)),
        Node::Many(items) => Value::Array(items.iter().map(plain).collect()),
    }
}

fn mapped_object(keys: &[(&'static str, Node)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (key, node) in keys {
        match node {
            Node::Nothing => {}
            Node::Attribute(text) => {
                object.insert(format!("@{key}"), Value::String(text.clone()));
            }
            Node::Many(items) => match items.as_slice() {
                [] => {}
                [one] => {
                    object.insert((*key).to_owned(), mapped(one));
                }
                more => {
                    let more = more.iter().map(mapped).collect();
                    object.insert((*key).to_owned(), Value::Array(more));
                }
            },
            other => {
                object.insert((*key).to_owned(), mapped(other));
            }
        }
    }
    object
}

fn mapped(node: &Node) -> Value {
    match node {
        Node::Nothing => Value::Null,
        Node::Text(text) | Node::Attribute(text) => Value::String(text.clone()),
        Node::Number(number) => Value::String(number.to_string()),
        Node::Flag(flag) => Value::String(flag.to_string()),
        Node::Object(_) if node.is_empty_list() => Value::Null,
        Node::Object(keys) => Value::Object(mapped_object(keys)),
        Node::Many(items) => Value::Array(items.iter().map(mapped).collect()),
    }
}

fn element(text: &mut String, name: &str, keys: &[(&'static str, Node)]) {
    text.push('<');
    text.push_str(name);
    for (key, node) in keys {
        if let Node::Attribute(value) = node {
            text.push_str(&format!(" {key}=\"{}\"", escaped(value)));
        }
    }
    text.push('>');
    for (key, node) in keys {
        child(text, key, node);
    }
    text.push_str(&format!("</{name}>"));
}

fn child(text: &mut String, name: &str, node: &Node) {
    let simple = |value: &str| format!("<{name}>{}</{name}>", escaped(value));
    match node {
        Node::Nothing | Node::Attribute(_) => {}
        Node::Text(value) => text.push_str(&simple(value)),
        Node::Number(number) => text.push_str(&simple(&number.to_string())),
        Node::Flag(flag) => text.push_str(&simple(&flag.to_string())),
        Node::Object(keys) => element(text, name, keys),
        Node::Many(items) => items.iter().for_each(|item| child(text, name, item)),
    }
}

/// Escaped, and without the characters that XML 1.0 forbids (§2.2).
fn escaped(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => clean.push_str("&lt;"),
            '>' => clean.push_str("&gt;"),
            '&' => clean.push_str("&amp;"),
            '"' => clean.push_str("&quot;"),
            '\t' | '\n' | '\r' => clean.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => clean.push('\u{fffd}'),
            _ => clean.push(c),
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn roster(groups: &[&str], items: usize) -> Entity {
        let groups: Vec<String> = groups.iter().map(|&group| group.into()).collect();
        let item = Node::Object(vec![
            ("jid", Node::Text("ana@acme.example".into())),
            ("nickname", Node::Nothing),
            ("subscriptionType", Node::Number(3)),
            ("groups", Node::texts("group", &groups)),
        ]);
        Entity {
            root: "roster",
            keys: vec![("rosterItem", Node::Many(vec![item; items]))],
        }
    }

    #[test]
    fn plain_json_has_real_arrays_and_scalars() {
        let one =
            json!({"jid": "ana@acme.example", "subscriptionType": 3, "groups": {"group": ["g0"]}});
        assert_eq!(roster(&["g0"], 1).plain(), json!({ "rosterItem": [one] }));
        assert_eq!(roster(&[], 0).plain(), json!({"rosterItem": []}));
    }

    #[test]
    fn mapped_json_collapses_as_jersey_did() {
        let item =
            json!({"jid": "ana@acme.example", "subscriptionType": "3", "groups": {"group": "g0"}});
        assert_eq!(roster(&["g0"], 1).mapped(), json!({ "rosterItem": item }));
        let many = roster(&["g0", "g1"], 2).mapped();
        assert_eq!(
            many["rosterItem"][1]["groups"],
            json!({"group": ["g0", "g1"]})
        );
        assert_eq!(roster(&[], 1).mapped()["rosterItem"]["groups"], Value::Null);
        assert_eq!(roster(&[], 0).mapped(), json!({}));
    }

    #[test]
    fn attributes_are_marked_where_the_old_dialect_did() {
        let property = Node::Object(vec![
            ("key", Node::Attribute("k".into())),
            ("value", Node::Attribute("<v>".into())),
        ]);
        let entity = Entity {
            root: "user",
            keys: vec![("properties", Node::list("property", vec![property]))],
        };
        assert_eq!(
            entity.mapped(),
            json!({"properties": {"property": {"@key": "k", "@value": "<v>"}}})
        );
        assert_eq!(
            entity.plain(),
            json!({"properties": {"property": [{"key": "k", "value": "<v>"}]}})
        );
        let xml = entity.xml();
        let end = "<user><properties><property key=\"k\" value=\"&lt;v&gt;\"></property></properties></user>";
        assert!(xml.ends_with(end), "{xml}");
    }
}
