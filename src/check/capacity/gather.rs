//! What makes pods, and what says how many there are and where they may be, out of the objects' own texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::volumes::Volumes;
use crate::capacity::{Affinity, Context, HOSTNAME, Pod, Selector, amount_of, amounts, integer, labels, read};
use crate::check::pod::{field, head, items, text};
use crate::check::{Entry, Index, Object, Stretch, World};
use crate::diagnostic::Subject;
use crate::node::Node;
use crate::yaml::{Data, Mark, Yaml};

/// A place in a file that a finding can point at: there is one for each request of every pod.
#[derive(Clone, Debug)]
pub struct Spot {
    pub stretch: Stretch,
    pub document: u32,
    pub pointer: String,
}

/// Something that makes pods which are alike.
#[derive(Clone, Debug)]
pub struct Workload {
    pub subject: Arc<Subject>,
    pub file: usize,
    pub pod: Pod,
    /// How many there are at least, as a rule, and at most.
    pub counts: [i64; 3],
    /// How many more there are while all are renewed, and how many may be missing then.
    pub surge: i64,
    pub missing: i64,
    /// One on each machine.
    pub is_each: bool,
    /// It comes to its end.
    pub is_passing: bool,
    /// The classes of the volumes that each of its pods has for itself.
    pub classes: Vec<Option<String>>,
    /// By the resource asked for, and `spread`, `where`, `replicas`, `kind`; none where no machines are told of.
    pub spots: BTreeMap<String, Spot>,
}

#[derive(Debug)]
pub struct Budget {
    pub subject: Arc<Subject>,
    pub file: usize,
    pub selector: Selector,
    /// minAvailable, or else maxUnavailable.
    pub bound: Option<(bool, String)>,
    pub spot: Spot,
}

#[derive(Debug)]
pub struct Quota {
    pub subject: Arc<Subject>,
    pub file: usize,
    pub hard: Vec<(String, i64, Spot)>,
}

/// Who is scaled between two numbers: kind, namespace, name.
type Scaled = BTreeMap<(String, Option<String>, String), (i64, i64)>;

#[derive(Debug, Default)]
pub struct Platform {
    pub workloads: Vec<Workload>,
    pub budgets: Vec<Budget>,
    pub quotas: Vec<Quota>,
    pub context: Context,
    /// By the name of a class: what makes its volumes.
    pub classes: BTreeMap<String, String>,
    scaled: Scaled,
    volumes: Volumes,
}

/// Kinds that say something about pods, beside those that make some.
const BESIDE: &[&str] = &[
    "PriorityClass",
    "RuntimeClass",
    "LimitRange",
    "StorageClass",
    "HorizontalPodAutoscaler",
    "ScaledObject",
    "PodDisruptionBudget",
    "ResourceQuota",
    "PersistentVolume",
    "PersistentVolumeClaim",
];

impl Platform {
    /// The workloads of each namespace.
    pub fn homes(&self) -> BTreeMap<Option<&str>, Vec<usize>> {
        let mut homes: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        for (at, workload) in self.workloads.iter().enumerate() {
            homes.entry(workload.subject.namespace.as_deref()).or_default().push(at);
        }
        homes
    }

    pub fn gather(index: &Index, world: &World<'_>) -> Platform {
        let mut platform = Platform::default();
        platform.context.namespaces.clone_from(&index.network.namespaces);
        for (name, labels) in &mut platform.context.namespaces {
            labels.insert("kubernetes.io/metadata.name".to_owned(), name.clone());
        }
        let makes_pods = |entry: &&Entry| world.tables.with_pods(&entry.subject.kind, entry.subject.group()).is_some();
        let is_beside = |entry: &&Entry| BESIDE.contains(&entry.subject.kind.as_str());
        let (beside, makers): (Vec<&Entry>, Vec<&Entry>) =
            index.objects.iter().filter(|entry| is_beside(entry) || makes_pods(entry)).partition(is_beside);
        world.revisit(&beside, &mut |object, _| platform.note(object));
        let mut workloads: BTreeMap<(String, Option<String>, String), usize> = BTreeMap::new();
        world.revisit(&makers, &mut |object, entry| {
            let Some(workload) = platform.workload(object, entry, world) else { return };
            // The same object twice is told elsewhere; the later one replaces the first. Variants of a platform lie apart.
            let subject = &object.subject;
            let name = subject.name.clone().filter(|_| !world.options.pools.is_empty());
            let key = name.map(|name| (subject.kind.clone(), subject.namespace.clone(), name));
            match key.as_ref().and_then(|key| workloads.get(key)) {
                Some(at) => platform.workloads[*at] = workload,
                None => {
                    workloads.extend(key.map(|key| (key, platform.workloads.len())));
                    platform.workloads.push(workload);
                }
            }
        });
        platform
    }

    fn note(&mut self, object: &Object<'_>) {
        let root = object.root;
        let name = || object.subject.name.clone().unwrap_or_default();
        match object.subject.kind.as_str() {
            "PriorityClass" => self.priority(root, name()),
            "RuntimeClass" => drop(self.context.overheads.insert(name(), amounts(field(root, "overhead.podFixed")))),
            "StorageClass" => drop(self.classes.insert(name(), text(root, "provisioner").unwrap_or_default().to_owned())),
            "LimitRange" => self.defaults(object),
            "HorizontalPodAutoscaler" => self.scale(object, ["spec.minReplicas", "spec.maxReplicas"], [1, 1]),
            "ScaledObject" => self.scale(object, ["spec.minReplicaCount", "spec.maxReplicaCount"], [0, 100]),
            "PodDisruptionBudget" => self.budgets.push(budget(object)),
            "PersistentVolume" => self.volumes.volume(object),
            "PersistentVolumeClaim" => self.volumes.claim(object),
            "ResourceQuota" => self.quotas.extend(quota(object)),
            _ => {}
        }
    }

    fn priority(&mut self, root: &Yaml<'_>, name: String) {
        let value = field(root, "value").and_then(integer).unwrap_or_default();
        if field(root, "globalDefault").is_some_and(|is| is.data == Data::Bool(true)) {
            self.context.default_priority = value;
        }
        self.context.priorities.insert(name, value);
    }

    /// What a namespace gives to containers that do not say it themselves.
    fn defaults(&mut self, object: &Object<'_>) {
        let namespace = object.subject.namespace.clone().unwrap_or_default();
        for limit in items(object.root, "spec.limits").iter().filter(|limit| text(limit, "type") == Some("Container")) {
            let part = |name: &str| amounts(field(limit, name));
            let mut most = part("max");
            most.extend(part("default"));
            let mut asked = part("min");
            asked.extend(most.clone());
            asked.extend(part("defaultRequest"));
            self.context.defaults.insert(namespace.clone(), (asked, most));
        }
    }

    fn scale(&mut self, object: &Object<'_>, [least, most]: [&str; 2], defaults: [i64; 2]) {
        let of = |path: &str, default: i64| field(object.root, path).and_then(integer).unwrap_or(default);
        let kind = text(object.root, "spec.scaleTargetRef.kind").unwrap_or("Deployment").to_owned();
        let name = text(object.root, "spec.scaleTargetRef.name").unwrap_or_default().to_owned();
        self.scaled.insert((kind, object.subject.namespace.clone(), name), (of(least, defaults[0]), of(most, defaults[1])));
    }

    fn workload(&self, object: &Object<'_>, entry: &Entry, world: &World<'_>) -> Option<Workload> {
        let row = world.tables.with_pods(&object.subject.kind, object.group())?;
        if row.get("runs").is_some_and(|runs| runs.as_bool() == Some(false)) || is_of_another(object.root) {
            return None;
        }
        let at = if row.get("template").is_some() { row.text("template") } else { row.get("asks")?.as_str()? };
        let root = object.root.pointer(at)?;
        let namespace = object.subject.namespace.clone().unwrap_or_default();
        let mut pod = read(root, &namespace, &self.context);
        // The labels of an object are not those of the pods that its operator makes.
        if row.get("asks").is_some() {
            pod.labels.clear();
        }
        pod.labels.extend(made_labels(object, row));
        pod.apart.extend(apart(object, row, &namespace));
        let subject = object.subject.clone();
        let said = row.get("replicas").and_then(|at| integer(object.root.pointer(at.as_str()?)?));
        let is_each = subject.kind == "DaemonSet";
        let counts = self.counts(object, said);
        let (surge, missing) = rolling(object, counts[1]);
        let is_passing = matches!(subject.kind.as_str(), "Job" | "CronJob");
        let mut pod = if is_each { pod.of_each() } else { pod };
        let claims = row.get("claims").and_then(|at| object.root.pointer(at.as_str()?)).map_or(&[][..], Yaml::items);
        let classes = claims.iter().map(|claim| text(claim, "spec.storageClassName").map(str::to_owned));
        let name = subject.name.as_deref().unwrap_or_default();
        // Of several alike each has its own volume, and only of one alone it is known which.
        let own = claims.iter().filter(|_| counts[1] == 1).filter_map(|claim| text(claim, "metadata.name"));
        let own = own.map(|claim| format!("{claim}-{name}-0")).chain(pod.claims.iter().cloned());
        pod.wanted.of_volumes = self.volumes.bind(&namespace, own);
        let spots = if world.options.pools.is_empty() { BTreeMap::new() } else { spots(object, root, at) };
        let (file, classes) = (entry.file, classes.collect());
        Some(Workload { subject, file, pod, counts, surge, missing, is_each, is_passing, classes, spots })
    }

    fn counts(&self, object: &Object<'_>, said: Option<i64>) -> [i64; 3] {
        let subject = &object.subject;
        if subject.kind == "Pod" {
            return [1; 3];
        }
        let own = said.or_else(|| integer(field(object.root, "spec.replicas")?));
        let key = (subject.kind.clone(), subject.namespace.clone(), subject.name.clone().unwrap_or_default());
        match self.scaled.get(&key) {
            Some((least, most)) => [*least, own.unwrap_or(*least).clamp(*least, (*most).max(*least)), (*most).max(*least)],
            None => [own.unwrap_or(1); 3],
        }
    }
}

/// A pod that something else makes, or that has come to its end: whoever makes it counts.
fn is_of_another(root: &Yaml<'_>) -> bool {
    let owners = items(root, "metadata.ownerReferences").iter();
    let is_owned = owners.into_iter().any(|owner| field(owner, "controller").is_some_and(|is| is.data == Data::Bool(true)));
    is_owned || matches!(text(root, "status.phase"), Some("Succeeded" | "Failed"))
}

/// Labels that who makes pods gives them.
fn made_labels(object: &Object<'_>, row: &Node) -> BTreeMap<String, String> {
    let said = row.get("pod_labels").and_then(|at| object.root.pointer(at.as_str()?));
    let mut made = added(object, row.get("adds"));
    made.extend(labels(said));
    made
}

/// A table of labels in which the object's name may stand.
fn added(object: &Object<'_>, table: Option<&Arc<Node>>) -> BTreeMap<String, String> {
    let name = object.subject.name.as_deref().unwrap_or_default();
    let rows = table.map_or(&[][..], |table| table.entries()).iter();
    rows.map(|entry| (entry.key.to_string(), entry.node.as_str().unwrap_or_default().replace("{name}", name))).collect()
}

/// The pods that an operator keeps its own from, where its object demands that.
fn apart(object: &Object<'_>, row: &Node, namespace: &str) -> Option<Affinity> {
    let row = row.get("apart")?;
    let said = |key: &str| object.root.pointer(row.text(key)).and_then(Yaml::as_str);
    let is_demanded = said("says") == Some(row.text("demands"));
    is_demanded.then(|| Affinity::of(said("key").unwrap_or(HOSTNAME).to_owned(), namespace, &added(object, row.get("of"))))
}

/// How many more and how many fewer pods there may be while a new version comes.
fn rolling(object: &Object<'_>, count: i64) -> (i64, i64) {
    let root = object.root;
    let of = |path: &str, is_up: bool| field(root, path).and_then(|yaml| share(&said(yaml)?, count, is_up));
    match object.subject.kind.as_str() {
        "Deployment" if text(root, "spec.strategy.type") == Some("Recreate") => (0, count),
        "Deployment" => {
            let quarter = |is_up| share("25%", count, is_up).unwrap_or_default();
            let surge = of("spec.strategy.rollingUpdate.maxSurge", true).unwrap_or_else(|| quarter(true));
            (surge, of("spec.strategy.rollingUpdate.maxUnavailable", false).unwrap_or_else(|| quarter(false)))
        }
        "Rollout" if field(root, "spec.strategy.blueGreen").is_some() => (count, 0),
        "Rollout" => {
            (of("spec.strategy.canary.maxSurge", true).unwrap_or_else(|| share("25%", count, true).unwrap_or_default()), 0)
        }
        _ => (0, 1),
    }
}

fn said(yaml: &Yaml<'_>) -> Option<String> {
    integer(yaml).map(|number| number.to_string()).or_else(|| yaml.as_str().map(str::to_owned))
}

/// A number, or a share of a number.
pub fn share(text: &str, of: i64, is_up: bool) -> Option<i64> {
    let Some(percent) = text.strip_suffix('%') else { return text.parse().ok() };
    let hundredths = percent.parse::<i64>().ok()?.checked_mul(of)?;
    Some(hundredths.div_euclid(100) + i64::from(is_up && hundredths.rem_euclid(100) != 0))
}

fn budget(object: &Object<'_>) -> Budget {
    let spec = |name: &str| object.root.get("spec").and_then(|spec| spec.get(name));
    let bound = [("minAvailable", true), ("maxUnavailable", false)];
    let (name, is_least, yaml) = bound
        .into_iter()
        .find_map(|(name, is_least)| Some((name, is_least, spec(name).filter(|yaml| yaml.data != Data::Null)?)))
        .map_or(("", false, None), |(name, is_least, yaml)| (name, is_least, Some(yaml)));
    let spot = match yaml {
        Some(yaml) => spot(object, yaml.mark, format!("{}/spec/{name}", object.path.pointer())),
        None => spot(object, object.head(), object.path.pointer()),
    };
    let bound = yaml.and_then(said).map(|said| (is_least, said));
    Budget {
        subject: object.subject.clone(),
        file: object.document.file,
        selector: Selector::read(spec("selector")),
        bound,
        spot,
    }
}

/// Quotas for some pods only are left out.
fn quota(object: &Object<'_>) -> Option<Quota> {
    if field(object.root, "spec.scopes").is_some() || field(object.root, "spec.scopeSelector").is_some() {
        return None;
    }
    let hard = field(object.root, "spec.hard").map_or(&[][..], Yaml::entries).iter();
    let hard = hard.filter_map(|entry| {
        let name = entry.key.name.to_string();
        let amount = amount_of(&name, &entry.value)?;
        let pointer = format!("{}/spec/hard/{}", object.path.pointer(), crate::node::escape(&name));
        Some((name, amount, spot(object, entry.value.mark, pointer)))
    });
    Some(Quota { subject: object.subject.clone(), file: object.document.file, hard: hard.collect() })
}

fn spot(object: &Object<'_>, mark: Mark, pointer: String) -> Spot {
    Spot { stretch: object.document.stretch(mark), document: object.document.number, pointer }
}

/// Where to look: at the largest request of each resource, at what says where the pod may be.
fn spots(object: &Object<'_>, root: &Yaml<'_>, at: &str) -> BTreeMap<String, Spot> {
    let mut spots = BTreeMap::from([("kind".to_owned(), spot(object, object.head(), object.path.pointer()))]);
    let base = format!("{}{at}/spec", object.path.pointer());
    let mut most: BTreeMap<String, i64> = BTreeMap::new();
    for list in ["containers", "initContainers"] {
        for (number, container) in items(root, &format!("spec.{list}")).iter().enumerate() {
            for part in ["limits", "requests"] {
                let place = format!("{base}/{list}/{number}/resources/{part}");
                asked(object, field(container, &format!("resources.{part}")), &place, &mut most, &mut spots);
            }
        }
    }
    asked(object, field(root, "spec.resources.requests"), &format!("{base}/resources/requests"), &mut most, &mut spots);
    for (name, path) in
        [("spread", "topologySpreadConstraints"), ("where", "affinity"), ("where", "nodeSelector"), ("node", "nodeName")]
    {
        if let Some(yaml) = field(root, &format!("spec.{path}")) {
            let mark = yaml.items().first().map_or_else(|| head(yaml), head);
            spots.insert(name.to_owned(), spot(object, mark, format!("{base}/{path}")));
        }
    }
    if let Some(replicas) = field(object.root, "spec.replicas") {
        spots.insert("replicas".to_owned(), spot(object, replicas.mark, format!("{}/spec/replicas", object.path.pointer())));
    }
    spots
}

/// A request is what is asked for; a limit only where no request is.
fn asked(
    object: &Object<'_>,
    yaml: Option<&Yaml<'_>>,
    place: &str,
    most: &mut BTreeMap<String, i64>,
    spots: &mut BTreeMap<String, Spot>,
) {
    let is_request = place.ends_with("requests");
    for entry in yaml.map_or(&[][..], Yaml::entries) {
        let name = &*entry.key.name;
        let asked = amount_of(name, &entry.value).unwrap_or_default();
        let known = most.get(name).copied().unwrap_or(-1);
        let asked = if is_request { asked } else { -1 };
        if asked > known || !spots.contains_key(name) {
            most.insert(name.to_owned(), asked);
            spots.insert(name.to_owned(), spot(object, entry.value.mark, format!("{place}/{}", crate::node::escape(name))));
        }
    }
}
