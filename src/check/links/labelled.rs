//! Pods and Services by their labels: a selector looks at those alone that have the rarest of the labels that it asks for.

use std::collections::BTreeMap;

use super::known::Target;
use super::{Selector, Term};
use crate::network::fewest;

/// By the namespace that they are in; none has no name.
#[derive(Default)]
pub(super) struct Labelled<'i>(BTreeMap<&'i str, Home<'i>>);

#[derive(Default)]
struct Home<'i> {
    all: Vec<Target<'i>>,
    /// By a label and its value, indices of `all`.
    with: BTreeMap<(&'i str, &'i str), Vec<usize>>,
    /// Those with labels that nobody knows here.
    made: Vec<usize>,
}

impl<'i> Labelled<'i> {
    pub fn push(&mut self, target: Target<'i>) {
        let home = self.0.entry(target.namespace.unwrap_or_default()).or_default();
        let number = home.all.len();
        target.labels.iter().for_each(|(key, value)| home.with.entry((key, value)).or_default().push(number));
        home.made.extend(Some(number).filter(|_| target.is_made));
        home.all.push(target);
    }

    /// Those of some namespaces and of none, or of all, that a selector takes.
    pub fn taken<'n>(&self, namespaces: Option<impl IntoIterator<Item = &'n str>>, selector: &Selector) -> Vec<&Target<'i>> {
        match namespaces {
            Some(namespaces) => {
                let homes = namespaces.into_iter().chain([""]).filter_map(|home| self.0.get(home));
                homes.flat_map(|home| home.taken(selector)).collect()
            }
            None => self.0.values().flat_map(|home| home.taken(selector)).collect(),
        }
    }
}

impl<'i> Home<'i> {
    fn taken(&self, selector: &Selector) -> impl Iterator<Item = &Target<'i>> {
        let near = fewest(selector.terms.iter().filter_map(|term| self.with(term))).map(|near| self.beside_made(near));
        let near = near.unwrap_or_else(|| (0..self.all.len()).collect());
        near.into_iter().map(|number| &self.all[number]).filter(|target| selector.takes(target))
    }

    /// Those that have one of the values that a term names.
    fn with<'s>(&'s self, term: &'s Term) -> Option<Vec<&'s [usize]>> {
        let Term::In(key, values) = term else { return None };
        let found = values.iter().filter_map(|value| self.with.get(&(key.as_str(), value.as_str())));
        Some(found.map(Vec::as_slice).collect())
    }

    /// In their order, with those of which nobody knows whether they have such a label.
    fn beside_made(&self, mut near: Vec<usize>) -> Vec<usize> {
        near.extend(&self.made);
        near.sort_unstable();
        near.dedup();
        near
    }
}
