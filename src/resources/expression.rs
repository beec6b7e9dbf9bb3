//! What has to hold of a CEL expression before it is read. Parser and interpreter go as deep as the expression is
//! nested, and a program whose stack overflows can't tell anybody why.

use std::thread;

/// Levels that an expression may have: each bracket and each operator on what stands before it is one.
const DEEPEST: usize = 40;
/// Bytes that the parser gets for so many levels; what it does not touch costs nothing.
const STACK: usize = 64 << 20;

/// Reads an expression where there is room for it. The error is that of `read`, or why the text can't be read.
pub fn compile<T: Send>(
    text: &str,
    read: impl FnOnce(&str) -> Result<T, String> + Send,
) -> Result<T, String> {
    if depth(text) > DEEPEST {
        return Err(format!("the expression is nested more than {DEEPEST} levels deep"));
    }
    thread::scope(|scope| {
        let reader = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || read(text));
        let read = reader.map_err(|error| format!("there is no thread to read the expression: {error}"))?;
        read.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What is between two brackets.
#[derive(Default)]
struct Inside {
    /// Levels of the deepest part.
    deepest: usize,
    /// Levels of the part that is read.
    current: usize,
}

impl Inside {
    fn levels(&self) -> usize {
        self.deepest.max(self.current)
    }
}

/// How deep an expression is nested at most. Parts beside each other (`&&`, `||`, `,`) add nothing to each other.
fn depth(text: &str) -> usize {
    let (mut around, mut inside) = (Vec::new(), Inside::default());
    let mut deepest = 0;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            // Escapes need no care: at worst the text is taken for shorter, and the rest for operators.
            b'"' | b'\'' => {
                let _ = bytes.by_ref().find(|next| *next == byte);
            }
            b'(' | b'[' | b'{' => around.push(std::mem::take(&mut inside)),
            b')' | b']' | b'}' => {
                if let Some(mut outer) = around.pop() {
                    outer.current += inside.levels() + 1;
                    inside = outer;
                }
            }
            b'&' | b'|' | b',' => inside = Inside { deepest: inside.levels(), current: 0 },
            b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'?' | b':' => {
                // `<=` is one operator.
                bytes.next_if_eq(&b'=');
                inside.current += 1;
            }
            _ => {}
        }
        deepest = deepest.max(around.len() + inside.levels());
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_what_a_reader_would_say() {
        let cases = [
            ("event.type", 1),
            ("a == 'x' && b == 'y' || c >= 3", 1),
            ("event.data.order.amount > 100 && event.type == '((((' ", 4),
            ("size(a[0]) + f(1, g(2)) > 1", 6),
            ("((a))", 2),
            ("((((", 4),
            ("))))", 0),
            ("a in ['x', 'y', 'z']", 1),
        ];
        for (text, levels) in cases {
            assert_eq!(depth(text), levels, "{text}");
        }
    }

    #[test]
    fn what_is_accepted_fits_into_the_stack_of_any_thread() {
        let times = |part: &str, times: usize| part.repeat(times);
        // Each is one level and more per turn; the parser refuses some of them on its own.
        let deep = |n: usize| {
            [
                format!("{}event.a{}", times("(", n), times(")", n)),
                format!("{}{}", times("[", n), times("]", n)),
                format!("{}1{}", times("{1:", n), times("}", n)),
                format!("{}event.a{}", times("size(", n), times(")", n)),
                format!("{}event.a{}", times("[1].all(x, ", n), times(")", n)),
                format!("event.a{}", times(" + event.a", n)),
                format!("event.a{}", times(" == event.a", n)),
                format!("event{}", times(".a", n)),
                format!("event{}", times(".size()", n)),
                format!("event{}", times("[0]", n)),
                format!("{}event.a", times("!", n)),
                format!("{}event.a", times("event.a ? 1 : ", n)),
            ]
        };
        let facts = crate::resources::Facts::of(br#"{"a": true}"#).unwrap();
        for n in [10, 24, 39, 3000] {
            for text in deep(n) {
                if let Ok(rule) = crate::resources::Rule::compile(&text) {
                    let _ = rule.matches(&facts);
                }
                let _ = crate::resources::Trip::parse(&text);
            }
        }
        let wide = format!("event.a == 0{}", times(" || event.a == 1 && event.b.c != 'x'", 300));
        assert_eq!(crate::resources::Rule::compile(&wide).map(drop), Ok(()));
        let refused = crate::resources::Rule::compile(&times("(", 3000)).map(drop);
        assert_eq!(refused, Err("the expression is nested more than 40 levels deep".to_owned()));
    }
}
