//! Formats with a name: what Kubernetes demands of names, labels and times.

use std::sync::LazyLock;

use regex::Regex;

use super::{Opaque, Table, opaque, strings, text, time, url};
use crate::cel::fault::Fault;
use crate::cel::value::Value;

#[derive(Debug)]
pub struct NamedFormat {
    /// After `format.`, and what `format.named()` is asked for.
    key: &'static str,
    pub name: &'static str,
    /// What the API server reckons its pattern as.
    pub size: u64,
    /// A trailing dash is fine: something will be put behind it.
    is_prefix: bool,
    check: fn(&str) -> Vec<String>,
}

impl PartialEq for NamedFormat {
    fn eq(&self, other: &NamedFormat) -> bool {
        self.name == other.name
    }
}

#[rustfmt::skip]
static FORMATS: [NamedFormat; 13] = [
    NamedFormat { key: "dns1123Label", name: "DNS1123Label", size: 30, is_prefix: false, check: label },
    NamedFormat { key: "dns1123Subdomain", name: "DNS1123Subdomain", size: 60, is_prefix: false, check: subdomain },
    NamedFormat { key: "dns1035Label", name: "DNS1035Label", size: 30, is_prefix: false, check: old_label },
    NamedFormat { key: "qualifiedName", name: "QualifiedName", size: 60, is_prefix: false, check: qualified },
    NamedFormat { key: "dns1123LabelPrefix", name: "DNS1123LabelPrefix", size: 30, is_prefix: true, check: label },
    NamedFormat { key: "dns1123SubdomainPrefix", name: "DNS1123SubdomainPrefix", size: 60, is_prefix: true, check: subdomain },
    NamedFormat { key: "dns1035LabelPrefix", name: "DNS1035LabelPrefix", size: 30, is_prefix: true, check: old_label },
    NamedFormat { key: "labelValue", name: "LabelValue", size: 40, is_prefix: false, check: label_value },
    NamedFormat { key: "uri", name: "URI", size: 1103, is_prefix: false, check: |text| url::parse(text).err().into_iter().collect() },
    NamedFormat { key: "uuid", name: "uuid", size: 72, is_prefix: false, check: |text| unless(UUID.is_match(text), "does not match the UUID format") },
    NamedFormat { key: "byte", name: "byte", size: 84, is_prefix: false, check: |text| unless(is_base64(text), "invalid base64") },
    NamedFormat { key: "date", name: "date", size: 72, is_prefix: false, check: |text| unless(is_date(text), "invalid date") },
    NamedFormat { key: "datetime", name: "datetime", size: 72, is_prefix: false, check: |text| unless(time::parse_timestamp(text).is_some(), "invalid datetime") },
];

pub const TABLE: Table = &[
    ("named_format", |args, _| Ok(by_key(text(args, 0)?).map_or(Value::Optional(None), Value::some))),
    ("format_dns1123Label", |_, _| known("dns1123Label")),
    ("format_dns1123Subdomain", |_, _| known("dns1123Subdomain")),
    ("format_dns1035Label", |_, _| known("dns1035Label")),
    ("format_qualifiedName", |_, _| known("qualifiedName")),
    ("format_dns1123LabelPrefix", |_, _| known("dns1123LabelPrefix")),
    ("format_dns1123SubdomainPrefix", |_, _| known("dns1123SubdomainPrefix")),
    ("format_dns1035LabelPrefix", |_, _| known("dns1035LabelPrefix")),
    ("format_labelValue", |_, _| known("labelValue")),
    ("format_uri", |_, _| known("uri")),
    ("format_uuid", |_, _| known("uuid")),
    ("format_byte", |_, _| known("byte")),
    ("format_date", |_, _| known("date")),
    ("format_datetime", |_, _| known("datetime")),
    ("validate", |args, _| {
        let Opaque::Format(format) = opaque(args, 0)? else { return Err(super::no_overload()) };
        let wrong = format.wrong(text(args, 1)?);
        Ok(if wrong.is_empty() { Value::Optional(None) } else { Value::some(strings(wrong)) })
    }),
];

fn by_key(key: &str) -> Option<Value> {
    FORMATS.iter().find(|format| format.key == key).map(|format| Value::opaque(Opaque::Format(format)))
}

fn known(key: &str) -> Result<Value, Fault> {
    by_key(key).ok_or_else(super::no_overload)
}

impl NamedFormat {
    fn wrong(&self, text: &str) -> Vec<String> {
        match text.strip_suffix('-').filter(|rest| self.is_prefix && !rest.is_empty()) {
            Some(rest) => {
                let mut masked = rest.to_owned();
                masked.pop();
                (self.check)(&(masked + "a"))
            }
            None => (self.check)(text),
        }
    }
}

fn unless(is_fine: bool, message: &str) -> Vec<String> {
    if is_fine { Vec::new() } else { vec![message.to_owned()] }
}

static UUID: LazyLock<Regex> = LazyLock::new(|| whole("(?i:[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})"));

fn whole(pattern: &str) -> Regex {
    Regex::new(&format!("^(?:{pattern})$")).expect("a pattern of our own")
}

/// A pattern that a text must match as a whole, how long it may be, and the words for it.
struct Rule {
    pattern: &'static str,
    most: usize,
    words: &'static str,
    examples: &'static [&'static str],
}

const LABEL: Rule = Rule {
    pattern: "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    most: 63,
    words: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an \
            alphanumeric character",
    examples: &["my-name", "123-abc"],
};
const SUBDOMAIN: Rule = Rule {
    pattern: "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    most: 253,
    words: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end \
            with an alphanumeric character",
    examples: &["example.com"],
};
const OLD_LABEL: Rule = Rule {
    pattern: "[a-z]([-a-z0-9]*[a-z0-9])?",
    most: 63,
    words: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end \
            with an alphanumeric character",
    examples: &["my-name", "abc-123"],
};
const NAME_PART: Rule = Rule {
    pattern: "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
    most: 63,
    words: "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    examples: &["MyName", "my.name", "123-abc"],
};
const LABEL_VALUE: Rule = Rule {
    pattern: "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
    most: 63,
    words: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end \
            with an alphanumeric character",
    examples: &["MyValue", "my_value", "12345"],
};

fn label(text: &str) -> Vec<String> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(LABEL.pattern));
    LABEL.wrong(&PATTERN, text)
}

fn subdomain(text: &str) -> Vec<String> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(SUBDOMAIN.pattern));
    SUBDOMAIN.wrong(&PATTERN, text)
}

fn old_label(text: &str) -> Vec<String> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(OLD_LABEL.pattern));
    OLD_LABEL.wrong(&PATTERN, text)
}

fn label_value(text: &str) -> Vec<String> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(LABEL_VALUE.pattern));
    LABEL_VALUE.wrong(&PATTERN, text)
}

fn qualified(text: &str) -> Vec<String> {
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| whole(NAME_PART.pattern));
    let (prefix, name) = match text.split_once('/') {
        Some((_, name)) if name.contains('/') => {
            let end = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {}{end}", NAME_PART.in_words())];
        }
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let mut wrong: Vec<String> = match prefix {
        Some("") => vec!["prefix part must be non-empty".to_owned()],
        Some(prefix) => subdomain(prefix).into_iter().map(|message| format!("prefix part {message}")).collect(),
        None => Vec::new(),
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    }
    wrong.extend(NAME_PART.wrong(&PATTERN, name).into_iter().map(|message| format!("name part {message}")));
    wrong
}

impl Rule {
    fn wrong(&self, pattern: &Regex, text: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        if text.len() > self.most {
            wrong.push(format!("must be no more than {} characters", self.most));
        }
        if !pattern.is_match(text) {
            wrong.push(self.in_words());
        }
        wrong
    }

    fn in_words(&self) -> String {
        let examples: Vec<String> = self.examples.iter().map(|example| format!("'{example}', ")).collect();
        format!("{} (e.g. {}regex used for validation is '{}')", self.words, examples.join(" or "), self.pattern)
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && time::parse_timestamp(&format!("{text}T00:00:00Z")).is_some()
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    !text.is_empty() && text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && body.bytes().all(is_letter)
}
