//! Where a call comes from, also behind proxies of the operator's own.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// The address of the caller: the peer's, or, where that is one of these proxies, the last one
/// that they tell and that is none of them. What stands before it anybody may have written. `told`
/// are the values of `X-Forwarded-For`, in order. `None` where a proxy tells what is no address.
pub fn caller<'a>(
    peer: IpAddr,
    told: impl Iterator<Item = &'a str>,
    proxies: &[IpNet],
) -> Option<IpAddr> {
    let told: Vec<&str> = told.flat_map(|value| value.split(',')).collect();
    let mut address = peer.to_canonical();
    for entry in told.iter().rev() {
        if !lies_in(address, proxies) {
            break;
        }
        address = read(entry)?;
    }
    Some(address)
}

/// Whether an address lies in one of these networks.
pub fn lies_in(address: IpAddr, networks: &[IpNet]) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// An address as proxies write it, some with a port.
fn read(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let with_port = || Some(entry.parse::<SocketAddr>().ok()?.ip());
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(with_port);
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_proxies_of_ours_are_believed_and_only_as_far_as_they_reach() {
        let ours: [IpNet; 2] = ["127.0.0.1/32", "10.0.0.0/8"].map(|net| net.parse().unwrap());
        for (peer, told, found) in [
            ("192.0.2.1", vec!["203.0.113.9"], Some("192.0.2.1")),
            ("127.0.0.1", vec![], Some("127.0.0.1")),
            ("127.0.0.1", vec!["203.0.113.9"], Some("203.0.113.9")),
            (
                "127.0.0.1",
                vec!["1.1.1.1", " 203.0.113.9 "],
                Some("203.0.113.9"),
            ),
            (
                "127.0.0.1",
                vec!["203.0.113.9", "10.1.2.3"],
                Some("203.0.113.9"),
            ),
            ("127.0.0.1", vec!["10.1.2.3"], Some("10.1.2.3")),
            ("127.0.0.1", vec!["203.0.113.9:4711"], Some("203.0.113.9")),
            ("127.0.0.1", vec!["[2001:db8::7]:80"], Some("2001:db8::7")),
            ("127.0.0.1", vec!["[2001:db8::7]"], Some("2001:db8::7")),
            ("127.0.0.1", vec!["::ffff:203.0.113.9"], Some("203.0.113.9")),
            ("127.0.0.1", vec!["203.0.113.9", "unknown"], None),
            ("127.0.0.1", vec!["203.0.113.9", ""], None),
        ] {
            let address = caller(ip(peer), told.iter().copied(), &ours);
            assert_eq!(address, found.map(ip), "{peer} {told:?}");
        }
    }
}
