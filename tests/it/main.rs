//! One integration binary; cases are files.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used, clippy::print_stderr)]

mod cases;
mod cel;
mod certificates;
mod closed;
mod command;
mod compiled;
mod connections;
mod dashboards;
mod determinism;
mod disturbed;
mod extension;
mod golden;
mod graph;
mod hostile;
mod images;
mod kills;
mod manifests;
mod measures;
mod network;
mod origin;
mod parity;
mod places;
mod policy;
mod promql;
mod report;
mod secrets;
mod stand_ins;
mod store;
mod targets;
mod tidy;
mod transfer;
mod tree;
mod upgrade;
mod whole;
mod yaml;
