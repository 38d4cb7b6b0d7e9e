//! What the HTML reports share: the template engine as they need it, and escaping of what comes from outside.
//!
//! Not responsible for what a page says.

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, UndefinedBehavior, Value, escape_formatter};
use sha2::{Digest, Sha256};

use super::clean;

/// An engine without templates. Values that are not marked safe may come from outside: they are neutralised, then
/// escaped.
///
/// The filter `text` is for long texts between tags, never in an attribute: quotation marks stay as they are.
///
/// # Errors
/// None: the marks of blocks are those of the engine.
pub(super) fn environment<'source>() -> Result<Environment<'source>, Error> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    env.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => Ok(write_escaped(out, text)?),
        _ => escape_formatter(out, state, value),
    });
    env.add_filter("text", |text: &str| {
        let mut html = String::with_capacity(text.len() + text.len() / 8);
        // Writing to memory does not fail.
        let _ = write(&mut html, text, false);
        Value::from_safe_string(html)
    });
    Ok(env)
}

/// Appends a text, neutralised and escaped for elements and attributes.
pub(super) fn push_escaped(html: &mut String, text: &str) {
    // Writing to memory does not fail.
    let _ = write_escaped(html, text);
}

/// The same for any writer.
fn write_escaped(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    write(out, text, true)
}

fn write(out: &mut impl fmt::Write, text: &str, quotes: bool) -> fmt::Result {
    let text = clean::block(text);
    let mut written = 0;
    let mut escape = |at: usize, out: &mut dyn fmt::Write| {
        let escaped = match text.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' if quotes => "&quot;",
            b'\'' if quotes => "&#x27;",
            _ => return Ok(()),
        };
        out.write_str(&text[written..at])?;
        written = at + 1;
        out.write_str(escaped)
    };
    if quotes {
        (0..text.len()).try_for_each(|at| escape(at, out))?;
    } else {
        // In long texts these are few and far between.
        memchr::memchr3_iter(b'&', b'<', b'>', text.as_bytes()).try_for_each(|at| escape(at, out))?;
    }
    out.write_str(&text[written..])
}

/// A content security policy source: `sha256-` and the digest in Base64.
pub(super) fn hash(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text() {
        let mut html = String::new();
        push_escaped(&mut html, "<b a=\"x\" b='y'>ñ & \u{202e}</b>");
        assert_eq!(html, "&lt;b a=&quot;x&quot; b=&#x27;y&#x27;&gt;ñ &amp; \u{fffd}&lt;/b&gt;");
        let mut env = environment().unwrap();
        env.add_template("page.html", "{{ given }}{{ own | safe }}{{ 1 }}{{ given | text }}").unwrap();
        let page = env.get_template("page.html").unwrap();
        let page = page.render(minijinja::context! { given => "<i a='\"'>\0", own => "<b>" }).unwrap();
        assert_eq!(page, "&lt;i a=&#x27;&quot;&#x27;&gt;␀<b>1&lt;i a='\"'&gt;␀");
    }

    #[test]
    fn hashes_are_as_browsers_compute_them() {
        // The digests of the empty string and of `abc` are published test vectors (FIPS 180-2).
        assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(hash("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }
}
