//! Fronts that keep something from the program.

use std::fs;
use std::path::PathBuf;

use crate::Examined;
use crate::harness::{Gateway, Port, Site, Supervised, apache, command, nginx, private, weft};

/// A front of our own making before the real program.
struct Broken {
    // The folder waits for the servers in it to end, so they must go first.
    _front: Supervised,
    _weft: Option<Supervised>,
    port: Port,
    program: PathBuf,
    site: Site,
}

impl Broken {
    /// `apache/weft-fcgid.conf` without a line.
    fn mod_fcgid_without(line: &str) -> Broken {
        let site = Site::new();
        let program = site.install_program("weft");
        apache::copy_away(&site);
        let port = Port::claim();
        let folder = site.make_folder("fcgid");
        let folder = folder.display();
        let conf = project_file("apache/weft-fcgid.conf");
        assert!(conf.contains(line));
        let conf = site.write("weft-fcgid.conf", conf.replace(line, ""));
        let rest = format!(
            "FcgidIPCDir \"{folder}\"\nFcgidProcessTableFile \"{folder}/processes\"\n{}\
             Include \"{}\"\n",
            apache::defines(&site, &port),
            conf.display()
        );
        let front = apache::start(&site, &port, &["fcgid", "asis"], &rest);
        Broken::with(site, front, None, port, program)
    }

    /// `apache/nginx.conf`, changed.
    fn nginx(change: impl Fn(&str) -> String) -> Broken {
        let site = Site::new();
        let program = site.install_program("weft");
        let (workers, socket) = weft::fastcgi(&site, &program).unwrap();
        let port = Port::claim();
        let conf = site.write(
            "nginx-weft.conf",
            change(&project_file("apache/nginx.conf")),
        );
        let upstream = format!("upstream weft {{ server \"unix:{}\"; }}", socket.display());
        let server = format!("include \"{}\";", conf.display());
        let front = nginx::start_with(&site, &port, &upstream, &server);
        Broken::with(site, front, Some(workers), port, program)
    }

    /// An upload to shared hosting with this `.htaccess`.
    fn htaccess(htaccess: &str, prepare: impl Fn(&Site)) -> Broken {
        let site = Site::new();
        site.make_folder("web/weave");
        let program = site.install_program("web/weave/weft.cgi");
        site.write("web/weave/.htaccess", htaccess);
        prepare(&site);
        let port = Port::claim();
        let rest = format!(
            "ScriptSock \"{}\"\n{}",
            site.path("cgi.sock").display(),
            apache::web_space(&site)
        );
        let front = apache::start(&site, &port, &["cgid", "rewrite"], &rest);
        Broken::with(site, front, None, port, program)
    }

    fn with(
        site: Site,
        front: Result<Supervised, String>,
        weft: Option<Supervised>,
        port: Port,
        program: PathBuf,
    ) -> Broken {
        let front = front.unwrap_or_else(|problem| panic!("{problem}\n{}", site.logs()));
        Broken {
            _front: front,
            _weft: weft,
            port,
            program,
            site,
        }
    }

    fn examined(&self, path: &str) -> Examined {
        let url = format!("http://127.0.0.1:{}{path}", self.port.number);
        let arguments = ["doctor", "--json", &url];
        Examined::from(&command::run(&self.site, &self.program, &arguments, ""))
    }
}

fn project_file(name: &str) -> String {
    fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn authorization_is_not_passed_on_by_apache() {
    let broken = Broken::mod_fcgid_without("FcgidPassHeader Authorization");
    let line = "FcgidPassHeader Authorization";
    broken
        .examined("/")
        .has_one_fault("authorization", "virtual host of Apache", line);
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn authorization_is_not_passed_on_by_an_htaccess() {
    let sound = project_file("apache/htaccess-cgi/.htaccess");
    let without = sound
        .replace("CGIPassAuth On", "")
        .replace("RewriteRule \"^\" -", "#");
    let broken = Broken::htaccess(&without, |_| ());
    let place = broken.site.path("web/weave/.htaccess");
    let place = format!("in {}", place.display());
    let examined = broken.examined("/weave/");
    examined.has_one_fault("authorization", &place, "CGIPassAuth On");
    examined.has_fault("authorization", &place, "E=HTTP_AUTHORIZATION:%1");
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn mod_fcgid_cuts_uploads_at_its_own_limit() {
    let broken = Broken::mod_fcgid_without("FcgidMaxRequestLen 67108864");
    let examined = broken.examined("/");
    let place = "this is the limit of mod_fcgid: in the virtual host of Apache";
    examined.has_one_fault("upload", place, "FcgidMaxRequestLen 67108864");
    examined.says("upload", "An upload of 300000 bytes does not get through");
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn mod_fcgid_on_shared_hosting_can_only_be_left() {
    let server = Gateway::HtaccessFcgid.start("");
    let cgi = "put apache/htaccess-cgi/.htaccess beside it";
    Examined::of(&server).has_one_fault("upload", cgi, "FcgidMaxRequestLen");
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn nginx_refuses_uploads_above_its_limit() {
    let broken =
        Broken::nginx(|conf| conf.replace("client_max_body_size 64m", "client_max_body_size 200k"));
    let examined = broken.examined("/");
    examined.has_one_fault("upload", "nginx", "client_max_body_size 64m;");
    examined.says("upload", "413");
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn nginx_puts_pages_of_its_own_in_the_place_of_errors() {
    let broken = Broken::nginx(|conf| {
        let pages = "error_page 404 /sorry.html;\n    error_page 502 504 = @away;";
        conf.replace("error_page 502 504 = @away;", pages)
            + "fastcgi_intercept_errors on;\n\
               location = /sorry.html { internal; default_type text/html; return 200 Sorry; }\n"
    });
    let line = "fastcgi_intercept_errors off;";
    broken.examined("/").has_one_fault("answers", "nginx", line);
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn nginx_loses_the_path() {
    let broken = Broken::nginx(|conf| {
        let lost = conf.replace("PATH_INFO         $uri", "PATH_INFO         /");
        lost.replace("REQUEST_URI       $request_uri", "REQUEST_URI       /")
    });
    let line = "fastcgi_param PATH_INFO   $uri;";
    broken.examined("/").has_one_fault("path", "nginx", line);
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn an_htaccess_loses_the_path() {
    let sound = project_file("apache/htaccess-cgi/.htaccess");
    let lost = sound.replace("\"weft.cgi/$1\" [B=%?#,L]", "\"weft.cgi\" [L]");
    assert_ne!(sound, lost);
    let broken = Broken::htaccess(&lost, |_| ());
    let place = broken
        .site
        .path("web/weave/.htaccess")
        .display()
        .to_string();
    broken.examined("/weave/").has_one_fault(
        "path",
        &place,
        "RewriteRule \"^(.*)$\" \"weft.cgi/$1\"",
    );
}

#[test]
#[cfg_attr(without = "nginx", ignore = "its server is not installed")]
fn nginx_sends_browsers_on() {
    let broken = Broken::nginx(|conf| {
        conf.replace(
            "    fastcgi_pass weft;\n    # While",
            "    return 301 https://sync.example.org$request_uri;\n    # While",
        )
    });
    let line = "public_url = \"https://sync.example.org/\"";
    broken
        .examined("/")
        .has_one_fault("redirect", "below [server]", line);
}

/// What an operator writes who knows Apache and not this program.
const BARE: &str = "Options +ExecCGI\n<Files \"weft.cgi\">\nSetHandler cgi-script\nAcceptPathInfo On\n\
    </Files>\nCGIPassAuth On\n";

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn the_data_folder_is_reachable_from_the_web() {
    let broken = Broken::htaccess(BARE, |site| {
        site.make_folder("web/weave/weft-data");
        site.write("web/weave/weft-data/.htaccess", "Require all granted\n");
    });
    // The first request makes the files.
    broken.examined("/weave/weft.cgi/");
    let examined = broken.examined("/weave/weft.cgi/");
    let place = broken
        .site
        .path("web/weave/.htaccess")
        .display()
        .to_string();
    examined.has_fault("files", &place, "Require all denied");
    examined.has_fault("files", "move the data out of the web space", "weft-data");
    examined.says("files", "/weave/weft-data/");
}

#[test]
#[cfg_attr(without = "apache", ignore = "its server is not installed")]
fn the_settings_are_reachable_from_the_web() {
    let broken = Broken::htaccess(BARE, |site| {
        let settings = "[registration]\nsecret = \"operators-own\"\n";
        private(&site.write("web/weave/weft.toml", settings));
    });
    let examined = broken.examined("/weave/weft.cgi/");
    let place = broken
        .site
        .path("web/weave/.htaccess")
        .display()
        .to_string();
    examined.has_one_fault("files", &place, "toml");
    examined.says("files", "/weave/weft.toml");
}
