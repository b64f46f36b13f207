//! How settings are declared: the shape of one, and the two macros that make typed structs and the
//! table of settings out of the same lines.
//!
//! ```text
//! section! {
//!     /// What the section is about.
//!     "server": Server {
//!         /// What the setting does.
//!         workers: usize = 8, in 1..=1024, php "WEAVE_WORKERS";
//!     }
//! }
//! ```
//!
//! The doc comment is the text of the manual and of the sample file. `in` (the values allowed) and
//! `php` (the legacy constant that said the same) may be left out.

use super::{Config, Item};
use std::path::Path;

/// One part of the configuration: what stands below one `[name]` line.
#[derive(Debug)]
pub struct Section {
    /// Its name in the file, which may hold dots.
    pub name: &'static str,
    /// What it is about, line by line.
    pub doc: &'static [&'static str],
    /// Its settings, in the order in which they are shown.
    pub settings: &'static [Setting],
}

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// The whole name, with dots: `storage.engine`.
    pub name: &'static str,
    /// What it does, line by line, in Markdown.
    pub doc: &'static [&'static str],
    /// The constant of the legacy PHP server that it comes from.
    pub php: Option<&'static str>,
    /// Its value is shown to nobody.
    pub secret: bool,
    pub(super) expects: fn() -> String,
    pub(super) default: fn() -> String,
    pub(super) show: fn(&Config) -> String,
    pub(super) set: fn(&mut Config, &Item, &Path) -> Result<(), String>,
}

impl Setting {
    /// The environment variable that overrides it: `WEFT_STORAGE_ENGINE`.
    pub fn variable(&self) -> String {
        format!("WEFT_{}", self.name.replace('.', "_").to_uppercase())
    }

    /// The last part of its name: `engine`.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('.').next().unwrap_or(self.name)
    }

    /// Which values it takes, to be read after "must be": `a whole number from 1 to 1024`.
    pub fn expects(&self) -> String {
        (self.expects)()
    }

    /// Its default, as one writes it in the file.
    pub fn default_value(&self) -> String {
        (self.default)()
    }

    /// Its value in `config`, as one writes it in the file; of a secret, only that there is one.
    pub fn show(&self, config: &Config) -> String {
        (self.show)(config)
    }

    /// Sets it in `config`. A relative path in `item` starts at `folder`.
    ///
    /// # Errors
    ///
    /// What is wrong with the value, to be read after the setting's name.
    pub fn set(&self, config: &mut Config, item: &Item, folder: &Path) -> Result<(), String> {
        (self.set)(config, item, folder)
    }
}

/// Every setting there is, in the order of the sections.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    Config::SECTIONS.iter().flat_map(|section| section.settings)
}

/// Declares a section: a struct with one typed field per setting, its default, and its part of the
/// table of settings. The field of [`Config`] is named after the section, with `_` for dots.
macro_rules! section {
    (
        $(#[doc = $section_doc:literal])*
        $section:literal in $field:ident: $Section:ident {
            $(
                $(#[doc = $doc:literal])*
                $name:ident: $type:ty = $default:expr
                    $(, in $allowed:expr)? $(, php $php:literal)?;
            )*
        }
    ) => {
        $(#[doc = $section_doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Section {
            $($(#[doc = $doc])* pub $name: $type,)*
        }

        impl Default for $Section {
            fn default() -> Self {
                $Section { $($name: $default,)* }
            }
        }

        impl $Section {
            /// The settings of this section.
            pub const SECTION: $crate::config::Section = $crate::config::Section {
                name: $section,
                doc: &[$($section_doc),*],
                settings: &[$(
                    $crate::config::Setting {
                        name: concat!($section, ".", stringify!($name)),
                        doc: &[$($doc),*],
                        php: $crate::config::declare::section!(@php $($php)?),
                        secret: <$type as $crate::config::Value>::SECRET,
                        expects: || {
                            let expected = <$type as $crate::config::Value>::expects();
                            $(let expected = $crate::config::value::within::<$type>(&expected, &$allowed);)?
                            expected
                        },
                        default: || {
                            let value: $type = $default;
                            $crate::config::Value::show(&value)
                        },
                        show: |config| $crate::config::Value::show(&config.$field.$name),
                        set: |config, item, folder| {
                            let mut value = <$type as $crate::config::Value>::read(item)?;
                            $($crate::config::value::check_within::<$type>(&value, &$allowed)?;)?
                            $crate::config::Value::rebase(&mut value, folder);
                            config.$field.$name = value;
                            Ok(())
                        },
                    },
                )*],
            };
        }
    };
    (@php) => { None };
    (@php $php:literal) => { Some($php) };
}

/// Declares the sections that make the configuration.
macro_rules! sections {
    ($($(#[doc = $doc:literal])* $field:ident: $Section:ident,)*) => {
        /// What is in force: every setting with its type, checked.
        ///
        /// `Config::default()` is what holds where nothing is written, but for `data.dir`, which
        /// [`load()`] works out.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Config {
            $($(#[doc = $doc])* pub $field: $Section,)*
            /// What some of the host's names want otherwise.
            pub hosts: Vec<$crate::config::Host>,
            /// Where the program and its settings lie.
            pub origin: $crate::config::Origin,
        }

        impl Config {
            /// All sections, in the order in which they are shown.
            pub const SECTIONS: &[Section] = &[$($Section::SECTION,)*];
        }
    };
}

pub(super) use {section, sections};
