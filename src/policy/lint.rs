//! Expressions against the schemas of what a policy matches, as the API server's controller checks their types; and what they cost.

use super::read::{compile, with_variable};
use super::{Expression, Policy, Resource};
use crate::cel::{Env, Issue, Type};

/// A kind that a policy is about, with the type of its objects.
pub struct Seen {
    pub resource: Resource,
    pub of: Type,
}

/// What is wrong with an expression if the object is of a kind.
pub struct Lint<'p> {
    pub expression: &'p Expression,
    pub resource: Resource,
    pub issues: Vec<Issue>,
}

/// Holds each expression that compiles against each kind; `params` is the type of params.
pub fn lint<'p>(policy: &'p Policy, env: &Env, seen: &[Seen], params: Option<&Type>) -> Vec<Lint<'p>> {
    let mut lints = Vec::new();
    for one in seen {
        let mut env = env.clone();
        for name in ["object", "oldObject"] {
            env.variables.insert(name.into(), one.of.clone());
        }
        if let Some(params) = params {
            env.variables.insert("params".into(), params.clone());
        }
        for (name, expression) in &policy.variables {
            let of = compile(&expression.text, &env, &[]).map_or(Type::Dyn, |program| program.of);
            with_variable(&mut env, name, of);
        }
        let mut check = |expression: &'p Expression, wanted: Type| {
            // What does not compile even without knowing the kind is told as that.
            if expression.program.is_ok()
                && let Err(wrong) = compile(&expression.text, &env, &[wanted])
            {
                lints.push(Lint { expression, resource: one.resource.clone(), issues: wrong.issues });
            }
        };
        for validation in &policy.validations {
            check(&validation.condition, Type::Bool);
            validation.message_expression.iter().for_each(|expression| check(expression, Type::String));
        }
    }
    lints
}

/// So many kinds are looked at.
const MOST: usize = 10;

/// The kinds that a policy names one by one, out of those there are.
pub fn named<'r>(policy: &Policy, resources: impl Iterator<Item = &'r Resource>) -> Vec<&'r Resource> {
    let is_exact = |list: &[String]| !list.is_empty() && !list.iter().any(|word| word.contains('*'));
    let takes = |resource: &&Resource| {
        let mut rules = policy.matching.rules.iter().filter(|rule| is_exact(&rule.groups) && is_exact(&rule.versions));
        rules.any(|rule| rule.resources.contains(&resource.name) && rule.takes_resource(resource, ""))
    };
    resources.filter(takes).take(MOST).collect()
}
