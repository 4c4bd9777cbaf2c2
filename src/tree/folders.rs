//! The folders on the way to files: paths in, whether each can be walked without leaving the root out.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::host::Kind;

use super::root::Root;

pub(super) struct Folders {
    ways: BTreeMap<String, Way>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Open,
    Missing,
    /// At this path stands something that is not a folder.
    Blocked {
        at: String,
        kind: Kind,
    },
}

/// The folders above a path, nearest last, without the root.
pub(super) fn above(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.match_indices('/').map(|(end, _)| &path[..end])
}

impl Folders {
    pub(super) fn look<'a>(root: &Root<'_>, paths: impl Iterator<Item = &'a str>) -> Result<Folders, (String, io::Error)> {
        let names: BTreeSet<&str> = paths.flat_map(above).collect();
        let top = match root.host.kind(root.path).map_err(|error| (String::new(), error))? {
            None => Way::Missing,
            // The root itself may be a link: where it leads to is for the user to say.
            Some(_) => Way::Open,
        };
        let mut folders = Folders { ways: BTreeMap::from([(String::new(), top)]) };
        // A folder sorts before what is in it.
        for name in names {
            let way = match folders.to(name) {
                Way::Open => way(name, root.host.kind(&root.join(name)).map_err(|error| (name.to_string(), error))?),
                closed => closed.clone(),
            };
            folders.ways.insert(name.to_string(), way);
        }
        Ok(folders)
    }

    /// The way to what is at a path, not counting itself.
    pub(super) fn to(&self, path: &str) -> &Way {
        self.of(path.rfind('/').map_or("", |end| &path[..end]))
    }

    pub(super) fn of(&self, folder: &str) -> &Way {
        self.ways.get(folder).expect("every folder was looked at")
    }
}

fn way(name: &str, kind: Option<Kind>) -> Way {
    match kind {
        None => Way::Missing,
        Some(Kind::Folder) => Way::Open,
        Some(kind) => Way::Blocked { at: name.to_string(), kind },
    }
}
