//! Ranges of addresses: blocks of policies in, the outside cut at their edges out.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All addresses from one to another, of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    is_v6: bool,
    pub first: u128,
    pub last: u128,
}

impl Range {
    pub fn whole(is_v6: bool) -> Range {
        Range { is_v6, first: 0, last: if is_v6 { u128::MAX } else { u128::from(u32::MAX) } }
    }

    /// An address with the length of its prefix.
    pub fn parse(cidr: &str) -> Option<Range> {
        let (address, length) = cidr.split_once('/')?;
        let one = Range::one(address)?;
        let bits = if one.is_v6 { 128 } else { 32 };
        let length: u32 = length.parse().ok().filter(|length| *length <= bits)?;
        let hosts = if bits == length { 0 } else { u128::MAX >> (128 - (bits - length)) };
        Some(Range { first: one.first & !hosts, last: one.first | hosts, ..one })
    }

    /// A single address.
    pub fn one(address: &str) -> Option<Range> {
        let (is_v6, number) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(address) => (false, u128::from(u32::from(address))),
            IpAddr::V6(address) => (true, u128::from(address)),
        };
        Some(Range { is_v6, first: number, last: number })
    }

    /// A range as it is printed.
    pub fn span(text: &str) -> Option<Range> {
        let (first, last) = text.split_once('-')?;
        Some(Range { last: Range::one(last)?.last, ..Range::one(first)? })
    }

    pub fn holds(&self, other: &Range) -> bool {
        self.is_v6 == other.is_v6 && self.first <= other.first && other.last <= self.last
    }

    pub fn meets(&self, other: &Range) -> bool {
        self.is_v6 == other.is_v6 && self.first <= other.last && other.first <= self.last
    }

    pub fn is_whole(&self) -> bool {
        *self == Range::whole(self.is_v6)
    }

    /// Both together, where the other follows at once.
    pub fn with(self, next: Range) -> Option<Range> {
        let follows = self.is_v6 == next.is_v6 && self.last.checked_add(1) == Some(next.first);
        follows.then_some(Range { last: next.last, ..self })
    }
}

/// Everything outside, cut so that each part lies in a block or beside it. Of the longer addresses nothing is said where
/// no policy does.
pub fn parts<'r>(blocks: impl Iterator<Item = &'r Range>) -> Vec<Range> {
    let mut starts: [BTreeSet<u128>; 2] = [BTreeSet::from([0]), BTreeSet::new()];
    for block in blocks {
        let starts = &mut starts[usize::from(block.is_v6)];
        starts.extend([0, block.first]);
        starts.extend(block.last.checked_add(1).filter(|next| *next <= Range::whole(block.is_v6).last));
    }
    let [v4, v6] = starts;
    [(false, v4), (true, v6)].into_iter().flat_map(|(is_v6, starts)| cut(is_v6, &starts)).collect()
}

fn cut(is_v6: bool, starts: &BTreeSet<u128>) -> Vec<Range> {
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([Range::whole(is_v6).last]);
    starts.iter().zip(ends).map(|(first, last)| Range { is_v6, first: *first, last }).collect()
}

impl fmt::Display for Range {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_v6 {
            true => write!(out, "{}-{}", Ipv6Addr::from(self.first), Ipv6Addr::from(self.last)),
            false => write!(out, "{}-{}", Ipv4Addr::from(self.first as u32), Ipv4Addr::from(self.last as u32)),
        }
    }
}
