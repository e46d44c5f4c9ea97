//! What the program may not do (panic) and what tests may not do (be ignored, sleep and hope).

use super::house::{MAY_SLEEP, PANICKING_MACROS, PANICKING_METHODS};
use super::source::{Finding, Source};

/// Everything that may panic, outside of tests.
pub fn check_panics(source: &Source) -> Vec<Finding> {
    methods_named(source, PANICKING_METHODS)
        .into_iter()
        .chain(macros_named(source, PANICKING_MACROS))
        .filter(|(line, _)| !source.is_test(*line))
        .map(|(line, what)| source.finding(line, what))
        .collect()
}

/// Ignored tests, and sleeps in tests.
pub fn check_tests(source: &Source) -> Vec<Finding> {
    let tokens = &source.tokens;
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut found = Vec::new();
    for (at, token) in tokens
        .iter()
        .enumerate()
        .filter(|(_, t)| source.is_test(t.line))
    {
        let in_attribute = at >= 2 && text(at - 1) == "[" && text(at - 2) == "#";
        let conditional = text(at + 1) == "]" || text(at + 1) == ")" && text(at + 2) == "]";
        if token.text == "ignore" && (in_attribute || conditional) {
            found.push(source.finding(token.line, "an ignored test".into()));
        }
        let sleeps = token.text == "sleep" || token.text == "sleep_until";
        if sleeps && text(at + 1) == "(" && !MAY_SLEEP.contains(&source.path.as_str()) {
            found.push(source.finding(
                token.line,
                "a test sleeps: wait for a condition instead".into(),
            ));
        }
    }
    found
}

/// Lines where one of these macros is used, also within other macros.
pub fn macros_named(source: &Source, names: &[&str]) -> Vec<(usize, String)> {
    let tokens = source.tokens.windows(3);
    let used = tokens
        .filter(|t| t[1].text == "!" && t[2].text != "=" && names.contains(&t[0].text.as_str()));
    used.map(|t| (t[0].line, format!("`{}!`", t[0].text)))
        .collect()
}

fn methods_named(source: &Source, names: &[&str]) -> Vec<(usize, String)> {
    let tokens = source.tokens.windows(3);
    let called = tokens.filter(|t| {
        matches!(t[0].text.as_str(), "." | ":")
            && names.contains(&t[1].text.as_str())
            && t[2].text != ":"
    });
    called
        .map(|t| (t[1].line, format!("`.{}(`", t[1].text)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panics(text: &str) -> usize {
        check_panics(&Source::parse("src/app.rs", text)).len()
    }

    fn tests(path: &str, text: &str) -> usize {
        check_tests(&Source::parse(path, text)).len()
    }

    #[test]
    fn panics_are_found_wherever_they_hide() {
        for text in [
            "fn f() { x().unwrap(); }",
            "fn f() { x().expect(\"y\"); }",
            "fn f() { let _ = x().map(Option::unwrap); }",
            "fn f() { panic!(\"x\") }",
            "fn f() { todo!() }",
            "fn f() { std::unimplemented!() }",
            "fn f() { match 1 { _ => unreachable!() } }",
            "fn f() { tokio::select! { x = y() => x.unwrap() } }",
            "fn f() { format!(\"{}\", a.expect_err(\"b\")); }",
        ] {
            assert_eq!(panics(text), 1, "{text}");
        }
    }

    #[test]
    fn words_that_only_look_alike_are_free() {
        let text = "/// Never `panic!`s or unwrap()s.\n fn f() { a.unwrap_or(1).unwrap_or_default(); \"todo!()\"; if panic != 1 {} }";
        assert_eq!(panics(text), 0);
        assert_eq!(
            panics("#[cfg(test)] mod tests { fn f() { x.unwrap(); } }"),
            0
        );
        assert_eq!(panics("#[test] fn f() { x.unwrap(); }"), 0);
        assert_eq!(panics("#[tokio::test] async fn f() { panic!() }"), 0);
    }

    #[test]
    fn ignored_and_sleeping_tests_are_found() {
        assert_eq!(tests("tests/x/main.rs", "#[test] #[ignore] fn f() {}"), 1);
        assert_eq!(
            tests("tests/x/main.rs", "#[test] #[ignore = \"later\"] fn f() {}"),
            1
        );
        assert_eq!(
            tests("tests/x/main.rs", "#[cfg_attr(slow, ignore)] fn f() {}"),
            1
        );
        assert_eq!(
            tests("tests/x/main.rs", "fn f() { std::thread::sleep(D); }"),
            1
        );
        assert_eq!(
            tests(
                "src/app.rs",
                "#[cfg(test)] mod t { async fn f() { sleep(D).await; } }"
            ),
            1
        );
    }

    #[test]
    fn the_program_may_wait_and_the_polling_helper_too() {
        assert_eq!(
            tests(
                "src/app.rs",
                "async fn f() { tokio::time::sleep(D).await; }"
            ),
            0
        );
        assert_eq!(
            tests("tests/support/wait.rs", "fn f() { std::thread::sleep(D); }"),
            0
        );
        assert_eq!(
            tests("tests/x/main.rs", "fn f() { let ignore = 1; g(ignore); }"),
            0
        );
    }
}
