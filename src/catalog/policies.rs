//! The policies of a catalog: files under schemas/policies in, each policy with its binding out, for modes that ship them.

use std::sync::Arc;

use super::{Files, read};
use crate::diagnostic::Diagnostics;
use crate::node::{Data, Entry, Node};

/// Every policy in the order of its pack and name, with `pack`, `name`, and the trees `policy` and `binding`.
pub(super) fn policies(files: &Files, diags: &mut Diagnostics) -> Vec<Arc<Node>> {
    let mut policies = Vec::new();
    for path in files.keys() {
        let Some(folder) = path.strip_suffix("/policy.yaml") else { continue };
        let Some((pack, name)) = folder.strip_prefix("schemas/policies/").and_then(|inner| inner.split_once('/')) else {
            continue;
        };
        let mut tree = |file: &str| read(files, &format!("{folder}/{file}"), diags);
        let (policy, binding) = (tree("policy.yaml"), tree("binding.yaml"));
        let word = |word: &str| Node::derived("the policy's folder", word.into(), [policy.head()]);
        let entries = [("pack", word(pack)), ("name", word(name)), ("policy", policy.clone()), ("binding", binding)];
        let entries = entries.map(|(key, node)| Entry { key: key.into(), node });
        policies.push(Node::derived("a policy", Data::Map(entries.into()), []));
    }
    policies
}
