//! Every screen in a real browser: with script and without, on a phone and on a desk, in light and
//! dark. Each is checked by axe for labels, contrast and structure, must fit the phone's width, and
//! leaves a picture in `target/screens/` for people to look at.

mod harness;
mod screens_browser {
    pub mod axe;
}

use harness::api::{PYTHON, User};
use harness::browser::Profile;
use harness::chromium::{Chromium, Wish};
use harness::{Gateway, Server};
use screens_browser::axe::checked;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const PASSWORD: &str = "a long password";
const SETTINGS: &str = "[web]\nadmins = [\"root\"]\n[quota]\nbytes = 150000\n\
    [registration]\nsecret = \"operators-own\"\n";

const PHONE: (u32, u32) = (360, 640);
const DESK: (u32, u32) = (1_100, 800);

/// The way through all screens, and what is checked on each.
struct Tour<'t> {
    browser: Chromium,
    server: &'t Server,
    name: String,
    wish: Wish,
}

impl Tour<'_> {
    fn start<'t>(server: &'t Server, name: &str, wish: Wish) -> Tour<'t> {
        Tour {
            browser: Chromium::start(wish),
            server,
            name: name.to_owned(),
            wish,
        }
    }

    fn open(&self, path: &str) {
        let prefix = self.server.prefix();
        self.browser
            .open(&format!("http://{}{prefix}{path}", self.server.host()));
    }

    /// Fails unless the browser is at this path and the page has that heading.
    fn is_at(&self, path: &str, heading: &str) {
        let url = self.browser.url();
        let at = url
            .split_once("//")
            .and_then(|(_, rest)| rest.split_once('/'));
        let at = at.map(|(_, path)| path.split('?').next().unwrap_or_default());
        let expected = format!("{}{path}", self.server.prefix());
        assert_eq!(at, Some(&expected[1..]), "{}", self.browser.text("body"));
        assert_eq!(self.browser.text("h1"), heading);
    }

    /// Looks at the screen as it is.
    fn look(&self, screen: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screens");
        let file = folder.join(&self.name).join(format!("{screen}.png"));
        self.browser.picture(&file);
        let width = self
            .browser
            .evaluate("document.documentElement.scrollWidth");
        let most = u64::from(self.wish.size.0);
        assert!(
            width.as_u64() <= Some(most),
            "{screen} is {width} pixels wide"
        );
        let complaints = checked(&self.browser, self.wish.script);
        assert!(complaints.is_empty(), "{screen}: {complaints:#?}");
    }

    fn sign_in(&self, name: &str) {
        self.open("account/sign-in");
        self.browser.fill("username", name);
        self.browser.fill("password", PASSWORD);
        self.browser.follow("main button");
    }
}

fn register(server: &Server, name: &str) -> Profile {
    let profile = Profile::new(server, name, PASSWORD);
    let create = profile.desktop().create(&format!("{name}@example.org"));
    let made = server.send(&create.header("X-Weave-Secret", "operators-own"));
    assert_eq!(made.status, 200, "{made:?}");
    profile
}

/// Somebody with a browser's usual data, and some devices.
fn somebody(server: &Server, name: &str) {
    let profile = register(server, name);
    let user = User {
        server,
        version: PYTHON,
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
    };
    let collections = [
        ("bookmarks", 60, 700),
        ("history", 90, 600),
        ("passwords", 12, 500),
        ("forms", 30, 200),
        ("tabs", 2, 2_400),
        ("prefs", 1, 3_100),
        ("clients", 2, 300),
        ("addons", 5, 300),
        ("crypto", 1, 400),
        ("meta", 1, 300),
    ];
    for (collection, records, bytes) in collections {
        let records: Vec<Value> = (0..records)
            .map(|n| json!({"id": format!("record{n}"), "payload": "x".repeat(bytes)}))
            .collect();
        let posted = user.post(&format!("storage/{collection}"), json!(records).to_string());
        assert_eq!(posted.status, 200, "{posted:?}");
    }
    server.send(&profile.desktop().get("info/collections"));
    server.send(&profile.android().get("info/collections"));
}

/// Through every screen.
fn tour(name: &str, wish: Wish) {
    let server = Gateway::Builtin.start(SETTINGS);
    somebody(&server, "ada");
    register(&server, "root");
    let tour = Tour::start(&server, name, wish);
    let browser = &tour.browser;

    tour.open("");
    tour.is_at("", "A Sync server");
    tour.look("front");
    browser.follow("a[href=\"account/sign-up\"].button");
    tour.is_at("account/sign-up", "Sign up");
    tour.look("sign-up");
    browser.fill("username", "grace@example.org");
    browser.fill("password", "short");
    browser.fill("confirm", "short");
    browser.follow("main button");
    tour.look("sign-up-complaint");
    browser.fill("password", PASSWORD);
    browser.fill("confirm", PASSWORD);
    browser.follow("main button");
    tour.is_at("account", "My account");
    tour.look("welcome");
    browser.follow(".menu button");
    tour.is_at("account/sign-in", "Sign in");
    tour.look("signed-out");

    browser.fill("username", "ada");
    browser.fill("password", "wrong");
    browser.follow("main button");
    tour.look("sign-in-complaint");
    browser.fill("password", PASSWORD);
    browser.follow("main button");
    tour.is_at("account", "My account");
    tour.look("account");
    own_pages(&tour);
    passwords(&tour);
    administration(&tour);
}

fn own_pages(tour: &Tour<'_>) {
    let browser = &tour.browser;
    browser.follow("a[href=\"account/email\"]");
    tour.look("email");
    browser.fill("email", "ada@example.net");
    browser.fill("old", PASSWORD);
    browser.follow("main button");
    tour.is_at("account", "My account");
    assert!(browser.text("main").contains("ada@example.net"));
    browser.follow("a[href=\"account/password\"]");
    tour.look("password");
    for (field, text) in [
        ("old", PASSWORD),
        ("password", PASSWORD),
        ("confirm", PASSWORD),
    ] {
        browser.fill(field, text);
    }
    browser.follow("main button");
    assert_eq!(browser.text(".note"), "Your password is changed.");
    browser.follow("a[href=\"account/collection?name=history\"]");
    tour.is_at("account/collection", "Delete History");
    tour.look("collection");
    browser.follow("main button");
    tour.is_at("account", "My account");
    tour.look("collection-deleted");
    browser.follow("a[href=\"account/clear\"]");
    tour.look("clear");
    browser.follow("main button");
    tour.look("cleared");
    browser.follow("a[href=\"account/undo\"]");
    tour.is_at("account/undo", "Bring back");
    tour.look("undo");
    browser.follow("main .card a.button");
    tour.is_at("account/undo", "Bring back what was stored");
    tour.look("undo-confirm");
    browser.follow("main button");
    tour.is_at("account", "My account");
    assert!(browser.text(".note").starts_with("It is brought back."));
    tour.look("brought-back");
    browser.follow("a[href=\"weave-delete-account\"]");
    tour.is_at("weave-delete-account", "Delete my account");
    tour.look("delete-account");
    browser.follow(".menu button");
    tour.open("nothing");
}

fn passwords(tour: &Tour<'_>) {
    tour.open("weave-password-reset");
    tour.is_at("weave-password-reset", "A new password");
    tour.look("reset-without-mail");
    tour.open("weave-password-reset?username=ada&key=0123");
    tour.look("reset-form");
    tour.browser.fill("password", PASSWORD);
    tour.browser.fill("confirm", PASSWORD);
    tour.browser.follow("main button");
    tour.look("reset-complaint");
}

fn administration(tour: &Tour<'_>) {
    let browser = &tour.browser;
    tour.sign_in("root");
    browser.follow("a[href=\"admin\"]");
    tour.is_at("admin", "Administration");
    tour.look("admin");
    browser.follow("a[href=\"admin/user?name=ada\"]");
    tour.is_at("admin/user", "User ada");
    tour.look("admin-user");
    browser.follow("button[value=\"reset-link\"]");
    tour.look("admin-reset-link");
    let link = browser.evaluate("document.getElementById('made-link').value");
    tour.open("admin/doctor");
    tour.is_at("admin/doctor", "Doctor");
    tour.look("admin-doctor");
    browser.follow("main button");
    tour.is_at("admin/doctor", "Doctor");
    assert!(
        browser
            .text("main")
            .contains("An upload of 300000 bytes arrives.")
    );
    tour.look("admin-doctor-result");
    tour.open("admin/invitations");
    browser.fill("note", "Grace Hopper, of the neighbours");
    browser.follow("button[value=\"invite\"]");
    tour.look("admin-invitations");
    browser.follow(".menu button");
    browser.open(link.as_str().expect("a link"));
    browser.fill("password", "yet another password");
    browser.fill("confirm", "yet another password");
    browser.follow("main button");
    tour.is_at("weave-password-reset", "Password successfully changed");
    tour.look("reset-done");
    tour.open("weave-delete-account");
    browser.fill("username", "ada");
    browser.fill("password", "yet another password");
    browser.follow("main button");
    tour.is_at("weave-delete-account", "Account removed");
    tour.look("account-removed");
}

#[test]
#[cfg_attr(without = "browser", ignore = "no Chromium is installed")]
fn on_a_phone_in_light() {
    let wish = Wish {
        script: true,
        dark: false,
        size: PHONE,
    };
    tour("phone-light", wish);
}

#[test]
#[cfg_attr(without = "browser", ignore = "no Chromium is installed")]
fn on_a_phone_in_dark() {
    let wish = Wish {
        script: true,
        dark: true,
        size: PHONE,
    };
    tour("phone-dark", wish);
}

#[test]
#[cfg_attr(without = "browser", ignore = "no Chromium is installed")]
fn on_a_desk_in_dark() {
    let wish = Wish {
        script: true,
        dark: true,
        size: DESK,
    };
    tour("desk-dark", wish);
}

#[test]
#[cfg_attr(without = "browser", ignore = "no Chromium is installed")]
fn on_a_desk_in_light_without_script() {
    let wish = Wish {
        script: false,
        dark: false,
        size: DESK,
    };
    tour("desk-light", wish);
}

/// The screens that other settings bring: sign-up by invitation, closed and with a captcha, and a
/// letter for a forgotten password.
#[test]
#[cfg_attr(without = "browser", ignore = "no Chromium is installed")]
fn on_a_phone_with_other_settings_without_script() {
    let wish = Wish {
        script: false,
        dark: false,
        size: PHONE,
    };
    let settings = |more: &str| format!("{SETTINGS}{more}");
    let server = Gateway::Builtin.start(&settings("mode = \"invite\"\n"));
    let tour = Tour::start(&server, "phone-other", wish);
    tour.open("");
    tour.look("front-invite");
    tour.browser.follow("a[href=\"account/sign-up\"].button");
    tour.is_at("account/sign-up", "Sign up");
    tour.look("sign-up-invite");
    tour.browser.fill("username", "grace");
    tour.browser.fill("invitation", "made up");
    tour.browser.fill("password", PASSWORD);
    tour.browser.fill("confirm", PASSWORD);
    tour.browser.follow("main button");
    tour.look("sign-up-invite-complaint");

    let server = Gateway::Builtin.start(&settings(
        "mode = \"closed\"\n[mail]\ncontact = \"Ada, ada@example.org\"\n",
    ));
    let tour = Tour {
        server: &server,
        ..tour
    };
    tour.open("");
    tour.look("front-closed");
    tour.open("account/sign-up");
    tour.look("sign-up-closed");

    let letters = tempfile::tempdir().unwrap();
    let sendmail = letters.path().join("sendmail");
    std::fs::write(&sendmail, "#!/bin/sh\ncat >/dev/null\n").unwrap();
    for (path, mode) in [(letters.path(), 0o755), (sendmail.as_path(), 0o755)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let server = Gateway::Builtin.start(&settings(&format!(
        "[captcha]\nkind = \"image\"\n[server]\npublic_url = \"https://sync.example.org/\"\n\
         [mail]\ntransport = \"sendmail\"\nsender = \"s@example.org\"\nsendmail = {sendmail:?}\n"
    )));
    register(&server, "ada");
    let tour = Tour {
        server: &server,
        ..tour
    };
    tour.open("account/sign-up");
    tour.look("sign-up-captcha");
    tour.open("weave-password-reset");
    tour.look("reset-ask");
    tour.browser.fill("username", "ada");
    tour.browser.follow("main button");
    tour.look("reset-sent");
    assert_eq!(tour.browser.text("h1"), "Look into your mailbox");
}
