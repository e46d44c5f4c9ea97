//! Functions, parameter lists and files stay short.

use super::house::{MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION, MOST_PARAMETERS};
use super::source::{self, Finding, Source};
use syn::visit::{self, Visit};

/// Too long files and functions, and functions of too many parameters.
pub fn check(source: &Source) -> Vec<Finding> {
    let mut functions = Functions {
        source,
        found: Vec::new(),
    };
    functions.visit_file(&source.tree);
    functions.found.extend(too_long(&source.path, source.lines));
    functions.found
}

/// Too long scripts, clients and configurations.
pub fn check_other_files(folders: &[&str]) -> Vec<Finding> {
    let files = source::files(folders).into_iter();
    let written = files.filter(|(path, _)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        [".py", ".sh", ".lua", ".yml"]
            .iter()
            .any(|end| name.ends_with(end))
            || !name.contains('.')
    });
    written
        .filter_map(|(path, text)| too_long(&path, text.lines().count()))
        .collect()
}

fn too_long(path: &str, lines: usize) -> Option<Finding> {
    (lines > MOST_LINES_OF_A_FILE).then(|| Finding {
        file: path.to_owned(),
        line: lines,
        what: format!("{lines} lines; a file has at most {MOST_LINES_OF_A_FILE}"),
    })
}

struct Functions<'a> {
    source: &'a Source,
    found: Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, body: Option<&syn::Block>) {
        let name = &signature.ident;
        let start = signature.fn_token.span.start().line;
        let parameters = signature.inputs.len();
        if parameters > MOST_PARAMETERS {
            let what = format!("`{name}` has {parameters} parameters; at most {MOST_PARAMETERS}");
            self.found.push(self.source.finding(start, what));
        }
        let end = body.map_or(start, |body| body.brace_token.span.close().end().line);
        let lines = end - start + 1;
        if lines > MOST_LINES_OF_A_FUNCTION {
            let what = format!("`{name}` has {lines} lines; at most {MOST_LINES_OF_A_FUNCTION}");
            self.found.push(self.source.finding(start, what));
        }
    }
}

impl<'a> Visit<'a> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.measure(&item.sig, Some(&item.block));
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        self.measure(&item.sig, Some(&item.block));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
        self.measure(&item.sig, item.default.as_ref());
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> usize {
        check(&Source::parse("src/app.rs", text)).len()
    }

    fn function_of(lines: usize) -> String {
        format!("fn f() {{\n{}}}\n", "    g();\n".repeat(lines - 2))
    }

    #[test]
    fn a_function_of_sixty_lines_is_allowed_and_one_of_sixty_one_is_not() {
        assert_eq!(findings(&function_of(60)), 0);
        assert_eq!(findings(&function_of(61)), 1);
        assert_eq!(findings(&format!("impl X {{ {} }}", function_of(61))), 1);
        assert_eq!(findings(&format!("trait X {{ {} }}", function_of(61))), 1);
        assert_eq!(findings(&format!("mod m {{ {} }}", function_of(61))), 1);
        assert_eq!(
            findings(&format!("fn outer() {{ {} }}", function_of(61))),
            2
        );
    }

    #[test]
    fn a_file_of_four_hundred_lines_is_allowed_and_one_of_four_hundred_and_one_is_not() {
        assert_eq!(findings(&"//\n".repeat(400)), 0);
        assert_eq!(findings(&"//\n".repeat(401)), 1);
        assert!(too_long("scripts/x", 401).is_some());
    }

    #[test]
    fn four_parameters_are_allowed_and_five_are_not() {
        assert_eq!(findings("fn f(a: A, b: B, c: C, d: D) {}"), 0);
        assert_eq!(findings("fn f(a: A, b: B, c: C, d: D, e: E) {}"), 1);
        assert_eq!(
            findings("impl X { fn f(&self, b: B, c: C, d: D, e: E) {} }"),
            1
        );
        assert_eq!(
            findings("trait X { fn f(&self, b: B, c: C, d: D, e: E); }"),
            1
        );
    }
}
