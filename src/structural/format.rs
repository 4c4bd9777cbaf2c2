//! The forms of strings and numbers that Kubernetes knows by name: a text in, whether it has the form out.

use std::net::IpAddr;

use crate::cel::{Type, Value};
use crate::promql;

use super::pattern::is_regex;

/// A row of the table of forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format(u8);

struct Row {
    name: &'static str,
    /// What is wanted, to stand behind `expected`.
    words: &'static str,
    check: fn(&str) -> bool,
}

const FORMATS: &[Row] = &[
    // Of integers; `judge` knows their bounds.
    Row { name: "int32", words: "an integer of 32 bits", check: |_| true },
    Row { name: "int64", words: "an integer of 64 bits", check: |_| true },
    Row { name: "quantity", words: "a quantity such as 500m, 1.5 or 2Gi", check: is_quantity },
    Row { name: "byte", words: "base64", check: is_base64 },
    Row { name: "date-time", words: "a time such as 2026-01-31T12:00:00Z", check: is_date_time },
    Row { name: "ipv4", words: "an IPv4 address", check: |text| text.parse::<std::net::Ipv4Addr>().is_ok() },
    Row { name: "ipv6", words: "an IPv6 address", check: |text| text.parse::<std::net::Ipv6Addr>().is_ok() },
    Row { name: "ip", words: "an IP address", check: |text| text.parse::<IpAddr>().is_ok() },
    Row { name: "cidr", words: "an address range such as 10.0.0.0/8", check: is_cidr },
    Row {
        name: "dns-label",
        words: "at most 63 small letters, digits and -, with a letter or digit at both ends",
        check: is_dns_label,
    },
    Row {
        name: "dns-1035-label",
        words: "at most 63 small letters, digits and -, with a letter first and a letter or digit last",
        check: |text| is_dns_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase()),
    },
    Row {
        name: "dns-subdomain",
        words: "at most 253 small letters, digits, - and ., with a letter or digit at both ends of each part",
        check: is_dns_subdomain,
    },
    Row {
        name: "dns-wildcard",
        words: "a host name, or one whose first part is *",
        check: |text| is_dns_subdomain(text.strip_prefix("*.").unwrap_or(text)),
    },
    Row {
        name: "qualified-name",
        words: "at most 63 letters, digits, -, _ and ., with a letter or digit at both ends, behind an optional host name and /",
        check: is_qualified_name,
    },
    Row {
        name: "qualified-name-or-empty",
        words: "a name as labels have, or none",
        check: |text| text.is_empty() || is_qualified_name(text),
    },
    Row {
        name: "resource-name",
        words: "cpu, memory, ephemeral-storage, hugepages-… or a name with a host name and /",
        check: is_resource_name,
    },
    Row {
        name: "dns-subdomain-or-empty",
        words: "small letters, digits, - and ., or nothing",
        check: |text| text.is_empty() || is_dns_subdomain(text),
    },
    Row {
        name: "cluster-ip",
        words: "an IP address, or None",
        check: |text| matches!(text, "" | "None") || text.parse::<IpAddr>().is_ok(),
    },
    Row {
        name: "positive-quantity",
        words: "a quantity such as 500m, 1.5 or 2Gi, and not below 0",
        check: |text| {
            is_quantity(text) && !(text.trim_start().starts_with('-') && text.contains(|c: char| ('1'..='9').contains(&c)))
        },
    },
    Row { name: "quota-name", words: "a resource that quotas count, or a name with a host name and /", check: is_quota_name },
    Row { name: "limit-name", words: "cpu, memory, storage or a name with a host name and /", check: is_limit_name },
    Row { name: "share", words: "a number, or a percentage such as 25%", check: is_percentage },
    Row {
        name: "label-value",
        words: "at most 63 letters, digits, -, _ and ., with a letter or digit at both ends",
        check: |text| text.is_empty() || is_label(text),
    },
    Row {
        name: "port-name",
        words: "at most 15 small letters, digits and single -, with a letter among them",
        check: is_port_name,
    },
    Row { name: "env-name", words: "printable ASCII without =", check: is_env_name },
    Row { name: "config-key", words: "at most 253 letters, digits, -, _ and .", check: is_config_key },
    Row { name: "path-segment", words: "a name without / and %, and not . or ..", check: is_path_segment },
    Row { name: "trimmed", words: "text without blanks at its ends", check: |text| !text.is_empty() && text.trim() == text },
    Row { name: "not-empty", words: "some text", check: |text| !text.is_empty() },
    Row { name: "mount-path", words: "a path without a colon", check: |text| !text.is_empty() && !text.contains(':') },
    Row { name: "below", words: "a path that does not lead upwards", check: is_below },
    Row { name: "absolute", words: "a path that begins with /", check: |text| text.starts_with('/') },
    Row { name: "prometheus-duration", words: "a duration such as 5m or 1h30m", check: promql::is_duration },
    Row { name: "regex", words: "a regular expression", check: is_regex },
    Row { name: "url", words: "a URL such as https://example.com/path", check: |text| Url::of(text).is_some() },
    Row {
        name: "absolute-url",
        words: "a URL with its scheme and host, such as https://example.com",
        check: |text| Url::of(text).is_some_and(|url| !url.scheme.is_empty() && !url.host.is_empty()),
    },
    Row {
        name: "http-url",
        words: "a URL that begins with http:// or https://, and has a host",
        check: |text| Url::of(text).is_some_and(|url| matches!(url.scheme, "http" | "https") && !url.host.is_empty()),
    },
    Row { name: "cron", words: "a schedule of five fields, such as 0 3 * * 1, or a word such as @daily", check: is_cron },
    Row { name: "date", words: "a day such as 2026-01-31", check: |text| is_date_time(&format!("{text}T00:00:00Z")) },
    Row { name: "duration", words: "a duration such as 5m or 1h30m", check: is_duration },
];

impl Format {
    /// Forms that nothing here checks have no row: they are passed.
    pub fn parse(name: &str) -> Option<Format> {
        FORMATS.iter().position(|row| row.name == name).map(|at| Format(at as u8))
    }

    pub fn name(self) -> &'static str {
        FORMATS[self.0 as usize].name
    }

    pub fn words(self) -> &'static str {
        FORMATS[self.0 as usize].words
    }

    pub fn holds(self, text: &str) -> bool {
        (FORMATS[self.0 as usize].check)(text)
    }

    /// Numbers with a unit, which may be written as strings.
    pub fn is_quantity(self) -> bool {
        self.name().ends_with("quantity")
    }

    /// The bounds of an integer of this form.
    pub fn range(self) -> Option<(i128, i128)> {
        match self.name() {
            "int32" => Some((i32::MIN.into(), i32::MAX.into())),
            "int64" => Some((i64::MIN.into(), i64::MAX.into())),
            _ => None,
        }
    }
}

/// As Go writes one; the API server's reader also knows units such as `day`.
fn is_duration(text: &str) -> bool {
    let spelt = || {
        let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' '));
        unit.len() < text.len() && !unit.is_empty() && unit.chars().all(|c| c.is_ascii_lowercase())
    };
    Value::parsed(&Type::Duration, text).is_some() || spelt()
}

/// The parts of a URL that tell whether one leads anywhere.
struct Url<'t> {
    scheme: &'t str,
    host: &'t str,
}

impl<'t> Url<'t> {
    /// What Go's url.Parse refuses has a colon first, blanks or control characters.
    fn of(text: &'t str) -> Option<Url<'t>> {
        if text.starts_with(':') || text.contains(|c: char| c.is_control() || c == ' ') {
            return None;
        }
        let is_scheme =
            |scheme: &&str| scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && !scheme.contains(['/', '?', '#']);
        let (scheme, rest) = text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)).unwrap_or(("", text));
        let host = rest.strip_prefix("//").map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
        Some(Url { scheme, host })
    }
}

fn is_edge(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_alphanumeric())
}

fn is_dns_part(text: &str) -> bool {
    let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(small) && text.ends_with(small) && text.chars().all(|c| small(c) || c == '-')
}

fn is_dns_label(text: &str) -> bool {
    text.len() <= 63 && is_dns_part(text)
}

fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_part)
}

/// The name in a label, and its value.
fn is_label(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.len() <= 63 && is_edge(text.chars().next()) && is_edge(text.chars().last()) && text.chars().all(inner)
}

fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_label(name),
        None => is_label(text),
    }
}

fn is_port_name(text: &str) -> bool {
    text.len() <= 15 && is_dns_part(text) && !text.contains("--") && text.contains(|c: char| c.is_ascii_lowercase())
}

fn is_env_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| (' '..='~').contains(&c) && c != '=')
}

fn is_config_key(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=253).contains(&text.len()) && text.chars().all(inner) && text != "." && !text.starts_with("..")
}

/// Of containers.
fn is_resource_name(text: &str) -> bool {
    matches!(text, "cpu" | "memory" | "ephemeral-storage")
        || text.starts_with("hugepages-")
        || (text.contains('/') && is_qualified_name(text))
}

/// Of a LimitRange.
fn is_limit_name(text: &str) -> bool {
    is_resource_name(text) || text == "storage"
}

/// Of a ResourceQuota.
fn is_quota_name(text: &str) -> bool {
    const COUNTED: [&str; 13] = [
        "cpu",
        "memory",
        "ephemeral-storage",
        "storage",
        "pods",
        "services",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    ];
    let asked = text.strip_prefix("requests.").or_else(|| text.strip_prefix("limits.")).unwrap_or(text);
    let is_asked = asked != text && (matches!(asked, "cpu" | "memory" | "ephemeral-storage" | "storage"));
    let is_special = text.starts_with("hugepages-") || asked.starts_with("hugepages-") || text.starts_with("count/");
    COUNTED.contains(&text) || is_asked || is_special || (text.contains('/') && is_qualified_name(text))
}

fn is_percentage(text: &str) -> bool {
    text.strip_suffix('%').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

fn is_path_segment(text: &str) -> bool {
    !text.is_empty() && !matches!(text, "." | "..") && !text.contains(['/', '%'])
}

fn is_below(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('/') && text.split('/').all(|part| part != "..")
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn is_quantity(text: &str) -> bool {
    // The decoder takes blanks around it.
    let text = text.trim();
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = body.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(body.len());
    let (number, suffix) = body.split_at(digits);
    let is_number = number.contains(|c: char| c.is_ascii_digit()) && number.matches('.').count() <= 1;
    let is_power = |power: &str| {
        let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
        !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|digit| digit.is_ascii_digit())
    };
    let units = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    is_number && (units.contains(&suffix) || suffix.strip_prefix(['e', 'E']).is_some_and(is_power))
}

fn is_base64(text: &str) -> bool {
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4) && padding <= 2 && text[..text.len() - padding].iter().all(is_digit)
}

/// RFC 3339, as Go's time.Parse takes it.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let number = |text: &str, length: usize, most: u32| {
        text.len() == length && text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u32>().is_ok_and(|n| n <= most)
    };
    let day: Vec<&str> = date.split('-').collect();
    let is_day = matches!(day[..], [year, month, day]
        if number(year, 4, 9999) && number(month, 2, 12) && month != "00" && number(day, 2, 31) && day != "00");
    let zone_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let clock: Vec<&str> = clock.split(':').collect();
    let is_clock =
        matches!(clock[..], [hour, minute, second] if number(hour, 2, 23) && number(minute, 2, 59) && number(second, 2, 59));
    let is_zone = zone == "Z"
        || zone.get(1..).and_then(|zone| zone.split_once(':')).is_some_and(|(h, m)| number(h, 2, 24) && number(m, 2, 59));
    is_day && is_clock && is_zone && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// As the parser of CronJobs takes it.
fn is_cron(text: &str) -> bool {
    let text = match text.split_once(' ') {
        Some((zone, rest)) if zone.starts_with("TZ=") || zone.starts_with("CRON_TZ=") => rest,
        _ => text,
    };
    if let Some(word) = text.strip_prefix('@') {
        let words = ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"];
        return words.contains(&word) || word.strip_prefix("every ").is_some_and(|every| !every.trim().is_empty());
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    fields.len() == CRON.len() && CRON.iter().zip(fields).all(|(of, field)| field.split(',').all(|part| of.takes(part)))
}

/// A field of a schedule: what it is called, between which numbers it lies, and the names that the first of them may have.
pub struct CronField {
    pub name: &'static str,
    pub least: u32,
    pub most: u32,
    names: &'static [&'static str],
}

pub const CRON: [CronField; 5] = [
    CronField { name: "minute", least: 0, most: 59, names: &[] },
    CronField { name: "hour", least: 0, most: 23, names: &[] },
    CronField { name: "day of the month", least: 1, most: 31, names: &[] },
    CronField {
        name: "month",
        least: 1,
        most: 12,
        names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    CronField { name: "day of the week", least: 0, most: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];

impl CronField {
    /// `*`, `5`, `1-5`, `mon-fri`, `*/15`: what stands between two commas.
    pub fn takes(&self, part: &str) -> bool {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let value = |text: &str| {
            let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text)).map(|at| at as u32 + self.least);
            named.or_else(|| text.parse().ok()).filter(|n| (self.least..=self.most).contains(n))
        };
        let is_range = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => true,
            Some((from, to)) => value(from).zip(value(to)).is_some_and(|(from, to)| from <= to),
            None => value(range).is_some(),
        };
        is_range && step.parse::<u32>().is_ok_and(|step| step > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[track_caller]
    fn check(format: &str, good: &[&str], bad: &[&str]) {
        let format = Format::parse(format).expect("a row of the table");
        good.iter().for_each(|text| assert!(format.holds(text), "{} refuses {text:?}", format.name()));
        bad.iter().for_each(|text| assert!(!format.holds(text), "{} takes {text:?}", format.name()));
    }

    #[test]
    fn forms_are_as_the_api_server_has_them() {
        check(
            "quantity",
            &["1", "0.5", ".5", "1.", "-3", "100m", "1Ei", "1e3", "12E-2", "+5k"],
            &["", "1KB", "1ki", "m", "1 Gi", "0x1"],
        );
        check(
            "date-time",
            &["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+02:00"],
            &["2026-01-31", "2026-13-01T00:00:00Z", "now"],
        );
        check("byte", &["", "YQ==", "YWJj"], &["YQ=", "a b="]);
        check("dns-label", &["a", "a-1"], &["", "-a", "a-", "A", "a.b"]);
        check("dns-subdomain", &["a.b-c.d"], &["a..b", "a_b", ".a"]);
        check("qualified-name", &["a", "example.com/name", "A_b.c"], &["", "/a", "a/b/c", "a/", "-a"]);
        check("port-name", &["http", "h2c-1"], &["80", "a--b", "longer-than-fifteen", "HTTP"]);
        check("cidr", &["10.0.0.0/8", "::/0"], &["10.0.0.0", "10.0.0.0/33", "x/8"]);
        check(
            "cron",
            &["*/5 * * * *", "0 3 * * MON", "@daily", "0 0 1-15/2 JAN,FEB ?"],
            &["* * * *", "60 * * * *", "@never", "0 3 * * 8"],
        );
    }
}
