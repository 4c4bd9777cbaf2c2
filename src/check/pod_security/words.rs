//! Who does what a level forbids, and how the API server words it.

use std::collections::BTreeSet;

use super::{Failure, Spot};
use crate::check::pod::{Owner, Pod, field};
use crate::yaml::{Mark, Yaml};

/// Those who set something that is forbidden.
#[derive(Default)]
pub(super) struct Setters<'y> {
    pub is_pod: bool,
    pub containers: Vec<&'y str>,
    /// What was set, each once and in order.
    pub values: BTreeSet<String>,
    pub spots: Vec<Spot<'y>>,
}

impl<'y> Setters<'y> {
    /// Containers with a bad value under a path.
    pub fn of_containers(pod: &Pod<'y>, path: &'static str, is_bad: impl Fn(Option<&Yaml<'_>>) -> bool) -> Setters<'y> {
        let mut set = Setters::default();
        for container in &pod.containers {
            let value = field(container.yaml, path);
            if is_bad(value) {
                set.containers.push(container.name);
                set.add(container.owner(), path, value, container.head());
            }
        }
        set
    }

    /// The pod and the containers that set a bad value under a path.
    pub fn everywhere(pod: &Pod<'y>, path: &'static str, is_bad: impl Fn(Option<&Yaml<'_>>) -> bool) -> Setters<'y> {
        let own = field(pod.spec, path).filter(|value| is_bad(Some(value)));
        let mut set = Setters { is_pod: own.is_some(), ..Setters::default() };
        if let Some(value) = own {
            set.add(Owner::Pod, path, Some(value), value.mark);
        }
        let mut others = Setters::of_containers(pod, path, |value| value.is_some() && is_bad(value));
        set.containers.append(&mut others.containers);
        set.values.append(&mut others.values);
        set.spots.append(&mut others.spots);
        set
    }

    fn add(&mut self, owner: Owner<'y>, path: &'static str, value: Option<&Yaml<'_>>, head: Mark) {
        self.values.extend(value.and_then(|value| value.as_str()).map(str::to_owned));
        self.spot(owner, path, value.map_or(head, |value| value.mark));
    }

    pub fn spot(&mut self, owner: Owner<'y>, path: &'static str, mark: Mark) {
        self.spots.push(Spot { owner, path, mark });
    }

    /// None where there is nothing to point at.
    pub fn failure(&self, reason: &'static str, detail: impl Fn() -> String) -> Option<Failure<'y>> {
        (!self.spots.is_empty()).then(|| Failure { reason, detail: detail(), spots: self.spots.clone() })
    }

    /// `pod`, `container "a"`, or `pod and containers "a", "b"`.
    pub fn who(&self) -> String {
        self.words().join(" and ")
    }

    pub fn words(&self) -> Vec<String> {
        let pod = self.is_pod.then(|| "pod".to_owned());
        pod.into_iter().chain((!self.containers.is_empty()).then(|| containers(&self.containers))).collect()
    }
}

/// `container "a"`, `containers "a", "b"`
pub(super) fn containers(names: &[&str]) -> String {
    self::names("container", "containers", names)
}

pub(super) fn names(one: &str, many: &str, names: &[&str]) -> String {
    format!("{} {}", forms(names.len(), one, many), quoted(names))
}

pub(super) fn forms<'w>(count: usize, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

pub(super) fn quoted<'n>(names: impl IntoIterator<Item = &'n (impl AsRef<str> + 'n + ?Sized)>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("\"{}\"", name.as_ref())).collect();
    names.join(", ")
}
