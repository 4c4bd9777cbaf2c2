//! Volumes that are there already and their claims in; the machines out that a pod which mounts them is bound to.

use std::collections::BTreeMap;

use crate::capacity::{Term, terms};
use crate::check::Object;
use crate::check::pod::{field, text};

#[derive(Debug, Default)]
pub struct Volumes {
    /// By the name of a volume: from where it can be reached.
    places: BTreeMap<String, Vec<Term>>,
    /// By the namespace and the name of a claim: its volume.
    claims: BTreeMap<(String, String), String>,
}

impl Volumes {
    pub fn volume(&mut self, object: &Object<'_>) {
        let name = object.subject.name.clone().unwrap_or_default();
        if let Some(claim) = field(object.root, "spec.claimRef") {
            let part = |key: &str| text(claim, key).unwrap_or_default().to_owned();
            self.claims.insert((part("namespace"), part("name")), name.clone());
        }
        if let Some(rows) = field(object.root, "spec.nodeAffinity.required.nodeSelectorTerms") {
            self.places.insert(name, terms(Some(rows)));
        }
    }

    pub fn claim(&mut self, object: &Object<'_>) {
        let part = |word: &Option<String>| word.clone().unwrap_or_default();
        if let Some(volume) = text(object.root, "spec.volumeName") {
            self.claims.insert((part(&object.subject.namespace), part(&object.subject.name)), volume.to_owned());
        }
    }

    /// Where the volumes of some claims can be reached from; what is not known here binds nobody.
    pub fn bind(&self, namespace: &str, claims: impl Iterator<Item = String>) -> Vec<Vec<Term>> {
        let place = |claim| self.places.get(self.claims.get(&(namespace.to_owned(), claim))?).cloned();
        claims.filter_map(place).collect()
    }
}
