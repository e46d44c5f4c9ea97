//! Finds the first JSON value of a body, and says what is wrong with it in the words of Go's
//! `encoding/json`, which callers of this API know.

use std::fmt;

/// Values within values; more than that is no message.
const DEEPEST: usize = 100;

/// What is wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is nothing in it.
    #[error("EOF")]
    Nothing,
    /// It ends too soon.
    #[error("unexpected EOF")]
    Cut,
    /// A character that may not stand where it stands.
    #[error("invalid character {} {}", quoted(*.0), .1)]
    Character(char, Place),
    /// Values within values within values.
    #[error("exceeded max depth")]
    TooDeep,
}

/// Where a character may not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where a value should begin.
    Value,
    /// Where a key should begin.
    Key,
    /// Behind a key.
    AfterKey,
    /// Behind a member of an object.
    AfterMember,
    /// Behind an element of an array.
    AfterElement,
    /// In a text.
    Text,
    /// Behind a backslash.
    Escape,
    /// Among the digits behind `\u`.
    Hexadecimal,
    /// In a number.
    Number,
    /// Behind a number's point.
    Fraction,
    /// In a number's exponent.
    Exponent,
    /// In `true`, `false` or `null`, where another letter should stand.
    Literal(&'static str, char),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "looking for beginning of value",
            Self::Key => "looking for beginning of object key string",
            Self::AfterKey => "after object key",
            Self::AfterMember => "after object key:value pair",
            Self::AfterElement => "after array element",
            Self::Text => "in string literal",
            Self::Escape => "in string escape code",
            Self::Hexadecimal => "in \\u hexadecimal character escape",
            Self::Number => "in numeric literal",
            Self::Fraction => "after decimal point in numeric literal",
            Self::Exponent => "in exponent of numeric literal",
            Self::Literal(word, wanted) => {
                return write!(f, "in literal {word} (expecting {})", quoted(*wanted));
            }
        })
    }
}

fn quoted(c: char) -> String {
    match c {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        c => format!("'{}'", c.escape_debug()),
    }
}

/// The text of the first value; what follows it is nobody's business.
///
/// # Errors
/// See [`Fault`].
pub(super) fn first_value(text: &str) -> Result<&str, Fault> {
    let mut scan = Scan { text, at: 0 };
    scan.blanks();
    if scan.at == text.len() {
        return Err(Fault::Nothing);
    }
    let start = scan.at;
    scan.value(0)?;
    Ok(text.get(start..scan.at).unwrap_or_default())
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Result<char, Fault> {
        let found = self.peek().ok_or(Fault::Cut)?;
        self.at += found.len_utf8();
        Ok(found)
    }

    fn blanks(&mut self) {
        while self
            .peek()
            .is_some_and(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))
        {
            self.at += 1;
        }
    }

    /// The next character that is no blank.
    fn visible(&mut self) -> Result<char, Fault> {
        self.blanks();
        self.next()
    }

    fn value(&mut self, depth: usize) -> Result<(), Fault> {
        if depth > DEEPEST {
            return Err(Fault::TooDeep);
        }
        match self.visible()? {
            '{' => self.object(depth),
            '[' => self.array(depth),
            '"' => self.string(),
            't' => self.literal("true"),
            'f' => self.literal("false"),
            'n' => self.literal("null"),
            c @ ('-' | '0'..='9') => self.number(c),
            c => Err(Fault::Character(c, Place::Value)),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Fault> {
        let mut first = true;
        loop {
            match self.visible()? {
                '"' => self.string()?,
                '}' if first => return Ok(()),
                c => return Err(Fault::Character(c, Place::Key)),
            }
            match self.visible()? {
                ':' => self.value(depth + 1)?,
                c => return Err(Fault::Character(c, Place::AfterKey)),
            }
            match self.visible()? {
                ',' => first = false,
                '}' => return Ok(()),
                c => return Err(Fault::Character(c, Place::AfterMember)),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Fault> {
        self.blanks();
        if self.peek() == Some(']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            match self.visible()? {
                ',' => {}
                ']' => return Ok(()),
                c => return Err(Fault::Character(c, Place::AfterElement)),
            }
        }
    }

    fn string(&mut self) -> Result<(), Fault> {
        loop {
            match self.next()? {
                '"' => return Ok(()),
                '\\' => match self.next()? {
                    'b' | 'f' | 'n' | 'r' | 't' | '\\' | '/' | '"' => {}
                    'u' => self.hexadecimal()?,
                    c => return Err(Fault::Character(c, Place::Escape)),
                },
                c if c < ' ' => return Err(Fault::Character(c, Place::Text)),
                _ => {}
            }
        }
    }

    fn hexadecimal(&mut self) -> Result<(), Fault> {
        for _ in 0..4 {
            let c = self.next()?;
            if !c.is_ascii_hexdigit() {
                return Err(Fault::Character(c, Place::Hexadecimal));
            }
        }
        Ok(())
    }

    fn literal(&mut self, word: &'static str) -> Result<(), Fault> {
        for wanted in word.chars().skip(1) {
            let c = self.next()?;
            if c != wanted {
                return Err(Fault::Character(c, Place::Literal(word, wanted)));
            }
        }
        Ok(())
    }

    fn number(&mut self, first: char) -> Result<(), Fault> {
        let lead = match first {
            '-' => self.digit(Place::Number)?,
            c => c,
        };
        if lead != '0' {
            self.digits();
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digit(Place::Fraction)?;
            self.digits();
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            self.digit(Place::Exponent)?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self, place: Place) -> Result<char, Fault> {
        match self.next()? {
            c if c.is_ascii_digit() => Ok(c),
            c => Err(Fault::Character(c, place)),
        }
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
    }
}

/// The same with each half of a surrogate pair that lacks its other half put right: clients that
/// cut a text in the middle of an emoji send such, and the rest of the words is not to be lost.
pub(super) fn with_whole_characters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (taken, length) = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (escape.get(..12), 12),
            (Some(0xD800..=0xDFFF), _) => (Some("\\ufffd"), 6),
            _ => {
                let length = 1 + escape.chars().nth(1).map_or(0, char::len_utf8);
                (escape.get(..length), length)
            }
        };
        out.push_str(taken.unwrap_or_default());
        rest = escape.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// The code unit that `text` begins with, where that is a `\u` escape.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_told_as_go_tells_them() {
        for (body, told) in [
            ("", "EOF"),
            (" \n", "EOF"),
            ("{", "unexpected EOF"),
            ("{\"a\":\"b", "unexpected EOF"),
            (
                "error",
                "invalid character 'e' looking for beginning of value",
            ),
            (
                "{a:1}",
                "invalid character 'a' looking for beginning of object key string",
            ),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{\"a\":1 \"b\":2}",
                "invalid character '\"' after object key:value pair",
            ),
            (
                "{\"a\":1,}",
                "invalid character '}' looking for beginning of object key string",
            ),
            ("[1 2]", "invalid character '2' after array element"),
            (
                "[1,]",
                "invalid character ']' looking for beginning of value",
            ),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            (
                "\"\\u00g0\"",
                "invalid character 'g' in \\u hexadecimal character escape",
            ),
            ("-a", "invalid character 'a' in numeric literal"),
            (
                "1.x",
                "invalid character 'x' after decimal point in numeric literal",
            ),
            (
                "1ex",
                "invalid character 'x' in exponent of numeric literal",
            ),
            (
                "trie",
                "invalid character 'i' in literal true (expecting 'u')",
            ),
            (
                "{'a':1}",
                "invalid character '\\'' looking for beginning of object key string",
            ),
        ] {
            let fault = first_value(body).expect_err(body);
            assert_eq!(fault.to_string(), told, "{body:?}");
        }
        assert_eq!(first_value(&"[".repeat(500)), Err(Fault::TooDeep));
    }

    #[test]
    fn what_follows_the_first_value_does_not_count() {
        assert_eq!(
            first_value(" {\"a\": [1, -0.5e+3, null]}garbage"),
            Ok("{\"a\": [1, -0.5e+3, null]}")
        );
        assert_eq!(first_value("{} {}"), Ok("{}"));
    }

    #[test]
    fn half_an_emoji_costs_only_itself() {
        for (sent, whole) in [
            (r#"a\ud83d"#, r#"a\ufffd"#),
            (r#"\ud83d\ude00 \ud83d b"#, r#"\ud83d\ude00 \ufffd b"#),
            (r#"\ude00\\ud83d"#, r#"\ufffd\\ud83d"#),
            (r#"\n\é\u00e9"#, r#"\n\é\u00e9"#),
        ] {
            assert_eq!(with_whole_characters(sent), whole);
        }
    }
}
