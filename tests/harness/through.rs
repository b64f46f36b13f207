//! One list of tests, run through every way into the program.

/// Makes a test of each named function, once for each gateway: `nginx::answers_the_heartbeat`. The
/// functions stand beside the call and take the gateway's shared server.
macro_rules! through_every_gateway {
    ($($test:ident)*) => {
        through_every_gateway!(@ Builtin, "nothing", builtin: $($test)*);
        through_every_gateway!(@ ModFcgid, "apache", mod_fcgid: $($test)*);
        through_every_gateway!(@ ModProxyFcgi, "apache", mod_proxy_fcgi: $($test)*);
        through_every_gateway!(@ Cgi, "apache", htaccess_cgi: $($test)*);
        through_every_gateway!(@ CgiByName, "apache", htaccess_cgi_without_mod_rewrite: $($test)*);
        through_every_gateway!(@ HtaccessFcgid, "apache", htaccess_fcgid: $($test)*);
        through_every_gateway!(@ Nginx, "nginx", nginx: $($test)*);
    };
    (@ $gateway:ident, $server:literal, $module:ident: $($test:ident)*) => {
        mod $module {
            $(
                #[test]
                #[cfg_attr(without = $server, ignore = "its server is not installed")]
                fn $test() {
                    super::$test(&$crate::harness::Gateway::$gateway.shared());
                }
            )*
        }
    };
}
