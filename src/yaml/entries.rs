//! The entries of a map as written in; the entries without repetition out, and an error for each key that stands twice.

use super::{Code, Entry, Error};

/// Up to here comparing each key with each is cheaper than sorting.
const SMALL: usize = 12;

/// Leaves the first entry of each name.
pub(super) fn refuse_duplicates(entries: &mut Vec<Entry<'_>>, errors: &mut Vec<Error>) {
    let mut pairs = if entries.len() <= SMALL { compare_all(entries) } else { compare_sorted(entries) };
    if pairs.is_empty() {
        return;
    }
    pairs.sort_unstable_by_key(|&(_, again)| again);
    for &(first, again) in &pairs {
        let key = &entries[again].key;
        let first = Some(entries[first].key.mark);
        errors.push(Error { first, ..Error::new(Code::DuplicateKey, message(&key.name), key.mark) });
    }
    let (mut at, mut repeated) = (0..entries.len(), pairs.iter().map(|&(_, again)| again).peekable());
    entries.retain(|_| repeated.next_if_eq(&at.next().expect("an index for each entry")).is_none());
}

fn message(name: &str) -> String {
    format!("the key {name} stands twice in one map")
}

fn compare_all(entries: &[Entry<'_>]) -> Vec<(usize, usize)> {
    let first = |again: usize| entries[..again].iter().position(|entry| entry.key.name == entries[again].key.name);
    (1..entries.len()).filter_map(|again| Some((first(again)?, again))).collect()
}

fn compare_sorted(entries: &[Entry<'_>]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_unstable_by_key(|&at| (&entries[at].key.name, at));
    let runs = order.chunk_by(|&a, &b| entries[a].key.name == entries[b].key.name);
    runs.flat_map(|run| run[1..].iter().map(|&again| (run[0], again))).collect()
}
