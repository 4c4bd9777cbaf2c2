//! A string with names in braces in, the string filled in out: most strings of the catalog ask for nothing more, and the engine
//! takes long to start.

use super::Scope;
use crate::node::{Data, Node, Number};

/// Nothing where there is more than names with texts, numbers and flags behind them; the engine then fills it in, or says what is wrong.
pub(super) fn filled(text: &str, scope: &Scope) -> Option<Data> {
    let inside = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).filter(|inside| !inside.contains(['{', '}']));
    if let Some(alone) = inside {
        return Some(named(alone, scope)?.data.clone());
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, after) = behind.split_once("}}")?;
        out.push_str(before);
        write(&named(name, scope)?.data, &mut out)?;
        rest = after;
    }
    out.push_str(rest);
    (!text.contains("{#")).then(|| Data::Str(out.into()))
}

/// What a path of names leads to.
fn named<'s>(path: &str, scope: &'s Scope) -> Option<&'s Node> {
    let mut steps = path.trim_matches(' ').split('.');
    let mut node = &**scope.node(steps.next()?)?;
    for step in steps {
        node = node.get(step)?;
    }
    Some(node)
}

fn write(data: &Data, out: &mut String) -> Option<()> {
    match data {
        Data::Str(text) => out.push_str(text),
        Data::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Data::Number(Number::Int(number)) => out.push_str(&number.to_string()),
        _ => return None,
    }
    Some(())
}
