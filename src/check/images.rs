//! The family `images`: those that are gone, those that may change under their name, those that nobody looks after any more;
//! schemas/versions.toml knows which.

use super::links::walk;
use super::pod::{Pod, field};
use super::{Document, Object, World};
use crate::diagnostic::{Code, Diagnostics, Severity};
use crate::host::Date;
use crate::node::Node;
use crate::yaml::Yaml;

/// `docker.io/library/postgres:18.1@sha256:…` in its parts, without what every registry adds.
struct Name<'n> {
    name: &'n str,
    tag: Option<&'n str>,
    has_digest: bool,
}

impl Name<'_> {
    fn parse(text: &str) -> Name<'_> {
        let (before, digest) = text.split_once('@').map_or((text, None), |(before, digest)| (before, Some(digest)));
        let last = before.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) =
            before[last..].find(':').map_or((before, None), |at| (&before[..last + at], Some(&before[last + at + 1..])));
        let name = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"]
            .iter()
            .find_map(|host| name.strip_prefix(host))
            .unwrap_or(name);
        Name { name: name.strip_prefix("library/").unwrap_or(name), tag, has_digest: digest.is_some() }
    }
}

pub(super) fn object(object: &Object<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let Some(pod) = Pod::of(object, world.tables) else { return };
    for container in &pod.containers {
        let Some(image) = field(container.yaml, "image") else { continue };
        let pointer = pod.pointer(container.owner(), "image");
        one(image, world, &mut |code, message, help| {
            let at = (image.mark, "this image");
            object.report(found, (Severity::Warning, code), message, at, pointer.clone()).help(help);
        });
    }
}

/// Files of other programs that name images: schemas/recognise.toml says where.
pub(super) fn document(document: &Document<'_>, world: &World<'_>, found: &mut Diagnostics) {
    let row = document.content.and_then(|content| world.tables.content_row(content));
    let Some(images) = row.and_then(|row| row.get("images")) else { return };
    walk::each(document.root, images.text("at"), "", &mut |user, pointer| {
        let Some(image) = field(user, images.text("key")).filter(|_| field(user, images.text("unless")).is_none()) else {
            return;
        };
        one(image, world, &mut |code, message, help| {
            let (at, pointer) = ((image.mark, "this image"), format!("{pointer}/{}", images.text("key")));
            document.report(found, (Severity::Warning, code), message, at, pointer).help(help);
        });
    });
}

fn one(image: &Yaml<'_>, world: &World<'_>, tell: &mut dyn FnMut(Code, String, &str)) {
    // What another program fills in is not known yet.
    let Some(text) = image.as_str().filter(|text| !text.is_empty() && !text.contains(['$', '{', '<', ' '])) else { return };
    let image = &Name::parse(text);
    let known = &world.tables.images;
    if is_gone(image.name, known) {
        let message = format!("{} is gone, or gets no fixes any more", image.name);
        return tell(Code::ImageGone, message, "take the image that its makers name instead, or build it yourself");
    }
    if let Some(ends) = ended(image, known, world.options.today) {
        let version = image.tag.unwrap_or_default();
        tell(
            Code::EndOfLife,
            format!("{}:{version} is looked after until {ends}", image.name),
            "move to a version that still gets fixes",
        );
    }
    if !image.has_digest && image.tag.is_none_or(|tag| tag == "latest") {
        let why = if image.tag.is_some() {
            "latest is another image tomorrow"
        } else {
            "without a tag it is the latest, another one tomorrow"
        };
        tell(Code::ImageNotPinned, format!("{}: {why}", image.name), "name a version, or better a digest");
    }
}

/// A name that ends with a slash stands for all below it.
fn is_gone(name: &str, known: &Node) -> bool {
    let gone = known.get("gone").map_or(&[][..], |gone| gone.items());
    gone.iter().filter_map(|gone| gone.as_str()).any(|gone| gone == name || gone.ends_with('/') && name.starts_with(gone))
}

fn ended(image: &Name<'_>, known: &Node, today: Option<Date>) -> Option<Date> {
    let lines = known.get("line").map_or(&[][..], |lines| lines.items());
    let is_it = |line: &&std::sync::Arc<Node>| {
        line.text("image") == image.name && image.tag.is_some_and(|tag| tag.starts_with(line.text("version")))
    };
    let ends = lines.iter().filter(is_it).find_map(|line| Date::parse(line.text("ends")))?;
    today.filter(|today| *today > ends).map(|_| ends)
}
