//! The catalogue of metrics, schemas/metrics: a name in, what it counts out.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::tables::table;
use crate::catalog;

/// The type of each metric that an exporter of the catalogue gives: `counter`, `gauge` …
static TYPES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let files = catalog::built_in().filter(|(name, _)| name.starts_with("schemas/metrics/"));
    let mut types = BTreeMap::new();
    for (name, text) in files {
        for kind in table(name, text).entries() {
            types.extend(kind.node.entries().iter().map(|metric| (metric.key.to_string(), kind.key.to_string())));
        }
    }
    types
});

pub(super) fn type_of(metric: &str) -> Option<&'static str> {
    TYPES.get(metric).map(String::as_str)
}
