//! YAML documents as trees whose nodes know where they stand.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::Diagnostic;

/// How many values all aliases of a file may stand for: a few lines of nested aliases would fill the memory.
const MOST_COPIES: usize = 100_000;

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Line and column, both from 1.
    pub at: (usize, usize),
    /// What stands there.
    pub value: Value,
}

/// What a node can be. Scalars keep their spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text; `plain` when it has no quotes and so may be a number, a truth value or nothing.
    Scalar {
        /// As it is written, without quotes.
        text: String,
        /// Not quoted.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map in the order of the file; keys that are no scalars don't occur.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// A value that is not there: `null`, `~` or nothing at all.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// A scalar without any letter.
    pub fn is_blank(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, .. } if text.is_empty())
    }

    /// The value of a key of a map; `None` also when it is null.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Value::Map(entries) = &self.value else { return None };
        entries
            .iter()
            .find(|(name, _)| name.text() == key)
            .map(|(_, value)| value)
            .filter(|node| !node.is_null())
    }

    /// Entries of a map.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Items of a list.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// A scalar as it is written; empty for everything else.
    pub fn text(&self) -> &str {
        match &self.value {
            Value::Scalar { text, .. } => text,
            _ => "",
        }
    }

    /// A scalar that is a whole number.
    pub fn integer(&self) -> Option<i64> {
        let Value::Scalar { text, plain: true } = &self.value else { return None };
        let digits = text.replace('_', "");
        let (sign, digits) = match digits.strip_prefix('-') {
            Some(digits) => (-1, digits.to_owned()),
            None => (1, digits.strip_prefix('+').unwrap_or(&digits).to_owned()),
        };
        let number = match digits.get(..2) {
            Some("0x") => i64::from_str_radix(&digits[2..], 16),
            Some("0o") => i64::from_str_radix(&digits[2..], 8),
            _ if digits.starts_with(['+', '-']) => return None,
            _ => digits.parse(),
        };
        number.ok().map(|number| sign * number)
    }

    /// A scalar that is true or false.
    pub fn boolean(&self) -> Option<bool> {
        let Value::Scalar { text, plain: true } = &self.value else { return None };
        match text.as_str() {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// A scalar that is true or false, also in the words of YAML 1.1.
    pub fn flag(&self) -> Option<bool> {
        let Value::Scalar { text, plain: true } = &self.value else { return None };
        match text.as_str() {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
            _ => self.boolean(),
        }
    }

    /// Whether a scalar without quotes is a number with a fraction or an exponent.
    pub fn is_float(&self) -> bool {
        let Value::Scalar { text, plain: true } = &self.value else { return false };
        let special = matches!(text.trim_start_matches(['+', '-']), ".inf" | ".nan" | ".Inf" | ".NaN");
        special
            || (text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
                && text.parse::<f64>().is_ok())
    }
}

/// All documents of a file, and all that is wrong with its YAML. Empty documents are left out, and so is one that
/// can't be read; of two equal keys the first one stands.
pub fn parse(file: &Path, text: &str) -> (Vec<Node>, Vec<Diagnostic>) {
    let (mut documents, mut found, mut copies) = (Vec::new(), Vec::new(), 0);
    // One by one, as the runtime reads them: a broken document hides nothing behind it.
    for (line, text) in split(text) {
        let mut builder = Builder { line, copies, ..Builder::new(file) };
        match builder.read(&text) {
            Ok(()) => documents.append(&mut builder.documents),
            Err(error) => builder.found.push(error),
        }
        found.append(&mut builder.found);
        copies = builder.copies;
    }
    documents.retain(|document| !document.is_null());
    (documents, found)
}

/// The parts between lines that are `---`, each with the number of lines before it. Parts without content are
/// left out.
fn split(text: &str) -> Vec<(usize, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parts = vec![(0, String::new())];
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_end() == "---" {
            parts.push((number + 1, String::new()));
        } else if let Some((_, part)) = parts.last_mut() {
            part.push_str(line);
        }
    }
    let is_content = |line: &str| !line.trim().is_empty() && !line.starts_with(['#', '%']);
    parts.retain(|(_, part)| part.lines().any(is_content));
    parts
}

struct Builder<'a> {
    file: &'a Path,
    /// Lines before the text that is read.
    line: usize,
    anchors: HashMap<usize, Node>,
    /// Values that came by an alias so far.
    copies: usize,
    open: Vec<Open>,
    documents: Vec<Node>,
    found: Vec<Diagnostic>,
}

/// A list or map that has not ended.
struct Open {
    node: Node,
    anchor: usize,
    key: Option<Node>,
    /// Keys that came by a merge and give way to the map's own.
    merged: HashSet<String>,
}

impl Open {
    fn new(at: (usize, usize), value: Value, anchor: usize) -> Self {
        Self { node: Node { at, value }, anchor, key: None, merged: HashSet::new() }
    }
}

impl<'a> Builder<'a> {
    fn new(file: &'a Path) -> Self {
        Self {
            file,
            line: 0,
            anchors: HashMap::new(),
            copies: 0,
            open: Vec::new(),
            documents: Vec::new(),
            found: Vec::new(),
        }
    }

    fn read(&mut self, text: &str) -> Result<(), Diagnostic> {
        for event in Parser::new_from_str(text) {
            let (event, span) = event
                .map_err(|error| Diagnostic::error(self.file, self.place(error.marker()), error.info()))?;
            self.take(event, self.place(&span.start))?;
        }
        Ok(())
    }

    fn place(&self, marker: &Marker) -> (usize, usize) {
        (self.line + marker.line(), marker.col() + 1)
    }

    fn take(&mut self, event: Event<'_>, at: (usize, usize)) -> Result<(), Diagnostic> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                // `!!str 1` is a text, whatever it looks like.
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let node = Node { at, value: Value::Scalar { text: text.into_owned(), plain } };
                self.done(node, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                self.open.push(Open::new(at, Value::List(Vec::new()), anchor));
                Ok(())
            }
            Event::MappingStart(anchor, _) => {
                self.open.push(Open::new(at, Value::Map(Vec::new()), anchor));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(open) => self.done(open.node, open.anchor),
                None => Ok(()),
            },
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => {
                    self.copies += size(node);
                    if self.copies > MOST_COPIES {
                        let text = "the aliases up to here stand for more values than a file may hold";
                        return Err(Diagnostic::error(self.file, at, text));
                    }
                    let node = Node { at, ..node.clone() };
                    self.done(node, 0)
                }
                None => {
                    Err(Diagnostic::error(self.file, at, "this alias names nothing that stands before it"))
                }
            },
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn done(&mut self, node: Node, anchor: usize) -> Result<(), Diagnostic> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        match &mut open.node.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match open.key.take() {
                None if matches!(node.value, Value::Scalar { .. }) => open.key = Some(node),
                None => return Err(Diagnostic::error(self.file, node.at, "a key has to be a text")),
                Some(key) if key.text() == "<<" && matches!(key.value, Value::Scalar { plain: true, .. }) => {
                    merge(entries, &mut open.merged, &node);
                }
                Some(key) => {
                    let twice = insert(self.file, entries, &mut open.merged, key, node);
                    self.found.extend(twice);
                }
            },
            Value::Scalar { .. } => {}
        }
        Ok(())
    }
}

/// Adds an entry; the finding is that its key is there already.
fn insert(
    file: &Path,
    entries: &mut Vec<(Node, Node)>,
    merged: &mut HashSet<String>,
    key: Node,
    node: Node,
) -> Option<Diagnostic> {
    match entries.iter_mut().find(|(name, _)| name.text() == key.text()) {
        Some((name, value)) if merged.remove(key.text()) => (*name, *value) = (key, node),
        Some((name, _)) => {
            let text = format!("key {:?} is here twice; the first one is in line {}", key.text(), name.at.0);
            return Some(Diagnostic::error(file, key.at, text));
        }
        None => entries.push((key, node)),
    }
    None
}

/// `<<: *base`: what the other map has and this one has not.
fn merge(entries: &mut Vec<(Node, Node)>, merged: &mut HashSet<String>, other: &Node) {
    for map in std::iter::once(other).chain(other.items()) {
        for (key, value) in map.entries() {
            if !entries.iter().any(|(name, _)| name.text() == key.text()) {
                merged.insert(key.text().to_owned());
                entries.push((key.clone(), value.clone()));
            }
        }
    }
}

fn size(node: &Node) -> usize {
    let inside: usize = match &node.value {
        Value::Scalar { .. } => 0,
        Value::List(items) => items.iter().map(size).sum(),
        Value::Map(entries) => entries.iter().map(|(key, value)| size(key) + size(value)).sum(),
    };
    1 + inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        parse(Path::new("x.yaml"), text).0.pop().unwrap()
    }

    #[test]
    fn scalars_keep_their_spelling_and_say_what_they_are() {
        let node = one("a: 0x1F\nb: '12'\nc: true\nd: ~\ne: 1.50\nf: -7\ng: text\nh: \"true\"\n");
        let get = |key: &str| node.entries().iter().find(|(name, _)| name.text() == key).unwrap().1.clone();
        assert_eq!((get("a").integer(), get("a").text().to_owned()), (Some(31), "0x1F".to_owned()));
        assert_eq!((get("b").integer(), get("b").text().to_owned()), (None, "12".to_owned()));
        assert_eq!((get("c").boolean(), get("h").boolean()), (Some(true), None));
        assert!(get("d").is_null() && node.get("d").is_none());
        assert!(get("e").is_float() && !get("g").is_float());
        assert_eq!(get("f").integer(), Some(-7));
        let node = one("a: yes\nb: Off\nc: true\nd: 'yes'\ne: maybe\n");
        let flags: Vec<Option<bool>> = node.entries().iter().map(|(_, value)| value.flag()).collect();
        assert_eq!(flags, [Some(true), Some(false), Some(true), None, None]);
    }

    #[test]
    fn places_count_from_one() {
        let node = one("apps:\n- appID: x\n  appPort: 1\n");
        let app = &node.get("apps").unwrap().items()[0];
        assert_eq!(app.entries()[1].0.at, (3, 3));
        assert_eq!(app.get("appPort").unwrap().at, (3, 12));
    }

    #[test]
    fn documents_anchors_and_merges() {
        let text = "base: &b {x: 1, y: 2}\none:\n  <<: *b\n  y: 3\n---\n---\nsecond: true\n";
        let (documents, found) = parse(Path::new("x.yaml"), text);
        assert_eq!(found, []);
        assert_eq!(documents.len(), 2);
        let one = documents[0].get("one").unwrap();
        assert_eq!((one.get("x").unwrap().integer(), one.get("y").unwrap().integer()), (Some(1), Some(3)));
        assert_eq!(one.entries()[0].0.at, (1, 11), "a merged key stands where it is written");
        let twice = "base: &b {x: 1}\none: {<<: *b, x: 2, x: 3}\n";
        assert_eq!(wrong(twice).len(), 1, "the second x is one too many");
    }

    #[test]
    fn aliases_of_aliases_do_not_fill_the_memory() {
        let line = |name: &str, item: &str| format!("{name}: &{name} [{}]", [item; 10].join(", "));
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let lines = names.windows(2).map(|pair| line(pair[1], &format!("*{}", pair[0])));
        let text = [line("a", "x")].into_iter().chain(lines).collect::<Vec<_>>().join("\n");
        let found = wrong(&text);
        assert!(found[0].contains("the aliases up to here stand for more values"), "{found:?}");
        assert_eq!(found.len(), 1);
    }

    fn wrong(text: &str) -> Vec<String> {
        parse(Path::new("x.yaml"), text).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        assert!(wrong("a: [1\nb: }")[0].starts_with("x.yaml:2:"), "{:?}", wrong("a: [1\nb: }"));
        assert_eq!(wrong("a: *b\n").len(), 1);
        assert!(wrong(&"[".repeat(200_000))[0].starts_with("x.yaml:1:"));
    }

    #[test]
    fn every_key_that_is_there_twice_is_named() {
        assert_eq!(
            wrong("a: 1\nb: 2\na: 3\n---\nc: {d: 1, d: 2}\n"),
            [
                "x.yaml:3:1: error: key \"a\" is here twice; the first one is in line 1",
                "x.yaml:5:11: error: key \"d\" is here twice; the first one is in line 5",
            ]
        );
    }

    #[test]
    fn a_broken_document_hides_nothing_behind_it() {
        let text = "%YAML 1.2\n---\na: [\n---\nb: 1\n---  \nc: }\n";
        let (documents, found) = parse(Path::new("x.yaml"), text);
        assert_eq!(documents.iter().map(|node| node.get("b").unwrap().at).collect::<Vec<_>>(), [(5, 4)]);
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [4, 7]);
    }
}
