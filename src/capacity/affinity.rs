//! What pods ask of the pods beside them: to be near some, or far from them.

use super::Labels;
use super::select::{Condition, conditions, text, texts};
use crate::yaml::Yaml;

/// A selector of pods. None fits no pod, an empty one all.
#[derive(Clone, Debug, Default)]
pub struct Selector(Option<Vec<Condition>>);

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
        let Some(yaml) = yaml else { return Selector(None) };
        let exact = yaml.get("matchLabels").map_or(&[][..], Yaml::entries).iter();
        let exact = exact.map(|entry| Condition {
            key: entry.key.name.to_string(),
            operator: "In".to_owned(),
            values: vec![entry.value.as_str().unwrap_or_default().to_owned()],
        });
        Selector(Some(exact.chain(conditions(yaml.get("matchExpressions"))).collect()))
    }

    /// With the values that the pod itself has of some labels.
    pub fn and(mut self, keys: &[String], operator: &str, labels: &Labels) -> Selector {
        let own = keys.iter().filter_map(|key| {
            let values = vec![labels.get(key)?.clone()];
            Some(Condition { key: key.clone(), operator: operator.to_owned(), values })
        });
        if let Some(known) = &mut self.0 {
            known.extend(own);
        }
        self
    }

    pub fn fits(&self, labels: &Labels) -> bool {
        self.0.as_ref().is_some_and(|all| all.iter().all(|condition| condition.holds(labels)))
    }
}

impl Affinity {
    pub fn read(yaml: &Yaml<'_>, namespace: &str, labels: &Labels) -> Affinity {
        let keys = |name: &str| texts(yaml.get(name));
        let selector = Selector::read(yaml.get("labelSelector"));
        let selector = selector.and(&keys("matchLabelKeys"), "In", labels).and(&keys("mismatchLabelKeys"), "NotIn", labels);
        let of_namespaces = Selector::read(yaml.get("namespaceSelector"));
        let mut namespaces = texts(yaml.get("namespaces"));
        if namespaces.is_empty() && yaml.get("namespaceSelector").is_none() {
            namespaces.push(namespace.to_owned());
        }
        Affinity { key: text(yaml, "topologyKey"), selector, namespaces, of_namespaces }
    }

    /// Whether a pod of a namespace is one of those that are meant.
    pub fn fits(&self, namespace: &str, of_namespace: &Labels, labels: &Labels) -> bool {
        let is_there = self.namespaces.iter().any(|known| known == namespace) || self.of_namespaces.fits(of_namespace);
        is_there && self.selector.fits(labels)
    }
}
