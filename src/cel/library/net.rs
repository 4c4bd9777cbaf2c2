//! IP addresses and ranges of them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::{Opaque, Table, no_overload, opaque, text};
use crate::cel::fault::Fault;
use crate::cel::value::Value;

type Answer = Result<Value, Fault>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cidr {
    pub address: IpAddr,
    pub prefix: u8,
}

pub const TABLE: Table = &[
    ("is_ip", |args, _| Ok(Value::Bool(address(text(args, 0)?).is_ok()))),
    ("is_canonical", |args, _| {
        let text = text(args, 0)?;
        address(text).map(|address| Value::Bool(address.to_string() == text))
    }),
    ("family", |args, _| ask(args, |address| Value::Int(if address.is_ipv4() { 4 } else { 6 }))),
    ("is_unspecified", |args, _| ask(args, |address| Value::Bool(address.is_unspecified()))),
    ("is_loopback", |args, _| ask(args, |address| Value::Bool(address.is_loopback()))),
    ("is_link_local_multicast", |args, _| ask(args, |address| Value::Bool(is_link_local_multicast(address)))),
    ("is_link_local_unicast", |args, _| ask(args, |address| Value::Bool(is_link_local_unicast(address)))),
    ("is_global_unicast", |args, _| ask(args, |address| Value::Bool(is_global_unicast(address)))),
    ("is_cidr", |args, _| Ok(Value::Bool(range(text(args, 0)?).is_ok()))),
    ("contains_ip", |args, _| {
        let inner = match &args[1] {
            Value::Opaque(_) => ip(args, 1)?,
            _ => address(text(args, 1)?)?,
        };
        Ok(Value::Bool(cidr(args, 0)?.holds(inner)))
    }),
    ("contains_cidr", |args, _| {
        let inner = match &args[1] {
            Value::Opaque(_) => cidr(args, 1)?,
            _ => range(text(args, 1)?)?,
        };
        let outer = cidr(args, 0)?;
        Ok(Value::Bool(outer.prefix <= inner.prefix && outer.holds(inner.address)))
    }),
    ("cidr_ip", |args, _| Ok(Value::opaque(Opaque::Ip(cidr(args, 0)?.address)))),
    ("prefix_length", |args, _| Ok(Value::Int(cidr(args, 0)?.prefix.into()))),
    ("masked", |args, _| Ok(Value::opaque(Opaque::Cidr(cidr(args, 0)?.masked())))),
];

pub fn to_ip(args: &[Value]) -> Answer {
    address(text(args, 0)?).map(|address| Value::opaque(Opaque::Ip(address)))
}

pub fn to_cidr(args: &[Value]) -> Answer {
    match range(text(args, 0)?) {
        Ok(cidr) => Ok(Value::opaque(Opaque::Cidr(cidr))),
        Err(fault) => Err(unreadable(&fault.message)),
    }
}

fn ip(args: &[Value], at: usize) -> Result<IpAddr, Fault> {
    match opaque(args, at)? {
        Opaque::Ip(address) => Ok(*address),
        _ => Err(no_overload()),
    }
}

fn cidr(args: &[Value], at: usize) -> Result<Cidr, Fault> {
    match opaque(args, at)? {
        Opaque::Cidr(cidr) => Ok(*cidr),
        _ => Err(no_overload()),
    }
}

fn ask(args: &[Value], answer: fn(IpAddr) -> Value) -> Answer {
    ip(args, 0).map(answer)
}

fn is_mapped(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some())
}

fn address(text: &str) -> Result<IpAddr, Fault> {
    if text.split_once('%').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok()) {
        return Err(Fault::new(format!("IP address {text:?} with zone value is not allowed")));
    }
    let wrong = |_| {
        Fault::new(format!(
            "IP Address {text:?} parse error during conversion from string: ParseAddr({text:?}): unable to parse IP"
        ))
    };
    let address: IpAddr = text.parse().map_err(wrong)?;
    if is_mapped(address) {
        return Err(Fault::new(format!("IPv4-mapped IPv6 address {text:?} is not allowed")));
    }
    Ok(address)
}

fn range(text: &str) -> Result<Cidr, Fault> {
    let wrong = |why: String| unreadable(&why);
    let (address, bits) = text.rsplit_once('/').ok_or_else(|| wrong(format!("netip.ParsePrefix({text:?}): no '/'")))?;
    let address: IpAddr = address.parse().map_err(|_| wrong(format!("netip.ParsePrefix({text:?}): unable to parse IP")))?;
    let is_plain = bits.bytes().all(|byte| byte.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix = bits.parse().ok().filter(|prefix| is_plain && *prefix <= most);
    let prefix = prefix.ok_or_else(|| wrong(format!("netip.ParsePrefix({text:?}): bad bits after slash: {bits:?}")))?;
    if is_mapped(address) {
        return Err(Fault::new(format!("IPv4-mapped IPv6 address {text:?} is not allowed")));
    }
    Ok(Cidr { address, prefix })
}

fn unreadable(why: &str) -> Fault {
    Fault::new(format!("network address parse error during conversion from string: {why}"))
}

impl Cidr {
    /// The first bits of an address, as many as the prefix says.
    fn first(self, address: IpAddr) -> u128 {
        let (bits, size) = match address {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (u128::from(address), 128),
        };
        bits.checked_shr(size - u32::from(self.prefix)).unwrap_or(0)
    }

    fn holds(self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && self.first(address) == self.first(self.address)
    }

    fn masked(self) -> Cidr {
        let first = self.first(self.address);
        let address = match self.address {
            IpAddr::V4(_) => IpAddr::V4((first.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0) as u32).into()),
            IpAddr::V6(_) => IpAddr::V6(first.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0).into()),
        };
        Cidr { address, prefix: self.prefix }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn is_link_local_unicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.segments()[0] & 0xffc0 == 0xfe80,
    }
}

fn is_link_local_multicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[..3] == [224, 0, 0],
        IpAddr::V6(address) => address.segments()[0] & 0xff0f == 0xff02,
    }
}

fn is_global_unicast(address: IpAddr) -> bool {
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    let is_special = address.is_unspecified() || address.is_loopback() || address.is_multicast();
    !is_broadcast && !is_special && !is_link_local_unicast(address)
}
