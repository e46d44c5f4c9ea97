//! A source file as the rules see it: its tokens, its `use` trees, its test parts.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::fmt;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Something that leaves the plan.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    /// Path from the root of the project.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// A token as text with its line.
pub struct Token {
    /// An identifier, a punctuation character, a bracket, or `"` for any literal.
    pub text: String,
    /// Line, from 1.
    pub line: usize,
}

/// A path that the file names, in a `use` or in code; a final `*` is a glob import.
#[derive(Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its segments; those of our own crate begin with `crate`.
    pub path: Vec<String>,
    /// Line, from 1.
    pub line: usize,
}

/// One parsed file.
pub struct Source {
    /// Path from the root of the project.
    pub path: String,
    /// Its module path, `["xmpp", "seat"]`; `["main"]` for main.rs, empty for lib.rs.
    pub module: Vec<String>,
    /// Number of lines.
    pub lines: usize,
    /// The syntax tree.
    pub tree: syn::File,
    /// All tokens, brackets included, in order.
    pub tokens: Vec<Token>,
    tests: Vec<RangeInclusive<usize>>,
}

impl Source {
    /// Parses a file; fails the test when it is no Rust.
    pub fn parse(path: &str, text: &str) -> Source {
        let stream: TokenStream = text.parse().unwrap_or_else(|e| panic!("{path}: {e}"));
        let tree = syn::parse2(stream.clone()).unwrap_or_else(|e| panic!("{path}: {e}"));
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        let mut tests = TestParts(Vec::new());
        tests.visit_file(&tree);
        Source {
            path: path.into(),
            module: module_of(path),
            lines: text.lines().count(),
            tree,
            tokens,
            tests: tests.0,
        }
    }

    /// Whether this line belongs to `#[cfg(test)]` or `#[test]` code, or the file to tests. A file
    /// `tests.rs` below `src` is the body of a `#[cfg(test)] mod tests;`.
    pub fn is_test(&self, line: usize) -> bool {
        let for_tests = !self.path.starts_with("src/") || self.path.ends_with("/tests.rs");
        for_tests || self.tests.iter().any(|lines| lines.contains(&line))
    }

    /// A finding in this file.
    pub fn finding(&self, line: usize, what: String) -> Finding {
        Finding {
            file: self.path.clone(),
            line,
            what,
        }
    }

    /// Every path of at least two segments that the file names.
    pub fn references(&self) -> Vec<Reference> {
        let mut uses = Uses {
            module: self.module.clone(),
            found: Vec::new(),
        };
        uses.visit_file(&self.tree);
        let mut found = uses.found;
        found.extend(paths_in(&self.tokens, &self.module));
        found
    }
}

/// Every Rust file below these folders.
pub fn read(folders: &[&str]) -> Vec<Source> {
    files(folders)
        .into_iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, text)| Source::parse(&path, &text))
        .collect()
}

/// Path and text of every text file below these folders, in order.
pub fn files(folders: &[&str]) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in folders {
        collect(&root.join(folder), root, &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, root: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, root, found);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let name = path.strip_prefix(root).unwrap_or(&path);
            found.push((name.display().to_string(), text));
        }
    }
}

fn module_of(path: &str) -> Vec<String> {
    let inner = path
        .strip_prefix("src/")
        .unwrap_or(path)
        .trim_end_matches(".rs");
    let mut module: Vec<String> = inner.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

fn flatten(stream: TokenStream, out: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |text: &str, line| {
            out.push(Token {
                text: text.into(),
                line,
            })
        };
        match tree {
            TokenTree::Ident(name) => push(name.to_string().trim_start_matches("r#"), line),
            TokenTree::Punct(mark) => push(&mark.as_char().to_string(), line),
            TokenTree::Literal(_) => push("\"", line),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(open, line);
                let end = group.span_close().start().line;
                flatten(group.stream(), out);
                out.push(Token {
                    text: close.into(),
                    line: end,
                });
            }
        }
    }
}

/// Every `a::b::c` among the tokens, inside of macros too, resolved from the module it stands in.
fn paths_in(tokens: &[Token], file_module: &[String]) -> Vec<Reference> {
    let mut found = Vec::new();
    let mut module = file_module.to_vec();
    let mut inline_ends = Vec::new(); // depth of the braces around each inline module
    let mut depth = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "{" => {
                depth += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    module.push(tokens[at - 1].text.clone());
                    inline_ends.push(depth);
                }
            }
            "}" => {
                if inline_ends.last() == Some(&depth) {
                    inline_ends.pop();
                    module.pop();
                }
                depth -= 1;
            }
            _ => {}
        }
        let path = path_at(tokens, at);
        at += 1;
        if path.len() > 1 {
            at += 3 * (path.len() - 1);
            found.push(Reference {
                path: resolve(&module, &path),
                line: token.line,
            });
        }
    }
    found
}

/// The path that begins with this token; empty when it is no name.
fn path_at(tokens: &[Token], at: usize) -> Vec<String> {
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|t| t.text == text);
    let name = |at: usize| {
        let token = tokens.get(at)?;
        let first = token.text.chars().next()?;
        (first.is_alphabetic() || first == '_').then(|| token.text.clone())
    };
    let mut path: Vec<String> = name(at).into_iter().collect();
    let mut end = at + 1;
    while !path.is_empty() && is(end, ":") && is(end + 1, ":") {
        let Some(next) = name(end + 2) else { break };
        path.push(next);
        end += 3;
    }
    path
}

/// Makes a path of our own crate begin with `crate`; leaves others as they are.
fn resolve(module: &[String], path: &[String]) -> Vec<String> {
    let mut base: Vec<String> = match path.first().map(String::as_str) {
        Some("warmline") => return [&["crate".to_owned()], &path[1..]].concat(),
        Some("crate") if module == ["main"] => {
            return [&["crate".to_owned(), "main".to_owned()], &path[1..]].concat();
        }
        Some("self" | "super") => module.to_vec(),
        _ => return path.to_vec(),
    };
    let mut rest = path;
    while let Some(first) = rest.first() {
        match first.as_str() {
            "self" => {}
            "super" => {
                base.pop();
            }
            _ => break,
        }
        rest = &rest[1..];
    }
    [vec!["crate".to_owned()], base, rest.to_vec()].concat()
}

/// Collects `use` trees, whose groups hide the beginnings of paths.
struct Uses {
    module: Vec<String>,
    found: Vec<Reference>,
}

impl Uses {
    fn walk(&mut self, tree: &syn::UseTree, before: &[String], line: usize) {
        let mut path = before.to_vec();
        match tree {
            syn::UseTree::Path(part) => {
                path.push(part.ident.to_string());
                self.walk(&part.tree, &path, line);
            }
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| {
                self.walk(item, &path, item.span().start().line);
            }),
            syn::UseTree::Name(name) => self.end(path, &name.ident.to_string(), line),
            syn::UseTree::Rename(rename) => self.end(path, &rename.ident.to_string(), line),
            syn::UseTree::Glob(_) => self.end(path, "*", line),
        }
    }

    fn end(&mut self, mut path: Vec<String>, last: &str, line: usize) {
        if last != "self" || path.is_empty() {
            path.push(last.to_owned());
        }
        let path = resolve(&self.module, &path);
        self.found.push(Reference { path, line });
    }
}

impl<'a> Visit<'a> for Uses {
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.walk(&item.tree, &[], item.span().start().line);
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }
}

/// Collects the lines of test code.
struct TestParts(Vec<RangeInclusive<usize>>);

impl TestParts {
    fn note(&mut self, attributes: &[syn::Attribute], whole: proc_macro2::Span) {
        let is_test = attributes.iter().any(|attribute| match &attribute.meta {
            syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
            meta => meta
                .path()
                .segments
                .last()
                .is_some_and(|last| last.ident == "test"),
        });
        if is_test {
            self.0.push(whole.start().line..=whole.end().line);
        }
    }
}

impl<'a> Visit<'a> for TestParts {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        self.note(&item.attrs, item.span());
        visit::visit_item_mod(self, item);
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.note(&item.attrs, item.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_item_impl(&mut self, item: &'a syn::ItemImpl) {
        self.note(&item.attrs, item.span());
        visit::visit_item_impl(self, item);
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.note(&item.attrs, item.span());
    }
}
