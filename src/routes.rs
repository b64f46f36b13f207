//! From a path to the API that it means: every address of the protocol, on one screen.
//!
//! The program may be mounted anywhere: `Alias /1.0 …/weft.fcgi` puts the version into the mount,
//! `…/index.php/1.1/…` puts it into the path, a proxy adds folders before it. So the start of an API
//! is looked for in both. What the API then makes of the rest is its own business, because the
//! profiles differ in which error wins.

mod page;

pub use page::{Page, PageAt};

use crate::exchange::Target;

/// The version in a storage or user path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `1.0`: as the legacy PHP server answered it.
    V1_0,
    /// `1.1` or `1`: as the Python server answered it.
    V1_1,
}

/// What a path means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `<version>/<user>/<function>/<collection>/<id>`: the storage API.
    Storage(StoragePath),
    /// `user/<version>/<user>/<function>/…`: the user API. The segments after the version.
    User(Vec<String>),
    /// `misc/<version>/captcha_html`.
    Captcha,
    /// `__heartbeat__`: whether the program runs.
    Heartbeat,
    /// `heartbeat.php`: whether it runs and can read.
    LegacyHeartbeat,
    /// A page for people.
    Page(PageAt),
    /// The path is not UTF-8, on an API that says so.
    NotText,
    /// Nothing of ours.
    Unknown,
}

/// The parts of a storage path; missing ones are empty, as in the legacy PHP server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoragePath {
    /// The version, or nothing where the default was built.
    pub version: Option<Version>,
    /// Whether anything, a slash at least, follows the version.
    pub given: bool,
    /// The user, as written.
    pub user: String,
    /// `info` or `storage`.
    pub function: String,
    /// The collection, or what of `info` is asked for.
    pub collection: String,
    /// The record.
    pub id: String,
    /// Segments follow the record's.
    pub more: bool,
}

/// Finds the API that `target` aims at. `base` is the URL path under which the operator says that the
/// API lies; nothing to find it out.
pub fn resolve(target: &Target, base: Option<&str>) -> Route {
    let place = Place::of(target, base);
    if let Some(start) = place.api {
        let slash = match place.path {
            0 => target.path.ends_with(b"/") || target.mount.ends_with(b"/"),
            _ => target.path.ends_with(b"/"),
        };
        return api(&place.all[start..], slash);
    }
    match place.page {
        Some((before, page)) => Route::Page(PageAt {
            page,
            up: page::way_up(target, before),
        }),
        None => Route::Unknown,
    }
}

/// The segments of the URL path under which the server lies that `target` aims at: what is before
/// its API or its page.
pub fn root<'t>(target: &'t Target, base: Option<&'t str>) -> Vec<&'t [u8]> {
    if let Some(base) = base {
        return segments(base.as_bytes());
    }
    let mut place = Place::of(target, base);
    let page = place.page.map(|(before, _)| before);
    place.all.truncate(place.api.or(page).unwrap_or(place.root));
    place.all
}

/// Where in a path everything lies, in segments.
struct Place<'t> {
    /// Mount and path.
    all: Vec<&'t [u8]>,
    /// How many of them the path has.
    path: usize,
    /// How many of them the server's own path has, as far as it is known without an API.
    root: usize,
    /// Where the API begins, if there is one.
    api: Option<usize>,
    /// How many segments stand before the page, and which it is, if there is one and no API.
    page: Option<(usize, Page)>,
}

impl<'t> Place<'t> {
    fn of(target: &'t Target, base: Option<&str>) -> Self {
        let mount = segments(&target.mount);
        let path = segments(&target.path);
        let all: Vec<&[u8]> = mount.iter().chain(&path).copied().collect();
        let base = base.map(|base| segments(base.as_bytes()));
        let below_base = base.as_ref().is_none_or(|base| all.starts_with(base));
        let root = base.as_ref().map_or(mount.len(), Vec::len);
        let head = |start: usize| head_length(&all[start..]);
        let api = match base {
            Some(_) => Some(root).filter(|_| below_base && root < all.len() && head(root) > 0),
            // An API begins where the mount ends, or where the mount's last segments are its
            // beginning, or behind a prefix that the mount does not know. A version deep in the
            // mount is a folder's name; only one that ends the mount counts.
            None => (mount.len().saturating_sub(2)..all.len())
                .find(|start| head(*start) > 0 && start + head(*start) >= mount.len()),
        };
        // A front that knows no PATH_INFO leaves the whole path to the mount (nginx's stock
        // parameters).
        let api = match api {
            None if path.is_empty() && below_base => (0..all.len()).find(|start| head(*start) > 0),
            api => api,
        };
        // Pages come after every API, so that no user and no folder of that name hides one.
        let named = |start: usize| Some((start, page::named(&all[start..])?));
        let found = match base {
            Some(_) => Some(root)
                .filter(|_| below_base && root < all.len())
                .and_then(named),
            None if path.is_empty() => (0..all.len()).find_map(named),
            None => (root..all.len()).find_map(named),
        };
        let front = (below_base && all.len() <= root).then_some((root, Page::Front));
        Place {
            path: path.len(),
            page: found.or(front).filter(|_| api.is_none()),
            all,
            root,
            api,
        }
    }
}

fn version(segment: &[u8]) -> Option<Version> {
    match segment {
        b"1.0" => Some(Version::V1_0),
        b"1.1" | b"1" => Some(Version::V1_1),
        _ => None,
    }
}

/// How many segments name an API at the beginning of `rest`; 0 when none does.
fn head_length(rest: &[&[u8]]) -> usize {
    match rest {
        [b"user" | b"misc", v, ..] if version(v).is_some() => 2,
        [v, ..] if version(v).is_some() => 1,
        [b"__heartbeat__" | b"heartbeat.php"] => 1,
        _ => 0,
    }
}

fn api(rest: &[&[u8]], slash: bool) -> Route {
    let text: Option<Vec<&str>> = rest.iter().map(|s| std::str::from_utf8(s).ok()).collect();
    let Some(text) = text else {
        return match rest {
            [b"misc", ..] => Route::Unknown,
            _ => Route::NotText,
        };
    };
    match text[..] {
        ["user", _, ref parts @ ..] => Route::User(parts.iter().map(|s| s.to_string()).collect()),
        ["misc", _, "captcha_html"] => Route::Captcha,
        ["misc", ..] => Route::Unknown,
        ["__heartbeat__"] => Route::Heartbeat,
        ["heartbeat.php"] => Route::LegacyHeartbeat,
        [v, ref parts @ ..] => {
            let part = |n: usize| parts.get(n).map_or(String::new(), |s| s.to_string());
            Route::Storage(StoragePath {
                version: version(v.as_bytes()),
                given: slash || !parts.is_empty(),
                user: part(0),
                function: part(1),
                collection: part(2),
                id: part(3),
                more: parts.len() > 4,
            })
        }
        [] => Route::Unknown,
    }
}

/// The parts between slashes; repeated slashes count as one, as Apache and PHP had it.
fn segments(path: &[u8]) -> Vec<&[u8]> {
    path.split(|b| *b == b'/')
        .filter(|s| !s.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(mount: &str, path: &str) -> Route {
        let target = Target {
            mount: mount.into(),
            path: path.into(),
            query: vec![],
            undecodable: false,
        };
        resolve(&target, None)
    }

    fn storage(mount: &str, path: &str) -> StoragePath {
        match route(mount, path) {
            Route::Storage(path) => path,
            other => panic!("{mount} + {path} is {other:?}"),
        }
    }

    #[test]
    fn the_api_is_found_under_every_mount() {
        let mounts = [
            ("", "/1.1/alice/storage/tabs/x"),
            ("/1.1", "/alice/storage/tabs/x"),
            ("/sync/weft.cgi", "/1.1/alice/storage/tabs/x"),
            ("", "/sync/index.php/1.1/alice/storage/tabs/x/"),
            ("/weave", "//1.1//alice/storage//tabs/x"),
            ("/1.0/weft.cgi", "/1.1/alice/storage/tabs/x"),
            ("/a/1.1", "/alice/storage/tabs/x"),
            ("/sync/1.1/alice/storage/tabs/x", ""),
        ];
        for (mount, path) in mounts {
            let found = storage(mount, path);
            assert_eq!(found.version, Some(Version::V1_1), "{mount} + {path}");
            let parts = (
                &*found.user,
                &*found.function,
                &*found.collection,
                &*found.id,
            );
            assert_eq!(parts, ("alice", "storage", "tabs", "x"), "{mount} + {path}");
        }
    }

    #[test]
    fn a_user_may_be_called_like_a_version() {
        let found = storage("", "/1.0/1.1/info/collections");
        assert_eq!((found.version, &*found.user), (Some(Version::V1_0), "1.1"));
        let found = storage("/1.0", "/1/info/collections");
        assert_eq!((found.version, &*found.user), (Some(Version::V1_0), "1"));
    }

    #[test]
    fn the_user_api_lies_beside_the_storage_api() {
        let parts = |path: &str| match route("/sync", path) {
            Route::User(parts) => parts.join("|"),
            other => format!("{other:?}"),
        };
        assert_eq!(parts("/user/1.0/alice/"), "alice");
        assert_eq!(parts("/user/1/alice/node/weave"), "alice|node|weave");
        assert_eq!(
            route("/user", "/1.0/alice"),
            Route::User(vec!["alice".into()])
        );
        assert_eq!(route("", "/misc/1.0/captcha_html"), Route::Captcha);
    }

    #[test]
    fn what_is_no_api_is_unknown_and_the_root_is_the_front_page() {
        for path in [
            "/1.0x/alice/info/collections",
            "/favicon.ico",
            "/misc/1.0/other",
            "/user/2/a",
        ] {
            assert_eq!(route("", path), Route::Unknown, "{path}");
        }
        assert_eq!(page_at("", "/"), (Page::Front, String::new()));
    }

    fn page_at(mount: &str, path: &str) -> (Page, String) {
        match route(mount, path) {
            Route::Page(PageAt { page, up }) => (page, up),
            other => panic!("{mount} + {path} is {other:?}"),
        }
    }

    #[test]
    fn a_page_knows_its_way_to_the_root_under_every_mount() {
        let rows = [
            ("", "/account", Page::Account, "", ""),
            ("", "/account/", Page::Account, "../", ""),
            ("/weave", "/account/sign-in", Page::SignIn, "../", "weave"),
            (
                "/weave",
                "/index.php/weave-password-reset",
                Page::Reset,
                "",
                "weave|index.php",
            ),
            (
                "",
                "/sync/index.php/admin/user",
                Page::AdminUser,
                "../",
                "sync|index.php",
            ),
            ("/sync/account/sign-up", "", Page::SignUp, "../", "sync"),
            ("", "//account//password", Page::Password, "../../", ""),
            ("/weave", "/", Page::Front, "", "weave"),
            (
                "/sync/weft.cgi",
                "",
                Page::Front,
                "./weft.cgi/",
                "sync|weft.cgi",
            ),
            ("", "", Page::Front, "", ""),
            ("/weave", "/media/weft.css", Page::Style, "../", "weave"),
        ];
        for (mount, path, page, up, folder) in rows {
            assert_eq!(
                page_at(mount, path),
                (page, up.to_owned()),
                "{mount} + {path}"
            );
            let target = Target {
                mount: mount.into(),
                path: path.into(),
                ..Target::default()
            };
            let above: Vec<_> = root(&target, None)
                .into_iter()
                .map(String::from_utf8_lossy)
                .collect();
            assert_eq!(above.join("|"), folder, "{mount} + {path}");
        }
    }

    #[test]
    fn no_page_hides_an_api() {
        assert_eq!(
            storage("/account", "/1.1/admin/info/collections").user,
            "admin"
        );
        assert_eq!(
            storage("", "/account/1.1/account/info/collections").user,
            "account"
        );
        assert_eq!(storage("", "/1.1/account").user, "account");
        assert_eq!(route("", "/account/nothing"), Route::Unknown);
        assert_eq!(route("/admin", "/other"), Route::Unknown);
    }

    #[test]
    fn a_fixed_base_path_is_the_only_one() {
        let at = |path: &str| {
            let target = Target {
                path: path.into(),
                ..Target::default()
            };
            resolve(&target, Some("/home/user/"))
        };
        assert!(
            matches!(at("/home/user/1.0/alice/info/quota"), Route::Storage(p) if p.user == "alice")
        );
        assert_eq!(at("/1.0/alice/info/quota"), Route::Unknown);
    }

    #[test]
    fn a_bare_version_is_told_from_one_with_a_slash() {
        assert!(!storage("", "/1.0").given);
        assert!(storage("", "/1.0/").given);
        assert!(!storage("/1.0", "").given);
    }

    #[test]
    fn a_path_that_is_no_text_is_said_to_be_none() {
        let target = Target {
            path: b"/1.0/alice/storage/a\xff".to_vec(),
            ..Target::default()
        };
        assert_eq!(resolve(&target, None), Route::NotText);
    }
}
