//! The policies that lakegen carries: files under schemas/policies in, packs of policies with their samples out.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::source::Source;

/// Where a policy lies: `schemas/policies/<pack>/<name>/policy.yaml`.
const FOLDER: &str = "schemas/policies/";

/// A policy with all that lies beside it.
#[derive(Clone, Debug, Default)]
pub struct Pack<'p> {
    pub pack: &'p str,
    pub name: &'p str,
    /// Path and text of policy and binding: what a cluster gets.
    pub shipped: Vec<(&'p str, &'p str)>,
    pub samples: Vec<Sample<'p>>,
}

/// An object with the verdict that the policy must have on it.
#[derive(Clone, Debug)]
pub struct Sample<'p> {
    pub path: &'p str,
    pub text: &'p str,
    pub is_denied: bool,
}

/// What lies in folders of policies, in the order of their names.
pub fn packs<'p>(files: impl Iterator<Item = (&'p str, &'p str)>) -> Vec<Pack<'p>> {
    let mut packs: BTreeMap<(&str, &str), Pack<'p>> = BTreeMap::new();
    for (path, text) in files {
        let Some(inner) = path.split_once(FOLDER).map(|(_, inner)| inner) else { continue };
        let [pack, name, file] = inner.split('/').collect::<Vec<_>>()[..] else { continue };
        let found = packs.entry((pack, name)).or_insert_with(|| Pack { pack, name, ..Pack::default() });
        match file {
            "policy.yaml" => found.shipped.insert(0, (path, text)),
            "binding.yaml" | "params.yaml" => found.shipped.push((path, text)),
            _ if file.starts_with("pass-") => found.samples.push(Sample { path, text, is_denied: false }),
            _ if file.starts_with("fail-") => found.samples.push(Sample { path, text, is_denied: true }),
            _ => {}
        }
    }
    packs.into_values().collect()
}

impl Pack<'_> {
    /// Policy and binding as texts with their names.
    pub fn sources(&self) -> Vec<Arc<Source>> {
        self.shipped.iter().map(|(path, text)| Source::new(*path, *text)).collect()
    }

    /// Whether a word of the command line means it: `all`, a pack, or a policy of one.
    pub fn is(&self, wanted: &str) -> bool {
        wanted == "all" || wanted == self.pack || wanted.split_once('/') == Some((self.pack, self.name))
    }
}

impl Sample<'_> {
    /// A part of the message that a denial must have, where the sample's first line says it: `# denied: …`.
    pub fn denied(&self) -> Option<&str> {
        self.text.lines().next()?.strip_prefix("# denied: ").map(str::trim)
    }
}
