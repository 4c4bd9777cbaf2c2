//! The limits of a text in; an error out where it would cost more than they allow.

use super::{Code, Data, Error, Limits, Mark, Yaml};

/// What the text may still cost.
pub(super) struct Budget {
    nodes: usize,
    expansion: usize,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Budget {
        Budget { nodes: limits.nodes, expansion: limits.expansion }
    }

    pub(super) fn spend(&mut self, nodes: usize, mark: Mark) -> Result<(), Box<Error>> {
        let left = self.nodes.checked_sub(nodes);
        self.nodes = left.ok_or_else(|| Box::new(Error::new(Code::TooComplex, "the text has too many values", mark)))?;
        Ok(())
    }

    /// For the copy that an alias makes, and for the one its anchor keeps: anchors within anchors are copies of copies.
    pub(super) fn expand(&mut self, nodes: usize, mark: Mark) -> Result<(), Box<Error>> {
        let left = self.expansion.checked_sub(nodes);
        self.expansion = left.ok_or_else(|| Box::new(Error::new(Code::TooComplex, "aliases repeat too many values", mark)))?;
        self.spend(nodes, mark)
    }
}

/// What a copy costs: one for each node, and one more for each kilobyte of text.
pub(super) fn weight(yaml: &Yaml<'_>) -> usize {
    1 + match &yaml.data {
        Data::Str(text) => text.len() >> 10,
        Data::Seq(items) => items.iter().map(weight).sum(),
        Data::Map(entries) => entries.iter().map(|entry| weight(&entry.value) + (entry.key.name.len() >> 10)).sum(),
        _ => 0,
    }
}
