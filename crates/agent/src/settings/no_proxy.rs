//! `NO_PROXY` as operators write it.
//!
//! There is no standard, only habits: curl's (`man curl`, "`NO_PROXY`"), Go's (`golang.org/x/net/http/httpproxy`) and Python's.
//! Taken is what any of them takes, and where they differ (`.contoso.com` is the host itself for curl and not for Go) more is
//! direct rather than less.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use url::{Host, Url};

/// What is reached without a proxy. Matching looks at the URL alone: names are not resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    /// None: every port.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    /// This name and everything below it; in small letters and Punycode, without dots at its ends.
    Name(String),
    /// A single address is a network with the longest prefix.
    Network {
        address: IpAddr,
        prefix: u8,
    },
}

impl NoProxy {
    /// Reads entries separated by commas or white space: `*`; host names, which cover their subdomains, with or without `.` or
    /// `*.` before them; addresses; networks (`10.0.0.0/8`, `fd00::/8`). All but networks may end in a port, and then cover
    /// that port only. Gives warnings about entries of which not everything counts.
    ///
    /// # Errors
    /// What is wrong with an entry, without repeating it.
    pub fn parse(text: &str) -> Result<(Self, Vec<String>), String> {
        let mut entries = Vec::new();
        let mut warnings = Vec::new();
        for part in text.split(|character: char| character == ',' || character.is_whitespace()).filter(|part| !part.is_empty()) {
            let entry = entry(part, &mut warnings)?;
            if !entries.contains(&entry) {
                entries.push(entry);
            }
        }
        if entries.is_empty() { Err("it names nothing".to_owned()) } else { Ok((Self { entries }, warnings)) }
    }

    /// Whether `url` is reached without a proxy.
    pub fn covers(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        let port = url.port_or_known_default();
        let at_its_port = |entry: &&Entry| entry.port.is_none() || entry.port == port;
        self.entries.iter().filter(at_its_port).any(|entry| entry.hosts.cover(&host))
    }
}

impl Hosts {
    fn cover(&self, host: &Host<&str>) -> bool {
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(address.to_canonical()),
        };
        match (self, host) {
            (Self::All, _) => true,
            (Self::Name(name), Host::Domain(host)) => {
                let host = host.trim_end_matches('.');
                host.strip_suffix(name.as_str()).is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            (Self::Network { address: network, prefix }, _) => {
                address.is_some_and(|address| masked(address, *prefix) == masked(*network, *prefix))
            }
            (Self::Name(_), _) => false,
        }
    }
}

/// The address without what comes after `prefix`; addresses of the two families are never equal.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix)).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix)).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

fn entry(part: &str, warnings: &mut Vec<String>) -> Result<Entry, String> {
    let part = match part.split_once("://") {
        Some((_, rest)) => {
            warnings.push("holds a URL; only its host and its port count".to_owned());
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            authority.rsplit_once('@').map_or(authority, |(_, host)| host)
        }
        None => part,
    };
    if let Some((address, prefix)) = part.split_once('/') {
        let address = without_brackets(address).parse().map_err(|_| "one of its entries holds a slash and is no network")?;
        let longest = if matches!(address, IpAddr::V4(_)) { 32 } else { 128 };
        let prefix = prefix.parse().ok().filter(|prefix| *prefix <= longest);
        let prefix = prefix.ok_or_else(|| format!("the length of a network's prefix is no number from 0 to {longest}"))?;
        return Ok(Entry { hosts: network(address, prefix), port: None });
    }
    if let Ok(address) = part.parse() {
        return Ok(Entry { hosts: single(address), port: None });
    }
    let (host, port) = match part.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            let port: Option<u16> = port.parse().ok().filter(|port| *port > 0);
            (host, Some(port.ok_or("one of its ports is no number from 1 to 65535")?))
        }
        _ => (part, None),
    };
    Ok(Entry { hosts: hosts(host)?, port })
}

fn hosts(text: &str) -> Result<Hosts, String> {
    if text == "*" {
        return Ok(Hosts::All);
    }
    if let Ok(address) = without_brackets(text).parse() {
        return Ok(single(address));
    }
    let name = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.contains('*') {
        return Err(
            "`*` counts only alone and at the start, as in `*.contoso.com`; networks are written as 10.0.0.0/8".to_owned()
        );
    }
    let legal = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_');
    if !name.split('.').all(|label| !label.is_empty() && label.chars().all(legal)) {
        return Err("one of its entries is no host name, address or network".to_owned());
    }
    // What ends in a number is an address for every client, and `10.1` is that of 10.0.0.1.
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("one of its entries is a part of an address; networks are written as 10.0.0.0/8".to_owned());
    }
    match Host::parse(name) {
        Ok(Host::Domain(name)) => Ok(Hosts::Name(name)),
        _ => Err("one of its entries is no host name, address or network".to_owned()),
    }
}

fn without_brackets(text: &str) -> &str {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text)
}

fn single(address: IpAddr) -> Hosts {
    network(address, if address.is_ipv4() { 32 } else { 128 })
}

/// An IPv4 address in IPv6's clothes is the IPv4 address, here and in URLs.
fn network(address: IpAddr, prefix: u8) -> Hosts {
    const MAPPED: u8 = 96;
    match (address.to_canonical(), prefix.checked_sub(MAPPED)) {
        (canonical @ IpAddr::V4(_), Some(shorter)) if address.is_ipv6() => Hosts::Network { address: canonical, prefix: shorter },
        _ => Hosts::Network { address, prefix },
    }
}

impl fmt::Display for NoProxy {
    /// The list as it was understood.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Entry { hosts, port }) in self.entries.iter().enumerate() {
            if number > 0 {
                formatter.write_str(",")?;
            }
            match (hosts, port) {
                (Hosts::All, _) => formatter.write_str("*")?,
                (Hosts::Name(name), _) => formatter.write_str(name)?,
                (Hosts::Network { address, prefix: 32 }, _) if address.is_ipv4() => address.fmt(formatter)?,
                (Hosts::Network { address, prefix: 128 }, None) => address.fmt(formatter)?,
                (Hosts::Network { address, prefix: 128 }, Some(_)) => write!(formatter, "[{address}]")?,
                (Hosts::Network { address, prefix }, _) => write!(formatter, "{address}/{prefix}")?,
            }
            if let Some(port) = port {
                write!(formatter, ":{port}")?;
            }
        }
        Ok(())
    }
}
