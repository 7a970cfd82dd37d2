//! What `NO_PROXY` covers.

use proptest::prelude::*;
use url::Url;

use crate::settings::NoProxy;

fn list(text: &str) -> NoProxy {
    NoProxy::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}")).0
}

#[test]
fn each_way_to_write_it_covers_what_its_writer_means() {
    // (list, direct, not direct)
    let table: &[(&str, &[&str], &[&str])] = &[
        ("*", &["https://a.b", "http://10.0.0.1:8080", "http://[::1]"], &[]),
        ("*:8080", &["http://a.b:8080"], &["http://a.b"]),
        (
            "contoso.com",
            &["https://contoso.com", "https://TFS.Contoso.Com./x", "http://a.b.contoso.com:1"],
            &["https://contoso.com.evil.net", "https://notcontoso.com", "https://com"],
        ),
        (".contoso.com", &["https://contoso.com", "https://tfs.contoso.com"], &["https://notcontoso.com"]),
        ("*.contoso.com", &["https://contoso.com", "https://a.b.contoso.com"], &["https://notcontoso.com"]),
        ("CORP.", &["http://tfs.corp", "http://corp"], &["http://corp.net"]),
        ("localhost", &["http://localhost:8080"], &["http://127.0.0.1:8080"]),
        ("tfs_1.corp", &["http://tfs_1.corp"], &["http://tfs-1.corp"]),
        ("tfs.corp:8443", &["https://tfs.corp:8443"], &["https://tfs.corp", "http://tfs.corp:8080"]),
        ("tfs.corp:443", &["https://tfs.corp", "https://a.tfs.corp:443"], &["http://tfs.corp"]),
        ("*.corp:80", &["http://tfs.corp"], &["https://tfs.corp"]),
        ("https://tfs.corp/tfs?a=b", &["http://tfs.corp:8080"], &["http://corp"]),
        ("https://me:word@tfs.corp:8443/tfs", &["https://tfs.corp:8443"], &["https://tfs.corp"]),
        ("10.1.2.3", &["http://10.1.2.3:99", "http://[::ffff:10.1.2.3]"], &["http://10.1.2.30", "http://10.1.2.3.example.com"]),
        ("10.1.2.3:8080", &["http://10.1.2.3:8080"], &["http://10.1.2.3"]),
        ("10.0.0.0/8", &["http://10.255.0.1"], &["http://11.0.0.1", "http://ten.example.com", "http://[::a00:1]"]),
        ("10.99.0.7/8", &["http://10.1.1.1"], &[]),
        ("192.168.4.0/22", &["http://192.168.7.255"], &["http://192.168.8.0", "http://192.168.3.255"]),
        ("0.0.0.0/0", &["http://8.8.8.8"], &["http://[2001:db8::1]", "http://a.b"]),
        ("10.0.0.1/32", &["http://10.0.0.1"], &["http://10.0.0.2"]),
        ("::1", &["http://[::1]:8080"], &["http://127.0.0.1", "http://[::2]"]),
        ("[::1]:8080", &["http://[::1]:8080"], &["http://[::1]"]),
        ("[fd00::1]", &["http://[fd00:0::1]"], &["http://[fd00::2]"]),
        ("fd00::/8", &["https://[fdab::1]"], &["https://[fe80::1]", "http://10.0.0.1"]),
        ("[fd00::]/8", &["https://[fdab::1]"], &[]),
        ("::/0", &["https://[fe80::1]"], &["http://10.0.0.1"]),
        ("::ffff:10.0.0.0/104", &["http://10.9.9.9", "http://[::ffff:a01:1]"], &["http://11.0.0.1"]),
        ("bücher.example", &["https://www.xn--bcher-kva.example"], &["https://example"]),
        (" a.corp ,\tb.corp  c.corp,, ", &["http://a.corp", "http://b.corp", "http://c.corp"], &["http://d.corp"]),
    ];
    for (written, direct, others) in table {
        let list = list(written);
        for (urls, expected) in [(direct, true), (others, false)] {
            for url in *urls {
                assert_eq!(list.covers(&Url::parse(url).unwrap()), expected, "NO_PROXY={written} and {url}");
            }
        }
        assert_eq!(self::list(&list.to_string()), list, "{list} is read back as the same list");
    }
}

#[test]
fn nothing_is_covered_by_an_empty_list() {
    assert!(!NoProxy::default().covers(&Url::parse("http://localhost").unwrap()));
    assert!(!list("*").covers(&Url::parse("mailto:me@contoso.com").unwrap()));
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_is_wrong() {
    for (written, problem) in [
        (" ,", "names nothing"),
        ("a b*c", "`*` counts only alone"),
        ("192.168.*", "`*` counts only alone"),
        ("10.1", "a part of an address"),
        ("10.", "a part of an address"),
        ("300.1.1.1", "a part of an address"),
        ("10.0.0.0/33", "no number from 0 to 32"),
        ("10.0.0.0/255.0.0.0", "no number from 0 to 32"),
        ("::/129", "no number from 0 to 128"),
        ("tfs.corp/tfs", "a slash and is no network"),
        ("tfs.corp:0", "ports"),
        ("tfs.corp:http", "ports"),
        ("tfs.corp:65536", "ports"),
        (":8080", "no host name"),
        ("a..b", "no host name"),
        (".", "no host name"),
        ("<no-proxy-url>", "no host name"),
        ("http://", "no host name"),
    ] {
        let refused = NoProxy::parse(written).unwrap_err();
        assert!(refused.contains(problem), "{written}: {refused}");
    }
}

#[test]
fn a_url_is_taken_with_a_warning() {
    let (_, warnings) = NoProxy::parse("https://tfs.corp/tfs,b").unwrap();
    assert_eq!(warnings, ["holds a URL; only its host and its port count"]);
}

proptest! {
    #[test]
    fn no_list_makes_it_panic_and_what_is_taken_is_read_back(text in "[-a-zA-Z0-9.:/*,\\[\\] @ä_]{0,40}") {
        if let Ok((taken, _)) = NoProxy::parse(&text) {
            let shown = taken.to_string();
            prop_assert_eq!(NoProxy::parse(&shown).map(|(again, _)| again), Ok(taken), "{}", shown);
        }
    }

    #[test]
    fn a_network_covers_an_address_when_their_first_bits_are_equal(network: u32, address: u32, prefix in 0u8..=32) {
        let address_url = Url::parse(&format!("http://{}", std::net::Ipv4Addr::from_bits(address))).unwrap();
        let list = list(&format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(network)));
        let equal = (network ^ address).leading_zeros() >= u32::from(prefix);
        prop_assert_eq!(list.covers(&address_url), equal);
    }

    #[test]
    fn what_covers_a_host_covers_what_is_below_it(label in "[a-z]{1,8}", host in "[a-z]{1,8}\\.[a-z]{2,5}") {
        let url = Url::parse(&format!("https://{label}.{host}/")).unwrap();
        for written in [host.clone(), format!(".{host}"), format!("*.{host}"), format!("{host}:443")] {
            prop_assert!(list(&written).covers(&url));
        }
        let glued = Url::parse(&format!("https://{label}{host}/")).unwrap();
        prop_assert!(!list(&host).covers(&glued));
    }
}
