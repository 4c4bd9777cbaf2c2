//! schemas/pod-security.toml as rows: which checks a level has in which version, and what passes them.

use super::checks::{CHECKS, Check};
use super::{Failure, Level, LevelVersion};
use crate::check::Minor;
use crate::check::pod::Pod;
use crate::node::Node;

/// The checks of all levels and versions.
#[derive(Debug, Default)]
pub struct Standard {
    rows: Vec<StandardRow>,
}

struct StandardRow {
    check: Check,
    baseline: Option<Versions>,
    restricted: Option<Versions>,
    allowed: Vec<(String, u32)>,
    windows: Option<u32>,
    own_users: Option<u32>,
}

/// Minor versions, the last one left out.
#[derive(Clone, Copy, Debug)]
struct Versions {
    first: u32,
    end: u32,
}

/// A check in one version.
pub(super) struct Row<'r> {
    row: &'r StandardRow,
    version: u32,
}

impl Row<'_> {
    pub fn allows(&self, value: &str) -> bool {
        self.row.allowed.iter().any(|(allowed, since)| allowed == value && *since <= self.version)
    }

    fn excepts(&self, pod: &Pod<'_>) -> bool {
        let is_since = |since: Option<u32>| since.is_some_and(|since| since <= self.version);
        let has_own_users = || pod.flag("hostUsers") == Some(false);
        is_since(self.row.windows) && pod.text("os.name") == Some("windows") || is_since(self.row.own_users) && has_own_users()
    }
}

impl Standard {
    pub fn read(table: &Node) -> Standard {
        let rows = table.get("check").map_or(&[][..], |rows| rows.items());
        Standard { rows: rows.iter().map(|row| StandardRow::read(row)).collect() }
    }

    /// What a pod does that a level forbids; `newest` is the version of the API server, which knows no later one.
    pub(super) fn judge<'y>(&self, pod: &Pod<'y>, at: LevelVersion, newest: Minor) -> Vec<Failure<'y>> {
        let version = at.version.unwrap_or(u32::MAX).min(newest.minor);
        let of_level = self.rows.iter().filter(|row| row.versions(at.level).is_some_and(|versions| versions.has(version)));
        let rows = of_level.map(|row| Row { row, version });
        rows.filter(|row| !row.excepts(pod)).filter_map(|row| (row.row.check)(pod, &row)).collect()
    }

    /// The lowest level that a pod may break in some version; the strictest of each check decides.
    pub(super) fn may_break(&self, pod: &Pod<'_>) -> Option<Level> {
        let fails = |level: Level| {
            let of_level = self.rows.iter().filter(|row| row.versions(level).is_some());
            of_level.map(|row| Row { row, version: 0 }).any(|row| (row.row.check)(pod, &row).is_some())
        };
        [Level::Baseline, Level::Restricted].into_iter().find(|level| fails(*level))
    }
}

impl StandardRow {
    fn read(row: &Node) -> StandardRow {
        let name = row.text("name");
        let check = CHECKS.iter().find(|(known, _)| *known == name).expect("each check of the table is there").1;
        let allowed = row.get("allowed").map_or(&[][..], |allowed| allowed.entries());
        let except = |who: &str| Some(minor(row.get("except")?.get(who)?.as_str()?));
        StandardRow {
            check,
            baseline: Versions::read(row.text("baseline")),
            restricted: Versions::read(row.text("restricted")),
            allowed: allowed.iter().map(|e| (e.key.to_string(), minor(e.node.as_str().unwrap_or_default()))).collect(),
            windows: except("windows"),
            own_users: except("own-users"),
        }
    }

    fn versions(&self, level: Level) -> Option<Versions> {
        match level {
            Level::Privileged => None,
            Level::Baseline => self.baseline,
            Level::Restricted => self.restricted,
        }
    }
}

impl std::fmt::Debug for StandardRow {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("StandardRow").field("baseline", &self.baseline).field("restricted", &self.restricted).finish()
    }
}

impl Versions {
    /// `1.0..1.22`, or `1.0..` for what still holds.
    fn read(text: &str) -> Option<Versions> {
        let (first, end) = text.split_once("..")?;
        Some(Versions { first: minor(first), end: if end.is_empty() { u32::MAX } else { minor(end) } })
    }

    fn has(self, version: u32) -> bool {
        self.first <= version && version < self.end
    }
}

fn minor(text: &str) -> u32 {
    Minor::parse(text).expect("versions in the table are versions").minor
}
