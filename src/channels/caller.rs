//! Where a call comes from, and whether it may.

use std::net::IpAddr;

use actix_web::HttpRequest;
use ipnet::IpNet;

use crate::config::{caller, lies_in};

const FORWARDED: &str = "x-forwarded-for";

/// The address of the caller, also behind these proxies; `None` where one of them tells what is no
/// address.
pub fn address(request: &HttpRequest, proxies: &[IpNet]) -> Option<IpAddr> {
    let told = request.headers().get_all(FORWARDED);
    let told = told.map(|value| value.to_str().unwrap_or("?"));
    caller(request.peer_addr()?.ip(), told, proxies)
}

/// Whether an address lies in one of these networks; without any, every one does.
pub fn may_call(address: Option<IpAddr>, networks: &[IpNet]) -> bool {
    networks.is_empty() || address.is_some_and(|address| lies_in(address, networks))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn without_a_list_everybody_may_call() {
        let list: [IpNet; 1] = ["203.0.113.0/24".parse().unwrap()];
        assert!(may_call(None, &[]) && may_call(Some(ip("192.0.2.1")), &[]));
        assert!(may_call(Some(ip("203.0.113.255")), &list));
        assert!(!may_call(Some(ip("203.0.114.0")), &list) && !may_call(None, &list));
    }
}
