//! The tables that checks are made of, read once: what documents are, names, APIs, rules of kinds.

use std::sync::Arc;

use crate::diagnostic::Diagnostics;
use crate::node::Node;
use crate::source::{self, Source};

/// Each table as written, with its places.
#[derive(Debug)]
pub struct Tables {
    recognise: Node,
    pub(super) names: Node,
    pub(super) apis: Node,
    pub(super) pods: Node,
}

impl Tables {
    pub fn load() -> Tables {
        Tables {
            recognise: table("schemas/recognise.toml", include_str!("../../schemas/recognise.toml")),
            names: table("schemas/names.toml", include_str!("../../schemas/names.toml")),
            apis: table("schemas/apis.toml", include_str!("../../schemas/apis.toml")),
            pods: table("schemas/pods.toml", include_str!("../../schemas/pods.toml")),
        }
    }

    pub(super) fn contents(&self) -> &[Arc<Node>] {
        self.recognise.get("content").map_or(&[][..], |rows| rows.items())
    }
}

fn table(name: &str, text: &str) -> Node {
    let mut diags = Diagnostics::default();
    let node = source::parse(&Source::new(name, text), &Arc::from("built in"), &mut diags);
    diags.checkpoint().expect("the built-in tables are TOML");
    node
}
