//! ValidatingAdmissionPolicies as the API server decides them: policies, bindings and params in, and a request; decisions out.
//!
//! A policy is compiled once (`read`). For a request it is asked in turn whether the policy and a binding are about it
//! (`matching`), what params there are (`params`), and what its expressions say (`evaluate`). `lint` holds expressions against
//! the schemas of what a policy matches.

mod evaluate;
mod lint;
mod matching;
mod packs;
mod params;
mod read;
mod request;
mod selector;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cel::Program;
use crate::source::Span;

pub use lint::{Lint, Seen, lint, named};
pub use matching::Matching;
pub use packs::{Pack, Sample, packs};
pub use params::{ParamKind, ParamRef};
pub use read::{Kind, Origin, environment, kind_of};
pub use request::{Namespace, Operation, Request, Resource, User, guessed};
pub use selector::Selector;

use crate::cel::Value;

/// Policies with what binds them.
#[derive(Default)]
pub struct Set {
    pub policies: Vec<Policy>,
    pub bindings: Vec<Binding>,
    /// Objects that policies may name as their params.
    pub params: Vec<Param>,
}

pub struct Policy {
    pub name: String,
    pub place: Place,
    /// Errors let the request through.
    pub fails_open: bool,
    pub params: Option<ParamKind>,
    pub matching: Matching,
    pub variables: Vec<(String, Expression)>,
    pub conditions: Vec<(String, Expression)>,
    pub validations: Vec<Validation>,
    pub audit: Vec<(String, Expression)>,
}

pub struct Validation {
    pub condition: Expression,
    pub message: String,
    pub message_expression: Option<Expression>,
    /// `Invalid` where none is said.
    pub reason: String,
}

/// An expression with its place. One that does not compile says what the API server says.
pub struct Expression {
    pub text: String,
    pub place: Place,
    pub program: Result<Program, Wrong>,
}

/// Why an expression is none.
pub struct Wrong {
    pub message: String,
    /// What is wrong, by the character in the text.
    pub issues: Vec<crate::cel::Issue>,
}

/// Where something was written.
#[derive(Clone, Debug)]
pub struct Place {
    pub span: Span,
    pub document: u32,
    pub pointer: String,
}

pub struct Binding {
    pub name: String,
    pub policy: String,
    pub actions: Vec<Action>,
    pub matching: Option<Matching>,
    pub params: Option<ParamRef>,
}

/// What becomes of a request that a policy denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Audit,
    Warn,
    Deny,
}

/// An object that can be a param.
pub struct Param {
    pub api_version: String,
    pub kind: String,
    /// None for what belongs to no namespace.
    pub namespace: Option<String>,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Admit,
    Deny,
    /// Something could not be computed, or is wrong in the policy, and the request is refused for that.
    Error,
    NotMatched,
}

/// What one policy with one binding and one param says.
#[derive(Clone, Debug)]
pub struct Decision {
    pub policy: String,
    pub binding: Option<String>,
    pub verdict: Verdict,
    pub message: String,
    pub reason: String,
    /// Which of the validations it was, and where it stands.
    pub expression: Option<usize>,
    pub place: Option<Place>,
    pub actions: Arc<[Action]>,
    pub warnings: Vec<String>,
    pub audit: BTreeMap<String, String>,
}

/// Everything that all policies say about a request, in the order of the policies and their bindings.
pub fn decide(set: &Set, request: &Request) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for policy in &set.policies {
        if request.is_exempt() {
            decisions.push(Decision::of(policy, None, Verdict::NotMatched));
            continue;
        }
        match policy.matching.matches(request) {
            Err(error) => decisions.push(Decision::misconfigured(policy, None, format!("failed to configure policy: {error}"))),
            Ok(None) => decisions.push(Decision::of(policy, None, Verdict::NotMatched)),
            Ok(Some(matched)) => bound(set, policy, &request.seen_as(&matched), &mut decisions),
        }
    }
    decisions
}

/// A policy without any binding is taken as bound to everything, to deny.
fn bound(set: &Set, policy: &Policy, request: &Request, decisions: &mut Vec<Decision>) {
    let mut bindings = set.bindings.iter().filter(|binding| binding.policy == policy.name).peekable();
    if bindings.peek().is_none() {
        let params = params::unbound(policy, &set.params);
        return decisions.extend(params.into_iter().flat_map(|param| evaluate::evaluate(policy, None, param, request)));
    }
    for binding in bindings {
        let is_matched = match &binding.matching {
            Some(matching) => matching.matches(request).map(|matched| matched.is_some()),
            None => Ok(true),
        };
        let params = match is_matched {
            Ok(false) => {
                decisions.push(Decision::of(policy, Some(binding), Verdict::NotMatched));
                continue;
            }
            Ok(true) => params::collect(policy, binding, &set.params, request),
            Err(error) => Err(error),
        };
        match params {
            Ok(params) if params.is_empty() => decisions.push(Decision::of(policy, Some(binding), Verdict::NotMatched)),
            Ok(params) => {
                decisions.extend(params.into_iter().flat_map(|param| evaluate::evaluate(policy, Some(binding), param, request)));
            }
            Err(error) => {
                let message = format!("failed to configure binding: {error}");
                decisions.push(Decision::misconfigured(policy, Some(binding), message));
            }
        }
    }
}

impl Decision {
    fn of(policy: &Policy, binding: Option<&Binding>, verdict: Verdict) -> Decision {
        let actions: Arc<[Action]> = binding.map_or_else(|| [Action::Deny].into(), |binding| binding.actions.as_slice().into());
        Decision {
            policy: policy.name.clone(),
            binding: binding.map(|binding| binding.name.clone()),
            verdict,
            message: String::new(),
            reason: String::new(),
            expression: None,
            place: None,
            actions,
            warnings: Vec::new(),
            audit: BTreeMap::new(),
        }
    }

    /// An error of the policy itself, which denies whatever the binding's actions are.
    fn misconfigured(policy: &Policy, binding: Option<&Binding>, message: String) -> Decision {
        let verdict = if policy.fails_open { Verdict::Admit } else { Verdict::Error };
        Decision { message, actions: [Action::Deny].into(), ..Decision::of(policy, binding, verdict) }
    }

    /// Whether it speaks against the request, whatever becomes of that.
    pub fn is_against(&self) -> bool {
        matches!(self.verdict, Verdict::Deny | Verdict::Error)
    }

    /// Whether the request is refused for it.
    pub fn refuses(&self) -> bool {
        self.is_against() && self.actions.contains(&Action::Deny)
    }

    /// The strongest of the binding's actions.
    pub fn action(&self) -> Option<Action> {
        self.actions.iter().copied().max()
    }

    /// What the API server answers a request that it refuses for this.
    pub fn answer(&self) -> String {
        let Decision { policy, message, .. } = self;
        match &self.binding {
            Some(binding) => format!("ValidatingAdmissionPolicy '{policy}' with binding '{binding}' denied request: {message}"),
            None => format!("ValidatingAdmissionPolicy '{policy}' denied request: {message}"),
        }
    }
}

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Action::Audit => "Audit",
            Action::Warn => "Warn",
            Action::Deny => "Deny",
        }
    }

    pub fn parse(name: &str) -> Option<Action> {
        [Action::Audit, Action::Warn, Action::Deny].into_iter().find(|action| action.name() == name)
    }
}

impl Verdict {
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Admit => "admit",
            Verdict::Deny => "deny",
            Verdict::Error => "error",
            Verdict::NotMatched => "not-matched",
        }
    }
}
