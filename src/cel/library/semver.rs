//! Versions as semver.org writes them.

use std::cmp::Ordering;
use std::fmt;

use super::{Opaque, Table, no_overload, opaque, text};
use crate::cel::fault::Fault;
use crate::cel::value::Value;

#[derive(Clone, Debug)]
pub struct Semver {
    numbers: [u64; 3],
    prerelease: Vec<String>,
    build: String,
}

impl PartialEq for Semver {
    fn eq(&self, other: &Semver) -> bool {
        compare(self, other) == Ordering::Equal
    }
}

pub const TABLE: Table = &[
    ("to_semver", |args, _| {
        let version = read(args).map_err(Fault::new)?;
        Ok(Value::opaque(Opaque::Semver(version)))
    }),
    ("is_semver", |args, _| Ok(Value::Bool(read(args).is_ok()))),
    ("semver_major", |args, _| number(args, 0)),
    ("semver_minor", |args, _| number(args, 1)),
    ("semver_patch", |args, _| number(args, 2)),
];

fn number(args: &[Value], at: usize) -> Result<Value, Fault> {
    match opaque(args, 0)? {
        Opaque::Semver(version) => Ok(Value::Int(version.numbers[at] as i64)),
        _ => Err(no_overload()),
    }
}

fn read(args: &[Value]) -> Result<Semver, &'static str> {
    let text = text(args, 0).map_err(|_| "no such overload")?;
    if matches!(args.get(1), Some(Value::Bool(true))) { parse(&normal(text)?) } else { parse(text) }
}

/// Without a `v`, without zeros before numbers, with all three numbers.
fn normal(text: &str) -> Result<String, &'static str> {
    let mut parts: Vec<String> = text.strip_prefix('v').unwrap_or(text).splitn(3, '.').map(str::to_owned).collect();
    for part in parts.iter_mut().filter(|part| part.len() > 1) {
        let trimmed = part.trim_start_matches('0');
        let begins = trimmed.starts_with(|c: char| c.is_ascii_digit());
        *part = if begins { trimmed.to_owned() } else { format!("0{trimmed}") };
    }
    if parts.len() < 3 && parts.last().is_some_and(|part| part.contains(['+', '-'])) {
        return Err("short version cannot contain PreRelease/Build meta data");
    }
    parts.resize(3, "0".to_owned());
    Ok(parts.join("."))
}

fn parse(text: &str) -> Result<Semver, &'static str> {
    if text.is_empty() {
        return Err("Version string empty");
    }
    let (rest, build) = text.split_once('+').map_or((text, None), |(rest, build)| (rest, Some(build)));
    let (core, prerelease) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let parts: Vec<&str> = core.split('.').collect();
    let [major, minor, patch] = parts[..] else { return Err("No Major.Minor.Patch elements found") };
    let numbers = [plain(major)?, plain(minor)?, plain(patch)?];
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let prerelease: Vec<String> = prerelease.map_or(Vec::new(), |text| text.split('.').map(str::to_owned).collect());
    if !prerelease.iter().all(|word| is_word(word) && !has_zeros(word)) {
        return Err("Invalid character(s) found in prerelease");
    }
    if !build.is_none_or(|text| text.split('.').all(is_word)) {
        return Err("Invalid character(s) found in build meta data");
    }
    Ok(Semver { numbers, prerelease, build: build.unwrap_or_default().to_owned() })
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

fn has_zeros(word: &str) -> bool {
    is_number(word) && word.len() > 1 && word.starts_with('0')
}

fn plain(word: &str) -> Result<u64, &'static str> {
    if word.is_empty() || !is_number(word) {
        return Err("Invalid character(s) found in a version number");
    }
    if has_zeros(word) {
        return Err("a version number must not contain leading zeroes");
    }
    word.parse().map_err(|_| "a version number is too large")
}

/// What comes before a release is less than it; what was built of it makes no difference.
pub fn compare(a: &Semver, b: &Semver) -> Ordering {
    let numbers = a.numbers.cmp(&b.numbers);
    let release = b.prerelease.is_empty().cmp(&a.prerelease.is_empty()).reverse();
    numbers.then(release).then_with(|| {
        let words = a.prerelease.iter().zip(&b.prerelease).map(|(a, b)| word_order(a, b));
        words.fold(Ordering::Equal, Ordering::then).then(a.prerelease.len().cmp(&b.prerelease.len()))
    })
}

fn word_order(a: &str, b: &str) -> Ordering {
    match (is_number(a), is_number(b)) {
        (true, true) => a.len().cmp(&b.len()).then(a.cmp(b)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}

impl fmt::Display for Semver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(f, "{major}.{minor}.{patch}")?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease.join("."))?;
        }
        if self.build.is_empty() { Ok(()) } else { write!(f, "+{}", self.build) }
    }
}
