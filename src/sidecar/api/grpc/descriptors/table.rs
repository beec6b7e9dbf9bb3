//! Reads one table: text to the descriptor of a file. The parent module describes the format.

use std::collections::HashMap;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto, FieldOptions,
    FileDescriptorProto, MessageOptions, MethodDescriptorProto, MethodOptions, OneofDescriptorProto,
    ServiceDescriptorProto,
};

/// A table and the name of its file, for errors.
#[derive(Clone, Copy)]
pub struct Table {
    pub name: &'static str,
    pub text: &'static str,
}

/// A line of a table that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("descriptors/{table}.txt:{line}: {problem}")]
pub struct Error {
    table: &'static str,
    /// Counted from 1.
    line: usize,
    problem: String,
}

/// The types that the tables declare, by their full name without a leading dot.
pub struct Symbols(HashMap<String, Type>);

impl Symbols {
    /// Reads only the lines that declare types.
    pub fn collect(tables: &[Table]) -> Self {
        let mut symbols = HashMap::new();
        for table in tables {
            let mut package = "";
            for line in table.text.lines() {
                let mut words = line.split(' ');
                match (words.next(), words.next()) {
                    (Some("package"), Some(name)) => package = name,
                    (Some("message"), Some(name)) => {
                        symbols.insert(format!("{package}.{name}"), Type::Message);
                    }
                    (Some("enum"), Some(name)) => {
                        symbols.insert(format!("{package}.{name}"), Type::Enum);
                    }
                    _ => {}
                }
            }
        }
        Self(symbols)
    }

    /// Resolves the name of a type: relative to `package`, or a full name.
    fn resolve(&self, package: &str, name: &str) -> Result<(Type, String), String> {
        for full in [format!("{package}.{name}"), name.to_owned()] {
            if let Some(kind) = self.0.get(&full) {
                return Ok((*kind, format!(".{full}")));
            }
        }
        Err(format!("unknown type {name:?}"))
    }
}

/// What the indented lines below a declaration belong to.
enum Section {
    None,
    /// Path of names from the top of the file.
    Message(Vec<String>),
    Enum(Vec<String>),
    Service,
}

impl Table {
    /// Returns the descriptor of the file that the table describes. `symbols` must know the types of all files that
    /// the file imports.
    pub fn read(self, symbols: &Symbols) -> Result<FileDescriptorProto, Error> {
        let mut file = FileDescriptorProto { syntax: Some("proto3".into()), ..Default::default() };
        let mut section = Section::None;
        for (index, line) in self.text.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() {
                continue;
            }
            let read = if line.starts_with(' ') {
                member(&mut file, &section, &words, symbols)
            } else {
                declaration(&mut file, &words).map(|declared| section = declared)
            };
            read.map_err(|problem| Error { table: self.name, line: index + 1, problem })?;
        }
        file.message_type.iter_mut().for_each(add_oneofs_of_optional_fields);
        Ok(file)
    }
}

fn declaration(file: &mut FileDescriptorProto, words: &[&str]) -> Result<Section, String> {
    match words {
        ["file", name] => file.name = Some((*name).into()),
        ["package", name] => file.package = Some((*name).into()),
        ["import", name] => file.dependency.push((*name).into()),
        ["message", name, rest @ ..] => {
            let (rest, is_deprecated) = split_deprecated(rest);
            if !rest.is_empty() {
                return Err(format!("unexpected {:?}", rest.join(" ")));
            }
            let path = path(name);
            let (own, siblings) = name_and_siblings(&mut file.message_type, &path)?;
            siblings.push(DescriptorProto {
                name: Some(own),
                options: is_deprecated
                    .then(|| MessageOptions { deprecated: Some(true), ..Default::default() }),
                ..Default::default()
            });
            return Ok(Section::Message(path));
        }
        ["enum", name] => {
            let path = path(name);
            let (own, parents) = path.split_last().ok_or("an enum needs a name")?;
            let declared = EnumDescriptorProto { name: Some(own.clone()), ..Default::default() };
            enums(file, parents)?.push(declared);
            return Ok(Section::Enum(path));
        }
        ["service", name] => {
            file.service.push(ServiceDescriptorProto { name: Some((*name).into()), ..Default::default() });
            return Ok(Section::Service);
        }
        _ => return Err(format!("unknown declaration {:?}", words.join(" "))),
    }
    Ok(Section::None)
}

fn member(
    file: &mut FileDescriptorProto,
    section: &Section,
    words: &[&str],
    symbols: &Symbols,
) -> Result<(), String> {
    let package = file.package.clone().ok_or("the package must be declared first")?;
    match section {
        Section::None => Err("an indented line needs a declaration above".into()),
        Section::Message(path) => {
            let declared = message(&mut file.message_type, path)?;
            field(declared, words, &package, &path.join("."), symbols)
        }
        Section::Enum(path) => {
            let [number, name] = words else {
                return Err("a value of an enum is a number and a name".into());
            };
            let (own, parents) = path.split_last().ok_or("an enum needs a name")?;
            let declared = enums(file, parents)?.iter_mut().find(|declared| declared.name() == own);
            declared.ok_or("the enum was not declared")?.value.push(EnumValueDescriptorProto {
                name: Some((*name).into()),
                number: Some(parse_number(number)?),
                options: None,
            });
            Ok(())
        }
        Section::Service => {
            let declared = file.service.last_mut().ok_or("the service was not declared")?;
            declared.method.push(method(words, &package, symbols)?);
            Ok(())
        }
    }
}

/// Adds a field to `message`, whose name within `package` is `message_name`.
fn field(
    message: &mut DescriptorProto,
    words: &[&str],
    package: &str,
    message_name: &str,
    symbols: &Symbols,
) -> Result<(), String> {
    let [number, name, rest @ ..] = words else {
        return Err("a field is a number, a name and a type".into());
    };
    let (rest, is_deprecated) = split_deprecated(rest);
    let mut field = plain_field(parse_number(number)?, name);
    let rest = match rest {
        [rest @ .., "json", json_name] => {
            field.json_name = Some((*json_name).into());
            rest
        }
        _ => rest,
    };
    field.options = is_deprecated.then(|| FieldOptions { deprecated: Some(true), ..Default::default() });
    match rest {
        [kind] => set_type(&mut field, kind, package, symbols)?,
        ["repeated", kind] => {
            field.set_label(Label::Repeated);
            set_type(&mut field, kind, package, symbols)?;
        }
        ["optional", kind] => {
            set_type(&mut field, kind, package, symbols)?;
            field.proto3_optional = Some(true);
        }
        [kind, "in", group] => {
            set_type(&mut field, kind, package, symbols)?;
            field.oneof_index = Some(oneof(message, group));
        }
        ["map", key, value] => {
            let entry = map_entry(name, key, value, package, symbols)?;
            field.set_label(Label::Repeated);
            field.set_type(Type::Message);
            field.type_name = Some(format!(".{package}.{message_name}.{}", entry.name()));
            message.nested_type.push(entry);
        }
        _ => return Err(format!("unknown type {:?}", rest.join(" "))),
    }
    message.field.push(field);
    Ok(())
}

fn plain_field(number: i32, name: &str) -> FieldDescriptorProto {
    let mut field = FieldDescriptorProto {
        name: Some(name.into()),
        number: Some(number),
        json_name: Some(camel_case(name, false)),
        ..Default::default()
    };
    field.set_label(Label::Optional);
    field
}

/// The message that a map is on the wire: a repeated message of `key` and `value`.
fn map_entry(
    field_name: &str,
    key: &str,
    value: &str,
    package: &str,
    symbols: &Symbols,
) -> Result<DescriptorProto, String> {
    let mut fields = [plain_field(1, "key"), plain_field(2, "value")];
    set_type(&mut fields[0], key, package, symbols)?;
    set_type(&mut fields[1], value, package, symbols)?;
    Ok(DescriptorProto {
        name: Some(camel_case(field_name, true) + "Entry"),
        field: fields.into(),
        options: Some(MessageOptions { map_entry: Some(true), ..Default::default() }),
        ..Default::default()
    })
}

fn set_type(
    field: &mut FieldDescriptorProto,
    name: &str,
    package: &str,
    symbols: &Symbols,
) -> Result<(), String> {
    if let Some(scalar) = scalar(name) {
        field.set_type(scalar);
    } else {
        let (kind, full) = symbols.resolve(package, name)?;
        field.set_type(kind);
        field.type_name = Some(full);
    }
    Ok(())
}

fn scalar(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "float" => Type::Float,
        "int32" => Type::Int32,
        "int64" => Type::Int64,
        "string" => Type::String,
        "uint32" => Type::Uint32,
        "uint64" => Type::Uint64,
        _ => return None,
    })
}

fn method(words: &[&str], package: &str, symbols: &Symbols) -> Result<MethodDescriptorProto, String> {
    let arrow =
        words.iter().position(|word| *word == "->").ok_or("a method needs `->` before its response")?;
    let (request, response) = (&words[1.min(arrow)..arrow], &words[arrow + 1..]);
    let side = |words: &[&str]| match words {
        ["stream", name] => Ok((Some(true), symbols.resolve(package, name)?.1)),
        [name] => Ok((None, symbols.resolve(package, name)?.1)),
        _ => Err(format!("not a message or a stream of messages: {:?}", words.join(" "))),
    };
    let (response, is_deprecated) = split_deprecated(response);
    let (client_streaming, input) = side(request)?;
    let (server_streaming, output) = side(response)?;
    Ok(MethodDescriptorProto {
        name: Some(words[0].into()),
        input_type: Some(input),
        output_type: Some(output),
        options: is_deprecated.then(|| MethodOptions { deprecated: Some(true), ..Default::default() }),
        client_streaming,
        server_streaming,
    })
}

/// An optional field is the only member of a oneof of its own; those oneofs come after all others of a message.
fn add_oneofs_of_optional_fields(message: &mut DescriptorProto) {
    for index in 0..message.field.len() {
        if message.field[index].proto3_optional() {
            let name = format!("_{}", message.field[index].name());
            message.field[index].oneof_index = Some(oneof(message, &name));
        }
    }
    message.nested_type.iter_mut().for_each(add_oneofs_of_optional_fields);
}

/// The index of a oneof, which is added if the message does not have it.
fn oneof(message: &mut DescriptorProto, name: &str) -> i32 {
    let known = message.oneof_decl.iter().position(|oneof| oneof.name() == name);
    let index = known.unwrap_or_else(|| {
        message.oneof_decl.push(OneofDescriptorProto { name: Some(name.into()), options: None });
        message.oneof_decl.len() - 1
    });
    i32::try_from(index).unwrap_or(i32::MAX)
}

/// Returns the last name of `path` and the list of messages that the message belongs to.
fn name_and_siblings<'a>(
    top: &'a mut Vec<DescriptorProto>,
    path: &[String],
) -> Result<(String, &'a mut Vec<DescriptorProto>), String> {
    let (own, parents) = path.split_last().ok_or("a message needs a name")?;
    let siblings = if parents.is_empty() { top } else { &mut message(top, parents)?.nested_type };
    Ok((own.clone(), siblings))
}

fn message<'a>(top: &'a mut [DescriptorProto], path: &[String]) -> Result<&'a mut DescriptorProto, String> {
    let (first, rest) = path.split_first().ok_or("a message needs a name")?;
    let found = top.iter_mut().find(|message| message.name() == first);
    let found = found.ok_or_else(|| format!("message {first:?} must be declared first"))?;
    if rest.is_empty() { Ok(found) } else { message(&mut found.nested_type, rest) }
}

fn enums<'a>(
    file: &'a mut FileDescriptorProto,
    parents: &[String],
) -> Result<&'a mut Vec<EnumDescriptorProto>, String> {
    if parents.is_empty() {
        Ok(&mut file.enum_type)
    } else {
        Ok(&mut message(&mut file.message_type, parents)?.enum_type)
    }
}

fn path(name: &str) -> Vec<String> {
    name.split('.').map(str::to_owned).collect()
}

/// Splits a trailing `deprecated` off the words of a line.
fn split_deprecated<'a, 'b>(words: &'a [&'b str]) -> (&'a [&'b str], bool) {
    match words {
        [rest @ .., "deprecated"] => (rest, true),
        _ => (words, false),
    }
}

fn parse_number(text: &str) -> Result<i32, String> {
    text.parse().map_err(|_| format!("invalid number {text:?}"))
}

/// `store_name` as `storeName` or `StoreName`.
fn camel_case(name: &str, capitalize_first: bool) -> String {
    let mut capitalize = capitalize_first;
    let mut result = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '_' {
            capitalize = true;
        } else {
            result.push(if capitalize { c.to_ascii_uppercase() } else { c });
            capitalize = false;
        }
    }
    result
}
