//! A real Apache of our own, that runs the project's own configuration files.
//!
//! The main configuration here is what a distribution or a host provides: modules, a port, a
//! place for logs. Everything about Weft comes from the files in `apache/`, included where they lie
//! or, for `.htaccess`, uploaded byte for byte.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::ports::Port;
use super::site::{Site, project};
use super::supervised::{Invocation, Supervised};
use super::weft;

/// How long Apache may be without a file that it writes when it is ready, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(120);

const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";
const CONFIGURATION: &str = "httpd.conf";

/// Starts Apache with a configuration of ours below what every Apache needs.
pub fn start(site: &Site, port: &Port, modules: &[&str], rest: &str) -> Result<Supervised, String> {
    let mut configuration = main_configuration(site, port);
    for module in modules {
        configuration += &load(module)?;
    }
    configuration += rest;
    site.write(CONFIGURATION, configuration);
    let process = start_again(site, port)?;
    if modules.contains(&"cgid") {
        wait_for_cgi(site)?;
    }
    Ok(process)
}

/// Starts Apache with the configuration that it had here before.
pub fn start_again(site: &Site, port: &Port) -> Result<Supervised, String> {
    let apache = Invocation::new("apache", PROGRAM)
        .argument("-DFOREGROUND")
        .argument("-f")
        .argument(site.path(CONFIGURATION))
        .keeping_root();
    let process = Supervised::start(site, apache)?;
    process.wait_for_tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port.number)))?;
    Ok(process)
}

/// The process that all others of this Apache come from.
pub fn process(site: &Site) -> u32 {
    let deadline = Instant::now() + PATIENCE;
    loop {
        // While it restarts it takes the file away and writes it anew.
        let number = fs::read_to_string(site.path("apache.pid")).unwrap_or_default();
        if let Ok(number) = number.trim().parse() {
            return number;
        }
        assert!(Instant::now() < deadline, "Apache writes its number");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Apache answers a little before its own helper for CGI programs takes calls: it opens its socket and
/// gives it to the account of the workers last.
fn wait_for_cgi(site: &Site) -> Result<(), String> {
    let uid = site.account.as_ref().map(|account| account.uid);
    let is_ready = |entry: fs::DirEntry| {
        let ours = entry.file_name().to_string_lossy().starts_with("cgi.sock");
        ours && (entry.metadata()).is_ok_and(|about| uid.is_none_or(|uid| about.uid() == uid))
    };
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let files = fs::read_dir(&site.folder).map_err(|problem| problem.to_string())?;
        if files.flatten().any(is_ready) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(5));
    }
    Err("Apache's helper for CGI programs is not ready".to_owned())
}

/// A file of the project's `apache/` folder, to be included where it lies.
pub fn include(name: &str) -> String {
    format!("Include \"{}/apache/{name}\"\n", project().display())
}

/// Copies a script of the project's `apache/` folder beside the program, as its text says.
pub fn copy(site: &Site, name: &str) -> PathBuf {
    let source = project().join("apache").join(name);
    let path = site.write(
        name,
        fs::read(&source).expect("the file is part of the project"),
    );
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the site is writable");
    path
}

/// Copies the answers that Apache gives while the program is away beside the program.
pub fn copy_away(site: &Site) {
    site.make_folder("away");
    for name in ["away/refused.asis", "away/calm.asis"] {
        copy(site, name);
    }
}

/// Uploads the project's `.htaccess` of this form into a folder of the web space.
pub fn upload_htaccess(site: &Site, form: &str, folder: &str) {
    let source = project().join("apache").join(form).join(".htaccess");
    let content = fs::read(&source).expect("the file is part of the project");
    site.write(&format!("{folder}/.htaccess"), content);
}

/// The settings that `apache/weft-fcgid.conf` and its neighbours ask an operator for.
pub fn defines(site: &Site, port: &Port) -> String {
    let folder = site.folder.display();
    format!(
        "Define WEFT_ADDRESS 127.0.0.1:{}\n\
         Define WEFT_NAME 127.0.0.1\n\
         Define WEFT_ROOT \"{folder}\"\n\
         Define WEFT_SOCKET \"{folder}/weft.sock\"\n",
        port.number
    )
}

/// Where mod_fcgid keeps what Debian keeps in `/var/lib/apache2/fcgid`, and what it starts workers of this
/// program with.
pub fn fcgid(site: &Site, program: &Path) -> String {
    let folder = site.make_folder("fcgid");
    let folder = folder.display();
    let patience = weft::patience(program)
        .map(|(name, value)| format!("FcgidInitialEnv {name} {value}\n"))
        .unwrap_or_default();
    format!("FcgidIPCDir \"{folder}\"\nFcgidProcessTableFile \"{folder}/processes\"\n{patience}")
}

/// What a shared host gives to its customers: a web space where `.htaccess` files count.
pub fn web_space(site: &Site) -> String {
    let folder = site.folder.display();
    format!(
        "DocumentRoot \"{folder}/web\"\n\
         <Directory \"{folder}/web\">\n\
         \tRequire all granted\n\
         \tAllowOverride All\n\
         </Directory>\n"
    )
}

/// What hosts commonly let a `.htaccess` say.
pub const OVERRIDE: &str = "AllowOverride FileInfo AuthConfig Limit Indexes \
    Options=ExecCGI,Indexes,MultiViews,FollowSymLinks,SymLinksIfOwnerMatch\n\
    Options Indexes";

/// What stricter ones do, which allow CGI by themselves: Debian's `userdir.conf` with that added.
pub const STRICT: &str = "AllowOverride FileInfo AuthConfig Limit Indexes\n\
    Options MultiViews Indexes SymLinksIfOwnerMatch ExecCGI";

/// The web spaces of a machine's users: `public_html` in the home folder, at `/~NAME/`.
pub fn web_account(site: &Site, may: &str) -> String {
    let folder = site.folder.display();
    format!(
        "UserDir \"{folder}/home/*/public_html\"\n\
         <Directory \"{folder}/home/*/public_html\">\n{may}\nRequire all granted\n</Directory>\n"
    )
}

fn main_configuration(site: &Site, port: &Port) -> String {
    let folder = site.folder.display();
    let mut configuration = format!(
        "ServerRoot \"{folder}\"\n\
         DefaultRuntimeDir \"{folder}\"\n\
         PidFile \"{folder}/apache.pid\"\n\
         ErrorLog \"{folder}/apache-error.log\"\n\
         LogLevel warn\n\
         Listen 127.0.0.1:{port}\n\
         ServerName 127.0.0.1:{port}\n",
        port = port.number
    );
    if let Some(account) = &site.account {
        configuration += &format!("User {0}\nGroup #{1}\n", account.name, account.gid);
    }
    for module in ["mpm_event", "authz_core", "alias", "dir", "env", "mime"] {
        configuration += &load(module).unwrap_or_default();
    }
    configuration
        + "TypesConfig /dev/null\n\
           <Directory \"/\">\n\tRequire all denied\n\tAllowOverride None\n</Directory>\n"
}

fn load(module: &str) -> Result<String, String> {
    let file = format!("{MODULES}/mod_{module}.so");
    if !Path::new(&file).exists() {
        return Err(format!(
            "{file} is missing: tests/run installs what the tests need"
        ));
    }
    Ok(format!("LoadModule {module}_module \"{file}\"\n"))
}
