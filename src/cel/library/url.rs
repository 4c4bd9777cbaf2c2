//! URLs, as a request line may hold them: absolute, or a path from the root.

use std::fmt;

use super::{Opaque, Table, no_overload, opaque, strings, text};
use crate::cel::fault::Fault;
use crate::cel::value::Value;

#[derive(Clone, Debug, PartialEq)]
pub struct Url {
    text: String,
    scheme: String,
    /// With the port.
    host: String,
    path: String,
    query: String,
}

pub const TABLE: Table = &[
    ("to_url", |args, _| {
        let url = parse(text(args, 0)?);
        url.map(|url| Value::opaque(Opaque::Url(url)))
            .map_err(|why| Fault::new(format!("URL parse error during conversion from string: {why}")))
    }),
    ("is_url", |args, _| Ok(Value::Bool(parse(text(args, 0)?).is_ok()))),
    ("url_scheme", |args, _| Ok(Value::string(&url(args)?.scheme))),
    ("url_host", |args, _| Ok(Value::string(&url(args)?.host))),
    ("url_hostname", |args, _| Ok(Value::string(host_and_port(&url(args)?.host).0))),
    ("url_port", |args, _| Ok(Value::string(host_and_port(&url(args)?.host).1))),
    ("url_path", |args, _| Ok(Value::string(&escaped(&url(args)?.path)))),
    ("url_query", |args, _| Ok(query(&url(args)?.query))),
];

fn url(args: &[Value]) -> Result<&Url, Fault> {
    match opaque(args, 0)? {
        Opaque::Url(url) => Ok(url),
        _ => Err(no_overload()),
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

pub fn parse(text: &str) -> Result<Url, String> {
    let wrong = |why: &str| format!("parse {text:?}: {why}");
    if text.chars().any(|c| c.is_ascii_control()) {
        return Err(wrong("net/url: invalid control character in URL"));
    }
    if text.is_empty() {
        return Err(wrong("empty url"));
    }
    let (scheme, rest) = scheme(text).map_err(|why| wrong(&why))?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    if !rest.starts_with('/') && scheme.is_empty() && text != "*" {
        return Err(wrong("invalid URI for request"));
    }
    let is_opaque = !rest.starts_with('/');
    let (host, path) = match rest.strip_prefix("//").filter(|_| !scheme.is_empty()) {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (host(authority).map_err(|why| wrong(&why))?, path)
        }
        None if is_opaque => (String::new(), ""),
        None => (String::new(), rest),
    };
    if !has_good_escapes(path) {
        return Err(wrong("invalid URL escape in the path"));
    }
    let (path, query) = (path.split('#').next().unwrap_or_default(), query.split('#').next().unwrap_or_default());
    Ok(Url { text: text.to_owned(), scheme: scheme.to_ascii_lowercase(), host, path: path.to_owned(), query: query.to_owned() })
}

fn scheme(text: &str) -> Result<(&str, &str), String> {
    for (at, c) in text.char_indices() {
        match c {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if at > 0 => {}
            ':' if at == 0 => return Err("missing protocol scheme".to_owned()),
            ':' => return Ok((&text[..at], &text[at + 1..])),
            _ => return Ok(("", text)),
        }
    }
    Ok(("", text))
}

/// The host and port of an authority.
fn host(authority: &str) -> Result<String, String> {
    let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(user, host)| (user, host));
    let is_user = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:%@".contains(c);
    if !user.chars().all(is_user) || !has_good_escapes(user) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let after = match host.strip_prefix('[') {
        Some(rest) => rest.rsplit_once(']').ok_or("missing ']' in host")?.1,
        None => host.rfind(':').map_or("", |at| &host[at..]),
    };
    let is_port = after.is_empty() || after.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_port {
        return Err(format!("invalid port {after:?} after host"));
    }
    let is_host = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:[]<>\"%".contains(c);
    match host.chars().find(|c| !is_host(*c)) {
        Some(c) => Err(format!("invalid character {:?} in host name", c.to_string())),
        None if !has_good_escapes(host) => Err("invalid URL escape in the host".to_owned()),
        None => Ok(host.to_owned()),
    }
}

fn host_and_port(host: &str) -> (&str, &str) {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
        _ => (host, ""),
    };
    (name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name), port)
}

fn has_good_escapes(text: &str) -> bool {
    text.split('%').skip(1).all(|rest| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit))
}

/// With everything escaped that must be.
fn escaped(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%[]".contains(&byte) {
            out.push(byte.into());
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The values of each key, in the order written; what is not well written is passed over.
fn query(text: &str) -> Value {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty() && !pair.contains(';')) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(key), Some(value)) = (unescaped(key), unescaped(value)) else { continue };
        match found.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => found.push((key, vec![value])),
        }
    }
    Value::map(found.into_iter().map(|(key, values)| (Value::string(&key), strings(values))).collect())
}

fn unescaped(text: &str) -> Option<String> {
    if !has_good_escapes(text) {
        return None;
    }
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
            }
            byte => out.push(byte),
        }
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}
