//! One integration binary; cases are files.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used, clippy::print_stderr)]

mod graph;
mod report;
mod tree;
mod yaml;
