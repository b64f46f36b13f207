//! A real browser: headless Chromium, driven by chromedriver over the WebDriver protocol.
//!
//! The protocol is JSON over HTTP, so the raw client of these tests speaks it; nothing else is needed.
//! One session is one browser with a profile of its own, gone when the value is dropped.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::http::{Connection, Request};
use super::ports::Port;
use super::site::Site;
use super::supervised::{Invocation, Supervised};

const DRIVER: &str = "/usr/bin/chromedriver";

/// What is wanted of the browser.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    pub script: bool,
    pub dark: bool,
    /// Width and height of the window, in CSS pixels.
    pub size: (u32, u32),
}

/// A running browser.
pub struct Chromium {
    address: SocketAddr,
    session: String,
    _driver: Supervised,
    _port: Port,
    _site: Site,
}

impl Chromium {
    pub fn start(wish: Wish) -> Chromium {
        let site = Site::new();
        let port = Port::claim();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.number));
        let home = site.make_folder("home");
        let driver = Invocation::new("chromedriver", DRIVER)
            .argument(format!("--port={}", port.number))
            .variable("HOME", &home)
            .variable("TMPDIR", &home);
        let driver = Supervised::start(&site, driver).expect("chromedriver starts");
        driver
            .wait_for_tcp(address)
            .unwrap_or_else(|why| panic!("{why}\n{}", site.logs()));
        let mut browser = Chromium {
            address,
            session: String::new(),
            _driver: driver,
            _port: port,
            _site: site,
        };
        let answer = browser.ask("POST", "/session", capabilities(&home));
        browser.session = answer["sessionId"].as_str().expect("a session").to_owned();
        browser.arrange(wish);
        browser
    }

    /// The window's size, the page's colours, as the system would say them, and whether pages may run
    /// script.
    fn arrange(&self, wish: Wish) {
        let (width, height) = wish.size;
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if wish.dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}));
        self.allow_script(wish.script);
    }

    /// Whether pages may run script from now on. The page that is shown stays as it was parsed.
    pub fn allow_script(&self, allowed: bool) {
        let off = json!({"value": !allowed});
        self.devtools("Emulation.setScriptExecutionDisabled", off);
    }

    pub fn open(&self, url: &str) {
        self.command("POST", "url", json!({"url": url}));
    }

    pub fn url(&self) -> String {
        let url = self.command("GET", "url", Value::Null);
        url.as_str().unwrap_or_default().to_owned()
    }

    /// Types into the field of that name.
    pub fn fill(&self, name: &str, text: &str) {
        let field = self.find(&format!("main [name=\"{name}\"]"));
        self.command("POST", &format!("element/{field}/clear"), json!({}));
        let text = json!({"text": text});
        self.command("POST", &format!("element/{field}/value"), text);
    }

    /// Clicks what a CSS selector finds first, and waits until another page is there.
    pub fn follow(&self, selector: &str) {
        let page = self.find("html");
        self.click(selector);
        let gone = || self.try_command("GET", &format!("element/{page}/name"), Value::Null);
        wait_until(|| gone().is_err());
        wait_until(|| self.evaluate("document.readyState") == "complete");
    }

    /// Clicks what a CSS selector finds first.
    pub fn click(&self, selector: &str) {
        let element = self.find(selector);
        self.command("POST", &format!("element/{element}/click"), json!({}));
    }

    /// The text that is seen of what a CSS selector finds first.
    pub fn text(&self, selector: &str) -> String {
        let element = self.find(selector);
        let text = self.command("GET", &format!("element/{element}/text"), Value::Null);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Runs the body of a function and answers what it returns. The tests' own script runs in pages
    /// that forbid script, and where script is switched off, too.
    pub fn evaluate(&self, expression: &str) -> Value {
        let wanted = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
        });
        let answer = self.devtools("Runtime.evaluate", wanted);
        assert!(answer.get("exceptionDetails").is_none(), "{answer}");
        answer["result"]["value"].clone()
    }

    /// A picture of the whole page, as PNG.
    pub fn picture(&self, file: &Path) {
        let wanted = json!({"format": "png", "captureBeyondViewport": true});
        let picture = self.devtools("Page.captureScreenshot", wanted);
        let png = STANDARD
            .decode(picture["data"].as_str().expect("a picture"))
            .unwrap();
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, png).unwrap();
    }

    fn find(&self, selector: &str) -> String {
        let wanted = json!({"using": "css selector", "value": selector});
        let found = self.command("POST", "element", wanted);
        let id = found.as_object().and_then(|found| found.values().next());
        id.and_then(Value::as_str)
            .expect("an element's id")
            .to_owned()
    }

    fn devtools(&self, method: &str, parameters: Value) -> Value {
        let command = json!({"cmd": method, "params": parameters});
        self.command("POST", "goog/cdp/execute", command)
    }

    fn command(&self, method: &str, path: &str, body: Value) -> Value {
        self.ask(method, &format!("/session/{}/{path}", self.session), body)
    }

    fn try_command(&self, method: &str, path: &str, body: Value) -> Result<Value, Value> {
        self.try_to(method, &format!("/session/{}/{path}", self.session), body)
    }

    fn ask(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.try_to(method, path, body);
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn try_to(&self, method: &str, path: &str, body: Value) -> Result<Value, Value> {
        let request = Request::new(method, path).header("Host", self.address.to_string());
        let request = match body {
            Value::Null => request,
            body => request
                .header("Content-Type", "application/json")
                .body(body.to_string()),
        };
        let line = Connection::open(self.address);
        let answer = line
            .and_then(|mut line| line.exchange(&request))
            .expect("chromedriver answers");
        let body: Value = serde_json::from_slice(&answer.body).expect("chromedriver speaks JSON");
        let value = body["value"].clone();
        match answer.status {
            200 => Ok(value),
            _ => Err(value),
        }
    }
}

/// Waits for a browser to come to something; a busy machine makes it slow.
fn wait_until(mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "the browser does not come to it");
        thread::sleep(Duration::from_millis(10));
    }
}

fn capabilities(home: &Path) -> Value {
    json!({"capabilities": {"alwaysMatch": {
        "browserName": "chrome",
        "goog:chromeOptions": {
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--hide-scrollbars", "--disable-background-networking", "--no-first-run",
                format!("--user-data-dir={}", home.join("profile").display()),
            ],
        },
    }}})
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        let request = Request::new("DELETE", path).header("Host", self.address.to_string());
        // Whatever is left ends with chromedriver's process group.
        let _ = Connection::open(self.address).and_then(|mut line| line.exchange(&request));
    }
}
