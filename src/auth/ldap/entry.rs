//! An entry of a directory, as it was read.

use std::collections::HashMap;

/// A distinguished name and some attributes, whose names don't care for letter case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where it is.
    pub(super) dn: String,
    attributes: HashMap<String, Vec<Vec<u8>>>,
}

impl Entry {
    /// An entry without attributes.
    pub(super) fn new(dn: String) -> Self {
        Entry {
            dn,
            attributes: HashMap::new(),
        }
    }

    /// Adds values to an attribute.
    pub(super) fn add(&mut self, attribute: &str, values: impl IntoIterator<Item = Vec<u8>>) {
        let name = attribute.to_ascii_lowercase();
        self.attributes.entry(name).or_default().extend(values);
    }

    /// All values of an attribute.
    pub(super) fn values(&self, attribute: &str) -> &[Vec<u8>] {
        self.attributes
            .get(&attribute.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// The values of an attribute that are text.
    pub(super) fn texts<'a>(&'a self, attribute: &str) -> impl Iterator<Item = &'a str> {
        self.values(attribute)
            .iter()
            .filter_map(|value| std::str::from_utf8(value).ok())
    }

    /// The first value of an attribute that is text.
    pub(super) fn text(&self, attribute: &str) -> Option<&str> {
        self.texts(attribute).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_attributes_have_no_case_and_values_may_be_bytes() {
        let mut entry = Entry::new("uid=a".to_owned());
        entry.add("primaryNode", [b"sync:x".to_vec()]);
        entry.add("PRIMARYNODE", [b"\xff".to_vec(), b"weave:y".to_vec()]);
        let nodes: Vec<_> = entry.texts("primarynode").collect();
        assert_eq!(nodes, ["sync:x", "weave:y"]);
        assert_eq!(entry.values("primaryNode").len(), 3);
        assert_eq!(entry.text("mail"), None);
    }
}
