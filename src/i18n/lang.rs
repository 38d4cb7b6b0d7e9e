//! The three languages and a text that exists in all of them.

use serde::{Deserialize, Serialize};

/// A language in which homologa speaks to its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Spanish, the default.
    #[default]
    Es,
    /// Brazilian Portuguese.
    Pt,
    /// English.
    En,
}

impl Lang {
    /// All languages, in the order in which reports offer them.
    pub const ALL: [Lang; 3] = [Lang::Es, Lang::Pt, Lang::En];

    /// The BCP 47 tag: `es`, `pt` or `en`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::Es => "es",
            Lang::Pt => "pt",
            Lang::En => "en",
        }
    }

    /// The language of a POSIX locale name such as `pt_BR.UTF-8`; `None` when it is none of ours.
    pub fn from_locale(locale: &str) -> Option<Lang> {
        match locale.get(..2)? {
            "es" => Some(Lang::Es),
            "pt" => Some(Lang::Pt),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// The language the environment asks for (`LC_ALL`, `LC_MESSAGES`, `LANG`, in POSIX order), else Spanish.
    pub fn from_environment() -> Lang {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .filter_map(|name| std::env::var(name).ok())
            .find(|value| !value.is_empty())
            .and_then(|value| Lang::from_locale(&value))
            .unwrap_or_default()
    }
}

/// A text that data files carry in the three languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Spanish.
    pub es: String,
    /// Brazilian Portuguese.
    pub pt: String,
    /// English.
    pub en: String,
}

impl Text {
    /// The text in `lang`.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Es => &self.es,
            Lang::Pt => &self.pt,
            Lang::En => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locale_names_choose_the_language() {
        assert_eq!(Lang::from_locale("pt_BR.UTF-8"), Some(Lang::Pt));
        assert_eq!(Lang::from_locale("es_AR"), Some(Lang::Es));
        assert_eq!(Lang::from_locale("C"), None);
        assert_eq!(Lang::from_locale("ñ"), None);
    }
}
