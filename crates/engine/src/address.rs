//! Sets of addresses, and their form as a minimal list of CIDRs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use fallgate_model::Family;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::ranges::Ranges;

/// A set of addresses of both families. Equal sets are equal values.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Addresses {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

impl Addresses {
    /// No address.
    pub fn none() -> Addresses {
        Addresses::default()
    }

    /// Every address of a family.
    pub fn all(family: Family) -> Addresses {
        match family {
            Family::V4 => Addresses { v4: Ranges::of(u32::MIN, u32::MAX), ..Addresses::default() },
            Family::V6 => {
                Addresses { v6: Ranges::of(u128::MIN, u128::MAX), ..Addresses::default() }
            }
        }
    }

    /// The addresses `first..=last`, of one family; none when the families
    /// differ.
    pub fn range(first: IpAddr, last: IpAddr) -> Addresses {
        match (first, last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                Addresses { v4: Ranges::of(a.into(), b.into()), ..Addresses::default() }
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                Addresses { v6: Ranges::of(a.into(), b.into()), ..Addresses::default() }
            }
            _ => Addresses::none(),
        }
    }

    /// Adds a range that starts no earlier than any of its family so far did.
    pub(crate) fn push(&mut self, first: IpAddr, last: IpAddr) {
        match (first, last) {
            (IpAddr::V4(a), IpAddr::V4(b)) => self.v4.push(a.into(), b.into()),
            (IpAddr::V6(a), IpAddr::V6(b)) => self.v6.push(a.into(), b.into()),
            _ => {}
        }
    }

    /// The addresses of a CIDR.
    pub fn of(cidr: &IpNet) -> Addresses {
        Addresses::range(cidr.network(), cidr.broadcast())
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// True when the address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(a) => self.v4.contains(a.into()),
            IpAddr::V6(a) => self.v6.contains(a.into()),
        }
    }

    /// What is in either.
    pub fn union(&self, other: &Addresses) -> Addresses {
        Addresses { v4: self.v4.union(&other.v4), v6: self.v6.union(&other.v6) }
    }

    /// What is in both.
    pub fn intersection(&self, other: &Addresses) -> Addresses {
        Addresses { v4: self.v4.intersection(&other.v4), v6: self.v6.intersection(&other.v6) }
    }

    /// What is in this and not in `other`.
    pub fn difference(&self, other: &Addresses) -> Addresses {
        Addresses { v4: self.v4.difference(&other.v4), v6: self.v6.difference(&other.v6) }
    }

    /// The first address, IPv4 before IPv6.
    pub fn first(&self) -> Option<IpAddr> {
        self.ranges().next().map(|(first, _)| first)
    }

    /// The ranges, sorted, IPv4 first.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
        let v4 = |n: u32| IpAddr::V4(Ipv4Addr::from(n));
        let v6 = |n: u128| IpAddr::V6(Ipv6Addr::from(n));
        let low = self.v4.iter().map(move |(a, b)| (v4(a), v4(b)));
        low.chain(self.v6.iter().map(move |(a, b)| (v6(a), v6(b))))
    }

    /// The shortest list of CIDRs that holds exactly these addresses, sorted,
    /// IPv4 first.
    pub fn cidrs(&self) -> Vec<IpNet> {
        let mut out = Vec::new();
        for (first, last) in self.v4.iter() {
            split(first.into(), last.into(), 32, |start, prefix| {
                let address = Ipv4Addr::from(u32::try_from(start).unwrap_or(u32::MAX));
                out.extend(Ipv4Net::new(address, prefix).ok().map(IpNet::V4));
            });
        }
        for (first, last) in self.v6.iter() {
            split(first, last, 128, |start, prefix| {
                out.extend(Ipv6Net::new(Ipv6Addr::from(start), prefix).ok().map(IpNet::V6));
            });
        }
        out
    }
}

/// Cuts `first..=last` into aligned blocks, each as large as fits.
fn split(first: u128, last: u128, bits: u32, mut found: impl FnMut(u128, u8)) {
    let mut start = first;
    loop {
        let mut size = start.trailing_zeros().min(bits);
        // The block from `start` of `2^size` addresses must end by `last`.
        let end = |size: u32| match 1_u128.checked_shl(size) {
            Some(count) => start.saturating_add(count - 1),
            None => u128::MAX,
        };
        while end(size) > last {
            size -= 1;
        }
        found(start, u8::try_from(bits - size).unwrap_or(u8::MAX));
        match end(size) {
            done if done >= last => return,
            done => start = done + 1,
        }
    }
}
