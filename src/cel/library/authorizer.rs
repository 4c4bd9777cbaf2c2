//! Questions to the API server's authorizer. Offline there is none to ask: whoever needs an answer gets a fault that says so.

use super::Table;
use crate::cel::fault::Fault;

/// What the variable `authorizer` holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Authorizer;

pub const TABLE: Table = &[("authorizer", |_, _| Err(Fault::new("there is no authorizer to ask offline")))];
