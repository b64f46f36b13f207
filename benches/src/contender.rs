//! What is measured side by side: servers that were started for it, as the project's own files in
//! `apache/` say, or one that was there.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::harness::{MariaDb, Memcached, Port, Site, Supervised, apache, weft};
use crate::options::Peer;
use crate::person::Person;
use crate::processes::Marks;

/// The password of every account that is made here.
pub const PASSWORD: &str = "a long password";

/// MariaDB as it is for everybody: what is told as written is on the disk.
const MARIADB: [&str; 3] = [
    "--innodb-buffer-pool-size=256M",
    "--innodb-log-file-size=128M",
    "--skip-log-bin",
];

/// As many as `apache/weft-fcgid.conf` lets Apache start.
const WORKERS: &str = "8";

/// How durably each database writes, for whoever reads the figures.
pub const DURABILITY: &str = "MariaDB: innodb_flush_log_at_trx_commit=1, no binary log; \
     SQLite: WAL, synchronous=EXTRA; a write is answered when it is on the disk";

/// A server that is measured.
pub struct Contender {
    pub name: String,
    pub address: SocketAddr,
    pub people: Vec<Person>,
    pub marks: Marks,
    /// Apache starts workers when it needs more.
    pub grows: bool,
    prefix: String,
    host: String,
    api: String,
    // What it runs on, in the order in which it ends.
    _servers: Vec<Supervised>,
    pub mariadb: Option<(MariaDb, String)>,
    _memcached: Option<Memcached>,
    _port: Option<Port>,
    _site: Option<Site>,
}

/// Whose tables Weft has in MariaDB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// As the legacy PHP server made them.
    Php,
    /// As `weft migrate` makes them where there is no such server.
    Own,
}

/// What answers behind Apache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// Apache starts the workers.
    ModFcgid,
    /// Apache starts a process for each request.
    Cgi,
    /// Apache passes requests on to `weft fastcgi`.
    ModProxyFcgi,
    /// None: `weft serve`.
    Builtin,
}

impl Contender {
    /// Weft with its accounts and records in files.
    pub fn sqlite(name: &str, program: &Path, front: Front) -> Result<Contender, String> {
        Contender::sqlite_with(name, program, front, "")
    }

    /// The same with settings.
    pub fn sqlite_with(name: &str, program: &Path, front: Front, settings: &str) -> Started {
        Contender::start(name, Site::new(), program, front, settings)
    }

    /// Weft under mod_fcgid, with MariaDB and memcached of its own.
    pub fn mariadb(name: &str, program: &Path, tables: Tables) -> Result<Contender, String> {
        let site = Site::new();
        let (mariadb, database, settings) = database();
        let memcached = Memcached::start();
        let settings = format!(
            "{settings}[memcached]\nservers = [\"127.0.0.1:{}\"]\n",
            memcached.port()
        );
        migrate(&site, program, &settings, tables)?;
        let mut contender = Contender::start(name, site, program, Front::ModFcgid, &settings)?;
        contender.marks.mariadb = Some(mariadb.port());
        contender.marks.memcached = Some(memcached.port());
        contender.mariadb = Some((mariadb, database));
        contender._memcached = Some(memcached);
        Ok(contender)
    }

    /// A program of which Apache knows nothing, under mod_fcgid as the project sets it up.
    pub fn under_mod_fcgid(name: &str, program: &Path) -> Result<Contender, String> {
        Contender::start(name, Site::new(), program, Front::ModFcgid, "")
    }

    /// The same, with other settings of Apache's.
    pub fn under(name: &str, program: &Path, front: Front, virtual_host: &str) -> Started {
        let site = Site::new();
        place(&site, program, "weft", "")?;
        behind_apache(name, site, front, virtual_host)
    }

    /// A responder that asks a MariaDB of its own, and a memcached where one is given; `lay` puts the program
    /// into the site, tells it whom to ask, and answers what Apache has to know besides.
    pub fn that_asks(
        name: &str,
        memcached: Option<Memcached>,
        lay: impl FnOnce(&Site, &MariaDb) -> Result<String, String>,
    ) -> Started {
        let site = Site::new();
        let mariadb = MariaDb::start(&MARIADB);
        let virtual_host = lay(&site, &mariadb)? + &apache::include("weft-fcgid.conf");
        let mut contender = behind_apache(name, site, Front::ModFcgid, &virtual_host)?;
        contender.marks.mariadb = Some(mariadb.port());
        contender.marks.memcached = memcached.as_ref().map(Memcached::port);
        contender._memcached = memcached;
        contender.mariadb = Some((mariadb, String::new()));
        Ok(contender)
    }

    /// Apache handing out a file of 200 bytes, at every address that is asked.
    pub fn file(name: &str) -> Result<Contender, String> {
        let site = Site::new();
        let folder = site.make_folder("web");
        site.write("web/file", [b'x'; 200]);
        let port = Port::claim();
        let rest = format!(
            "Alias \"/\" \"{0}/file\"\n<Directory \"{0}\">\nRequire all granted\n</Directory>\n",
            folder.display()
        );
        let rest = rest.replace("Alias \"/\"", "AliasMatch \"^/.*\"");
        let apache = apache::start(&site, &port, &[], &rest).map_err(|why| told(&site, why))?;
        Ok(Contender::at_port(name, "/", site, port, vec![apache]))
    }

    /// A server that was there before, with one account.
    pub fn peer(peer: &Peer) -> Result<Contender, String> {
        let url = &peer.url;
        let host = url.host_str().ok_or("the peer's URL has no host")?;
        let port = url.port_or_known_default().unwrap_or(80);
        let mut addresses = (host, port)
            .to_socket_addrs()
            .map_err(|why| format!("{url}: {why}"))?;
        let address = addresses
            .next()
            .ok_or_else(|| format!("{url}: no address"))?;
        let prefix = format!("{}/", url.path().trim_end_matches('/'));
        let mut contender = Contender {
            name: "peer".to_owned(),
            address,
            people: Vec::new(),
            marks: Marks::default(),
            grows: false,
            prefix,
            host: format!("{host}:{port}"),
            api: peer.api.clone(),
            _servers: Vec::new(),
            mariadb: None,
            _memcached: None,
            _port: None,
            _site: None,
        };
        contender.people = vec![Person {
            password: peer.password.clone(),
            ..contender.person(&peer.user)
        }];
        Ok(contender)
    }

    /// Somebody who is known here, or might be.
    pub fn person(&self, name: &str) -> Person {
        Person {
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
            prefix: self.prefix.clone(),
            api: self.api.clone(),
            host: self.host.clone(),
        }
    }

    /// Whether this is a server that was there before.
    pub fn is_peer(&self) -> bool {
        self._site.is_none()
    }

    /// The ends of the servers' logs.
    pub fn logs(&self) -> String {
        self._site.as_ref().map(Site::logs).unwrap_or_default()
    }

    fn start(name: &str, site: Site, program: &Path, front: Front, settings: &str) -> Started {
        match front {
            Front::Builtin => {
                let program = place(&site, program, "weft", settings)?;
                let served = weft::serve(&site, &program).map_err(|why| told(&site, why));
                let (server, address) = served?;
                let mut contender = Contender::at(name, "/", site, address, vec![server]);
                contender.marks.folder = folder_of(&program);
                Ok(contender)
            }
            Front::Cgi => {
                site.make_folder("web/weave");
                place(&site, program, "web/weave/weft.cgi", settings)?;
                behind_apache(name, site, front, "")
            }
            Front::ModFcgid => {
                place(&site, program, "weft", settings)?;
                behind_apache(name, site, front, &apache::include("weft-fcgid.conf"))
            }
            Front::ModProxyFcgi => {
                place(&site, program, "weft", settings)?;
                behind_apache(name, site, front, &apache::include("weft-proxy-fcgi.conf"))
            }
        }
    }

    fn at_port(
        name: &str,
        prefix: &str,
        site: Site,
        port: Port,
        servers: Vec<Supervised>,
    ) -> Contender {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number));
        let mut contender = Contender::at(name, prefix, site, address, servers);
        contender._port = Some(port);
        contender
    }

    fn at(
        name: &str,
        prefix: &str,
        site: Site,
        address: SocketAddr,
        servers: Vec<Supervised>,
    ) -> Contender {
        let marks = Marks {
            folder: site.folder.clone(),
            ..Marks::default()
        };
        Contender {
            name: name.to_owned(),
            address,
            people: Vec::new(),
            marks,
            grows: false,
            prefix: prefix.to_owned(),
            host: address.to_string(),
            api: "1.1".to_owned(),
            _servers: servers,
            mariadb: None,
            _memcached: None,
            _port: None,
            _site: Some(site),
        }
    }
}

/// A contender, or why there is none.
pub type Started = Result<Contender, String>;

/// A MariaDB with an empty database, and the settings that name it.
pub fn database() -> (MariaDb, String, String) {
    let mariadb = MariaDb::start(&MARIADB);
    let database = mariadb.database("latin1");
    let place = format!("socket = \"{}\"", mariadb.socket().display());
    let settings = mysql_settings(&place, &database);
    (mariadb, database, settings)
}

/// Settings for accounts and records in a MariaDB; `place` says where it listens.
pub fn mysql_settings(place: &str, database: &str) -> String {
    format!(
        "[storage]\nengine = \"mysql\"\n[auth]\nengine = \"mysql\"\n[mysql.write]\n{place}\n\
         database = \"{database}\"\nuser = \"{}\"\npassword = {:?}\n",
        MariaDb::USER,
        MariaDb::PASSWORD,
    )
}

/// Lays the tables.
pub fn migrate(site: &Site, program: &Path, settings: &str, tables: Tables) -> Result<(), String> {
    let beside = match tables {
        Tables::Php => "[legacy]\nphp_beside = true\n",
        Tables::Own => "",
    };
    let program = place(site, program, "weft", &format!("{settings}{beside}"))?;
    let ran = crate::harness::command::run(site, &program, &["migrate"], "");
    match ran.code {
        0 => Ok(()),
        _ => Err(format!("weft migrate: {}{}", ran.output, ran.errors)),
    }
}

/// Copies a program, and its settings beside it. No link: programs of one file would share their memory
/// with those of other contenders.
pub fn place(site: &Site, built: &Path, name: &str, settings: &str) -> Result<PathBuf, String> {
    let path = site.path(name);
    if !path.exists() {
        fs::copy(built, &path).map_err(|why| format!("{}: {why}", built.display()))?;
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&path, mode).map_err(|why| why.to_string())?;
    }
    if !settings.is_empty() {
        let beside = Path::new(name).with_file_name("weft.toml");
        site.write(&beside.to_string_lossy(), settings);
    }
    Ok(path)
}

fn behind_apache(name: &str, site: Site, front: Front, virtual_host: &str) -> Started {
    let port = Port::claim();
    apache::copy_away(&site);
    let defines = apache::defines(&site, &port);
    let mut servers = Vec::new();
    let (modules, prefix, rest): (&[&str], _, _) = match front {
        Front::ModFcgid => {
            let rest = apache::fcgid(&site, &site.path("weft")) + &defines + virtual_host;
            (&["fcgid", "asis", "headers"], "/", rest)
        }
        Front::Cgi => {
            apache::upload_htaccess(&site, "htaccess-cgi", "web/weave");
            let socket = format!("ScriptSock \"{}\"\n", site.path("cgi.sock").display());
            (
                &["cgid", "rewrite", "headers"],
                "/weave/",
                socket + &apache::web_space(&site),
            )
        }
        Front::ModProxyFcgi | Front::Builtin => {
            let workers = weft::fastcgi_with(&site, &site.path("weft"), WORKERS);
            servers.push(workers.map_err(|why| told(&site, why))?.0);
            (
                &["proxy", "proxy_fcgi", "asis", "headers"],
                "/",
                defines + virtual_host,
            )
        }
    };
    let apache = apache::start(&site, &port, modules, &rest).map_err(|why| told(&site, why))?;
    servers.insert(0, apache);
    let mut contender = Contender::at_port(name, prefix, site, port, servers);
    contender.marks.is_cgi = front == Front::Cgi;
    contender.grows = front == Front::ModFcgid;
    Ok(contender)
}

fn folder_of(program: &Path) -> PathBuf {
    program.parent().unwrap_or(Path::new("/")).to_owned()
}

fn told(site: &Site, why: String) -> String {
    format!("{why}\n{}", site.logs())
}
