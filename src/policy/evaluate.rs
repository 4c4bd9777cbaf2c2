//! The expressions of one policy, asked with one param about one request.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::{Action, Binding, Decision, Expression, Param, Policy, Request, Validation, Verdict};
use crate::cel::{self, COST_LIMIT, Fault, Value, Variables};

/// What all validations of a policy may cost together, and its match conditions.
const BUDGET: u64 = 10_000_000;
const CONDITIONS_BUDGET: u64 = 2_500_000;
/// The API server leaves out messages, and cuts annotations, that are longer.
const MAX_MESSAGE: usize = 5 << 10;
const MAX_AUDIT: usize = 10 << 10;

/// Why an expression has no value.
enum Failure {
    Faulty(String),
    /// Nothing after it is asked either.
    OutOfBudget,
}

const OUT_OF_BUDGET: &str = "validation failed due to running out of cost budget, no further validation rules will be run";

/// One decision where the policy admits, or one for each validation that does not hold.
pub fn evaluate(policy: &Policy, binding: Option<&Binding>, param: Option<&Param>, request: &Request) -> Vec<Decision> {
    let asked = Asked::new(policy, param, request);
    let decision = |verdict| Decision::of(policy, binding, verdict);
    match asked.conditions() {
        Ok(true) => {}
        Ok(false) => return vec![decision(Verdict::NotMatched)],
        Err(message) => return vec![Decision { message, ..decision(Verdict::Error) }.warned()],
    }
    let mut found: Vec<Decision> = Vec::new();
    asked.with_namespace.set(true);
    asked.left.set(BUDGET);
    for (at, validation) in policy.validations.iter().enumerate() {
        let place = Some(validation.condition.place.clone());
        let here = Decision { expression: Some(at), place, ..decision(Verdict::Deny) };
        match asked.value(&validation.condition) {
            Ok(Value::Bool(true)) => {}
            Ok(_) => found.push(Decision { message: asked.message(validation), reason: validation.reason.clone(), ..here }),
            Err(Failure::Faulty(message)) => found.push(Decision { verdict: Verdict::Error, message, ..here }),
            Err(Failure::OutOfBudget) => {
                found = vec![Decision { verdict: Verdict::Error, message: OUT_OF_BUDGET.to_owned(), ..here }];
                break;
            }
        }
    }
    let (audit, wrong) = asked.audit();
    found.extend(wrong.into_iter().map(|(message, expression)| {
        let place = Some(expression.place.clone());
        // The API server refuses the request for this, whatever the binding's actions are.
        Decision { message, place, actions: [Action::Deny].into(), ..decision(Verdict::Error) }
    }));
    settle(policy, binding, found, &audit)
}

/// What becomes of errors under the policy's failurePolicy.
fn settle(policy: &Policy, binding: Option<&Binding>, found: Vec<Decision>, audit: &BTreeMap<String, String>) -> Vec<Decision> {
    let (errors, mut told): (Vec<Decision>, Vec<Decision>) =
        found.into_iter().partition(|one| one.verdict == Verdict::Error && policy.fails_open);
    let ignored = errors.into_iter().map(|error| error.message).next();
    if told.is_empty() {
        told.push(Decision { message: ignored.unwrap_or_default(), ..Decision::of(policy, binding, Verdict::Admit) });
    }
    told.into_iter().map(|one| Decision { audit: audit.clone(), ..one }.warned()).collect()
}

impl Decision {
    /// With the warning that the API server sends along, where the binding asks for one.
    fn warned(mut self) -> Decision {
        if self.is_against() && self.actions.contains(&Action::Warn) {
            let (policy, binding) = (&self.policy, self.binding.as_deref().unwrap_or_default());
            let message = &self.message;
            self.warnings
                .push(format!("Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{binding}': {message}"));
        }
        self
    }
}

/// A policy that is being asked: what its expressions see.
struct Asked<'a> {
    policy: &'a Policy,
    given: BTreeMap<&'static str, Value>,
    /// The variables of the policy that something has asked for.
    computed: RefCell<BTreeMap<&'a str, Result<Value, Fault>>>,
    /// Of the budget, and what variables have cost meanwhile.
    left: Cell<u64>,
    spent: Cell<u64>,
    /// Match conditions see no Namespace.
    with_namespace: Cell<bool>,
    namespace: Value,
}

impl<'a> Asked<'a> {
    fn new(policy: &'a Policy, param: Option<&Param>, request: &Request) -> Asked<'a> {
        let names = policy.variables.iter().map(|(name, _)| (name.as_str(), Value::Null)).collect();
        let given = BTreeMap::from([
            ("object", request.object.clone()),
            ("oldObject", request.old.clone()),
            ("request", request.value()),
            ("params", param.map_or(Value::Null, |param| param.value.clone())),
            ("authorizer", cel::authorizer()),
            // Only whether it has a name is ever asked of the table itself.
            ("variables", Value::table(names)),
        ]);
        Asked {
            policy,
            given,
            computed: RefCell::default(),
            left: Cell::new(CONDITIONS_BUDGET),
            spent: Cell::new(0),
            with_namespace: Cell::new(false),
            namespace: request.namespace_object(),
        }
    }

    /// Whether the policy is about the request at all; one condition that is false settles it, whatever others fail with.
    fn conditions(&self) -> Result<bool, String> {
        let mut errors: Vec<String> = Vec::new();
        for (_, condition) in &self.policy.conditions {
            match self.value(condition) {
                Ok(Value::Bool(false)) => return Ok(false),
                Ok(_) => {}
                Err(Failure::Faulty(message)) => errors.push(message),
                Err(Failure::OutOfBudget) => {
                    errors = vec![OUT_OF_BUDGET.to_owned()];
                    break;
                }
            }
        }
        self.computed.borrow_mut().clear();
        match errors.len() {
            0 => Ok(true),
            _ if self.policy.fails_open => Ok(false),
            1 => Err(errors.remove(0)),
            _ => Err(format!("[{}]", errors.join(", "))),
        }
    }

    fn value(&self, expression: &Expression) -> Result<Value, Failure> {
        let program = match &expression.program {
            Ok(program) => program,
            Err(wrong) => return Err(Failure::Faulty(format!("compilation error: {}", wrong.message))),
        };
        self.spent.set(0);
        let outcome = program.eval(self, COST_LIMIT);
        let left = self.left.get().checked_sub(self.spent.get().saturating_add(outcome.cost));
        self.left.set(left.ok_or(Failure::OutOfBudget)?);
        let text = &expression.text;
        outcome.value.map_err(|fault| Failure::Faulty(format!("expression '{text}' resulted in error: {}", fault.message)))
    }

    fn message(&self, validation: &Validation) -> String {
        let computed = validation.message_expression.as_ref().and_then(|expression| self.value(expression).ok());
        let computed = computed.as_ref().and_then(Value::as_str).map(str::trim);
        let computed = computed.filter(|text| !text.is_empty() && text.len() <= MAX_MESSAGE && !text.contains('\n'));
        let written = Some(validation.message.trim()).filter(|text| !text.is_empty());
        let text = || format!("failed expression: {}", validation.condition.text.trim());
        computed.or(written).map_or_else(text, str::to_owned)
    }

    /// What is written into the audit log, and what is wrong with the rest.
    fn audit(&self) -> (BTreeMap<String, String>, Vec<(String, &'a Expression)>) {
        let (mut audit, mut wrong) = (BTreeMap::new(), Vec::new());
        self.left.set(BUDGET);
        for (key, expression) in &self.policy.audit {
            match self.value(expression) {
                Err(Failure::Faulty(message)) => wrong.push((message, expression)),
                Err(Failure::OutOfBudget) => wrong.push((OUT_OF_BUDGET.to_owned(), expression)),
                Ok(Value::Null) => {}
                Ok(value) => match value.as_str().map(str::trim) {
                    Some("") => {}
                    Some(text) => {
                        let end = text.floor_char_boundary(MAX_AUDIT);
                        audit.insert(format!("{}/{key}", self.policy.name), text[..end].to_owned());
                    }
                    None => {
                        let (text, of) = (&expression.text, value.kind());
                        let message = format!(
                            "valueExpression '{text}' resulted in unsupported return type: {of}. Return type must be either string or null."
                        );
                        wrong.push((message, expression));
                    }
                },
            }
        }
        (audit, wrong)
    }

    /// A variable of the policy, computed when it is first asked for.
    fn variable(&self, name: &str) -> Option<Result<Value, Fault>> {
        if let Some(known) = self.computed.borrow().get(name) {
            return Some(known.clone());
        }
        let (name, expression) = self.policy.variables.iter().find(|(known, _)| known == name)?;
        let value = match &expression.program {
            Err(wrong) => Err(Fault::new(format!("composited variable {name:?} fails to compile: {}", wrong.message))),
            Ok(program) => {
                let outcome = program.eval(self, COST_LIMIT);
                self.spent.set(self.spent.get().saturating_add(outcome.cost));
                let failed =
                    |fault: Fault| Fault::new(format!("composited variable {name:?} fails to evaluate: {}", fault.message));
                outcome.value.map_err(failed)
            }
        };
        self.computed.borrow_mut().insert(name, value.clone());
        Some(value)
    }
}

impl Variables for Asked<'_> {
    /// What a variable cost counts beside the expression that asks for it, not as part of it.
    fn get(&self, name: &str) -> Option<(Result<Value, Fault>, u64)> {
        let value = match name.strip_prefix("variables.") {
            Some(variable) => self.variable(variable)?,
            None if name == "namespaceObject" && !self.with_namespace.get() => Ok(Value::Null),
            None if name == "namespaceObject" => Ok(self.namespace.clone()),
            None if name == "authorizer.requestResource" => Err(Fault::new("there is no authorizer to ask offline")),
            None => Ok(self.given.get(name)?.clone()),
        };
        Some((value, 0))
    }
}
