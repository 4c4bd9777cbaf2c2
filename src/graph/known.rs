//! What components tell as documents: needs met by offers in, each document that somebody wants out, rendered once.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::Offer;
use super::ask::Asker;
use crate::diagnostic::{Diagnostics, Reported};
use crate::node::Node;
use crate::render::Failure;

/// Each document by the component that tells it and the offer's name.
pub(super) type Documents = BTreeMap<(usize, String), Document>;

/// What one component tells those who want to know it.
pub struct Document {
    pub component: Arc<Node>,
    pub interface: String,
    pub node: Arc<Node>,
}

/// A document sees what the needs of its component are met by, but no other document. Each is made only once.
pub(super) fn documents(asker: &Asker<'_>, diags: &mut Diagnostics) -> Result<Documents, Reported> {
    let offers = asker.matches.iter().flat_map(|needs| needs.values()).flatten().filter(|offer| offer.is_document());
    let wanted: BTreeMap<_, &Offer> = offers.map(|offer| (key(offer), offer)).collect();
    let made: Vec<_> = wanted.into_par_iter().map(|(key, offer)| (key, document(asker, offer))).collect();
    let mut documents = Documents::new();
    for (key, made) in made {
        match made {
            Ok(document) => drop(documents.insert(key, document)),
            Err(failure) => failure.report(diags),
        }
    }
    diags.checkpoint()?;
    Ok(documents)
}

pub(super) fn key(offer: &Offer) -> (usize, String) {
    (offer.instance, offer.name.as_str().unwrap_or_default().to_owned())
}

fn document(asker: &Asker<'_>, offer: &Offer) -> Result<Document, Failure> {
    let interface = &asker.interfaces[offer.instance];
    let template = format!("components/{}/{}", interface.instance.component.name, offer.node.text("document"));
    let scope = interface.scope.with("needs", &asker.needs(offer.instance)?);
    Ok(Document {
        component: interface.instance.name.clone(),
        interface: offer.interface.as_str().unwrap_or_default().to_owned(),
        node: asker.lakehouse.catalog.engine.document(&template, scope)?,
    })
}
