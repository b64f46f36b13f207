//! How each way into the program is started, from the files that an operator would use.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::Running;
use crate::harness::ports::Port;
use crate::harness::site::Site;
use crate::harness::supervised::Supervised;
use crate::harness::{apache, nginx, weft};

pub fn builtin(site: &Site, settings: &str) -> Result<Running, String> {
    let program = install(site, "weft", settings);
    let (weft, address) = weft::serve(site, &program)?;
    Ok(Running::alone(address, program, weft))
}

/// `more` stands before the project's file in Apache's configuration.
pub fn mod_fcgid(site: &Site, settings: &str, more: &str) -> Result<Running, String> {
    let program = install(site, "weft", settings);
    apache::copy_away(site);
    let port = Port::claim();
    let rest = apache::fcgid(site, &program)
        + &apache::defines(site, &port)
        + more
        + &apache::include("weft-fcgid.conf");
    let apache = apache::start(site, &port, &["fcgid", "asis", "headers"], &rest)?;
    Ok(behind(apache, port, "/", program))
}

/// The wrapper before the program, and settings that the program would not find by itself.
pub fn wrapped(site: &Site) -> String {
    let wrapper = apache::copy(site, "weft-wrapper.sh");
    let settings = site.write("elsewhere.toml", "");
    format!(
        "Define WEFT_PROGRAM \"{}\"\nFcgidInitialEnv WEFT_CONFIG \"{}\"\n",
        wrapper.display(),
        settings.display()
    )
}

pub fn mod_proxy_fcgi(site: &Site, settings: &str) -> Result<Running, String> {
    let program = install(site, "weft", settings);
    let (workers, _) = weft::fastcgi(site, &program)?;
    apache::copy_away(site);
    let port = Port::claim();
    let rest = apache::defines(site, &port) + &apache::include("weft-proxy-fcgi.conf");
    let apache = apache::start(
        site,
        &port,
        &["proxy", "proxy_fcgi", "asis", "headers"],
        &rest,
    )?;
    Ok(Running {
        weft: Some(workers),
        ..behind(apache, port, "/", program)
    })
}

pub fn nginx(site: &Site, settings: &str) -> Result<Running, String> {
    let program = install(site, "weft", settings);
    let (workers, socket) = weft::fastcgi(site, &program)?;
    let port = Port::claim();
    let nginx = nginx::start(site, &port, &socket)?;
    Ok(Running {
        weft: Some(workers),
        ..behind(nginx, port, "/", program)
    })
}

/// What a user of shared hosting uploads, and what the host has.
pub struct Upload {
    form: &'static str,
    program: &'static str,
    modules: &'static [&'static str],
    prefix: &'static str,
}

pub const CGI: Upload = Upload {
    form: "htaccess-cgi",
    program: "weft.cgi",
    modules: &["cgid", "rewrite"],
    prefix: "/weave/",
};
pub const CGI_BY_NAME: Upload = Upload {
    modules: &["cgid"],
    prefix: "/weave/weft.cgi/",
    ..CGI
};
pub const FCGID: Upload = Upload {
    form: "htaccess-fcgid",
    program: "weft.fcgi",
    modules: &["fcgid", "rewrite", "headers"],
    ..CGI
};

pub fn htaccess(site: &Site, settings: &str, upload: &Upload) -> Result<Running, String> {
    site.make_folder("web/weave");
    let program = install(site, &format!("web/weave/{}", upload.program), settings);
    apache::upload_htaccess(site, upload.form, "web/weave");
    let port = Port::claim();
    let host = if upload.modules.contains(&"cgid") {
        format!("ScriptSock \"{}\"\n", site.path("cgi.sock").display())
    } else {
        apache::fcgid(site, &program)
    };
    let rest = host + &apache::web_space(site);
    let apache = apache::start(site, &port, upload.modules, &rest)?;
    Ok(behind(apache, port, upload.prefix, program))
}

pub fn web_account(site: &Site, settings: &str, may: &str) -> Result<Running, String> {
    let folder = "home/ada/public_html/weave";
    site.make_folder(folder);
    let program = install(site, &format!("{folder}/weft.cgi"), settings);
    apache::upload_htaccess(site, "htaccess-cgi", folder);
    let port = Port::claim();
    let socket = site.path("cgi.sock");
    let rest = format!("ScriptSock \"{}\"\n", socket.display()) + &apache::web_account(site, may);
    let apache = apache::start(site, &port, &["userdir", "cgid", "rewrite"], &rest)?;
    Ok(behind(apache, port, "/~ada/weave/", program))
}

/// The program, and its settings beside it.
pub fn install(site: &Site, name: &str, settings: &str) -> PathBuf {
    let program = site.install_program(name);
    if !settings.is_empty() {
        let beside = Path::new(name).with_file_name("weft.toml");
        site.write(beside.to_str().expect("names here are ASCII"), settings);
    }
    program
}

pub fn behind(front: Supervised, port: Port, prefix: &'static str, program: PathBuf) -> Running {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number));
    Running {
        address,
        prefix,
        program,
        front: Mutex::new(Some(front)),
        weft: None,
        port: Some(port),
    }
}
