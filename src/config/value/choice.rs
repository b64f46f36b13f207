//! Settings that take one of a few words.

/// Declares an enum and the words for its variants.
macro_rules! choices {
    (
        $(#[doc = $doc:literal])*
        $Name:ident {
            $($(#[doc = $variant_doc:literal])* $Variant:ident = $word:literal,)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $Name {
            $($(#[doc = $variant_doc])* $Variant,)*
        }

        impl $Name {
            /// The word for it.
            pub const fn word(self) -> &'static str {
                match self {
                    $($Name::$Variant => $word,)*
                }
            }
        }

        impl $crate::config::Value for $Name {
            fn expects() -> String {
                let words = [$(concat!("\"", $word, "\"")),*];
                match words.split_last() {
                    Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
                    None => String::new(),
                }
            }

            fn read(item: &$crate::config::Item) -> Result<Self, String> {
                let word = item.as_word().unwrap_or_default();
                match word.as_str() {
                    $($word => Ok($Name::$Variant),)*
                    unknown => {
                        let words = [$($word),*];
                        let near = $crate::config::nearest::nearest(unknown, &words);
                        let near: Vec<_> = near.iter().map(|word| format!("\"{word}\"")).collect();
                        Err($crate::config::value::refusal::<Self>(item)
                            + &$crate::config::nearest::did_you_mean(&near))
                    }
                }
            }

            fn show(&self) -> String {
                $crate::config::value::quoted(self.word())
            }
        }
    };
}

pub(in crate::config) use choices;
