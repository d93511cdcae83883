//! The API server's rules for names, labels, ports and addresses.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Why a text is no name of this kind, or `None` when it is one.
pub(crate) type Fault = Option<&'static str>;

/// An RFC 1123 subdomain, which object names are.
pub(crate) fn subdomain(text: &str) -> Fault {
    if text.len() > 253 {
        return Some("must have at most 253 characters");
    }
    let valid = text.split('.').all(|part| {
        edges(part, |b| b.is_ascii_lowercase() || b.is_ascii_digit())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    });
    (!valid).then_some(
        "must consist of lower-case letters, digits, `-` and `.`, and start and end with a letter or digit",
    )
}

/// An RFC 1123 label, which namespaces' names are.
pub(crate) fn dns_label(text: &str) -> Fault {
    if text.len() > 63 {
        return Some("must have at most 63 characters");
    }
    if text.contains('.') {
        return Some("must not contain a dot");
    }
    subdomain(text)
}

pub(crate) fn label_key(text: &str) -> Fault {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if prefix.is_some_and(|p| p.is_empty() || subdomain(p).is_some()) {
        return Some("must have a DNS name before the `/`");
    }
    if name.is_empty() || name.len() > 63 {
        return Some("must have a name of 1 to 63 characters");
    }
    (!word(name)).then_some(
        "must consist of letters, digits, `-`, `_` and `.`, and start and end with a letter or digit",
    )
}

pub(crate) fn label_value(text: &str) -> Fault {
    if text.len() > 63 {
        return Some("must have at most 63 characters");
    }
    (!text.is_empty() && !word(text)).then_some(
        "must consist of letters, digits, `-`, `_` and `.`, and start and end with a letter or digit",
    )
}

/// An IANA service name, which port names are.
pub(crate) fn port_name(text: &str) -> Fault {
    let alphabet = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if text.is_empty() || text.len() > 15 {
        Some("must have 1 to 15 characters")
    } else if !alphabet {
        Some("must consist of lower-case letters, digits and `-`")
    } else if !text.bytes().any(|b| b.is_ascii_lowercase()) {
        Some("must contain a letter")
    } else if text.starts_with('-') || text.ends_with('-') || text.contains("--") {
        Some("must not start or end with `-` or have two in a row")
    } else {
        None
    }
}

/// A block of addresses, and whether host bits had to be cleared.
pub(crate) fn cidr(text: &str) -> Result<(IpNet, bool), &'static str> {
    if text.contains('%') {
        return Err("must not have a zone");
    }
    if !text.contains('/') {
        return Err("must end with a prefix length, such as `/32` for one IPv4 address");
    }
    let net: IpNet =
        text.parse().map_err(|_| "must be a block of addresses, such as 10.0.0.0/8")?;
    // The parser takes `+8` and `08`; the API server does not.
    let length = text.rsplit('/').next().unwrap_or_default();
    if !length.bytes().all(|b| b.is_ascii_digit()) || (length.len() > 1 && length.starts_with('0'))
    {
        return Err("must be a block of addresses, such as 10.0.0.0/8");
    }
    if let IpNet::V6(net) = net
        && mapped(net.addr())
    {
        return Err("must not be an IPv4-mapped IPv6 address");
    }
    Ok((net.trunc(), net.trunc() != net))
}

/// An address.
pub(crate) fn address(text: &str) -> Result<IpAddr, &'static str> {
    let address: IpAddr = text.parse().map_err(|_| "must be an IP address")?;
    match address {
        IpAddr::V6(v6) if mapped(v6) => Err("must not be an IPv4-mapped IPv6 address"),
        _ => Ok(address),
    }
}

fn mapped(address: Ipv6Addr) -> bool {
    address.to_ipv4_mapped().is_some()
}

/// A domain name as the cluster-wide policies take it: at least two parts, the
/// first of which may be `*`.
pub(crate) fn domain_name(text: &str) -> Fault {
    let name = text.strip_suffix('.').unwrap_or(text);
    let name = name.strip_prefix("*.").unwrap_or(name);
    let parts = || name.split('.');
    let valid = parts().all(|part| {
        edges(part, |b| b.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    }) && parts().nth(1).is_some();
    (!valid).then_some("must be a domain name, such as `example.com` or `*.example.com`")
}

fn word(text: &str) -> bool {
    edges(text, |b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

fn edges(text: &str, test: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(&test) && text.bytes().last().is_some_and(&test)
}
