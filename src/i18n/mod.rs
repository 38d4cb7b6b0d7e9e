//! The words users read, in Spanish, Portuguese and English.
//!
//! Responsible for: choosing a language, holding the word catalogues of `words/` and filling their placeholders.
//! Not responsible for: the texts of rules and of the error catalogue, which travel with their own data as [`Text`].

mod lang;
mod message;
mod words;

pub use lang::{Lang, Text};
pub use message::{Message, worded};
pub use words::keys;
