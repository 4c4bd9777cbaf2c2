//! The family `pod-security`: pods against the level that their namespace asks for, or that the command line does.

mod checks;
mod standard;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use standard::Row;
pub use standard::Standard;

use super::pod::{Owner, Pod};
use super::{Entry, Index, Object, Stretch, World};
use crate::diagnostic::{Code, Diagnostics, PodSecurity, Severity};
use crate::source::Span;
use crate::yaml::Mark;

const PREFIX: &str = "pod-security.kubernetes.io/";
/// More places than these of one pod help nobody.
const MAX_PLACES: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Privileged,
    Baseline,
    Restricted,
}

/// A level as it was at a version; without one, as it is at the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelVersion {
    pub level: Level,
    pub version: Option<u32>,
}

/// What a namespace asks of its pods.
#[derive(Clone, Debug)]
pub struct Policy {
    enforce: LevelVersion,
    warn: LevelVersion,
    audit: LevelVersion,
    /// The label that enforces.
    asked: Option<Stretch>,
}

/// What is kept of an object.
#[derive(Clone, Debug, Default)]
pub enum Kept {
    #[default]
    Nothing,
    /// The lowest level that its pods may break.
    MayBreak(Level),
    Policy(Box<Policy>),
}

/// Something that a level forbids.
struct Failure<'y> {
    reason: &'static str,
    detail: String,
    spots: Vec<Spot<'y>>,
}

#[derive(Clone, Copy)]
struct Spot<'y> {
    owner: Owner<'y>,
    path: &'static str,
    mark: Mark,
}

/// What becomes of a pod that breaks a level.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Refused,
    Warned,
    Audited,
}

/// With a level of the command line each pod is judged at once.
pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    if let Some(at) = world.options.pod_security {
        judge(object, &[(at, Fate::Refused)], None, world, found);
    }
}

pub(super) fn keep(object: &Object<'_>, world: &World<'_>, entry: &mut Entry) {
    if object.subject.kind == "Namespace" && object.group().is_empty() {
        entry.pod_security = Policy::of(object).map_or(Kept::Nothing, |policy| Kept::Policy(Box::new(policy)));
    } else if let Some(pod) = Pod::of(object, world.tables).filter(|_| world.options.pod_security.is_none()) {
        entry.pod_security = world.tables.standard.may_break(&pod).map_or(Kept::Nothing, Kept::MayBreak);
    }
}

/// Pods against the labels of their namespaces.
pub(super) fn whole(index: &Index, world: &World<'_>, found: &mut Diagnostics) {
    let mut policies: BTreeMap<&str, Vec<(&Policy, usize)>> = BTreeMap::new();
    for entry in &index.objects {
        if let (Kept::Policy(policy), Some(name)) = (&entry.pod_security, &entry.subject.name) {
            policies.entry(name).or_default().push((policy, entry.file));
        }
    }
    // Variants of a platform lie side by side, each with its namespaces: the nearest is meant.
    let policy = |entry: &Entry| {
        let known = policies.get(entry.subject.namespace.as_deref()?)?;
        known.iter().max_by_key(|(_, file)| world.inputs.nearness(*file, entry.file)).map(|(policy, _)| *policy)
    };
    let may_break = |entry: &&Entry| match (&entry.pod_security, policy(entry)) {
        (Kept::MayBreak(level), Some(policy)) => policy.strictest() >= *level,
        _ => false,
    };
    let entries: Vec<&Entry> = index.objects.iter().filter(may_break).collect();
    world.revisit(&entries, &mut |object, entry| {
        let Some(policy) = policy(entry) else { return };
        let modes = [(policy.enforce, Fate::Refused), (policy.warn, Fate::Warned), (policy.audit, Fate::Audited)];
        judge(object, &modes, policy.asked, world, found);
    });
}

/// All that a pod breaks is one finding: of the modes, in this order, the first that it breaks.
fn judge(
    object: &Object<'_>,
    modes: &[(LevelVersion, Fate)],
    asked: Option<Stretch>,
    world: &World<'_>,
    found: &mut Diagnostics,
) {
    let Some(pod) = Pod::of(object, world.tables) else { return };
    for (at, fate) in modes {
        let failures = world.tables.standard.judge(&pod, *at, world.options.version);
        if !failures.is_empty() {
            let asked = asked.filter(|_| *fate == Fate::Refused).map(|asked| asked.span(world));
            tell(object, &pod, (*at, *fate), &failures, asked.as_ref(), found);
            return;
        }
    }
}

fn tell(
    object: &Object<'_>,
    pod: &Pod<'_>,
    (at, fate): (LevelVersion, Fate),
    failures: &[Failure<'_>],
    asked: Option<&Span>,
    found: &mut Diagnostics,
) {
    let reasons: Vec<&str> = failures.iter().map(|failure| failure.reason).collect();
    let details: Vec<String> = failures.iter().map(Failure::words).collect();
    let detail = details.join(", ");
    let (kind, word) = match fate {
        Fate::Refused => ((Severity::Error, Code::PodRefused), "violates"),
        Fate::Warned => ((Severity::Warning, Code::PodWarned), "would violate"),
        Fate::Audited => ((Severity::Note, Code::PodWarned), "would violate"),
    };
    let diagnostic = found.push(kind.1, kind.0, format!("{word} PodSecurity \"{at}\": {detail}"));
    diagnostic.object = Some(object.subject.clone());
    let spots = failures.iter().flat_map(|failure| failure.spots.iter().map(|spot| (spot, failure.reason)));
    for (spot, reason) in spots.take(MAX_PLACES) {
        let pointer = pod.pointer(spot.owner, spot.path);
        diagnostic.within(&object.document.span(spot.mark), reason, object.document.number, pointer);
    }
    if let Some(asked) = asked {
        diagnostic.at(asked, "asked for here");
    }
    let [level, version] = at.names();
    diagnostic.pod_security = Some(Arc::new(PodSecurity { level, version, reason: reasons.join(", "), detail }));
}

impl Failure<'_> {
    fn words(&self) -> String {
        if self.detail.is_empty() { self.reason.to_owned() } else { format!("{} ({})", self.reason, self.detail) }
    }
}

impl Level {
    const NAMES: [(&'static str, Level); 3] =
        [("privileged", Level::Privileged), ("baseline", Level::Baseline), ("restricted", Level::Restricted)];

    pub fn parse(name: &str) -> Option<Level> {
        Level::NAMES.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
    }

    /// `privileged, baseline, restricted`
    pub fn list() -> String {
        Level::NAMES.map(|(name, _)| name).join(", ")
    }

    fn name(self) -> &'static str {
        Level::NAMES[self as usize].0
    }
}

impl LevelVersion {
    /// `restricted`, `restricted:latest` or `restricted:v1.36`.
    pub fn parse(text: &str) -> Option<LevelVersion> {
        let (level, version) = text.split_once(':').unwrap_or((text, "latest"));
        Some(LevelVersion { level: Level::parse(level)?, version: version_of(version)? })
    }

    fn names(self) -> [String; 2] {
        [self.level.name().to_owned(), self.version.map_or_else(|| "latest".to_owned(), |minor| format!("v1.{minor}"))]
    }
}

impl std::fmt::Display for LevelVersion {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.names().join(":"))
    }
}

/// `latest` is no certain one.
fn version_of(text: &str) -> Option<Option<u32>> {
    match text {
        "latest" => Some(None),
        _ => text.trim_start_matches('v').strip_prefix("1.")?.parse().ok().map(Some),
    }
}

impl Policy {
    /// What the labels say; a word that is none counts as the strictest for what is enforced, and as nothing for the others.
    fn of(namespace: &Object<'_>) -> Option<Policy> {
        let labels = namespace.metadata("labels")?;
        let label = |name: &str| labels.entries().iter().find(|entry| entry.key.name.strip_prefix(PREFIX) == Some(name));
        label("enforce").or_else(|| label("warn")).or_else(|| label("audit"))?;
        let at = |mode: &str, otherwise: Level| {
            let text = |name: &str| Some(label(name)?.value.as_str().unwrap_or_default());
            let level = text(mode).map_or(Level::Privileged, |text| Level::parse(text).unwrap_or(otherwise));
            let version = text(&format!("{mode}-version")).and_then(|text| version_of(text).flatten());
            LevelVersion { level, version }
        };
        let enforce = at("enforce", Level::Restricted);
        let mut warn = at("warn", Level::Privileged);
        let is_enforced = label("enforce").is_some_and(|label| label.value.as_str().and_then(Level::parse).is_some());
        if label("warn").is_none() && is_enforced && enforce.level > warn.level {
            let version = if label("warn-version").is_some() { warn.version } else { enforce.version };
            warn = LevelVersion { level: enforce.level, version };
        }
        let asked = label("enforce").map(|label| namespace.document.stretch(label.value.mark));
        Some(Policy { enforce, warn, audit: at("audit", Level::Privileged), asked })
    }

    fn strictest(&self) -> Level {
        self.enforce.level.max(self.warn.level).max(self.audit.level)
    }
}
