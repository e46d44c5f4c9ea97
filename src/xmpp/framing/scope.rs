//! Which namespace a prefix stands for at one point of the stream.

use crate::xmpp::ns;

/// Declarations in force, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    declared: Vec<Declaration>,
}

#[derive(Debug)]
struct Declaration {
    depth: usize,
    /// `None` is the default namespace.
    prefix: Option<String>,
    namespace: String,
}

impl Scopes {
    pub(super) fn declare(&mut self, depth: usize, prefix: Option<&str>, namespace: String) {
        self.declared.push(Declaration {
            depth,
            prefix: prefix.map(str::to_owned),
            namespace,
        });
    }

    /// Forgets what was declared at `depth` or deeper.
    pub(super) fn leave(&mut self, depth: usize) {
        let kept = self.declared.iter().rposition(|d| d.depth < depth);
        self.declared.truncate(kept.map_or(0, |last| last + 1));
    }

    pub(super) fn len(&self) -> usize {
        self.declared.len()
    }

    /// The namespace as the rooms above see it; `None` for a prefix that nobody declared.
    pub(super) fn lookup(&self, prefix: Option<&str>) -> Option<&str> {
        if prefix == Some("xml") {
            return Some(ns::XML);
        }
        let found = self
            .declared
            .iter()
            .rev()
            .find(|d| d.prefix.as_deref() == prefix);
        match (found, prefix) {
            (Some(declaration), _) if declaration.namespace == ns::COMPONENT => Some(ns::CLIENT),
            (Some(declaration), _) => Some(&declaration.namespace),
            (None, None) => Some(""),
            (None, Some(_)) => None,
        }
    }
}
