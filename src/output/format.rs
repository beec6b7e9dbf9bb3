//! The formats of `-o/--output`.

use std::str::FromStr;

use serde::Serialize;

use crate::error::Failure;

/// A format that a listing can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// Indented JSON without a newline at the end.
    Json,
    /// Block-style YAML.
    Yaml,
}

impl FromStr for Format {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        match text {
            "" | "table" => Ok(Self::Table),
            "json" => Ok(Self::Json),
            "yaml" => Ok(Self::Yaml),
            _ => Err(Failure::new("An invalid output format was specified.")
                .hint("valid formats are json, yaml and table")),
        }
    }
}

impl Format {
    /// The data in this format; `table` draws the table.
    pub fn render<T: Serialize>(self, data: &T, table: impl FnOnce() -> String) -> Result<String, Failure> {
        match self {
            Self::Table => Ok(table()),
            Self::Json => serde_json::to_string_pretty(data).map_err(Failure::new),
            Self::Yaml => serde_yaml::to_string(data).map_err(Failure::new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_lists_read_as_in_the_stock_formats() {
        let none: [u8; 0] = [];
        assert_eq!(Format::Json.render(&none, String::new).unwrap(), "[]");
        assert_eq!(Format::Yaml.render(&none, String::new).unwrap(), "[]\n");
    }

    #[test]
    fn yaml_sequences_are_not_indented() {
        let data = serde_json::json!([{"a": 1, "b": "x"}]);
        assert_eq!(Format::Yaml.render(&data, String::new).unwrap(), "- a: 1\n  b: x\n");
    }

    #[test]
    fn an_unknown_format_is_refused() {
        assert_eq!("xml".parse::<Format>().unwrap_err().message, "An invalid output format was specified.");
        assert_eq!("".parse::<Format>().unwrap(), Format::Table);
    }
}
