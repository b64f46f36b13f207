//! What stands before the program, as far as it can be told, and the files in which its lines belong.

use super::finding::Cure;
use std::path::{Path, PathBuf};

/// What a front must do for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Hand on the name and the password.
    Authorization,
    /// Hand on the whole path.
    Path,
    /// Take uploads as long as browsers send them.
    Uploads,
    /// Leave answers with an error status as they are.
    Answers,
    /// Hand out no file of ours.
    Files,
}

/// What stands before the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Front {
    /// Apache and an `.htaccess` beside `weft.cgi`.
    HtaccessCgi(PathBuf),
    /// Apache and an `.htaccess` beside `weft.fcgi`.
    HtaccessFcgid(PathBuf),
    /// Apache and a virtual host of the operator's.
    Apache,
    /// nginx.
    Nginx,
    /// Something else, or nothing.
    Other,
}

const VIRTUAL_HOST: &str = "in the virtual host of Apache (see apache/weft-fcgid.conf)";
const PROXY_FCGI: &str =
    "with mod_proxy_fcgi, in <Location \"/\"> (see apache/weft-proxy-fcgi.conf)";
const NGINX: &str = "in the server or location of nginx (see apache/nginx.conf)";
const HTACCESS_PASS: &str = "CGIPassAuth On";
const HTACCESS_REWRITE: &str = "RewriteEngine On\n\
    RewriteCond %{HTTP:Authorization} \"^(.+)$\" [NV]\n\
    RewriteRule \"^\" - [E=HTTP_AUTHORIZATION:%1]";

impl Front {
    /// Judges by where the program lies, and by what the answers call their server.
    pub fn guess(program: Option<&Path>, server: &str) -> Front {
        let name = program.and_then(Path::file_name).and_then(|n| n.to_str());
        let beside = program.map(|program| program.with_file_name(".htaccess"));
        match (name, beside) {
            (Some("weft.cgi"), Some(file)) => Front::HtaccessCgi(file),
            (Some("weft.fcgi"), Some(file)) => Front::HtaccessFcgid(file),
            _ if server.contains("nginx") || server.contains("openresty") => Front::Nginx,
            _ if server.contains("apache") => Front::Apache,
            _ => Front::Other,
        }
    }

    /// The lines that a front of this kind needs, the likeliest first.
    pub fn cures(&self, need: Need) -> Vec<Cure> {
        let cure = |place: &str, lines: &str| Cure {
            place: place.to_owned(),
            lines: lines.to_owned(),
        };
        match self {
            Front::HtaccessCgi(file) => htaccess(file, need, "weft.cgi"),
            Front::HtaccessFcgid(file) => htaccess(file, need, "weft.fcgi"),
            Front::Apache => match need {
                Need::Authorization => vec![
                    cure(VIRTUAL_HOST, "FcgidPassHeader Authorization"),
                    cure(PROXY_FCGI, "CGIPassAuth On"),
                ],
                Need::Path => vec![
                    cure(VIRTUAL_HOST, "AcceptPathInfo On"),
                    cure(
                        PROXY_FCGI,
                        "ProxyFCGISetEnvIf \"true\" PATH_INFO \"%{reqenv:SCRIPT_NAME}\"\n\
                         ProxyFCGISetEnvIf \"true\" SCRIPT_NAME \"\"",
                    ),
                ],
                Need::Uploads => vec![
                    cure(VIRTUAL_HOST, "FcgidMaxRequestLen 67108864"),
                    cure(
                        "or, if LimitRequestBody is set, there",
                        "LimitRequestBody 0",
                    ),
                ],
                Need::Answers => vec![cure(VIRTUAL_HOST, "ProxyErrorOverride Off")],
                Need::Files => vec![cure(
                    VIRTUAL_HOST,
                    "<FilesMatch \"(^\\.ht|\\.(toml|db|sqlite|sqlite3|log)(-wal|-shm|-journal)?$)\">\n    \
                     Require all denied\n</FilesMatch>",
                )],
            },
            Front::Nginx => match need {
                Need::Authorization => vec![
                    cure(
                        NGINX,
                        "fastcgi_param HTTP_AUTHORIZATION $http_authorization;",
                    ),
                    cure(
                        "or, where it uses proxy_pass, there",
                        "proxy_set_header Authorization $http_authorization;",
                    ),
                ],
                Need::Path => vec![cure(
                    NGINX,
                    "fastcgi_param SCRIPT_NAME \"\";\nfastcgi_param PATH_INFO   $uri;",
                )],
                Need::Uploads => vec![cure(NGINX, "client_max_body_size 64m;")],
                Need::Answers => vec![
                    cure(NGINX, "fastcgi_intercept_errors off;"),
                    cure(
                        "or, where it uses proxy_pass, there",
                        "proxy_intercept_errors off;",
                    ),
                ],
                Need::Files => vec![cure(
                    NGINX,
                    "location ~ (/weft-data(/|$)|\\.(toml|db|log)(-wal|-shm|-journal)?$) { deny all; }",
                )],
            },
            Front::Other => {
                let lines = match need {
                    Need::Authorization => "the header Authorization must reach the program",
                    Need::Path => "the whole path must reach the program",
                    Need::Uploads => "request bodies of up to 64 MiB must reach the program",
                    Need::Answers => {
                        "answers with a status from 400 on must reach the browser as they are"
                    }
                    Need::Files => "no file of the program's folder may be handed out",
                };
                vec![cure("in whatever stands before the program", lines)]
            }
        }
    }
}

fn htaccess(file: &Path, need: Need, program: &str) -> Vec<Cure> {
    let place = format!("in {}", file.display());
    let cure = |lines: String| Cure {
        place: place.clone(),
        lines,
    };
    match need {
        Need::Authorization => vec![
            cure(HTACCESS_PASS.to_owned()),
            Cure {
                place: format!("or, where the host does not allow that line, {place}"),
                lines: HTACCESS_REWRITE.to_owned(),
            },
        ],
        Need::Path => vec![
            cure(format!(
                "<Files \"{program}\">\n    AcceptPathInfo On\n</Files>\nRewriteEngine On\n\
                 RewriteRule \"^{}(/|$)\" - [L]\nRewriteRule \"^(.*)$\" \"{program}/$1\" [B=%?#,L]",
                program.replace('.', "\\.")
            )),
        ],
        Need::Uploads if program == "weft.fcgi" => vec![Cure {
            place: "use the CGI form, which has no such limit: rename weft.fcgi to weft.cgi, and \
                    put apache/htaccess-cgi/.htaccess beside it; or ask the host for, in the server's \
                    configuration"
                .to_owned(),
            lines: "FcgidMaxRequestLen 67108864".to_owned(),
        }],
        Need::Uploads => vec![cure("LimitRequestBody 0".to_owned())],
        Need::Answers => vec![cure("# no line with ErrorDocument".to_owned())],
        Need::Files => vec![cure(
            "<FilesMatch \"(^\\.ht|\\.(toml|db|sqlite|sqlite3|log)(-wal|-shm|-journal)?$)\">\n    \
             Require all denied\n</FilesMatch>"
                .to_owned(),
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_told_by_the_uploaded_file_and_else_by_what_answers_say() {
        let rows = [
            (
                Some("/w/weft.cgi"),
                "apache/2.4",
                Front::HtaccessCgi("/w/.htaccess".into()),
            ),
            (
                Some("/w/weft.fcgi"),
                "",
                Front::HtaccessFcgid("/w/.htaccess".into()),
            ),
            (Some("/srv/weft"), "apache", Front::Apache),
            (None, "nginx/1.26", Front::Nginx),
            (Some("/srv/weft"), "", Front::Other),
        ];
        for (program, server, expected) in rows {
            assert_eq!(Front::guess(program.map(Path::new), server), expected);
        }
    }

    #[test]
    fn every_front_has_a_line_for_every_need() {
        let fronts = [
            Front::HtaccessCgi("/w/.htaccess".into()),
            Front::HtaccessFcgid("/w/.htaccess".into()),
            Front::Apache,
            Front::Nginx,
            Front::Other,
        ];
        let needs = [
            Need::Authorization,
            Need::Path,
            Need::Uploads,
            Need::Answers,
            Need::Files,
        ];
        for front in fronts {
            for need in needs {
                let cures = front.cures(need);
                assert!(!cures.is_empty(), "{front:?} {need:?}");
                assert!(cures.iter().all(|cure| !cure.lines.is_empty()));
            }
        }
    }
}
