//! Ports as intervals, for each protocol: sets of what may pass, joined, met and taken away.

use std::fmt;

/// The first and the last port of each run, in order, none next to another.
type Spans = Vec<(u16, u16)>;

const EVERY: (u16, u16) = (1, u16::MAX);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    Sctp,
    Tcp,
    Udp,
}

/// What may pass between two ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Traffic {
    spans: [Spans; 3],
}

impl Protocol {
    pub const ALL: [Protocol; 3] = [Protocol::Sctp, Protocol::Tcp, Protocol::Udp];

    pub fn name(self) -> &'static str {
        match self {
            Protocol::Sctp => "SCTP",
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
        }
    }

    pub fn parse(name: &str) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|protocol| protocol.name() == name)
    }
}

impl Traffic {
    pub fn all() -> Traffic {
        Traffic { spans: [vec![EVERY], vec![EVERY], vec![EVERY]] }
    }

    pub fn of(protocol: Protocol, first: u16, last: u16) -> Traffic {
        let mut traffic = Traffic::default();
        if first.max(1) <= last {
            traffic.spans[protocol as usize].push((first.max(1), last));
        }
        traffic
    }

    pub fn is_empty(&self) -> bool {
        self.spans.iter().all(Vec::is_empty)
    }

    pub fn is_all(&self) -> bool {
        self.spans.iter().all(|spans| **spans == [EVERY])
    }

    pub fn has(&self, protocol: Protocol, port: u16) -> bool {
        self.spans[protocol as usize].iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    pub fn join(&mut self, other: &Traffic) {
        for (own, more) in self.spans.iter_mut().zip(&other.spans).filter(|(_, more)| !more.is_empty()) {
            own.extend(more);
            *own = joined(std::mem::take(own));
        }
    }

    pub fn meet(&self, other: &Traffic) -> Traffic {
        let mut both = Traffic::default();
        for (both, (a, b)) in both.spans.iter_mut().zip(self.spans.iter().zip(&other.spans)) {
            *both = met(a, b);
        }
        both
    }

    pub fn take(&mut self, other: &Traffic) {
        for (own, gone) in self.spans.iter_mut().zip(&other.spans) {
            *own = met(own, &without(gone));
        }
    }

    /// The ports of each protocol that has any, as people write them.
    pub fn parts(&self) -> impl Iterator<Item = (Protocol, String)> + '_ {
        let some = Protocol::ALL.into_iter().zip(&self.spans).filter(|(_, spans)| !spans.is_empty());
        some.map(|(protocol, spans)| (protocol, spans.iter().map(written).collect::<Vec<_>>().join(",")))
    }
}

fn written((first, last): &(u16, u16)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

fn joined(mut spans: Spans) -> Spans {
    spans.sort_unstable();
    let mut out: Spans = Vec::with_capacity(spans.len());
    for (first, last) in spans {
        match out.last_mut() {
            Some(open) if u32::from(first) <= u32::from(open.1) + 1 => open.1 = open.1.max(last),
            _ => out.push((first, last)),
        }
    }
    out
}

fn met(a: &Spans, b: &Spans) -> Spans {
    let (mut out, mut i, mut j) = (Spans::new(), 0, 0);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        let (first, last) = (x.0.max(y.0), x.1.min(y.1));
        if first <= last {
            out.push((first, last));
        }
        if x.1 < y.1 { i += 1 } else { j += 1 }
    }
    out
}

fn without(spans: &Spans) -> Spans {
    let (mut out, mut next) = (Spans::new(), 1_u32);
    for (first, last) in spans {
        if next < u32::from(*first) {
            out.push((next as u16, first - 1));
        }
        next = u32::from(*last) + 1;
    }
    if next <= u32::from(u16::MAX) {
        out.push((next as u16, u16::MAX));
    }
    out
}

impl fmt::Display for Traffic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            all if all.is_all() => out.write_str("All Connections"),
            none if none.is_empty() => out.write_str("No Connections"),
            some => {
                let parts: Vec<String> = some.parts().map(|(protocol, ports)| format!("{} {ports}", protocol.name())).collect();
                out.write_str(&parts.join(","))
            }
        }
    }
}
