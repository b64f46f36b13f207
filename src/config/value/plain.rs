//! Truth values, whole numbers, text, socket addresses.

use super::{Item, Optional, Value, quoted, refusal};
use std::net::SocketAddr;

impl Value for bool {
    fn expects() -> String {
        "true or false".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let word = match item {
            Item::Boolean(truth) => return Ok(*truth),
            other => other.as_word().unwrap_or_default().to_lowercase(),
        };
        match word.as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(refusal::<Self>(item)),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {$(
        impl Value for $type {
            fn expects() -> String {
                "a whole number".to_owned()
            }

            fn read(item: &Item) -> Result<Self, String> {
                let word = item.as_word().unwrap_or_default().replace('_', "");
                word.parse().map_err(|_| refusal::<Self>(item))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }

        impl Optional for $type {
            const NONE: (&'static str, &'static str) = ("0", "none");

            fn is_none(item: &Item) -> bool {
                item.as_word().as_deref() == Some("0")
            }
        }
    )*};
}

whole_numbers!(u16, u32, u64, usize);

/// Text, as it is written.
impl Value for String {
    fn expects() -> String {
        "text".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        match item {
            Item::Text(text) if !text.contains('\0') => Ok(text.clone()),
            _ => Err(refusal::<Self>(item)),
        }
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

impl Value for SocketAddr {
    fn expects() -> String {
        "an IP address and a port, such as \"127.0.0.1:5000\" or \"[::]:5000\"".to_owned()
    }

    fn read(item: &Item) -> Result<Self, String> {
        let Item::Text(text) = item else {
            return Err(refusal::<Self>(item));
        };
        // No look-up of names at start: it can hang. This one name everybody types.
        let address = match text.trim().strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.trim().to_owned(),
        };
        address.parse().map_err(|_| refusal::<Self>(item))
    }

    fn show(&self) -> String {
        quoted(&self.to_string())
    }
}
