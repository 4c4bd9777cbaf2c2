//! What components tell as documents: needs met by offers in, each document that somebody wants out, rendered once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::ask::Asker;
use super::describe::entry;
use super::{Interface, Offer, wire};
use crate::diagnostic::{Diagnostics, Reported};
use crate::node::{Data, Node};
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

/// Of a document that is told for a whole kind of component, the first offer alone.
pub(super) fn once<'a>(interfaces: &'a [Interface<'_>]) -> impl FnMut(&&'a Offer) -> bool {
    let mut told = BTreeSet::new();
    move |offer| !wire::flag(&offer.node, "shared") || told.insert((kind(interfaces, offer), offer.name.as_str()))
}

fn kind<'a>(interfaces: &'a [Interface<'_>], offer: &Offer) -> &'a str {
    &interfaces[offer.instance].instance.component.name
}

/// The components for which a document is told: all of a kind that offer it.
fn kin(interfaces: &[Interface<'_>], offer: &Offer) -> Arc<Node> {
    let offers = |of: &&Interface<'_>| of.offers.iter().any(|own| own.name.as_str() == offer.name.as_str());
    let of_kind = interfaces.iter().filter(|of| of.instance.component.name == kind(interfaces, offer)).filter(offers);
    let told = |of: &Interface<'_>| {
        let entries = vec![entry("name", of.instance.name.clone()), entry("options", of.instance.options.clone())];
        Node::derived("who tells it", Data::Map(entries), [of.instance.name.clone()])
    };
    let kin: Vec<Arc<Node>> = of_kind.map(told).collect();
    let from: Vec<Arc<Node>> = kin.iter().map(|one| one.head()).collect();
    Node::derived("who tells it", Data::Seq(kin), from)
}

fn document(asker: &Asker<'_>, offer: &Offer) -> Result<Document, Failure> {
    let interface = &asker.interfaces[offer.instance];
    let template = format!("components/{}/{}", interface.instance.component.name, offer.node.text("document"));
    let scope = interface.scope.with("needs", &asker.needs(offer.instance)?);
    let scope = if wire::flag(&offer.node, "shared") { scope.with("kin", &kin(asker.interfaces, offer)) } else { scope };
    Ok(Document {
        component: interface.instance.name.clone(),
        interface: offer.interface.as_str().unwrap_or_default().to_owned(),
        node: asker.lakehouse.catalog.engine.document(&template, scope)?,
    })
}
