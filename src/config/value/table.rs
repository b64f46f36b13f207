//! Names of tables.

use super::{Item, Value, quoted, refusal};

/// The name of a table: letters, digits, `_` and `$`, so that it can stand in SQL as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName(String);

impl TableName {
    /// The longest name that MySQL takes, with room for the number of `mysql.user_table_modulo`.
    const MAX_BYTES: usize = 54;

    /// A name, if `text` is one.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$');
        let named = (1..=Self::MAX_BYTES).contains(&text.len()) && text.bytes().all(allowed);
        named.then(|| TableName(text.to_owned()))
    }

    /// A name that the program itself chose.
    pub(in crate::config) fn usual(text: &'static str) -> Self {
        TableName(text.to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for TableName {
    fn expects() -> String {
        "the name of a table (letters, digits, \"_\" and \"$\", 54 at most)".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let name = match item {
            Item::Text(text) => TableName::parse(text.trim()),
            _ => None,
        };
        name.ok_or_else(|| refusal::<Self>(item))
    }

    fn show(&self) -> String {
        quoted(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_stand_in_sql_is_a_name() {
        for name in ["wbo", "weave_wbo2", "a$"] {
            assert!(TableName::parse(name).is_some(), "{name}");
        }
        let long = "a".repeat(55);
        for name in ["", "w`bo", "a b", "a.b", "w\u{e9}", &long] {
            assert!(TableName::parse(name).is_none(), "{name}");
        }
    }
}
