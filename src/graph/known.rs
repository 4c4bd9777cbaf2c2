//! What components tell as documents: needs met by offers in, each document that somebody wants out, rendered once.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::wire::Matches;
use super::{Interface, Offer};
use crate::diagnostic::{Diagnostics, Reported};
use crate::node::Node;
use crate::render::{Engine, Failure};

/// Each document by the component that tells it and the offer's name.
pub(super) type Documents = BTreeMap<(usize, String), Document>;

/// What one component tells those who want to know it.
pub struct Document {
    pub component: Arc<Node>,
    pub interface: String,
    pub node: Arc<Node>,
}

/// A need that everybody's offers meet names each of them; a document is made only once.
pub(super) fn documents(
    engine: &Engine,
    interfaces: &[Interface<'_>],
    matches: &Matches,
    diags: &mut Diagnostics,
) -> Result<Documents, Reported> {
    let offers = matches.iter().flat_map(|needs| needs.values()).flatten().filter(|offer| offer.is_document());
    let wanted: BTreeMap<_, &Offer> = offers.map(|offer| (key(offer), offer)).collect();
    let made: Vec<_> = wanted.into_par_iter().map(|(key, offer)| (key, document(engine, interfaces, offer))).collect();
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

fn document(engine: &Engine, interfaces: &[Interface<'_>], offer: &Offer) -> Result<Document, Failure> {
    let interface = &interfaces[offer.instance];
    let template = format!("components/{}/{}", interface.instance.component.name, offer.node.text("document"));
    Ok(Document {
        component: interface.instance.name.clone(),
        interface: offer.interface.as_str().unwrap_or_default().to_owned(),
        node: engine.document(&template, interface.scope.clone())?,
    })
}
