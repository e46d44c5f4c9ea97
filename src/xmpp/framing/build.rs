//! One stanza's tree while it grows; iterative, so that depth costs no stack.

use minidom::Element;
use rxml::parser::RawQName;
use rxml::{AttrMap, Namespace};

use super::scope::Scopes;
use super::{RawTag, RefusedWhy, StreamHead};

/// Depth of the stream's own declarations; a stanza's begin at 1.
const STREAM: usize = 0;

#[derive(Debug, Default)]
pub(super) struct Builder {
    /// Open elements of the stanza, the innermost last.
    open: Vec<Element>,
    scopes: Scopes,
}

impl Builder {
    pub(super) fn stream_head(&mut self, tag: RawTag) -> StreamHead {
        let mut head = StreamHead::default();
        for ((prefix, name), value) in declare(&mut self.scopes, STREAM, tag.attributes) {
            match (prefix, name.as_str()) {
                (None, "id") => head.id = Some(value),
                (None, "from") => head.from = Some(value),
                _ => {}
            }
        }
        head
    }

    pub(super) fn open(&mut self, tag: RawTag, max_namespaces: usize) -> Result<(), RefusedWhy> {
        let depth = self.open.len() + 1;
        let plain = declare(&mut self.scopes, depth, tag.attributes);
        if self.scopes.len() > max_namespaces {
            return Err(RefusedWhy::TooMany);
        }
        let (prefix, name) = &tag.name;
        let prefix = prefix.as_ref().map(|p| p.as_str());
        let namespace = self.scopes.lookup(prefix).ok_or(RefusedWhy::BadNames)?;
        let mut element = Element::bare(name.as_str(), namespace);
        resolve(&self.scopes, plain, element.attrs_mut())?;
        self.open.push(element);
        Ok(())
    }

    pub(super) fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.append_text(text);
        }
    }

    /// Ends the innermost element; gives it back when it was the stanza itself.
    pub(super) fn close(&mut self) -> Option<Element> {
        self.scopes.leave(self.open.len());
        let element = self.open.pop()?;
        match self.open.last_mut() {
            Some(parent) => {
                parent.append_child(element);
                None
            }
            None => Some(element),
        }
    }

    pub(super) fn abandon(&mut self) {
        self.open.clear();
        self.scopes.leave(STREAM + 1);
    }
}

/// Takes the declarations out of the attributes and gives back the rest.
fn declare(
    scopes: &mut Scopes,
    depth: usize,
    attributes: Vec<(RawQName, String)>,
) -> Vec<(RawQName, String)> {
    let mut plain = Vec::with_capacity(attributes.len());
    for ((prefix, name), value) in attributes {
        match prefix.as_ref().map(|p| p.as_str()) {
            None if name.as_str() == "xmlns" => scopes.declare(depth, None, value),
            Some("xmlns") => scopes.declare(depth, Some(name.as_str()), value),
            _ => plain.push(((prefix, name), value)),
        }
    }
    plain
}

fn resolve(
    scopes: &Scopes,
    attributes: Vec<(RawQName, String)>,
    into: &mut AttrMap,
) -> Result<(), RefusedWhy> {
    for ((prefix, name), value) in attributes {
        let namespace = match prefix {
            None => Namespace::NONE,
            Some(prefix) => scopes
                .lookup(Some(prefix.as_str()))
                .map(|found| Namespace::from(found.to_owned()))
                .ok_or(RefusedWhy::BadNames)?,
        };
        if into.insert(namespace, name, value).is_some() {
            return Err(RefusedWhy::BadNames);
        }
    }
    Ok(())
}
