//! Which kinds there are and what their objects must look like: those of the bundle that lakegen carries, and definitions that a
//! user brings. API version and kind in, the shape out.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, RwLock};

use super::Minor;
use crate::cel::Version;
use crate::policy::Resource;
use crate::structural::{Arena, Bundle, CompileError, KindRow, Ref, Rules, Shape, Shapes, compile};
use crate::yaml::{Data, Yaml};

static BUNDLE: &[u8] = include_bytes!("../../kinds/bundle.bin");
/// Of every object, whatever its kind.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

pub struct Kinds {
    bundle: Bundle,
    /// The version asked for, as a bit of what a row says; none where the bundle does not have it.
    version: Option<usize>,
    users: Arena,
    user_kinds: BTreeMap<(String, String), UserKind>,
    /// The rules in CEL of each kind that was met, compiled when the first of its objects came.
    rules: RwLock<BTreeMap<(String, String), Arc<Rules>>>,
    functions: Version,
    resources: OnceLock<Vec<Resource>>,
}

/// Where the objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Namespace,
    Cluster,
}

struct UserKind {
    scope: Scope,
    plural: String,
    root: Ref,
}

/// A kind whose objects can be judged.
#[derive(Clone, Copy)]
pub struct Kind<'k> {
    pub scope: Scope,
    pub plural: &'k str,
    /// Where its schema comes from.
    pub source: &'k str,
    pub shapes: &'k dyn Shapes,
    pub root: Ref,
    /// One of Kubernetes itself: its versions matter.
    pub is_native: bool,
}

impl Kind<'_> {
    /// The parts that the API server's own objects have, though empty, where nobody wrote them.
    pub fn parts(&self) -> Vec<&'static str> {
        let shape = self.shapes.shape(self.root);
        ["spec", "status"].into_iter().filter(|name| self.is_native && shape.property(name).is_some()).collect()
    }
}

/// What is known of an object by its API version and kind.
#[derive(Clone, Copy)]
pub enum Known<'k> {
    Kind(Kind<'k>),
    /// A kind of Kubernetes that the version asked for does not have.
    OtherVersion(Kind<'k>),
    /// A kind of Kubernetes, in a version that no schema is here of.
    Outside(Kind<'k>),
    Unknown,
    /// A List of one kind, whose items are judged.
    List,
    /// It does not say what it is.
    Nameless,
}

impl Kinds {
    pub fn of(version: Minor) -> Kinds {
        // Which versions there are stands in the bundle itself; opening it costs microseconds.
        let versions: Vec<Minor> = Bundle::open(BUNDLE, 0).versions().iter().filter_map(|text| Minor::parse(text)).collect();
        let at = versions.iter().position(|known| *known == version);
        let nearest = at.unwrap_or_else(|| versions.iter().filter(|known| **known < version).count().saturating_sub(1));
        let functions = Version { major: version.major, minor: version.minor };
        Kinds {
            bundle: Bundle::open(BUNDLE, nearest),
            version: at,
            users: Arena::default(),
            user_kinds: BTreeMap::new(),
            rules: RwLock::default(),
            functions,
            resources: OnceLock::new(),
        }
    }

    /// The rules in CEL of a kind.
    pub fn rules(&self, api_version: &str, kind: &str, known: &Kind<'_>) -> Arc<Rules> {
        let key = (api_version.to_owned(), kind.to_owned());
        if let Some(rules) = self.rules.read().expect("no thread panics with it").get(&key) {
            return rules.clone();
        }
        let rules = Arc::new(Rules::of(known.shapes, known.root, self.functions));
        self.rules.write().expect("no thread panics with it").entry(key).or_insert(rules).clone()
    }

    /// The version whose functions expressions may call.
    pub fn functions(&self) -> Version {
        self.functions
    }

    /// The versions of Kubernetes that schemas are here of.
    pub fn versions(&self) -> &[&'static str] {
        self.bundle.versions()
    }

    pub fn has_version(&self) -> bool {
        self.version.is_some()
    }

    /// Every kind of the bundle.
    pub fn rows(&self) -> impl Iterator<Item = KindRow> + '_ {
        self.bundle.kinds()
    }

    /// The versions of Kubernetes that have a kind, where they matter.
    pub fn versions_of(&self, row: &KindRow) -> Vec<&'static str> {
        let has = |at: &usize| row.versions & (1 << at) != 0;
        (0..self.versions().len()).filter(has).map(|at| self.versions()[at]).collect()
    }

    pub fn find(&self, api_version: &str, kind: &str) -> Known<'_> {
        if api_version.is_empty() || kind.is_empty() {
            return Known::Nameless;
        }
        if let Some(user) = self.user_kinds.get(&(api_version.to_owned(), kind.to_owned())) {
            let UserKind { scope, plural, root } = user;
            let kind = Kind { scope: *scope, plural, source: "a definition", shapes: &self.users, root: *root, is_native: false };
            return Known::Kind(kind);
        }
        let Some(row) = self.bundle.find(api_version, kind) else { return Known::Unknown };
        let scope = if row.scope == 1 { Scope::Namespace } else { Scope::Cluster };
        let is_native = row.versions != 0;
        let kind = Kind { scope, plural: row.plural, source: row.source, shapes: &self.bundle, root: row.root, is_native };
        match self.version {
            None if is_native => Known::Outside(kind),
            Some(version) if is_native && row.versions & (1 << version) == 0 => Known::OtherVersion(kind),
            _ => Known::Kind(kind),
        }
    }

    /// Other versions of a group that serve the same objects.
    pub fn versions_beside(&self, group: &str, version: &str, kind: &str) -> Vec<String> {
        let known = self.resources().iter().filter(|known| known.group == group && known.kind == kind);
        known.map(|known| known.version.clone()).filter(|known| known != version).collect()
    }

    /// Every kind that is served, as requests name it; what is the same in other versions is not said.
    pub fn resources(&self) -> &[Resource] {
        self.resources.get_or_init(|| {
            let is_served = |row: &KindRow| row.versions == 0 || self.version.is_none_or(|at| row.versions & (1 << at) != 0);
            let of_bundle = self.bundle.kinds().filter(is_served);
            let of_bundle = of_bundle.map(|row| resource(row.api_version, row.kind, row.plural, row.scope == 1));
            let of_users = self
                .user_kinds
                .iter()
                .map(|((api_version, kind), user)| resource(api_version, kind, &user.plural, user.scope == Scope::Namespace));
            of_bundle.chain(of_users).collect()
        })
    }

    /// The kinds that a misspelt one may have been meant to be.
    pub fn names(&self) -> Vec<&str> {
        let users = self.user_kinds.keys().map(|(_, kind)| kind.as_str());
        self.bundle.kinds().map(|row| row.kind).chain(users).collect()
    }

    /// What the metadata of every object must be.
    pub fn object_meta(&self) -> (&dyn Shapes, &Shape) {
        let at = self.bundle.definition(OBJECT_META).expect("the bundle has it");
        (&self.bundle, self.bundle.shape(at))
    }

    /// Adds the kinds of a CustomResourceDefinition, one for each version that is served.
    pub fn define(&mut self, definition: &Yaml<'_>) -> Result<(), CompileError> {
        let Some(spec) = definition.get("spec") else { return Ok(()) };
        self.resources = OnceLock::new();
        let text =
            |yaml: Option<&Yaml<'_>>, name: &str| yaml.and_then(|yaml| yaml.get(name)?.as_str()).unwrap_or_default().to_owned();
        let (group, names) = (text(Some(spec), "group"), spec.get("names"));
        let scope = if text(Some(spec), "scope") == "Cluster" { Scope::Cluster } else { Scope::Namespace };
        for version in spec.get("versions").map_or(&[][..], Yaml::items) {
            let is_served = version.get("served").is_none_or(|served| served.data != Data::Bool(false));
            // Before v1 one schema stood for all versions.
            let schema =
                [version.get("schema"), spec.get("validation")].into_iter().flatten().find_map(|v| v.get("openAPIV3Schema"));
            if !is_served {
                continue;
            }
            let root = match schema {
                Some(schema) => compile(schema, &mut self.users)?,
                None => self.users.add(Shape { is_open: true, ..Shape::default() }),
            };
            let key = (format!("{group}/{}", text(Some(version), "name")), text(names, "kind"));
            self.user_kinds.insert(key, UserKind { scope, plural: text(names, "plural"), root });
        }
        Ok(())
    }
}

fn resource(api_version: &str, kind: &str, plural: &str, is_namespaced: bool) -> Resource {
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    let [group, version, kind, name] = [group, version, kind, plural].map(str::to_owned);
    Resource { group, version, kind, name, is_namespaced, equivalents: Vec::new(), always: Vec::new() }
}

/// Whether an object defines kinds.
pub fn is_definition(root: &Yaml<'_>) -> bool {
    let text = |name: &str| root.get(name).and_then(Yaml::as_str).unwrap_or_default();
    text("kind") == "CustomResourceDefinition" && text("apiVersion").starts_with("apiextensions.k8s.io/")
}
