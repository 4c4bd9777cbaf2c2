//! A machine's processors and memory in, what is left for pods out, by the rules of schemas/machines.toml.

use super::Amounts;
use crate::node::{Data, Node};

/// A type of machine, or one that somebody described.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'s> {
    pub arch: &'s str,
    pub cpu_m: i64,
    pub memory_mib: i64,
    pub pods: i64,
}

const TYPES: &str = include_str!("../../schemas/machines.csv");

/// The type of a machine by its name.
pub fn known(name: &str) -> Option<Shape<'static>> {
    let row = TYPES.lines().skip(1).find_map(|line| line.strip_prefix(name)?.strip_prefix(','))?;
    let mut cells = row.split(',');
    let arch = cells.next()?;
    let mut number = || cells.next()?.parse::<i64>().ok();
    Some(Shape { arch, cpu_m: number()? * 1000, memory_mib: number()?, pods: number()? })
}

pub fn names() -> impl Iterator<Item = &'static str> {
    TYPES.lines().skip(1).filter_map(|line| Some(line.split_once(',')?.0))
}

/// What pods get of it.
pub fn left(shape: Shape<'_>, rules: &Node) -> Amounts {
    let memory = memory(shape, rules);
    let room = [("cpu", shape.cpu_m - cpu(shape, rules)), ("memory", memory * (1 << 20)), ("pods", shape.pods)];
    room.into_iter().map(|(resource, amount)| (resource.to_owned(), amount.max(0))).collect()
}

fn cpu(shape: Shape<'_>, rules: &Node) -> i64 {
    let mut cores = shape.cpu_m as f64 / 1000.0;
    let mut kept = 0.0;
    for step in rules.get("cpu").map_or(&[][..], |steps| steps.items()) {
        let here = number(step, "cores").unwrap_or(cores).min(cores);
        kept += here * number(step, "each").unwrap_or_default();
        cores -= here;
    }
    kept.ceil() as i64
}

fn memory(shape: Shape<'_>, rules: &Node) -> i64 {
    let on = rules.get("lost_on").and_then(|lost| number(lost, shape.arch)).unwrap_or_default();
    let lost = number(rules, "lost").unwrap_or_default();
    let there = ((shape.memory_mib as f64 - on) * (1.0 - lost)).floor();
    let (mut rest, mut kept) = (there, 0.0);
    for step in rules.get("memory").map_or(&[][..], |steps| steps.items()) {
        let here = number(step, "mib").unwrap_or(rest).min(rest);
        kept += here * number(step, "share").unwrap_or_default();
        rest -= here;
    }
    let beside = number(rules, "each_pod").unwrap_or_default() * shape.pods as f64 + number(rules, "always").unwrap_or_default();
    (there - kept - beside).floor() as i64
}

fn number(node: &Node, key: &str) -> Option<f64> {
    match &node.get(key)?.data {
        Data::Number(number) => Some(number.to_f64()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::pools::rules;
    use super::*;

    /// What a widely used autoscaler says of each type.
    const EXPECTED: &str = include_str!("../../tests/capacity/allocatable.csv");

    #[test]
    fn every_known_type_gives_what_its_nodes_say() {
        let rules = rules();
        let ec2 = rules.pointer("/kept/ec2").expect("the rules are there");
        let mut seen = 0;
        for line in EXPECTED.lines().skip(1) {
            let (name, expected) = line.split_once(',').expect("a type and what it gives");
            let room = left(known(name).expect("every type of the test is known"), ec2);
            let (cpu_m, memory_mib, pods) = (room["cpu"], room["memory"] >> 20, room["pods"]);
            assert_eq!(format!("{cpu_m},{memory_mib},{pods}"), expected, "{name}");
            seen += 1;
        }
        assert!(seen > 200, "{seen} types");
    }
}
