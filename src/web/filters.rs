//! What templates can do with a text.

use askama::filters::Safe;
use askama::{Result, Values};
use std::fmt::Display;

/// A text of ours as HTML: escaped, and what stands between backticks shown as code.
#[askama::filter_fn]
pub fn rich(text: impl Display, _: &dyn Values) -> Result<Safe<String>> {
    Ok(Safe(marked_up(&text.to_string())))
}

fn marked_up(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (n, part) in text.split('`').enumerate() {
        let code = n % 2 == 1;
        out.push_str(if code { "<code>" } else { "" });
        for letter in part.chars() {
            match letter {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                letter => out.push(letter),
            }
        }
        out.push_str(if code { "</code>" } else { "" });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::marked_up;

    #[test]
    fn nothing_but_backticks_becomes_markup() {
        assert_eq!(marked_up("a `b` c"), "a <code>b</code> c");
        assert_eq!(
            marked_up("<b>\"x\" & 'y'</b> `<i>`"),
            "&lt;b&gt;&quot;x&quot; &amp; &#39;y&#39;&lt;/b&gt; <code>&lt;i&gt;</code>"
        );
        assert_eq!(marked_up("one ` alone"), "one <code> alone</code>");
    }
}
