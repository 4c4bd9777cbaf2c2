//! An expression and what is declared in, the type of each part and the overloads of each call out.

use std::sync::Arc;

use super::ast::{Entry, Expr, Fold, FoldKind, Item, Kind, OptionalMap};
use super::table::{self, Overload};
use super::types::Type;
use super::unify::{Bindings, most_general};
use super::value::Value;
use super::{Env, Issue};

/// What is known about each expression, by its id.
pub struct Facts {
    pub types: Vec<Type>,
    pub references: Vec<Option<Reference>>,
}

pub enum Reference {
    /// A variable declared outside, by its full name.
    Variable(Arc<str>),
    /// A variable of a macro.
    Local(Arc<str>),
    Type(Arc<Type>),
    /// A field of a declared object, by the key that the data have.
    Field(Arc<str>),
    Call {
        overloads: Vec<&'static Overload>,
        /// The target is part of the function's name: `sets.contains`.
        is_namespaced: bool,
    },
}

impl Reference {
    pub fn variable(&self) -> Option<&Arc<str>> {
        match self {
            Reference::Variable(name) => Some(name),
            _ => None,
        }
    }
}

/// Checks an expression; what is wrong is in `issues`.
pub fn check(root: &Expr, count: usize, env: &Env, issues: &mut Vec<Issue>) -> Facts {
    let mut references = Vec::new();
    references.resize_with(count, || None);
    let types = vec![Type::Error; count];
    let mut checker =
        Checker { env, locals: Vec::new(), bindings: Bindings::default(), facts: Facts { types, references }, issues };
    checker.check(root);
    for of in &mut checker.facts.types {
        *of = checker.bindings.settle(of);
    }
    checker.facts
}

struct Checker<'a> {
    env: &'a Env,
    locals: Vec<(Arc<str>, Type)>,
    bindings: Bindings,
    facts: Facts,
    issues: &'a mut Vec<Issue>,
}

impl Checker<'_> {
    fn wrong(&mut self, at: usize, message: String) -> Type {
        self.issues.push(Issue { at, message });
        Type::Error
    }

    fn mismatch(&mut self, at: usize, wanted: &Type, found: &Type) -> Type {
        let (wanted, found) = (self.bindings.resolve(wanted), self.bindings.resolve(found));
        self.wrong(at, format!("expected type '{}' but found '{}'", wanted.in_message(), found.in_message()))
    }

    fn undeclared(&mut self, at: usize, name: &str) -> Type {
        self.wrong(at, format!("undeclared reference to '{name}' (in container '')"))
    }

    fn check(&mut self, expr: &Expr) -> Type {
        let of = match &expr.kind {
            Kind::Literal(value) => value.kind(),
            Kind::Ident(name) => match self.lookup(expr, name) {
                Some(of) => of,
                None => self.undeclared(expr.at, name),
            },
            Kind::Select { operand, field, is_test } => self.select(expr, operand, field, *is_test),
            Kind::OptionalSelect { operand, field } => {
                let name = if let Kind::Literal(Value::String(name)) = &field.kind { name.clone() } else { "".into() };
                self.field(expr, operand, &name, true)
            }
            Kind::Call { function, target, args } => self.call(expr, function, target.as_deref(), args),
            Kind::List(items) => self.list(items),
            Kind::Map(entries) => self.map(entries),
            Kind::Message(name) => self.undeclared(expr.at, name),
            Kind::Fold(fold) => self.fold(expr, fold),
            Kind::OptionalMap(map) => self.optional_map(expr, map),
        };
        self.facts.types[expr.id] = of.clone();
        of
    }

    /// The type of a variable or of the name of a type.
    fn lookup(&mut self, expr: &Expr, name: &str) -> Option<Type> {
        let (reference, of) = if let Some((name, of)) = self.locals.iter().rev().find(|(known, _)| &**known == name) {
            (Reference::Local(name.clone()), of.clone())
        } else if let Some((name, of)) = self.env.variables.get_key_value(name) {
            (Reference::Variable(name.clone()), of.clone())
        } else {
            let named = Arc::new(Type::named(name)?);
            (Reference::Type(named.clone()), Type::Meta(Some(named)))
        };
        self.facts.references[expr.id] = Some(reference);
        Some(of)
    }

    fn select(&mut self, expr: &Expr, operand: &Expr, field: &Arc<str>, is_test: bool) -> Type {
        let qualified = if is_test { None } else { expr.qualified_name() };
        if let Some(of) = qualified.and_then(|name| self.lookup(expr, &name)) {
            return of;
        }
        let found = self.field(expr, operand, field, false);
        if is_test { Type::Bool } else { found }
    }

    fn field(&mut self, expr: &Expr, operand: &Expr, field: &Arc<str>, is_optional: bool) -> Type {
        let operand = self.check(operand);
        let operand = self.bindings.resolve(&operand);
        let (target, was_optional) = unwrapped(&operand);
        let found = match target {
            Type::Map(entry) => entry.1.clone(),
            Type::Object(object) => match object.fields.get(field) {
                Some(known) => {
                    self.facts.references[expr.id] = Some(Reference::Field(known.key.clone()));
                    known.of.clone()
                }
                None => self.wrong(expr.at, format!("undefined field '{field}'")),
            },
            Type::Param(_) => {
                self.bindings.accept_one(target, &Type::Dyn);
                Type::Dyn
            }
            Type::Dyn | Type::Error => Type::Dyn,
            other => {
                let message = format!("type '{}' does not support field selection", other.in_message());
                self.wrong(expr.at, message);
                Type::Dyn
            }
        };
        let found = self.bindings.resolve(&found);
        if was_optional || is_optional { Type::optional(found) } else { found }
    }

    fn call(&mut self, expr: &Expr, function: &str, target: Option<&Expr>, args: &[Expr]) -> Type {
        let found: Vec<Type> = args.iter().map(|arg| self.check(arg)).collect();
        if let ("_&&_" | "_||_", None) = (function, target) {
            return self.truths(args.iter().zip(&found));
        }
        let Some(target) = target else {
            return self.resolve(expr, function, false, &found);
        };
        let namespaced = target.qualified_name().map(|prefix| format!("{prefix}.{function}"));
        if let Some(name) = namespaced.filter(|name| table::overloads(name, self.env.version).next().is_some()) {
            let of = self.resolve(expr, &name, false, &found);
            if let Some(Reference::Call { is_namespaced, .. }) = &mut self.facts.references[expr.id] {
                *is_namespaced = true;
            }
            return of;
        }
        let found: Vec<Type> = [self.check(target)].into_iter().chain(found).collect();
        self.resolve(expr, function, true, &found)
    }

    fn truths<'e>(&mut self, operands: impl Iterator<Item = (&'e Expr, &'e Type)>) -> Type {
        for (operand, found) in operands {
            if !self.bindings.accept_one(&Type::Bool, found) {
                self.mismatch(operand.at, &Type::Bool, found);
            }
        }
        Type::Bool
    }

    /// The overloads that take these arguments, and the type that comes out.
    fn resolve(&mut self, expr: &Expr, function: &str, is_member: bool, found: &[Type]) -> Type {
        if table::overloads(function, self.env.version).next().is_none() {
            return self.undeclared(expr.at, function);
        }
        let mut overloads = Vec::new();
        let mut result: Option<Type> = None;
        for overload in table::overloads(function, self.env.version).filter(|overload| overload.is_member == is_member) {
            let Some(of) = self.try_overload(overload, found) else { continue };
            overloads.push(overload);
            result = Some(match result {
                Some(known) if !known.is_dyn() && known != of => Type::Dyn,
                Some(known) => known,
                None => of,
            });
        }
        let Some(result) = result else {
            return self.no_overload(expr.at, function, is_member, found);
        };
        self.facts.references[expr.id] = Some(Reference::Call { overloads, is_namespaced: false });
        result
    }

    fn try_overload(&mut self, overload: &Overload, found: &[Type]) -> Option<Type> {
        let first = self.bindings.reserve(overload.variables);
        let parameters: Vec<Type> = overload.parameters.iter().map(|parameter| renumbered(parameter, first)).collect();
        self.bindings.accept(&parameters, found).then(|| self.bindings.resolve(&renumbered(&overload.result, first)))
    }

    fn no_overload(&mut self, at: usize, function: &str, is_member: bool, found: &[Type]) -> Type {
        let mut found: Vec<String> = found.iter().map(|of| self.bindings.settle(of).in_message()).collect();
        let receiver = if is_member { format!("{}.", found.remove(0)) } else { String::new() };
        let applied = format!("{receiver}({})", found.join(", "));
        self.wrong(at, format!("found no matching overload for '{function}' applied to '{applied}'"))
    }

    /// Unlike items are anything to the inference, and a finding of their own (`validate`).
    fn join(&mut self, known: Option<Type>, found: Type) -> Type {
        let Some(known) = known else { return found };
        if self.bindings.accept_one(&found, &known) {
            return most_general(&known, &found);
        }
        Type::Dyn
    }

    fn element(&mut self, value: &Expr, is_optional: bool) -> Type {
        let found = self.check(value);
        if !is_optional {
            return found;
        }
        let found = self.bindings.resolve(&found);
        let (inner, was_optional) = unwrapped(&found);
        if !was_optional && !inner.is_dyn() {
            self.mismatch(value.at, &Type::optional(inner.clone()), inner);
        }
        inner.clone()
    }

    fn list(&mut self, items: &[Item]) -> Type {
        let mut joined = None;
        for item in items {
            let found = self.element(&item.value, item.is_optional);
            joined = Some(self.join(joined, found));
        }
        Type::list(joined.unwrap_or_else(|| self.bindings.fresh()))
    }

    fn map(&mut self, entries: &[Entry]) -> Type {
        let (mut key, mut value) = (None, None);
        for entry in entries {
            let found = self.check(&entry.key);
            key = Some(self.join(key, found));
            let found = self.element(&entry.value, entry.is_optional);
            value = Some(self.join(value, found));
        }
        let key = key.unwrap_or_else(|| self.bindings.fresh());
        Type::map(key, value.unwrap_or_else(|| self.bindings.fresh()))
    }

    fn fold(&mut self, expr: &Expr, fold: &Fold) -> Type {
        let range = self.check(&fold.range);
        let range = self.bindings.resolve(&range);
        let has_two = fold.variables.len() == 2;
        let (first, second) = match &range {
            Type::List(item) if has_two => (Type::Int, (**item).clone()),
            Type::List(item) => ((**item).clone(), Type::Dyn),
            Type::Map(entry) => (entry.0.clone(), entry.1.clone()),
            Type::Dyn | Type::Error | Type::Param(_) => {
                self.bindings.accept_one(&range, &Type::Dyn);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let name = other.in_message();
                let message =
                    format!("expression of type '{name}' cannot be range of a comprehension (must be list, map, or dynamic)");
                self.wrong(fold.range.at, message);
                (Type::Error, Type::Error)
            }
        };
        let outside = self.locals.len();
        self.locals.extend(fold.variables.iter().cloned().zip([first.clone(), second]));
        let filter = fold.filter.as_ref().map(|filter| self.check(filter));
        let body = self.check(&fold.body);
        let of = self.folded(expr, fold, filter, body, first);
        self.locals.truncate(outside);
        of
    }

    /// What a macro makes of its body's type.
    fn folded(&mut self, expr: &Expr, fold: &Fold, filter: Option<Type>, body: Type, key: Type) -> Type {
        let result = match fold.kind {
            FoldKind::List => Type::list(body.clone()),
            FoldKind::Map => Type::map(key, body.clone()),
            FoldKind::MapEntry => {
                let entry = Type::map(self.bindings.fresh(), self.bindings.fresh());
                if !self.bindings.accept_one(&entry, &body) {
                    return self.no_overload(expr.at, "cel.@mapInsert", false, &[entry, body]);
                }
                self.bindings.resolve(&entry)
            }
            FoldKind::All | FoldKind::Exists => return self.truths([(&fold.body, &body)].into_iter()),
            FoldKind::ExistsOne => return self.condition(expr, &body, &Type::Int),
            FoldKind::Sort => return self.sorted(expr, fold, &body),
        };
        if let Some(filter) = filter {
            self.condition(expr, &filter, &result);
        }
        self.bindings.resolve(&result)
    }

    /// A truth that a person wrote, by which a macro takes one of two values.
    fn condition(&mut self, expr: &Expr, written: &Type, value: &Type) -> Type {
        if self.bindings.accept_one(&Type::Bool, written) {
            return Type::Bool;
        }
        self.no_overload(expr.at, "_?_:_", false, &[written.clone(), value.clone(), value.clone()])
    }

    fn sorted(&mut self, expr: &Expr, fold: &Fold, key: &Type) -> Type {
        let range = self.facts.types[fold.range.id].clone();
        let range = if matches!(range, Type::Map(_)) { Type::Error } else { range };
        self.resolve(expr, "@sortByAssociatedKeys", true, &[range, Type::list(key.clone())])
    }

    fn optional_map(&mut self, expr: &Expr, map: &OptionalMap) -> Type {
        let target = self.check(&map.target);
        let inner = self.bindings.fresh();
        if !self.bindings.accept_one(&Type::optional(inner.clone()), &target) {
            return self.no_overload(expr.at, "hasValue", true, &[target]);
        }
        self.locals.push((map.variable.clone(), self.bindings.resolve(&inner)));
        let body = self.check(&map.body);
        self.locals.pop();
        if !map.is_flat {
            return Type::optional(self.bindings.resolve(&body));
        }
        let wanted = Type::optional(self.bindings.fresh());
        if !self.bindings.accept_one(&wanted, &body) {
            return self.no_overload(expr.at, "_?_:_", false, &[Type::Bool, body, wanted]);
        }
        self.bindings.resolve(&wanted)
    }
}

fn unwrapped(of: &Type) -> (&Type, bool) {
    match of {
        Type::Optional(inner) => (inner, true),
        other => (other, false),
    }
}

fn renumbered(of: &Type, first: usize) -> Type {
    match of {
        Type::Param(number) => Type::Param(number + first),
        other => other.with(&mut |parameter| renumbered(parameter, first)),
    }
}
