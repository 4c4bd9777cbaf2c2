//! What another template made, as a template sees it that asked for it.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};

use super::tracked;
use crate::node::Node;

/// A finished subtree that another template made; it goes in as it is.
#[derive(Debug)]
pub(super) struct Whole {
    pub node: Arc<Node>,
    /// Bytes of all values printed into it.
    pub weight: usize,
}

impl Object for Whole {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.node.as_str().unwrap_or_default())
    }
}

/// What a part made, to be read like the input.
pub(super) fn tree(value: &Value) -> Option<Value> {
    value.downcast_object_ref::<Whole>().map(|whole| tracked::read(&whole.node))
}

impl Whole {
    /// What `text` makes can stand in other text; what `part` makes cannot.
    pub fn is_text(&self) -> bool {
        self.node.as_str().is_some()
    }
}
