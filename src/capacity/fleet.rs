//! Machines and kinds of pods, with what the one's conditions on the other come to, worked out once.

use super::affinity::{Affinity, Selector};
use super::select::{any, bears};
use super::{Context, Labels, Machine, Pod, Taint};

pub struct Fleet {
    pub machines: Vec<Machine>,
    pub pods: Vec<Pod>,
    /// The names of all that is counted.
    pub resources: Vec<String>,
    /// By pod and resource.
    pub asked: Vec<Vec<i64>>,
    /// By machine and resource.
    pub room: Vec<Vec<i64>>,
    /// By pod: its conditions held against every other pod.
    pub near: Vec<Vec<Vec<bool>>>,
    pub apart: Vec<Vec<Vec<bool>>>,
    pub spread: Vec<Vec<Vec<bool>>>,
    /// By pod and machine: the first of the reasons that are so with any pods on it.
    pub never: Vec<Vec<Option<&'static str>>>,
}

/// The order in which the scheduler tells reasons of one machine, before it looks at other pods there.
const PODS: &str = "pods";

impl Fleet {
    pub fn new(machines: Vec<Machine>, pods: Vec<Pod>, context: &Context) -> Fleet {
        let mut resources = vec![PODS.to_owned(), "cpu".to_owned(), "memory".to_owned(), "ephemeral-storage".to_owned()];
        for resource in pods.iter().flat_map(|pod| pod.requests.keys()) {
            if !resources.contains(resource) {
                resources.push(resource.clone());
            }
        }
        let asked = |pod: &Pod| {
            let of =
                |resource: &String| if resource == PODS { 1 } else { pod.requests.get(resource).copied().unwrap_or_default() };
            resources.iter().map(of).collect()
        };
        let room = |machine: &Machine| resources.iter().map(|name| machine.room.get(name).copied().unwrap_or_default()).collect();
        let none = Labels::new();
        let of_namespace = |pod: &Pod| context.namespaces.get(&pod.namespace).unwrap_or(&none);
        let held =
            |affinity: &Affinity| pods.iter().map(|pod| affinity.fits(&pod.namespace, of_namespace(pod), &pod.labels)).collect();
        let of = |list: fn(&Pod) -> &Vec<Affinity>| pods.iter().map(|pod| list(pod).iter().map(held).collect()).collect();
        let spread = |pod: &Pod| {
            // By an empty selector the scheduler counts nobody.
            let counts = |selector: &Selector, other: &Pod| !selector.is_empty() && selector.fits(&other.labels);
            let fits = |other: &Pod, at: usize| other.namespace == pod.namespace && counts(&pod.spread[at].selector, other);
            (0..pod.spread.len()).map(|at| pods.iter().map(|other| fits(other, at)).collect()).collect()
        };
        Fleet {
            asked: pods.iter().map(asked).collect(),
            room: machines.iter().map(room).collect(),
            near: of(|pod| &pod.near),
            apart: of(|pod| &pod.apart),
            spread: pods.iter().map(spread).collect(),
            never: pods.iter().map(|pod| machines.iter().map(|machine| never(pod, machine)).collect()).collect(),
            resources,
            machines,
            pods,
        }
    }

    pub fn is_open(&self, pod: usize, machine: usize) -> bool {
        self.never[pod][machine].is_none()
    }
}

/// Why a pod may not be on a machine, whoever else is there.
fn never(pod: &Pod, machine: &Machine) -> Option<&'static str> {
    if machine.is_closed && !bears(&pod.tolerations, &[Taint::closed()]) {
        return Some("node(s) were unschedulable");
    }
    if pod.machine.as_ref().is_some_and(|name| *name != machine.name) {
        return Some("node(s) didn't match the requested node name");
    }
    if !bears(&pod.tolerations, &machine.taints) {
        return Some("node(s) had untolerated taint(s)");
    }
    (!pod.wanted.fits(machine)).then_some("node(s) didn't match Pod's node affinity/selector")
}

/// Why its volumes keep a pod off a machine; the scheduler looks at these after ports and amounts.
pub fn volumes(pod: &Pod, machine: &Machine) -> Option<&'static str> {
    let keeps_off = |terms: &Vec<super::select::Term>| !any(terms, machine);
    pod.wanted.of_volumes.iter().any(keeps_off).then_some("node(s) didn't match PersistentVolume's node affinity")
}
