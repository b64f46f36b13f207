//! All data of an account in one JSON file, written as it is read: however much it is, it passes
//! through.

use super::show::When;
use super::visit::Visit;
use super::{Shown, Trouble};
use crate::api::ok;
use crate::auth::Account;
use crate::exchange::ResponseBody;
use crate::storage::{Columns, ReadFrom, Storage, StorageError};
use crate::sync::{CollectionName, Query, Timestamp, WboRef};
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use serde::Serialize;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::Arc;

/// A record in the file: what the API shows of it.
#[derive(Serialize)]
struct Record<'r> {
    id: &'r str,
    modified: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    parentid: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predecessorid: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sortindex: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'r str>,
}

impl<'r> From<WboRef<'r>> for Record<'r> {
    fn from(wbo: WboRef<'r>) -> Self {
        Record {
            id: wbo.id,
            modified: seconds(wbo.modified),
            parentid: wbo.parentid,
            predecessorid: wbo.predecessorid,
            sortindex: wbo.sortindex,
            payload: wbo.payload,
        }
    }
}

fn seconds(time: Timestamp) -> f64 {
    time.centis() as f64 / 100.0
}

/// The file, as an attachment.
pub fn answer(visit: &mut Visit<'_, '_>) -> Shown {
    let owner = visit.resident()?;
    let mut session = visit.api.storage.read_account(owner.id)?;
    let names = session.times()?.into_iter().map(|(name, _)| name).collect();
    let when = When::new(visit.now, visit.now).machine;
    let day = when.split('T').next().unwrap_or_default();
    let name = format!("attachment; filename=\"weft-{}-{day}.json\"", owner.name);
    let file = File {
        storage: Arc::clone(&visit.api.storage),
        owner,
        names,
        when,
    };
    let body = ResponseBody::Stream(Box::new(move |out| file.write(out)));
    let mut response = ok("application/json", body);
    let name = HeaderValue::try_from(name).map_err(|_| Trouble::NotFound)?;
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    Ok(response)
}

struct File {
    storage: Arc<dyn Storage>,
    owner: Account,
    names: Vec<CollectionName>,
    when: String,
}

impl File {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = |text: &str| serde_json::to_string(text).map_err(io::Error::other);
        write!(out, "{{\"user\":{},", text(self.owner.name.as_str())?)?;
        if let Some(email) = &self.owner.email {
            write!(out, "\"email\":{},", text(email)?)?;
        }
        write!(out, "\"saved\":{},\"collections\":{{", text(&self.when)?)?;
        for (n, name) in self.names.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(out, "{comma}\n{}:[", text(name.as_str())?)?;
            self.write_collection(name, out)?;
            out.write_all(b"\n]")?;
        }
        out.write_all(b"\n}}\n")
    }

    fn write_collection(&self, name: &CollectionName, out: &mut dyn Write) -> io::Result<()> {
        let read = self
            .storage
            .read_collection(self.owner.id, name, ReadFrom::Any);
        let mut session = read.map_err(failed)?;
        let mut written = Ok(());
        let mut comma = "";
        let scanned = session.scan(&Query::default(), Columns::All, &mut |wbo| {
            written = write_record(comma, wbo, out);
            comma = ",";
            match written {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        scanned.map_err(failed)?;
        written
    }
}

fn write_record(comma: &str, wbo: WboRef<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{comma}")?;
    serde_json::to_writer(&mut *out, &Record::from(wbo)).map_err(io::Error::from)
}

fn failed(error: StorageError) -> io::Error {
    log::error!("a download broke off: {error}");
    io::Error::other("storage failed")
}
