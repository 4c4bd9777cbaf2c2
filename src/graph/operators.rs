//! What must run before the platform: a mode and its graph in, a list out, as the mode's template tells it.

use std::sync::Arc;

use super::Graph;
use crate::catalog::Mode;
use crate::diagnostic::{Diagnostics, Reported};
use crate::lakehouse::Lakehouse;
use crate::layers;
use crate::node::Node;

/// Each with the kinds that it brings, whom it serves, and the wave before which it is ready.
pub fn operators(lakehouse: &Lakehouse<'_>, mode: &Mode, graph: &Graph, diags: &mut Diagnostics) -> Result<Arc<Node>, Reported> {
    let Some(template) = &lakehouse.host(mode).operators else { return Ok(layers::nothing()) };
    let scope = graph.scope.with("platform", &graph.describe().platform);
    let listed = lakehouse.catalog.engine.document(template, scope).map_err(|failure| failure.report(diags));
    diags.checkpoint()?;
    Ok(listed.unwrap_or_else(|()| layers::nothing()))
}
