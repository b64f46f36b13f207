//! axe, which looks at a page for labels, contrast and structure.
//!
//! It comes from the npm registry, into `target/axe/`, when a test first needs it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::PHONE;
use crate::harness::chromium::{Chromium, Wish};

/// What axe finds wrong with the page as it is shown. The checker is a script and waits for timers: where
/// script is off it is let in to the finished page. That changes nothing of the page but its `noscript`,
/// which no page has.
pub fn checked(browser: &Chromium, script: bool) -> Vec<String> {
    let differing = "document.querySelectorAll('noscript').length";
    assert_eq!(browser.evaluate(differing), 0);
    browser.allow_script(true);
    let complaints = axe(browser);
    browser.allow_script(script);
    complaints
}

/// What axe finds wrong with the page.
fn axe(browser: &Chromium) -> Vec<String> {
    static SOURCE: OnceLock<String> = OnceLock::new();
    let source = SOURCE.get_or_init(|| {
        let file = axe_file();
        std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
    });
    browser.evaluate(&format!("{source}; 0"));
    let found = browser.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then(found => JSON.stringify(\
         found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + \
         n.failureSummary).join(' | '))))",
    );
    serde_json::from_str(found.as_str().expect("axe answers")).unwrap()
}

/// axe's one file, fetched from the npm registry at the version that the tests know.
fn axe_file() -> PathBuf {
    const VERSION: &str = "axe-core@4.14.1";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe");
    let file = folder.join("node_modules/axe-core/axe.min.js");
    if !file.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let fetched = Command::new("npm")
            .args([
                "install",
                "--silent",
                "--no-save",
                "--ignore-scripts",
                "--prefix",
            ])
            .arg(&folder)
            .arg(VERSION)
            .output()
            .expect("npm is there: tests/run installs what the tests need");
        assert!(fetched.status.success(), "{fetched:?}");
    }
    file
}

#[test]
#[cfg_attr(without = "browser", ignore = "no Chromium is installed")]
fn the_checker_finds_what_it_is_for_and_script_can_be_off() {
    let wish = Wish {
        script: true,
        dark: false,
        size: PHONE,
    };
    let browser = Chromium::start(wish);
    let page = "data:text/html,<html lang=en><title>x</title><main><h1>x</h1>\
        <input><p style='color:%23bbb;background:%23fff'>pale</p></main>\
        <script>document.querySelector('h1').textContent = 'ran'</script>";
    browser.open(page);
    let complaints = axe(&browser).join("\n");
    assert!(complaints.contains("color-contrast: "), "{complaints}");
    assert!(complaints.contains("label: "), "{complaints}");
    assert_eq!(browser.text("h1"), "ran");
    let browser = Chromium::start(Wish {
        script: false,
        ..wish
    });
    // The look lets in no script of the page's own, and not of the next page's either.
    for _ in 0..2 {
        browser.open(page);
        let complaints = checked(&browser, false).join("\n");
        assert!(complaints.contains("color-contrast: "), "{complaints}");
        assert!(complaints.contains("label: "), "{complaints}");
        assert_eq!(browser.text("h1"), "x");
    }
}
