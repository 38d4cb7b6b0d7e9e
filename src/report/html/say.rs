//! What the templates call to say something: words in three languages, and their plain form for attributes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use crate::i18n::{Lang, Message, Text};
use crate::report::template::push_escaped;

/// Registers:
/// - `t(key, name=value)`: the three languages as spans, of which the page shows one;
/// - `plain(key, name=value)`: the chosen language as text, for attributes;
/// - `langs(key, name=value)`: `data-es`, `data-pt` and `data-en` attributes, for the language switch;
/// - `value | say`: a recorded message or text as spans; `value | say_plain`: in the chosen language.
pub(super) fn register(env: &mut Environment<'_>, lang: Lang) {
    let said = Said::default();
    env.add_function("t", move |key: &str, args: Kwargs| {
        if args.args().next().is_some() {
            return Ok::<_, Error>(spans(&texts(key, &args)?));
        }
        Ok(said.once(Message { key: Cow::Owned(key.to_owned()), args: Default::default() }))
    });
    env.add_function("plain", move |key: &str, args: Kwargs| Ok::<_, Error>(texts(key, &args)?.get(lang).to_owned()));
    env.add_function("langs", |key: &str, args: Kwargs| {
        let text = texts(key, &args)?;
        let mut attributes = String::new();
        for lang in Lang::ALL {
            let _ = write!(attributes, " data-{}=\"{}\"", lang.tag(), escape(text.get(lang)));
        }
        Ok::<_, Error>(Value::from_safe_string(attributes))
    });
    let said = Said::default();
    env.add_filter("say", move |value: &Value| {
        Ok::<_, Error>(match Recorded::of(value)? {
            Recorded::Message(message) => said.once(message),
            Recorded::Text(text) => spans(&text),
        })
    });
    env.add_filter("say_plain", move |value: &Value| Ok::<_, Error>(Recorded::of(value)?.text().get(lang).to_owned()));
}

/// Most phrases that are remembered.
const MOST_SAID: usize = 1000;

/// What was said already, as spans: most words are said for each scenario or finding anew.
#[derive(Default)]
struct Said(Mutex<HashMap<Message, Value>>);

impl Said {
    fn once(&self, message: Message) -> Value {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = said.get(&message) {
            return value.clone();
        }
        let value = spans(&message.render_all());
        if said.len() < MOST_SAID {
            said.insert(message, value.clone());
        }
        value
    }
}

/// A text in the three languages, of which CSS shows one; once only when all are the same.
fn spans(text: &Text) -> Value {
    let mut html = String::new();
    push(&mut html, text);
    Value::from_safe_string(html)
}

/// Appends a text in the three languages as markup.
pub(super) fn push(html: &mut String, text: &Text) {
    if text.es == text.pt && text.es == text.en {
        return push_escaped(html, &text.es);
    }
    for lang in Lang::ALL {
        let _ = write!(html, "<span class=\"l\" lang=\"{}\">", lang.tag());
        push_escaped(html, text.get(lang));
        html.push_str("</span>");
    }
}

fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    push_escaped(&mut html, text);
    html
}

fn texts(key: &str, args: &Kwargs) -> Result<Text, Error> {
    let mut message = Message { key: Cow::Owned(key.to_owned()), args: Default::default() };
    let mut per_lang: Vec<(String, Text)> = Vec::new();
    for name in args.args() {
        let value: Value = args.get(name)?;
        if value.kind() == ValueKind::Map {
            per_lang.push((name.to_owned(), Recorded::of(&value)?.text()));
        } else {
            message.args.insert(Cow::Owned(name.to_owned()), value.to_string());
        }
    }
    args.assert_all_used()?;
    if per_lang.is_empty() {
        return Ok(message.render_all());
    }
    let mut text = Text::default();
    for (lang, out) in [(Lang::Es, &mut text.es), (Lang::Pt, &mut text.pt), (Lang::En, &mut text.en)] {
        for (name, value) in &per_lang {
            message.args.insert(Cow::Owned(name.clone()), value.get(lang).to_owned());
        }
        *out = message.render(lang);
    }
    Ok(text)
}

/// A value of the record.
enum Recorded {
    /// `key` and `args`.
    Message(Message),
    /// `es`, `pt`, `en`; or a plain string, which is the same in all.
    Text(Text),
}

impl Recorded {
    fn of(value: &Value) -> Result<Recorded, Error> {
        if let Some(text) = value.as_str() {
            return Ok(Recorded::Text(Text { es: text.into(), pt: text.into(), en: text.into() }));
        }
        let member = |name: &str| value.get_attr(name).ok().and_then(|found| found.as_str().map(str::to_owned));
        if let Some(key) = member("key") {
            let mut message = Message { key: Cow::Owned(key), args: Default::default() };
            let args = value.get_attr("args")?;
            if args.kind() == ValueKind::Map {
                for name in args.try_iter()? {
                    let given = args.get_item(&name)?;
                    message.args.insert(Cow::Owned(name.to_string()), given.to_string());
                }
            }
            return Ok(Recorded::Message(message));
        }
        match (member("es"), member("pt"), member("en")) {
            (Some(es), Some(pt), Some(en)) => Ok(Recorded::Text(Text { es, pt, en })),
            _ => Err(Error::new(ErrorKind::InvalidOperation, "neither a message nor a text")),
        }
    }

    fn text(self) -> Text {
        match self {
            Recorded::Message(message) => message.render_all(),
            Recorded::Text(text) => text,
        }
    }
}
