//! All objects by their names, with what is made of them: who asks for one is told what it has.

use std::collections::{BTreeMap, BTreeSet};

use super::labelled::Labelled;
use super::table::Table;
use super::{HostName, Kept, Label, Link, Part, Port, Term, What};
use crate::check::{Entry, Index, World};
use crate::diagnostic::{Severity, group_of};
use crate::graph::Provided;

pub(super) struct Known<'i> {
    pub world: &'i World<'i>,
    pub table: &'i Table,
    pub is_complete: bool,
    /// Something among the inputs may make anything, so nothing is certainly missing.
    has_opaque: bool,
    /// Kinds whose objects belong to no namespace.
    of_cluster: BTreeSet<String>,
    /// By kind with its group, then by name.
    targets: BTreeMap<String, BTreeMap<&'i str, Homes<'i>>>,
    /// Kinds with pods, and Services, for those who select them.
    pub pods: Labelled<'i>,
    pub services: Labelled<'i>,
    /// By namespace and name, the secrets that will be there beside the objects.
    provided: BTreeMap<(&'i str, &'i str), &'i Provided>,
}

/// Targets by the namespace that they are in; none has no name.
#[derive(Default)]
pub(super) struct Homes<'i>(BTreeMap<&'i str, Vec<Target<'i>>>);

impl<'i> Homes<'i> {
    fn push(&mut self, target: Target<'i>) {
        self.0.entry(target.namespace.unwrap_or_default()).or_default().push(target);
    }

    /// Those of a namespace and of none, or all.
    fn within(&self, namespace: Option<&str>) -> Vec<Target<'i>> {
        let Some(namespace) = namespace else { return self.0.values().flatten().copied().collect() };
        [namespace, ""].into_iter().filter_map(|home| self.0.get(home)).flatten().copied().collect()
    }
}

/// An object, or what will be made of one.
#[derive(Clone, Copy)]
pub(super) struct Target<'i> {
    pub entry: &'i Entry,
    pub namespace: Option<&'i str>,
    pub keys: Option<&'i [String]>,
    pub ports: Option<&'i [Port]>,
    pub labels: &'i [Label],
    pub is_headless: bool,
    /// It may have labels that nobody knows here.
    pub is_made: bool,
    kept: Option<&'i Kept>,
}

impl<'i> Known<'i> {
    pub fn of(index: &'i Index, world: &'i World<'i>) -> Known<'i> {
        let table = &world.tables.links;
        let (targets, pods, services) = (BTreeMap::new(), Labelled::default(), Labelled::default());
        let is_complete = world.options.is_complete;
        let rows = world.kinds.rows().filter(|row| row.scope != 1);
        let of_cluster = rows.map(|row| format!("{}.{}", row.kind, group_of(row.api_version))).collect();
        let provided = world.options.provided.iter().map(|one| ((&*one.namespace, &*one.name), one)).collect();
        let mut known = Known { world, table, is_complete, has_opaque: false, of_cluster, targets, pods, services, provided };
        for entry in &index.objects {
            known.add(entry);
        }
        known
    }

    fn add(&mut self, entry: &'i Entry) {
        let subject = &entry.subject;
        let kind = format!("{}.{}", subject.kind, subject.group());
        self.has_opaque |= self.table.opaque.contains(&kind);
        let kept = entry.links.as_deref();
        let Some(name) = subject.name.as_deref() else { return };
        let target = Target {
            entry,
            namespace: subject.namespace.as_deref(),
            keys: kept.and_then(|kept| kept.keys.as_deref()),
            ports: kept.and_then(|kept| kept.ports.as_deref()),
            labels: kept.map_or(&[], |kept| &kept.labels),
            is_headless: kept.is_some_and(|kept| kept.is_headless),
            is_made: false,
            kept,
        };
        match kind.as_str() {
            "Service." => self.services.push(target),
            _ if target.ports.is_some() => self.pods.push(target),
            _ => {}
        }
        self.targets.entry(kind).or_default().entry(name).or_default().push(target);
        for made in kept.map_or(&[][..], |kept| &kept.made) {
            let (keys, ports) = (made.keys.as_deref(), made.ports.as_deref());
            let target = Target { keys, ports, labels: &made.labels, is_made: true, kept: None, ..target };
            match made.kind.as_str() {
                "pod" => self.pods.push(target),
                kind => self.targets.entry(kind.to_owned()).or_default().entry(&made.name).or_default().push(target),
            }
        }
    }

    /// The objects of a name: those nearest to a file, for variants of one lie side by side. A kind that belongs to no
    /// namespace is found from everywhere.
    pub fn find(&self, kind: &str, namespace: Option<&str>, name: &str, file: usize) -> Option<Vec<Target<'i>>> {
        let here = self.targets.get(kind)?.get(name)?.within(namespace);
        let nearness = |target: &Target<'_>| self.world.inputs.nearness(target.entry.file, file);
        let nearest = here.iter().map(nearness).max()?;
        Some(here.into_iter().filter(|target| nearness(target) == nearest).collect())
    }

    /// What there is of a kind in a namespace.
    pub fn names(&self, kind: &str, namespace: Option<&str>) -> Vec<&'i str> {
        let kinds = self.targets.iter().filter(|(known, _)| known.split('.').next() == Some(kind));
        let is_here = |homes: &Homes<'_>| homes.0.contains_key(namespace.unwrap_or_default());
        kinds.flat_map(|(_, names)| names).filter(|(_, homes)| is_here(homes)).map(|(name, _)| *name).collect()
    }

    pub fn is_given(&self, link: &Link) -> bool {
        self.table.is_given(&link.kind, link.namespace.as_deref(), &link.name)
    }

    /// A secret that is no object yet.
    pub fn provided(&self, link: &Link) -> Option<&'i Provided> {
        self.provided.get(&(link.namespace.as_deref()?, &*link.name)).copied().filter(|_| link.kind == "Secret.")
    }

    /// The namespace that an object of a kind is looked for in.
    pub fn namespace<'n>(&self, kind: &str, namespace: Option<&'n str>) -> Option<&'n str> {
        namespace.filter(|_| !self.of_cluster.contains(kind))
    }

    /// How bad it is that something of a kind is not there.
    pub fn severity(&self, kind: &str) -> Severity {
        let is_outside = self.table.outside.iter().any(|outside| outside == kind) && !self.targets.contains_key(kind);
        if self.is_complete && !self.has_opaque && !is_outside { Severity::Error } else { Severity::Note }
    }

    /// Folders far from each other may be about two clusters, with another object of the same name.
    pub fn certainty(&self, entry: &Entry, target: &Target<'_>) -> Severity {
        let is_certain = self.is_complete || self.world.inputs.are_near(entry.file, target.entry.file);
        if is_certain { Severity::Error } else { Severity::Warning }
    }

    pub fn has(&self, target: &Target<'_>, part: &Part) -> bool {
        match part.what {
            What::Key => target.keys.is_none_or(|keys| keys.contains(&part.name)),
            What::Port => target.ports.is_none_or(|ports| ports.iter().any(|port| port.is(&part.name))),
        }
    }

    /// Why no pod of this name will be behind a Service.
    pub fn no_pod(&self, host: &HostName, pod: &str, file: usize) -> Option<String> {
        let (owner, ordinal) = pod.rsplit_once('-')?;
        let ordinal: i128 = ordinal.parse().ok()?;
        let sets = self.find("StatefulSet.apps", Some(&host.namespace), owner, file)?;
        let most = sets.iter().filter_map(|set| set.kept?.replicas).max()?;
        let last = most - 1;
        (ordinal >= most)
            .then(|| format!("the StatefulSet {}/{owner} has no pod {pod}: its last is {owner}-{last}", host.namespace))
    }
}

impl Target<'_> {
    /// What the labels of pods must be that it finds.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        let selects = self.kept.map_or(&[][..], |kept| &kept.selects);
        selects.iter().filter(|select| select.finds == "pod").flat_map(|select| &select.selector.terms)
    }

    pub fn listens(&self, port: i128) -> bool {
        self.ports.is_none_or(|ports| ports.iter().any(|known| known.number == Some(port)))
    }
}

impl Port {
    /// Its name, or its number.
    fn is(&self, text: &str) -> bool {
        self.name.as_deref() == Some(text) || self.number.is_some_and(|number| number.to_string() == text)
    }

    pub fn words(&self) -> String {
        self.name.clone().or_else(|| self.number.map(|number| number.to_string())).unwrap_or_default()
    }
}
