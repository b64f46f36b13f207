//! The application: the engines that a configuration names, and one function from request to response.
//!
//! This is the only place that names concrete engines.

pub mod build;
pub mod doctor;
mod forwarded;
pub mod people;
mod screens;

use crate::api::error::{ApiError, Code};
use crate::api::profile::Profile;
use crate::api::wipe_guard::Precious;
use crate::api::{Api, Call, Settings, finish};
use crate::config::value::Network;
use crate::config::{self, Config};
use crate::exchange::{Application, Request, Response, Target};
use crate::routes::{self, Route, StoragePath, Version};
use crate::sync::Clock;
use crate::web::Web;
use http::header::HOST;
use http::{HeaderMap, Method};
use screens::Beginning;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// What stands in for the application when it could not be built: a setting that means nothing, say.
///
/// Behind a front server the process can't just end: the front's own 500 would make browsers wipe
/// their accounts. So every request is answered as under overload, and the log says why.
pub struct OutOfOrder {
    settings: Settings,
    clock: Clock,
}

impl OutOfOrder {
    /// Tells the log what is wrong.
    pub fn new(clock: Clock) -> Self {
        OutOfOrder {
            settings: Settings::default(),
            clock,
        }
    }

    fn answer(&self, request: &Request<'_>) -> Response {
        refusal(request, &self.settings, &self.clock)
    }
}

impl Application for OutOfOrder {
    fn handle(&self, request: Request<'_>) -> Response {
        self.answer(&request)
    }

    fn can_come_back(&self, _: &Request<'_>) -> bool {
        true
    }

    fn overloaded(&self, request: &Request<'_>) -> Response {
        self.answer(request)
    }

    fn interrupted(&self, _: &io::Error) -> Response {
        let error = ApiError::Unavailable.into_response(Profile::Python);
        finish(error, Profile::Python, &self.settings, &self.clock)
    }
}

/// A 503, or where a browser would wipe its account for that, what does no harm.
fn refusal(request: &Request<'_>, settings: &Settings, clock: &Clock) -> Response {
    let target: Target = request.extensions().get().cloned().unwrap_or_default();
    let route = routes::resolve(&target, settings.base_path.as_deref());
    let precious = match &route {
        Route::Storage(path) => Precious::of(request.method(), path),
        _ => None,
    };
    let agent = request
        .headers()
        .get("user-agent")
        .and_then(|value| value.to_str().ok());
    let error = precious.map_or(ApiError::Unavailable, |p| p.harmless(agent));
    let profile = profile(&route, settings);
    finish(error.into_response(profile), profile, settings, clock)
}

/// Browsers begin each sync with `info/collections`, and leave it at that when they are told to wait.
fn begins_a_sync(method: &Method, path: &StoragePath) -> bool {
    *method == Method::GET && path.function == "info" && path.collection == "collections"
}

fn profile(route: &Route, settings: &Settings) -> Profile {
    let version = match route {
        Route::Storage(StoragePath {
            version: Some(version),
            ..
        }) => *version,
        _ => Version::V1_1,
    };
    Profile::of(version, settings.pinned_profile)
}

/// What answers for one host: the APIs and the pages.
struct Site {
    api: Api,
    web: Web,
}

impl Site {
    fn new(builder: &mut build::Builder, config: &Config, clock: &Clock) -> Result<Self, String> {
        Ok(Site {
            api: builder.api(config)?,
            web: screens::web(config, clock)?,
        })
    }
}

/// A running Weft.
pub struct App {
    /// For every host that is not named.
    usual: Site,
    /// For the hosts that are, by their names.
    hosts: Vec<(Vec<String>, Site)>,
    trusted_proxies: Vec<Network>,
}

impl App {
    /// The application that a configuration describes.
    ///
    /// # Errors
    ///
    /// A sentence for the operator, about settings that make no sense together.
    pub fn new(config: &Config, clock: Clock) -> Result<Self, String> {
        let mut builder = build::Builder::new(Arc::clone(&clock));
        let usual = Site::new(&mut builder, config, &clock)?;
        let hosts = config.hosts.iter().map(|host| {
            let site = Site::new(&mut builder, &host.config, &clock);
            let site = site.map_err(|why| format!("[[host]] {}: {why}", host.names.join(", ")))?;
            Ok((host.names.clone(), site))
        });
        Ok(App {
            usual,
            hosts: hosts.collect::<Result<_, String>>()?,
            trusted_proxies: config.server.trusted_proxies.clone(),
        })
    }

    /// What answers for the host that a client has called (legacy PHP chose by `HTTP_HOST` too).
    fn site(&self, headers: &HeaderMap) -> &Site {
        if self.hosts.is_empty() {
            return &self.usual;
        }
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        let names = self.hosts.iter().map(|(names, _)| names.as_slice());
        let chosen = host.and_then(|host| config::choose_host(names, host));
        match chosen.and_then(|index| self.hosts.get(index)) {
            Some((_, site)) => site,
            None => &self.usual,
        }
    }

    fn after_a_panic(&self, call: &Call<'_>, route: &Route) -> ApiError {
        match route {
            Route::Storage(path) => Precious::of(&call.method, path)
                .map_or(ApiError::Fault, |p| p.harmless(call.header("user-agent"))),
            _ => ApiError::Fault,
        }
    }

    fn dispatch(site: &Site, call: Call<'_>, route: Route, profile: Profile) -> Response {
        let Site { api, web } = site;
        let readable = matches!(call.method, Method::GET | Method::HEAD);
        match route {
            Route::Storage(path) => api.storage(call, &path, profile),
            Route::User(parts) => api.user(call, &parts),
            Route::Heartbeat if readable => api.heartbeat(),
            Route::LegacyHeartbeat if readable => api.legacy_heartbeat(call.received),
            Route::Page(page) => web.answer(api, call, page),
            Route::Heartbeat | Route::LegacyHeartbeat => {
                ApiError::Method("GET, HEAD").into_response(profile)
            }
            Route::NotText => ApiError::Bad(Code::Illegal).into_response(profile),
            Route::Captcha => {
                (api.captcha_page(&call)).unwrap_or_else(|error| error.into_response(profile))
            }
            Route::Unknown => ApiError::NotFound("Not Found").into_response(profile),
        }
    }
}

impl Application for App {
    /// Never panics: what goes wrong inside is logged and becomes a 500, or where that would make a
    /// browser wipe its account, what does no harm.
    fn handle(&self, mut request: Request<'_>) -> Response {
        forwarded::believe(&mut request, &self.trusted_proxies);
        let call = Call::from(request);
        let site = self.site(&call.headers);
        let api = &site.api;
        let route = match call.target.undecodable {
            true => Route::Unknown,
            false => routes::resolve(&call.target, api.settings.base_path.as_deref()),
        };
        let profile = profile(&route, &api.settings);
        let fallback = self.after_a_panic(&call, &route);
        let beginning = Beginning::of(&call, &route);
        let mut response = catch_unwind(AssertUnwindSafe(|| {
            Self::dispatch(site, call, route, profile)
        }))
        .unwrap_or_else(|_| {
            log::error!("a handler panicked; this is a fault of the program");
            fallback.into_response(profile)
        });
        if let Some(beginning) = beginning {
            beginning.note(&site.web, &mut response, (api.clock)());
        }
        finish(response, profile, &api.settings, &api.clock)
    }

    fn can_come_back(&self, request: &Request<'_>) -> bool {
        let api = &self.site(request.headers()).api;
        let target = request.extensions().get().cloned().unwrap_or_default();
        match routes::resolve(&target, api.settings.base_path.as_deref()) {
            Route::Storage(path) => begins_a_sync(request.method(), &path),
            _ => false,
        }
    }

    fn overloaded(&self, request: &Request<'_>) -> Response {
        let api = &self.site(request.headers()).api;
        refusal(request, &api.settings, &api.clock)
    }

    fn interrupted(&self, _: &io::Error) -> Response {
        let profile = Profile::Python;
        finish(
            ApiError::Unavailable.into_response(profile),
            profile,
            &self.usual.api.settings,
            &self.usual.api.clock,
        )
    }

    fn rest(&self) {
        let hosts = self.hosts.iter().map(|(_, site)| site);
        for Site { api, .. } in std::iter::once(&self.usual).chain(hosts) {
            api.storage.rest();
            api.accounts.rest();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Host;
    use crate::config::value::FilePath;
    use crate::exchange::{Client, RequestBody};
    use crate::sync::Timestamp;
    use std::time::Duration;

    /// What an application with a setting of its own for `sync2.example.org` asks a client to wait.
    fn backoff(host: &str, proxy_says: Option<&str>) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.data.dir = FilePath(folder.path().to_owned());
        config.server.trusted_proxies = vec![Network::parse("127.0.0.1").unwrap()];
        let mut other = config.clone();
        other.server.backoff = Some(Duration::from_secs(7));
        config.hosts.push(Host {
            names: vec!["sync2.example.org".into()],
            config: other,
            places: Default::default(),
        });
        let app = App::new(&config, Arc::new(|| Timestamp::ZERO)).unwrap();
        let mut request = Request::new(RequestBody::empty());
        let headers = request.headers_mut();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(told) = proxy_says {
            headers.insert("x-forwarded-host", told.parse().unwrap());
        }
        let client = Client {
            address: "127.0.0.1".parse().ok(),
            ..Client::default()
        };
        request.extensions_mut().insert(client);
        let response = app.handle(request);
        let backoff = response.headers().get("x-weave-backoff")?;
        Some(backoff.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_host_has_settings_of_its_own_and_an_unknown_one_those_of_all() {
        assert_eq!(backoff("SYNC2.example.org:443", None).as_deref(), Some("7"));
        assert_eq!(backoff("sync1.example.org", None), None);
        let told = Some("sync2.example.org");
        assert_eq!(backoff("inner", told).as_deref(), Some("7"));
    }
}
