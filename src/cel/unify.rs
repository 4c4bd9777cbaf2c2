//! What the variables of an inference stand for, and whether one type may stand where another is wanted.

use super::types::Type;

/// By the number of a variable; a trial works on a copy, so that one that fails leaves nothing behind.
#[derive(Clone, Default)]
pub struct Bindings {
    known: Vec<Option<Type>>,
}

impl Bindings {
    pub fn fresh(&mut self) -> Type {
        self.known.push(None);
        Type::Param(self.known.len() - 1)
    }

    /// New variables for the parameters of a signature: what to add to their numbers.
    pub fn reserve(&mut self, count: usize) -> usize {
        self.known.resize(self.known.len() + count, None);
        self.known.len() - count
    }

    fn bound(&self, of: &Type) -> Option<&Type> {
        match of {
            Type::Param(number) => self.known[*number].as_ref(),
            _ => None,
        }
    }

    /// The type with all that is known of its variables put in.
    pub fn resolve(&self, of: &Type) -> Type {
        match (of, self.bound(of)) {
            (_, Some(known)) => self.resolve(known),
            (Type::Param(_), None) => of.clone(),
            (other, _) => other.with(&mut |parameter| self.resolve(parameter)),
        }
    }

    /// Like `resolve`; what is not known by now can be anything.
    pub fn settle(&self, of: &Type) -> Type {
        match (of, self.bound(of)) {
            (_, Some(known)) => self.settle(known),
            (Type::Param(_), None) => Type::Dyn,
            (other, _) => other.with(&mut |parameter| self.settle(parameter)),
        }
    }

    /// Whether values of the types `found` may stand where `wanted` are; if so, what follows for the variables is kept.
    pub fn accept(&mut self, wanted: &[Type], found: &[Type]) -> bool {
        let mut trial = self.clone();
        let fits = wanted.len() == found.len() && wanted.iter().zip(found).all(|(wanted, found)| trial.assign(found, wanted));
        if fits {
            *self = trial;
        }
        fits
    }

    pub fn accept_one(&mut self, wanted: &Type, found: &Type) -> bool {
        self.accept(std::slice::from_ref(wanted), std::slice::from_ref(found))
    }

    fn assign(&mut self, from: &Type, to: &Type) -> bool {
        if matches!(to, Type::Param(_)) {
            match self.substitute(from, to) {
                (true, _) => return true,
                (false, true) => return false,
                (false, false) => {}
            }
        }
        if matches!(from, Type::Param(_)) {
            return self.substitute(to, from).0;
        }
        match (from, to) {
            (Type::Dyn | Type::Error, _) | (_, Type::Dyn | Type::Error) => true,
            (Type::Null, other) | (other, Type::Null) => is_nullable(other),
            (Type::Meta(_), Type::Meta(_)) => true,
            (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => self.assign(a, b),
            (Type::Map(a), Type::Map(b)) => self.assign(&a.0, &b.0) && self.assign(&a.1, &b.1),
            (a, b) => a == b,
        }
    }

    /// Whether `variable` can stand for `of`, and whether it stood for something before.
    fn substitute(&mut self, of: &Type, variable: &Type) -> (bool, bool) {
        if of == variable {
            return (true, true);
        }
        let Type::Param(number) = variable else { return (false, false) };
        if let Some(known) = self.known[*number].clone() {
            if *of == known {
                return (true, true);
            }
            if !self.assign(of, &known) {
                return (false, true);
            }
            let general = most_general(of, &known);
            if !self.occurs(variable, &general) {
                self.known[*number] = Some(general);
            }
            return (true, true);
        }
        let is_free = !self.occurs(variable, of);
        if is_free {
            self.known[*number] = Some(of.clone());
        }
        (is_free, false)
    }

    /// Whether a variable is part of a type, which can then not be what it stands for.
    fn occurs(&self, variable: &Type, within: &Type) -> bool {
        variable == within
            || self.bound(within).is_some_and(|known| self.occurs(variable, known))
            || within.parameters().into_iter().any(|parameter| self.occurs(variable, parameter))
    }
}

fn is_nullable(of: &Type) -> bool {
    use Type::{Duration, Null, Object, Opaque, Optional, Timestamp};
    matches!(of, Null | Opaque(_) | Optional(_) | Object(_) | Duration | Timestamp)
}

/// The one of two types that fit each other which says less.
pub fn most_general(a: &Type, b: &Type) -> Type {
    if is_less_specific(a, b) { a.clone() } else { b.clone() }
}

fn is_less_specific(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Dyn | Type::Param(_), _) => true,
        (_, Type::Dyn | Type::Param(_)) => false,
        (Type::List(a), Type::List(b)) | (Type::Optional(a), Type::Optional(b)) => is_less_specific(a, b),
        (Type::Map(a), Type::Map(b)) => is_less_specific(&a.0, &b.0) && is_less_specific(&a.1, &b.1),
        (Type::Meta(_), Type::Meta(_)) => true,
        (a, b) => a == b,
    }
}
