//! Why a text isn't JSON, in the words of Go's `encoding/json`.

/// What is open around the place that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Array,
    Object,
}

/// The error in the first value of the text; `None` when that value is well-formed, whatever follows it.
pub fn error(text: &[u8]) -> Option<String> {
    if text.trim_ascii().is_empty() {
        return Some("EOF".into());
    }
    Scanner { text, at: 0 }.document().err().map(|error| match error {
        Stop::End => "unexpected EOF".into(),
        Stop::Invalid(byte, place) => format!("invalid character {} {place}", quoted(byte)),
    })
}

enum Stop {
    End,
    Invalid(u8, String),
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), Stop> {
        // Not by recursion: the text decides how deep it goes.
        let mut open = Vec::new();
        loop {
            self.blanks();
            match self.peek()? {
                b'[' => {
                    self.at += 1;
                    self.blanks();
                    if self.peek()? != b']' {
                        open.push(Open::Array);
                        continue;
                    }
                    self.at += 1;
                }
                b'{' => {
                    self.at += 1;
                    self.blanks();
                    if self.peek()? != b'}' {
                        self.name()?;
                        open.push(Open::Object);
                        continue;
                    }
                    self.at += 1;
                }
                _ => self.scalar()?,
            }
            if self.after_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// Reads on to the next value; true when the last open one has ended.
    fn after_value(&mut self, open: &mut Vec<Open>) -> Result<bool, Stop> {
        while let Some(kind) = open.last() {
            self.blanks();
            match (self.next()?, kind) {
                (b',', Open::Array) => return Ok(false),
                (b',', Open::Object) => {
                    self.blanks();
                    self.name()?;
                    return Ok(false);
                }
                (b']', Open::Array) | (b'}', Open::Object) => drop(open.pop()),
                (other, Open::Array) => return invalid(other, "after array element"),
                (other, Open::Object) => return invalid(other, "after object key:value pair"),
            }
        }
        Ok(true)
    }

    fn name(&mut self) -> Result<(), Stop> {
        match self.peek()? {
            b'"' => self.string()?,
            other => return invalid(other, "looking for beginning of object key string"),
        }
        self.blanks();
        match self.next()? {
            b':' => Ok(()),
            other => invalid(other, "after object key"),
        }
    }

    fn scalar(&mut self) -> Result<(), Stop> {
        match self.peek()? {
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number(),
            other => invalid(other, "looking for beginning of value"),
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), Stop> {
        for expected in word.bytes() {
            let byte = self.next()?;
            if byte != expected {
                return invalid(byte, &format!("in literal {word} (expecting '{}')", char::from(expected)));
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Stop> {
        self.at += 1;
        loop {
            match self.next()? {
                b'"' => return Ok(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let digit = self.next()?;
                            if !digit.is_ascii_hexdigit() {
                                return invalid(digit, "in \\u hexadecimal character escape");
                            }
                        }
                    }
                    other => return invalid(other, "in string escape code"),
                },
                control @ 0..=0x1f => return invalid(control, "in string literal"),
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Result<(), Stop> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            other => return invalid(other, "in numeric literal"),
        }
        if self.is_next(b".") {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
        }
        if self.is_next(b"eE") {
            self.at += 1;
            if self.is_next(b"+-") {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
        }
        Ok(())
    }

    /// One digit or more.
    fn digit(&mut self, place: &str) -> Result<(), Stop> {
        match self.next()? {
            b'0'..=b'9' => {
                self.digits();
                Ok(())
            }
            other => invalid(other, place),
        }
    }

    fn digits(&mut self) {
        while self.is_next(b"0123456789") {
            self.at += 1;
        }
    }

    fn blanks(&mut self) {
        while self.is_next(b" \t\r\n") {
            self.at += 1;
        }
    }

    fn is_next(&self, bytes: &[u8]) -> bool {
        self.text.get(self.at).is_some_and(|byte| bytes.contains(byte))
    }

    fn peek(&self) -> Result<u8, Stop> {
        self.text.get(self.at).copied().ok_or(Stop::End)
    }

    fn next(&mut self) -> Result<u8, Stop> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }
}

fn invalid<T>(byte: u8, place: &str) -> Result<T, Stop> {
    Err(Stop::Invalid(byte, place.to_owned()))
}

/// The byte as Go shows it.
fn quoted(byte: u8) -> String {
    match byte {
        b'\'' => r"'\''".into(),
        b'"' => "'\"'".into(),
        b'\\' => r"'\\'".into(),
        b'\n' => r"'\n'".into(),
        b'\r' => r"'\r'".into(),
        b'\t' => r"'\t'".into(),
        0..=0x1f | 0x7f => format!(r"'\x{byte:02x}'"),
        0x80..=0x9f | 0xad => format!(r"'\u{byte:04x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_go() {
        let cases = [
            ("", "EOF"),
            (" \n", "EOF"),
            ("[{\"key\":\"a\"", "unexpected EOF"),
            ("\"a", "unexpected EOF"),
            ("-", "unexpected EOF"),
            ("x", "invalid character 'x' looking for beginning of value"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
            ("[1 2]", "invalid character '2' after array element"),
            ("[01]", "invalid character '1' after array element"),
            ("[{bad]", "invalid character 'b' looking for beginning of object key string"),
            ("{\"a\":1,}", "invalid character '}' looking for beginning of object key string"),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            ("{\"a\":1 \"b\"}", "invalid character '\"' after object key:value pair"),
            ("[tru}", "invalid character '}' in literal true (expecting 'e')"),
            ("[-a]", "invalid character 'a' in numeric literal"),
            ("[1.]", "invalid character ']' after decimal point in numeric literal"),
            ("[1e+]", "invalid character ']' in exponent of numeric literal"),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            ("\"\\u12'\"", r"invalid character '\'' in \u hexadecimal character escape"),
            ("\u{e9}", "invalid character '\u{c3}' looking for beginning of value"),
        ];
        for (text, expected) in cases {
            assert_eq!(error(text.as_bytes()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn json_has_no_error() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        let fine = r#" {"a":[1,-0.5e-7,true,false,null,"\u00e9\\",{}],"b":[]} "#;
        for text in [fine, "0", "[[],[]]", "1 trailing", &deep] {
            assert_eq!(error(text.as_bytes()), None);
        }
    }
}
