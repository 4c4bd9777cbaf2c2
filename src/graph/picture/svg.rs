//! The sketch in, a drawing for a browser out: users left, what they use right, one labelled trunk for each port used.

mod net;
mod order;
mod place;
mod rank;
mod text;

use std::fmt::Write as _;

use super::{Card, Kind, Sketch};
use net::{Net, Trunk};
use place::{ARROW, Hook, LABEL_SIZE, Plan};
use text::{escape, label_width, n, short};

const MARGIN: f64 = 28.0;
const LEGEND_ROW: f64 = 24.0;
const LEAST_WIDTH: f64 = 560.0;
const LABEL_HEIGHT: f64 = 17.0;

const STYLE: &str = include_str!("svg/style.css");
const COLORS: usize = 10;

const ICON_SERVICE: &str = "M-7-4 0-8 7-4V4L0 8-7 4ZM-7-4 0 0 7-4M0 0V8";
const ICON_STATEFUL: &str = "M-7-5C-7-8.6 7-8.6 7-5V5C7 8.6-7 8.6-7 5ZM-7-5C-7-1.4 7-1.4 7-5M-7 0C-7 3.6 7 3.6 7 0";
const ICON_JOB: &str = "M0-8A8 8 0 1 1 0 8A8 8 0 1 1 0-8M-3.6 .2-1 3 4-2.6";
const ICON_PEOPLE: &str = "M0-8A3.6 3.6 0 1 1 0-.8A3.6 3.6 0 1 1 0-8M-7 8C-7 .4 7 .4 7 8Z";

pub(super) fn draw(sketch: &Sketch) -> String {
    let mut net = net::net(sketch);
    net.layers = order::untangle(&net.nodes, std::mem::take(&mut net.layers));
    let plan = place::place(&mut net);
    let width = plan.width.max(LEAST_WIDTH);
    let (legend, top) = legend(sketch, width);
    let body = Painter { sketch, net: &net, plan: &plan }.paint();
    let (width, height) = (n(width + 2.0 * MARGIN), n(plan.height + top + 2.0 * MARGIN));
    let (left, top) = (n(MARGIN), n(top + MARGIN));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif\">\n<title>Platform graph</title>\n\
         <style>\n{STYLE}</style>\n<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n{legend}\
         <g transform=\"translate({left} {top})\">\n{body}</g>\n</svg>\n"
    )
}

/// What the colours, icons and lines mean, in rows as wide as the drawing; with its height.
fn legend(sketch: &Sketch, width: f64) -> (String, f64) {
    let mut text = String::from("<g class=\"legend\">\n");
    let (mut x, mut y) = (MARGIN, MARGIN);
    for (sign, label) in legend_items(sketch) {
        let label = short(&label);
        let needed = text::width(&label, 11.0) + 54.0;
        if x > MARGIN && x + needed - 20.0 > width + MARGIN {
            (x, y) = (MARGIN, y + LEGEND_ROW);
        }
        let label = escape(&label);
        writeln!(text, "<g transform=\"translate({} {})\">{sign}<text x=\"26\" y=\"4\">{label}</text></g>", n(x), n(y))
            .expect("strings take all");
        x += needed;
    }
    text.push_str("</g>\n");
    (text, y - MARGIN + LEGEND_ROW + 12.0)
}

fn legend_items(sketch: &Sketch) -> Vec<(String, String)> {
    let swatch = |number: usize| {
        format!("<rect class=\"swatch {}\" x=\"4\" y=\"-7\" width=\"14\" height=\"14\" rx=\"4\"/>", color(number))
    };
    let icon = |kind: Kind| format!("<path class=\"icon\" transform=\"translate(11 0)\" d=\"{}\"/>", icon(kind));
    let line = |class: &str| format!("<path class=\"wire {class}\" d=\"M0 0H21\"/>");
    let mut items: Vec<(String, String)> =
        sketch.namespaces.iter().enumerate().map(|(number, (name, _))| (swatch(number), name.clone())).collect();
    let kinds = [(Kind::Service, "service"), (Kind::Stateful, "stateful"), (Kind::Job, "job")];
    let shown = kinds.iter().filter(|(kind, _)| sketch.cards.iter().any(|card| card.kind == *kind));
    items.extend(shown.map(|(kind, name)| (icon(*kind), (*name).to_owned())));
    let wires = &sketch.wires;
    let lines = [
        ("", "uses and waits for", wires.iter().any(|wire| wire.waits && !wire.is_order)),
        ("soft", "uses", wires.iter().any(|wire| !wire.waits && !wire.is_order)),
        ("order", "only comes after", wires.iter().any(|wire| wire.is_order)),
    ];
    items.extend(lines.iter().filter(|(.., is_used)| *is_used).map(|(class, name, _)| (line(class), (*name).to_owned())));
    items
}

fn color(namespace: usize) -> String {
    format!("c{}", namespace % COLORS)
}

/// The class of a line.
fn line(is_order: bool, waits: bool) -> &'static str {
    match (is_order, waits) {
        (true, _) => " order",
        (false, true) => "",
        (false, false) => " soft",
    }
}

fn icon(kind: Kind) -> &'static str {
    match kind {
        Kind::Service => ICON_SERVICE,
        Kind::Stateful => ICON_STATEFUL,
        Kind::Job => ICON_JOB,
        Kind::People => ICON_PEOPLE,
    }
}

struct Painter<'a> {
    sketch: &'a Sketch,
    net: &'a Net,
    plan: &'a Plan,
}

impl Painter<'_> {
    fn paint(&self) -> String {
        let mut text = String::new();
        let mut hooks: Vec<Vec<&Hook>> = vec![Vec::new(); self.net.trunks.len()];
        self.plan.hooks.iter().for_each(|hook| hooks[hook.trunk].push(hook));
        for (trunk, hooks) in self.net.trunks.iter().zip(hooks) {
            text.push_str(&self.trunk(trunk, &hooks));
        }
        for (index, card) in self.sketch.cards.iter().enumerate() {
            text.push_str(&self.card(index, &card.name, &card.subtitle(self.sketch), Some(card)));
        }
        text.extend(self.net.people.map(|people| self.card(people, "people", "outside", None)));
        text.push_str(&self.loops());
        text
    }

    /// The lines of a trunk, then its label and the arrow into the box.
    fn trunk(&self, trunk: &Trunk, hooks: &[&Hook]) -> String {
        let kind = line(trunk.is_order, trunk.waits);
        let color = color(self.sketch.cards[trunk.to].namespace);
        let end = hooks.iter().find(|hook| hook.source.is_none()).expect("every trunk has an end");
        let end = (self.label_edge(trunk), end.y);
        let title = escape(&format!("{}: {}", self.sketch.cards[trunk.to].name, trunk.label)).into_owned();
        let mut text = format!("<g class=\"trunk {color}{kind}\">\n<title>{title}</title>\n");
        for (at, lane) in trunk.lanes.iter().enumerate() {
            let next = at.checked_sub(1).map(|at| trunk.lanes[at]);
            let path = self.lane(*lane, next, trunk, end);
            writeln!(text, "<path class=\"wire{kind}\" d=\"{path}\"/>").expect("strings take all");
        }
        for (hook, source) in hooks.iter().filter_map(|hook| Some((hook, &trunk.sources[hook.source?]))) {
            let (path, title) = (self.source(hook, source.joins, trunk, end), escape(&source.title));
            writeln!(text, "<path class=\"wire{kind}\" d=\"{path}\"><title>{title}</title></path>").expect("strings take all");
        }
        text + &self.label(trunk, end) + "</g>\n"
    }

    /// Straight through a layer, then on to the next.
    fn lane(&self, lane: usize, next: Option<usize>, trunk: &Trunk, end: (f64, f64)) -> String {
        let node = &self.net.nodes[lane];
        let column = &self.plan.columns[node.layer];
        let (near, far) = if trunk.is_back { (column.right, column.left) } else { (column.left, column.right) };
        format!("M{} {}H{}{}", n(near), n(node.y), n(far), self.curve((far, node.y), next.unwrap_or(trunk.to), trunk, end))
    }

    fn source(&self, hook: &Hook, joins: usize, trunk: &Trunk, end: (f64, f64)) -> String {
        let column = &self.plan.columns[self.net.nodes[hook.node].layer];
        let (from, out) = if trunk.is_back { (column.box_left, column.left) } else { (column.box_right, column.right) };
        format!("M{} {}H{}{}", n(from), n(hook.y), n(out), self.curve((out, hook.y), joins, trunk, end))
    }

    /// From the side of one layer to the side of the next: to a lane, or on to the trunk's end.
    fn curve(&self, (x, y): (f64, f64), to: usize, trunk: &Trunk, end: (f64, f64)) -> String {
        let node = &self.net.nodes[to];
        let column = &self.plan.columns[node.layer];
        let near = if trunk.is_back { column.right } else { column.left };
        let to_y = if node.is_lane { node.y } else { end.1 };
        let middle = (x + near) / 2.0;
        let rest = if node.is_lane { String::new() } else { format!("H{}", n(end.0)) };
        format!("C{0} {1} {0} {2} {3} {2}{rest}", n(middle), n(y), n(to_y), n(near))
    }

    /// Where a trunk's line meets its label.
    fn label_edge(&self, trunk: &Trunk) -> f64 {
        let column = &self.plan.columns[self.net.nodes[trunk.to].layer];
        let reach = ARROW + label_width(&trunk.label);
        if trunk.is_back { column.box_right + reach } else { column.box_left - reach }
    }

    fn label(&self, trunk: &Trunk, (x, y): (f64, f64)) -> String {
        let width = label_width(&trunk.label);
        let column = &self.plan.columns[self.net.nodes[trunk.to].layer];
        let (left, start, tip, back) = match trunk.is_back {
            true => (x - width, x - width, column.box_right, 7.0),
            false => (x, x + width, column.box_left, -7.0),
        };
        let arrow = format!("M{} {}L{} {}V{}Z", n(tip), n(y), n(tip + back), n(y - 4.0), n(y + 4.0));
        let line = format!("M{} {}H{}", n(start), n(y), n(tip + back));
        format!("<path class=\"wire\" d=\"{line}\"/><path class=\"tip\" d=\"{arrow}\"/>\n{}", tag(&trunk.label, left, y))
    }

    fn card(&self, index: usize, name: &str, subtitle: &str, card: Option<&Card>) -> String {
        let node = &self.net.nodes[index];
        let (left, top) = (n(node.x - node.width / 2.0), n(node.y - node.height / 2.0));
        let (width, height) = (n(node.width), n(node.height));
        let kind = card.map_or(Kind::People, |card| card.kind);
        let color = card.map_or_else(|| "people".to_owned(), |card| color(card.namespace));
        let radius = if matches!(kind, Kind::Job | Kind::People) { 16 } else { 8 };
        let frame = format!("x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"");
        let text_x = n(node.x - node.width / 2.0 + 36.0);
        let [icon_x, middle, upper, lower] = [node.x - node.width / 2.0 + 20.0, node.y, node.y - 2.0, node.y + 13.0].map(n);
        let (title, icon) = (escape(card.map_or("people, from outside", |card| &card.title)), icon(kind));
        let (name, subtitle) = (escape(&short(name)).into_owned(), escape(subtitle));
        format!(
            "<g class=\"{color}\">\n<title>{title}</title>\n<rect class=\"box\" {frame}/><rect class=\"tint\" {frame}/>\n\
             <path class=\"icon\" transform=\"translate({icon_x} {middle})\" d=\"{icon}\"/>\n\
             <text class=\"name\" x=\"{text_x}\" y=\"{upper}\">{name}</text>\
             <text class=\"place\" x=\"{text_x}\" y=\"{lower}\">{subtitle}</text>\n</g>\n"
        )
    }

    /// What workloads use of themselves: a bow below the box.
    fn loops(&self) -> String {
        let mut text = String::new();
        let mut count = vec![0.0; self.sketch.cards.len()];
        for wire in self.sketch.wires.iter().filter(|wire| wire.from == Some(wire.to)) {
            let node = &self.net.nodes[wire.to];
            let (bottom, left) = (node.y + node.height / 2.0, node.x - node.width / 2.0 + 18.0 + 4.0 * count[wire.to]);
            let y = bottom + 16.0 + 22.0 * count[wire.to];
            count[wire.to] += 1.0;
            let kind = line(wire.is_order, wire.waits);
            let path = format!("M{} {}V{}H{}", n(left), n(bottom), n(y), n(left + 18.0));
            let tip = format!("M{} {}l-4 7h8Z", n(left), n(bottom));
            let (color, title) = (color(self.sketch.cards[wire.to].namespace), escape(&wire.title));
            let tag = tag(&wire.label, left + 18.0, y);
            text += &format!(
                "<g class=\"trunk {color}\">\n<title>{title}</title>\n<path class=\"wire{kind}\" d=\"{path}\"/>\
                 <path class=\"tip\" d=\"{tip}\"/>\n{tag}</g>\n"
            );
        }
        text
    }
}

fn tag(label: &str, left: f64, y: f64) -> String {
    let width = label_width(label);
    let [x, top, width, height, radius] = [left, y - LABEL_HEIGHT / 2.0, width, LABEL_HEIGHT, LABEL_HEIGHT / 2.0].map(n);
    let (text_x, text_y, label) =
        (n(left + label_width(label) / 2.0), n(y + LABEL_SIZE * 0.35), escape(&short(label)).into_owned());
    format!(
        "<rect class=\"tag\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>\
         <text class=\"label\" x=\"{text_x}\" y=\"{text_y}\">{label}</text>\n"
    )
}
