//! Variables as the servers really send them, recorded from Apache 2.4 (mod_cgid, mod_fcgid 2.3.9,
//! mod_proxy_fcgi), nginx 1.22 and lighttpd 1.4, and what they mean.

use super::*;

/// Variables from lines of `NAME=value`, described as one request.
fn request(lines: &str) -> Result<Request<'static>, Unacceptable> {
    let variables: Vec<(&[u8], &[u8])> = lines
        .lines()
        .map(|line| line.trim_start().split_once('=').unwrap())
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()))
        .collect();
    Environment::new(&variables).request(RequestBody::empty())
}

fn target(lines: &str) -> Target {
    let lines = format!("REQUEST_METHOD=GET\n{lines}");
    request(lines.trim_end())
        .unwrap()
        .extensions()
        .get::<Target>()
        .unwrap()
        .clone()
}

struct Server {
    name: &'static str,
    variables: &'static str,
    mount: &'static str,
    path: &'static str,
    undecodable: bool,
}

const SERVERS: &[Server] = &[
    Server {
        name: "mod_cgid, ScriptAlias; dots and double slashes are gone already",
        variables: "PATH_INFO=/1.1/john/a b/%F
            PATH_TRANSLATED=/var/www/1.1/john
            REQUEST_URI=/cgi/weft.cgi/1.1/j%6Fhn//a%20b/c/../%25F?full=1&x=%20
            SCRIPT_NAME=/cgi/weft.cgi",
        mount: "/cgi/weft.cgi",
        path: "/1.1/john/a b/%F",
        undecodable: false,
    },
    Server {
        name: "mod_cgid, AllowEncodedSlashes NoDecode; the escaped escape looks the same",
        variables: "PATH_INFO=/1.1/john/a%2Fb/%2F
            REQUEST_URI=/cgi/weft.cgi/1.1/john/a%2Fb/%252F
            SCRIPT_NAME=/cgi/weft.cgi",
        mount: "/cgi/weft.cgi",
        path: "/1.1/john/a%2Fb/%2F",
        undecodable: true,
    },
    Server {
        name: "an item whose id really is %2F",
        variables: "PATH_INFO=/1.1/john/storage/c/%2F
            REQUEST_URI=/cgi/weft.cgi/1.1/john/storage/c/%252F
            SCRIPT_NAME=/cgi/weft.cgi",
        mount: "/cgi/weft.cgi",
        path: "/1.1/john/storage/c/%2F",
        undecodable: false,
    },
    Server {
        name: "mod_fcgid, Alias /1.1",
        variables: "CONTEXT_PREFIX=/1.1
            CONTENT_LENGTH=0
            PATH_INFO=/john/info x
            REQUEST_URI=/1.1/john/info%20x?full=1&x=%20
            SCRIPT_NAME=/1.1",
        mount: "/1.1",
        path: "/john/info x",
        undecodable: false,
    },
    Server {
        name: "mod_proxy_fcgi, ProxyPass and ProxyPassMatch: all in SCRIPT_NAME",
        variables: "REQUEST_URI=/px/1.1/j%6Fhn/c%C3%A9
            SCRIPT_FILENAME=proxy:fcgi://weft/1.1/john/c%C3%A9
            SCRIPT_NAME=/px/1.1/john/cé",
        mount: "",
        path: "/px/1.1/john/cé",
        undecodable: false,
    },
    Server {
        name: "mod_proxy_fcgi, SetHandler in a Location",
        variables: "PATH_INFO=/1.1/john/a%2Fb
            REQUEST_URI=/sh/1.1/j%6Fhn/a%2Fb
            SCRIPT_FILENAME=proxy:fcgi://weft/var/www/html/sh
            SCRIPT_NAME=/sh",
        mount: "/sh",
        path: "/1.1/john/a%2Fb",
        undecodable: true,
    },
    Server {
        name: "nginx, fastcgi_params alone: all in SCRIPT_NAME",
        variables: "CONTENT_LENGTH=
            DOCUMENT_URI=/a/1.1/john/c
            REQUEST_URI=/a/1.1/j%6Fhn//c
            SCRIPT_NAME=/a/1.1/john/c",
        mount: "/a/1.1/john/c",
        path: "",
        undecodable: false,
    },
    Server {
        name: "nginx, fastcgi_split_path_info; an encoded slash comes decoded",
        variables: "PATH_INFO=/1.1/john/a/b
            REQUEST_URI=/b/1.1/j%6Fhn/a%2fb
            SCRIPT_NAME=/b",
        mount: "/b",
        path: "/1.1/john/a/b",
        undecodable: true,
    },
    Server {
        name: "lighttpd, fix-root-scriptname",
        variables: "PATH_INFO=/1.1/john/a/b
            REDIRECT_URI=/1.1/john/a/b
            REQUEST_URI=/1.1/j%6Fhn/a/b
            SCRIPT_FILENAME=/srv/www/
            SCRIPT_NAME=",
        mount: "",
        path: "/1.1/john/a/b",
        undecodable: false,
    },
    Server {
        name: "a server that moved PATH_INFO away",
        variables: "ORIG_PATH_INFO=/1.1/john
            REQUEST_URI=/index.php/1.1/john
            SCRIPT_NAME=/index.php",
        mount: "/index.php",
        path: "/1.1/john",
        undecodable: false,
    },
    Server {
        name: "a server that lost PATH_INFO",
        variables: "PATH_TRANSLATED=/var/www/1.1/john
            REQUEST_URI=/index.php/1.1/j%6Fhn?full=1
            SCRIPT_NAME=/index.php",
        mount: "/index.php",
        path: "/1.1/john",
        undecodable: false,
    },
    Server {
        name: "a rewritten URL is not below the script",
        variables: "REQUEST_URI=/weave/1.1/john
            SCRIPT_NAME=/index.php",
        mount: "/index.php",
        path: "",
        undecodable: false,
    },
    Server {
        name: "a name that only begins like the script",
        variables: "REQUEST_URI=/index.php5/x
            SCRIPT_NAME=/index.php",
        mount: "/index.php",
        path: "",
        undecodable: false,
    },
];

#[test]
fn every_server_s_variables_lead_to_mount_and_path() {
    for server in SERVERS {
        let found = target(server.variables);
        assert_eq!(
            found.mount,
            server.mount.as_bytes(),
            "mount: {}",
            server.name
        );
        assert_eq!(found.path, server.path.as_bytes(), "path: {}", server.name);
        assert_eq!(
            found.undecodable, server.undecodable,
            "undecodable: {}",
            server.name
        );
    }
}

#[test]
fn the_query_is_kept_as_sent() {
    let query = target("QUERY_STRING=ids=a%2Cb,c&x=%20+&&é=%ff").query;
    assert_eq!(query, "ids=a%2Cb,c&x=%20+&&é=%ff".as_bytes());
}

#[test]
fn encoded_slashes_of_the_query_do_not_count() {
    assert!(!target("PATH_INFO=/a\nREQUEST_URI=/a?x=%2F%00").undecodable);
    assert!(target("PATH_INFO=/a\nREQUEST_URI=/a%00").undecodable);
    assert!(target("PATH_INFO=/a\0b").undecodable);
}

#[test]
fn the_first_name_with_a_value_gives_the_credentials() {
    let cases = [
        ("HTTP_AUTHORIZATION=a", Some("a")),
        (
            "HTTP_AUTHORIZATION=\nREDIRECT_HTTP_AUTHORIZATION=b",
            Some("b"),
        ),
        ("REDIRECT_REDIRECT_HTTP_AUTHORIZATION=c", Some("c")),
        (
            "REDIRECT_HTTP_AUTHORIZATION=d\nHTTP_AUTHORIZATION=e",
            Some("e"),
        ),
        (
            "AUTHORIZATION=f\nHTTP_AUTHORIZATION=g\nAuthorization=h",
            Some("h"),
        ),
        ("AUTHORIZATION=f\nHTTP_AUTHORIZATION=g", Some("f")),
        ("REDIRECT_AUTHORIZATION_X=i\nHTTP_AUTHORIZATION=", None),
    ];
    for (lines, credentials) in cases {
        let request = request(&format!("REQUEST_METHOD=GET\n{lines}")).unwrap();
        let found = request.headers().get_all(AUTHORIZATION);
        let found: Vec<_> = found.iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(found, Vec::from_iter(credentials), "{lines}");
    }
}

#[test]
fn headers_come_from_their_variables_and_nothing_else_does() {
    let request = request(
        "REQUEST_METHOD=POST
        HTTP_X_IF_UNMODIFIED_SINCE=1.23
        HTTP_HOST=weft.test
        CONTENT_TYPE=text/plain; charset=x
        CONTENT_LENGTH=17
        HTTP_CONTENT_LENGTH=99
        HTTP_PROXY=http://evil
        HTTP_TRANSFER_ENCODING=chunked
        HTTP_=x
        HTTP_NO SUCH=x
        PATH=/bin
        http_lower=x",
    )
    .unwrap();
    let mut found: Vec<_> = request
        .headers()
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    found.sort();
    let expected = [
        "content-length: 17",
        "content-type: text/plain; charset=x",
        "host: weft.test",
        "x-if-unmodified-since: 1.23",
    ];
    assert_eq!(found, expected);
}

#[test]
fn header_bytes_outside_ascii_are_kept() {
    let variables: [(&[u8], &[u8]); 2] = [
        (b"REQUEST_METHOD", b"GET"),
        (b"HTTP_AUTHORIZATION", b"Basic caf\xe9"),
    ];
    let request = Environment::new(&variables)
        .request(RequestBody::empty())
        .unwrap();
    assert_eq!(
        request.headers()[AUTHORIZATION].as_bytes(),
        b"Basic caf\xe9"
    );
}

#[test]
fn what_http_cannot_hold_is_refused() {
    let of = |name: &[u8], value: &[u8]| {
        let variables = [(&b"REQUEST_METHOD"[..], &b"GET"[..]), (name, value)];
        Environment::new(&variables)
            .request(RequestBody::empty())
            .err()
    };
    let header = |name: &str| Some(Unacceptable::Header(name.to_owned()));
    assert_eq!(of(b"HTTP_X_A", b"a\r\nb: c"), header("HTTP_X_A"));
    assert_eq!(
        of(b"HTTP_AUTHORIZATION", b"a\0"),
        header("HTTP_AUTHORIZATION")
    );
    assert_eq!(of(b"CONTENT_LENGTH", b"+5"), Some(Unacceptable::Length));
    assert_eq!(
        of(b"CONTENT_LENGTH", b"99999999999999999999"),
        Some(Unacceptable::Length)
    );
    assert_eq!(request("REQUEST_METHOD=").err(), Some(Unacceptable::Method));
    assert_eq!(
        request("REQUEST_METHOD=G T").err(),
        Some(Unacceptable::Method)
    );
    assert_eq!(request("REQUEST_METHOD=BREW").unwrap().method(), "BREW");
}

#[test]
fn the_client_is_who_the_variables_say() {
    let client = |lines: &str| {
        let request = request(&format!("REQUEST_METHOD=GET\n{lines}")).unwrap();
        request.extensions().get::<Client>().unwrap().clone()
    };
    let found = client(
        "HTTPS=on
        REMOTE_ADDR=2001:db8::1
        SERVER_NAME=weft.test
        SERVER_PORT=443",
    );
    let expected = Client {
        address: "2001:db8::1".parse().ok(),
        https: true,
        server: Some("weft.test".to_owned()),
    };
    assert_eq!(found, expected);

    let plain = client("HTTPS=off\nREMOTE_ADDR=unix:\nSERVER_NAME=[::1]\nSERVER_PORT=8080");
    let expected = Client {
        address: None,
        https: false,
        server: Some("[::1]:8080".to_owned()),
    };
    assert_eq!(plain, expected);
}
