//! The application: the engines that a configuration names, and one function from request to response.
//!
//! This is the only place that names concrete engines.

pub mod build;
mod forwarded;
pub mod people;
mod screens;

use crate::api::error::{ApiError, Code};
use crate::api::profile::Profile;
use crate::api::wipe_guard::Precious;
use crate::api::{Api, Call, Settings, finish};
use crate::config::Config;
use crate::config::value::Network;
use crate::exchange::{Application, Request, Response, Target};
use crate::routes::{self, Route, StoragePath, Version};
use crate::sync::Clock;
use crate::web::Web;
use http::Method;
use screens::Beginning;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

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

/// A running Weft.
pub struct App {
    api: Api,
    web: Web,
    trusted_proxies: Vec<Network>,
}

impl App {
    /// The application that a configuration describes.
    ///
    /// # Errors
    ///
    /// A sentence for the operator, about settings that make no sense together.
    pub fn new(config: &Config, clock: Clock) -> Result<Self, String> {
        let trusted_proxies = config.server.trusted_proxies.clone();
        Ok(App {
            api: build::api(config, clock)?,
            web: screens::web(config)?,
            trusted_proxies,
        })
    }

    fn after_a_panic(&self, call: &Call<'_>, route: &Route) -> ApiError {
        match route {
            Route::Storage(path) => Precious::of(&call.method, path)
                .map_or(ApiError::Fault, |p| p.harmless(call.header("user-agent"))),
            _ => ApiError::Fault,
        }
    }

    fn dispatch(&self, call: Call<'_>, route: Route, profile: Profile) -> Response {
        let readable = matches!(call.method, Method::GET | Method::HEAD);
        match route {
            Route::Storage(path) => self.api.storage(call, &path, profile),
            Route::User(parts) => self.api.user(call, &parts),
            Route::Heartbeat if readable => self.api.heartbeat(),
            Route::LegacyHeartbeat if readable => self.api.legacy_heartbeat(call.received),
            Route::Page(page) => self.web.answer(&self.api, call, page),
            Route::Heartbeat | Route::LegacyHeartbeat => {
                ApiError::Method("GET, HEAD").into_response(profile)
            }
            Route::NotText => ApiError::Bad(Code::Illegal).into_response(profile),
            Route::Captcha => {
                (self.api.captcha_page(&call)).unwrap_or_else(|error| error.into_response(profile))
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
        let route = match call.target.undecodable {
            true => Route::Unknown,
            false => routes::resolve(&call.target, self.api.settings.base_path.as_deref()),
        };
        let profile = profile(&route, &self.api.settings);
        let fallback = self.after_a_panic(&call, &route);
        let beginning = Beginning::of(&call, &route);
        let mut response = catch_unwind(AssertUnwindSafe(|| self.dispatch(call, route, profile)))
            .unwrap_or_else(|_| {
                log::error!("a handler panicked; this is a fault of the program");
                fallback.into_response(profile)
            });
        if let Some(beginning) = beginning {
            beginning.note(&self.web, &mut response, (self.api.clock)());
        }
        finish(response, profile, &self.api.settings, &self.api.clock)
    }

    fn overloaded(&self, request: &Request<'_>) -> Response {
        refusal(request, &self.api.settings, &self.api.clock)
    }

    fn interrupted(&self, _: &io::Error) -> Response {
        let profile = Profile::Python;
        finish(
            ApiError::Unavailable.into_response(profile),
            profile,
            &self.api.settings,
            &self.api.clock,
        )
    }
}
