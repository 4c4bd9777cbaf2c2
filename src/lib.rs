pub mod diagnostic;
pub mod host;
pub mod node;
pub mod report;
pub mod source;
pub mod tree;
pub mod yaml;
