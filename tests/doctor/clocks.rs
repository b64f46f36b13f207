//! A server whose clock is two hours ahead of everybody else's.

use crate::Examined;
use crate::harness::{Installation, Invocation, Port, Supervised};

#[test]
#[cfg_attr(without = "faketime", ignore = "faketime is not installed")]
fn a_clock_is_off() {
    let at = Installation::new();
    let port = Port::claim();
    at.configure("weft", "");
    let address = format!("127.0.0.1:{}", port.number);
    let late = Invocation::new("late", "/usr/bin/faketime")
        .argument("-f")
        .argument("+2h")
        .argument(&at.program)
        .argument("serve")
        .argument("--listen")
        .argument(&address);
    let late = Supervised::start(&at.site, late).unwrap();
    late.wait_for_tcp(address.parse().unwrap()).unwrap();
    let url = format!("http://{address}/");
    let ran = at.run("weft", &["doctor", "--json", &url], "");
    drop(late);
    let examined = Examined::from(&ran);
    examined.has_one_fault("clock", "the machine whose clock is wrong", "timedatectl");
    examined.says("clock", "ahead of this machine's");
}
