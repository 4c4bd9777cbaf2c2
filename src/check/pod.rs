//! An object in, the pod that it makes out, container by container.

use super::{Object, Tables};
use crate::yaml::{Data, Mark, Yaml};

/// The lists of a pod that hold containers, in the order in which they are told.
const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// A pod, as an object has it or makes it.
pub(super) struct Pod<'y> {
    pub metadata: Option<&'y Yaml<'y>>,
    pub spec: &'y Yaml<'y>,
    /// What holds both.
    pub root: &'y Yaml<'y>,
    pub containers: Vec<Container<'y>>,
    /// From the root of the document.
    pub pointer: String,
    /// The object is the pod itself, not what makes it.
    pub is_itself: bool,
}

pub(super) struct Container<'y> {
    pub yaml: &'y Yaml<'y>,
    pub name: &'y str,
    pub list: &'static str,
    pub at: usize,
}

/// Whose field something is.
#[derive(Clone, Copy)]
pub(super) enum Owner<'y> {
    Pod,
    Container(&'static str, usize),
    Volume(usize),
    Annotation(&'y str),
}

impl<'y> Pod<'y> {
    /// None for kinds without pods, and where the object has no spec for them.
    pub fn of(object: &'y Object<'y>, tables: &Tables) -> Option<Pod<'y>> {
        let row = tables.pod(object)?;
        let template = row.text("template");
        let root = object.root.pointer(template)?;
        let spec = field(root, "spec").filter(|spec| matches!(spec.data, Data::Map(_)))?;
        let containers = LISTS.iter().flat_map(|list| {
            let items = field(spec, list).map_or(&[][..], Yaml::items).iter().enumerate();
            items.map(|(at, yaml)| Container { yaml, name: text(yaml, "name").unwrap_or_default(), list, at })
        });
        let pointer = format!("{}{template}", object.path.pointer());
        let containers = containers.collect();
        Some(Pod { metadata: field(root, "metadata"), spec, root, containers, pointer, is_itself: template.is_empty() })
    }

    pub fn annotations(&self) -> impl Iterator<Item = (&'y str, &'y Yaml<'y>)> {
        let entries = self.metadata.and_then(|metadata| field(metadata, "annotations")).map_or(&[][..], Yaml::entries);
        entries.iter().map(|entry| (&*entry.key.name, &entry.value))
    }

    pub fn flag(&self, path: &str) -> Option<bool> {
        flag(self.spec, path)
    }

    pub fn text(&self, path: &str) -> Option<&'y str> {
        text(self.spec, path)
    }

    /// The pointer to a field such as `securityContext.privileged`, from the root of the document.
    pub fn pointer(&self, owner: Owner<'_>, path: &str) -> String {
        let spec = format!("{}/spec", self.pointer);
        let start = match owner {
            Owner::Pod => spec,
            Owner::Container(list, at) => format!("{spec}/{list}/{at}"),
            Owner::Volume(at) => format!("{spec}/volumes/{at}"),
            Owner::Annotation(key) => return format!("{}/metadata/annotations/{}", self.pointer, crate::node::escape(key)),
        };
        path.split('.').filter(|step| !step.is_empty()).fold(start, |at, step| format!("{at}/{step}"))
    }
}

impl<'y> Container<'y> {
    pub fn owner(&self) -> Owner<'y> {
        Owner::Container(self.list, self.at)
    }

    /// Where to point at for something that it does not say.
    pub fn head(&self) -> Mark {
        field(self.yaml, "name").map_or_else(|| head(self.yaml), |name| name.mark)
    }
}

/// The value under a path such as `securityContext.privileged`; none where it is null, for that is what null means in an object.
pub(super) fn field<'y>(yaml: &'y Yaml<'y>, path: &str) -> Option<&'y Yaml<'y>> {
    let found = path.split('.').try_fold(yaml, |yaml, step| yaml.get(step))?;
    (!matches!(found.data, Data::Null)).then_some(found)
}

pub(super) fn text<'y>(yaml: &'y Yaml<'y>, path: &str) -> Option<&'y str> {
    field(yaml, path)?.as_str()
}

pub(super) fn flag(yaml: &Yaml<'_>, path: &str) -> Option<bool> {
    match field(yaml, path)?.data {
        Data::Bool(flag) => Some(flag),
        _ => None,
    }
}

pub(super) fn number(yaml: &Yaml<'_>, path: &str) -> Option<i128> {
    field(yaml, path)?.to_int()
}

pub(super) fn items<'y>(yaml: &'y Yaml<'y>, path: &str) -> &'y [Yaml<'y>] {
    field(yaml, path).map_or(&[][..], Yaml::items)
}

/// Where to point at for a map as a whole.
pub(super) fn head(yaml: &Yaml<'_>) -> Mark {
    yaml.entries().first().map_or(yaml.mark, |entry| entry.key.mark)
}
