//! The storage API: `<version>/<user>/storage/…` and `…/info/…`.
//!
//! This file decides what a path and a method ask for, in each profile's order of errors, and lets the
//! user in. Reading is in `read`, writing in `write`, deleting in `delete`; the latter two in a session
//! of `opened`.

mod delete;
mod opened;
mod read;
mod write;

use super::error::{ApiError, Code};
use super::profile::Profile;
use super::wipe_guard::Precious;
use super::{Alert, Api, Call, Owner};
use crate::auth::Account;
use crate::exchange::Response;
use crate::routes::StoragePath;
use crate::sync::{CollectionName, UserName};
use http::Method;

/// What a storage path names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Resource {
    /// `info/<name>`.
    Info(String),
    /// `storage`.
    Everything,
    /// `storage/<collection>`.
    Collection(CollectionName),
    /// `storage/<collection>/<id>`; the id is as written.
    Record(CollectionName, String),
}

/// A storage request whose user has been let in.
struct StorageCall<'c> {
    api: &'c Api,
    profile: Profile,
    account: &'c Account,
}

impl Api {
    /// Answers a storage request.
    pub fn storage(&self, mut call: Call<'_>, path: &StoragePath, profile: Profile) -> Response {
        let outcome = match Precious::of(&call.method, path) {
            Some(precious) => {
                self.guard(precious, &call, || self.read_precious(&call, path, profile))
            }
            None => self.serve_storage(&mut call, path, profile),
        };
        outcome.unwrap_or_else(|error| error.into_response(profile))
    }

    fn serve_storage(
        &self,
        call: &mut Call<'_>,
        path: &StoragePath,
        profile: Profile,
    ) -> Result<Response, ApiError> {
        let (user, resource) = resource(path, profile, &call.method)?;
        let account = self.login(call, &user, profile)?;
        self.refuse_strangers(call, &account)?;
        let storage = StorageCall {
            api: self,
            profile,
            account: &account,
        };
        Ok(storage.alerted(storage.act(call, &resource)))
    }

    /// The same for a GET that has no body to be read, so that it can be tried again.
    fn read_precious(
        &self,
        call: &Call<'_>,
        path: &StoragePath,
        profile: Profile,
    ) -> Result<Response, ApiError> {
        let (user, resource) = resource(path, profile, &call.method)?;
        let account = self.login(call, &user, profile)?;
        self.refuse_strangers(call, &account)?;
        let storage = StorageCall {
            api: self,
            profile,
            account: &account,
        };
        match storage.look(call, &resource) {
            Err(ApiError::Unavailable) => Err(ApiError::Unavailable),
            outcome => Ok(storage.alerted(outcome)),
        }
    }
}

impl StorageCall<'_> {
    fn act(&self, call: &mut Call<'_>, resource: &Resource) -> Result<Response, ApiError> {
        match (call.method.as_str(), resource) {
            ("GET", _) => self.look(call, resource),
            ("PUT", Resource::Record(collection, id)) => self.put(call, collection, Some(id)),
            ("PUT", Resource::Collection(collection)) if self.profile == Profile::Php => {
                self.put(call, collection, None)
            }
            ("PUT" | "POST", Resource::Collection(collection)) => self.post(call, collection),
            // PHP posted to the collection, whatever else the path had.
            ("POST", Resource::Record(collection, _)) => self.post(call, collection),
            ("DELETE", Resource::Record(collection, id)) => self.delete_one(call, collection, id),
            ("DELETE", Resource::Collection(collection)) => self.delete_some(call, collection),
            ("DELETE", Resource::Everything) => self.delete_everything(call),
            _ => Err(ApiError::Bad(Code::Illegal)),
        }
    }

    fn look(&self, call: &Call<'_>, resource: &Resource) -> Result<Response, ApiError> {
        match resource {
            Resource::Info(name) => self.api.info(call, self.account, name, self.profile),
            Resource::Collection(collection) => self.list(call, collection),
            Resource::Record(collection, id) => self.get(collection, id),
            Resource::Everything => Err(ApiError::Bad(Code::Illegal)),
        }
    }

    /// The account's alert goes with every answer that its user gets, errors too.
    fn alerted(&self, outcome: Result<Response, ApiError>) -> Response {
        let mut response = outcome.unwrap_or_else(|error| error.into_response(self.profile));
        response.extensions_mut().insert(Owner(self.account.id));
        if let Some(alert) = self.account.alert.as_ref().filter(|text| !text.is_empty()) {
            response.extensions_mut().insert(Alert(alert.clone()));
        }
        response
    }
}

fn resource(
    path: &StoragePath,
    profile: Profile,
    method: &Method,
) -> Result<(UserName, Resource), ApiError> {
    match profile {
        Profile::Php => php_resource(path, method),
        Profile::Python => python_resource(path, method),
    }
}

/// The PHP server looked at the parts of the path one by one, and at the method last, after login.
fn php_resource(path: &StoragePath, method: &Method) -> Result<(UserName, Resource), ApiError> {
    if !path.given {
        return Err(ApiError::NotFound("No path found"));
    }
    if !matches!(&*path.function, "info" | "storage") {
        return Err(ApiError::Bad(Code::Function));
    }
    // PHP took the text "0" for empty.
    let user = UserName::new(&path.user)
        .ok()
        .filter(|user| user.as_str() != "0");
    let user = user.ok_or(ApiError::Bad(Code::UserName))?;
    if path.collection.is_empty() {
        return match (&*path.function, method) {
            (_, method) if method != Method::DELETE => Err(ApiError::Bad(Code::Illegal)),
            ("info", _) => Ok((user, Resource::Info(String::new()))),
            _ => Ok((user, Resource::Everything)),
        };
    }
    let collection =
        CollectionName::new(&path.collection).map_err(|_| ApiError::Bad(Code::Collection))?;
    let resource = match (&*path.function, path.id.is_empty()) {
        ("info", _) => Resource::Info(path.collection.clone()),
        (_, true) => Resource::Collection(collection),
        (_, false) => Resource::Record(collection, path.id.clone()),
    };
    Ok((user, resource))
}

/// The Python server had a table of routes: what is not in it is 404, or 405 when only the method is
/// not, before anybody logs in.
fn python_resource(path: &StoragePath, method: &Method) -> Result<(UserName, Resource), ApiError> {
    const INFO: [&str; 4] = [
        "collections",
        "collection_counts",
        "collection_usage",
        "quota",
    ];
    let missing = ApiError::NotFound("Not Found");
    let Ok(user) = UserName::new(&path.user) else {
        return Err(missing);
    };
    let (resource, allowed) = match (&*path.function, &*path.collection, &*path.id) {
        ("info", name, "") if INFO.contains(&name) => (Resource::Info(name.to_owned()), "GET"),
        ("storage", "", "") => (Resource::Everything, "DELETE"),
        ("storage", name, id) if !path.more => {
            let Ok(collection) = CollectionName::new(name) else {
                return Err(missing);
            };
            match id {
                "" => (Resource::Collection(collection), "GET, PUT, POST, DELETE"),
                id => (
                    Resource::Record(collection, id.to_owned()),
                    "GET, PUT, DELETE",
                ),
            }
        }
        _ => return Err(missing),
    };
    if !allowed.split(", ").any(|one| one == method.as_str()) {
        return Err(ApiError::Method(allowed));
    }
    Ok((user, resource))
}
