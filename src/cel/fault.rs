//! What goes wrong while an expression is computed, and how much work one may cause.

use std::borrow::Cow;

/// An error of the evaluation. `&&`, `||` and the macros made of them can pass over one, unless it is final.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub message: Cow<'static, str>,
    /// The expression was stopped: nothing may go on after it.
    pub is_final: bool,
}

impl Fault {
    pub fn new(message: impl Into<Cow<'static, str>>) -> Fault {
        Fault { message: message.into(), is_final: false }
    }

    pub fn stopped(message: &'static str) -> Fault {
        Fault { message: message.into(), is_final: true }
    }
}

/// Steps that an evaluation may still take. The API server's cost says little about time and memory (a comparison costs
/// the same whatever is compared), so that this comes on top of it.
pub struct Work {
    left: u64,
}

impl Work {
    pub fn new(steps: u64) -> Work {
        Work { left: steps }
    }

    pub fn spend(&mut self, steps: u64) -> Result<(), Fault> {
        self.left = self.left.checked_sub(steps).ok_or_else(|| Fault::stopped("the expression takes too much time or memory"))?;
        Ok(())
    }
}
