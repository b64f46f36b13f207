//! Servers that are set up as the manual says: its own snippets, with the places of this machine in the
//! place of the manual's.

use std::fs;
use std::path::Path;

use super::gateway::{Running, behind};
use super::ports::Port;
use super::site::Site;
use super::{apache, nginx, weft};

/// The path at which the manual's examples put the server into a site.
const PREFIX: &str = "/sync/";

/// The first block of code in this language below this heading of a page.
pub fn snippet(page: &str, heading: &str, language: &str) -> String {
    let place = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(page);
    let text = fs::read_to_string(&place).unwrap_or_else(|why| panic!("{page}: {why}"));
    let text = format!("\n{text}");
    let found = text
        .split_once(&format!("\n{heading}\n"))
        .and_then(|(_, rest)| rest.split_once(&format!("\n```{language}\n")))
        .and_then(|(_, rest)| rest.split_once("```"));
    let (code, _) = found.unwrap_or_else(|| panic!("{page}: no {language} below {heading}"));
    code.to_owned()
}

/// `docs/apache.md`, "Under a path of an existing site".
pub(super) fn fcgid_under_a_path(site: &Site, settings: &str) -> Result<Running, String> {
    let program = super::gateway::install(site, "weft", settings);
    let port = Port::claim();
    let snippet = snippet("apache.md", "## Under a path of an existing site", "apache");
    let folder = site.folder.display().to_string();
    let rest = apache::fcgid(site, &program) + &snippet.replace("/srv/weft", &folder);
    let apache = apache::start(site, &port, &["fcgid"], &rest)?;
    Ok(behind(apache, port, PREFIX, program))
}

/// `docs/proxy.md`, "Apache".
pub(super) fn behind_apache(site: &Site, settings: &str) -> Result<Running, String> {
    let port = Port::claim();
    let (inside, snippet) = serve(site, &port, settings, "## Apache", "apache")?;
    // The tests speak no TLS.
    let snippet = snippet.replace("\"https\"", "\"http\"");
    let modules = ["proxy", "proxy_http", "headers"];
    let apache = apache::start(site, &port, &modules, &snippet)?;
    let mut running = behind(apache, port, PREFIX, inside.program);
    running.weft = inside.weft;
    Ok(running)
}

/// `docs/proxy.md`, "nginx".
pub(super) fn behind_nginx(site: &Site, settings: &str) -> Result<Running, String> {
    let port = Port::claim();
    let (inside, snippet) = serve(site, &port, settings, "## nginx", "nginx")?;
    let nginx = nginx::start_with(site, &port, "", &snippet)?;
    let mut running = behind(nginx, port, PREFIX, inside.program);
    running.weft = inside.weft;
    Ok(running)
}

/// `weft serve` with the settings that `docs/proxy.md` shows, and the snippet that leads to it.
fn serve(
    site: &Site,
    port: &Port,
    settings: &str,
    heading: &str,
    language: &str,
) -> Result<(Running, String), String> {
    let told = format!("http://127.0.0.1:{}{PREFIX}", port.number);
    let shown = snippet("proxy.md", "# Behind a proxy", "toml");
    let shown = shown.replace("https://www.example.org/sync/", &told);
    assert!(shown.contains(&told), "{shown}");
    let program = super::gateway::install(site, "weft", &format!("{shown}{settings}"));
    let (weft, address) = weft::serve_behind(site, &program)?;
    let snippet = snippet("proxy.md", heading, language);
    assert!(snippet.contains("127.0.0.1:5000"), "{snippet}");
    let snippet = snippet.replace("127.0.0.1:5000", &address.to_string());
    Ok((Running::alone(address, program, weft), snippet))
}
