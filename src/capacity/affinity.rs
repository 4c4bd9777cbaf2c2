//! What pods ask of the pods beside them: to be near some, or far from them.

use super::Labels;
use super::select::{text, texts};
use crate::network;
use crate::yaml::Yaml;

/// A selector of pods. None fits no pod, an empty one all.
#[derive(Clone, Debug, Default)]
pub struct Selector(Option<network::Selector>);

/// Pods to be in one domain with, or not.
#[derive(Clone, Debug)]
pub struct Affinity {
    pub key: String,
    selector: Selector,
    namespaces: Vec<String>,
    of_namespaces: Selector,
}

impl Selector {
    pub fn read(yaml: Option<&Yaml<'_>>) -> Selector {
        Selector(yaml.map(|yaml| network::Selector::read(Some(yaml))))
    }

    /// With the values that the pod itself has of some labels.
    pub fn and(self, keys: &[String], labels: &Labels, is_in: bool) -> Selector {
        Selector(self.0.map(|known| known.and(keys, labels, is_in)))
    }

    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(network::Selector::is_empty)
    }

    pub fn fits(&self, labels: &Labels) -> bool {
        self.0.as_ref().is_some_and(|known| known.matches(labels))
    }
}

impl Affinity {
    pub fn read(yaml: &Yaml<'_>, namespace: &str, labels: &Labels) -> Affinity {
        let keys = |name: &str| texts(yaml.get(name));
        let selector = Selector::read(yaml.get("labelSelector"));
        let selector = selector.and(&keys("matchLabelKeys"), labels, true).and(&keys("mismatchLabelKeys"), labels, false);
        let of_namespaces = Selector::read(yaml.get("namespaceSelector"));
        let mut namespaces = texts(yaml.get("namespaces"));
        if namespaces.is_empty() && yaml.get("namespaceSelector").is_none() {
            namespaces.push(namespace.to_owned());
        }
        Affinity { key: text(yaml, "topologyKey"), selector, namespaces, of_namespaces }
    }

    /// Of those of one namespace with some labels.
    pub fn of(key: String, namespace: &str, labels: &Labels) -> Affinity {
        let selector = Selector(Some(network::Selector::of(labels)));
        Affinity { key, selector, namespaces: vec![namespace.to_owned()], of_namespaces: Selector::default() }
    }

    /// Whether a pod of a namespace is one of those that are meant.
    pub fn fits(&self, namespace: &str, of_namespace: &Labels, labels: &Labels) -> bool {
        let is_there = self.namespaces.iter().any(|known| known == namespace) || self.of_namespaces.fits(of_namespace);
        is_there && self.selector.fits(labels)
    }
}
