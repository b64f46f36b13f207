//! A person before the pages, with a browser that knows no script: keeps cookies, follows links and
//! redirects, and sends the forms that it was shown.

use super::http::{Request, Response};
use super::{Node, Server};

/// A server that shows the pages.
pub trait Visited {
    /// Host and port.
    fn host(&self) -> String;

    /// The path of its front page, with a slash at both ends.
    fn prefix(&self) -> &str;

    /// Sends a request on a connection of its own.
    fn send(&self, request: &Request) -> Response;
}

impl Visited for Server {
    fn host(&self) -> String {
        Server::host(self)
    }

    fn prefix(&self) -> &str {
        Server::prefix(self)
    }

    fn send(&self, request: &Request) -> Response {
        Server::send(self, request)
    }
}

impl Visited for Node {
    fn host(&self) -> String {
        self.address.to_string()
    }

    fn prefix(&self) -> &str {
        "/"
    }

    fn send(&self, request: &Request) -> Response {
        Node::send(self, request)
    }
}

/// The person.
pub struct Visitor<'s> {
    server: &'s dyn Visited,
    /// Name, path and value, as `Set-Cookie` said.
    pub cookies: Vec<(String, String, String)>,
    /// Where the person is: a path below the server's address.
    pub at: String,
}

impl<'s> Visitor<'s> {
    pub fn new(server: &'s dyn Visited) -> Visitor<'s> {
        Visitor {
            server,
            cookies: Vec::new(),
            at: String::new(),
        }
    }

    /// Opens a page: a path below the server's address.
    pub fn open(&mut self, path: &str) -> Response {
        let request = self.request("GET", path);
        self.at = path.to_owned();
        let answer = self.send(&request);
        self.follow(answer)
    }

    /// Opens a page, and sends its form to the same address with these fields and the form's token.
    pub fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Response {
        let page = self.open(path);
        let token = token(&page).unwrap_or_else(|| panic!("{path} has no form: {page:?}"));
        let path = path.split('?').next().unwrap_or_default().to_owned();
        let answer = self.post(&path, &token, fields);
        self.at = path;
        self.follow(answer)
    }

    /// Sends a form with a token of the test's choice; follows nothing.
    pub fn post(&mut self, path: &str, token: &str, fields: &[(&str, &str)]) -> Response {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("token", token);
        let request = self
            .request("POST", path)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form.finish());
        self.send(&request)
    }

    /// A request with the cookies that belong to its path.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let target = format!("{}{path}", self.server.prefix());
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|(_, below, _)| target.starts_with(below.as_str()))
            .map(|(name, _, value)| format!("{name}={value}"))
            .collect();
        let request = Request::new(method, target).header("Host", self.server.host());
        match cookies.is_empty() {
            true => request,
            false => request.header("Cookie", cookies.join("; ")),
        }
    }

    /// Sends a request and keeps the cookies of the answer.
    pub fn send(&mut self, request: &Request) -> Response {
        let answer = self.server.send(request);
        let set = answer
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        for (_, line) in set {
            let mut parts = line.split(';').map(str::trim);
            let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).unwrap();
            let path = parts.find_map(|part| part.strip_prefix("Path=")).unwrap();
            self.cookies.retain(|(known, _, _)| known != name);
            if !line.contains("Max-Age=0") {
                let kept = (name.to_owned(), path.to_owned(), value.to_owned());
                self.cookies.push(kept);
            }
        }
        answer
    }

    fn follow(&mut self, mut answer: Response) -> Response {
        for _ in 0..5 {
            let Some(to) = answer.header("Location").filter(|_| answer.status == 303) else {
                return answer;
            };
            self.at = resolved(&self.at, to);
            answer = self.send(&self.request("GET", &self.at.clone()));
        }
        panic!("redirected in a circle: {answer:?}");
    }
}

/// A relative link, as a browser on the page `at` understands it.
pub fn resolved(at: &str, link: &str) -> String {
    let base = url::Url::parse("http://server/").unwrap();
    let page = base.join(at).unwrap();
    let found = page.join(link).unwrap();
    let query = found.query().map(|query| format!("?{query}"));
    format!("{}{}", &found.path()[1..], query.unwrap_or_default())
}

/// The token of the last form of a page: the one in its content.
pub fn token(page: &Response) -> Option<String> {
    let text = page.text();
    let (_, rest) = text.rsplit_once("name=\"token\" value=\"")?;
    Some(rest.split('"').next()?.to_owned())
}
