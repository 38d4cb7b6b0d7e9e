//! What the HTML standard makes of tags where they are used as they should be; anything else is not plain.

use html5ever::LocalName;

use super::{Kind, Mode, Reader, Tag};

impl Reader<'_> {
    pub(super) fn start(&mut self, tag: Tag) -> Option<()> {
        let name = tag.name.clone();
        match (self.mode, &*name) {
            (Mode::BeforeHtml, "html") => {
                self.mode = Mode::BeforeHead;
                self.push(tag, Kind::Frame)
            }
            (Mode::BeforeHead, "head") => {
                self.mode = Mode::InHead;
                self.push(tag, Kind::Frame)
            }
            (Mode::InHead, "meta" | "link" | "base") => self.put(tag).map(drop),
            (Mode::InHead, "title") => self.raw(tag, true),
            (Mode::InHead, "script" | "style" | "noscript") => self.raw(tag, false),
            (Mode::AfterHead, "body") => {
                self.mode = Mode::InBody;
                self.push(tag, Kind::Frame)
            }
            (Mode::InBody, _) => self.start_in_body(tag),
            _ => None,
        }
    }

    pub(super) fn start_in_body(&mut self, tag: Tag) -> Option<()> {
        let name = tag.name.clone();
        match self.top_kind()? {
            Kind::Select | Kind::Choice if !matches!(&*name, "option" | "optgroup") => return None,
            Kind::Table | Kind::Section | Kind::Row => return self.start_in_table(tag),
            Kind::Cell if matches!(&*name, "td" | "th" | "tr" | "tbody" | "thead" | "tfoot") => {
                // A cell without an end tag ends where the next one begins.
                self.pop();
                return self.start_in_table(tag);
            }
            _ => {}
        }
        match &*name {
            "p" => {
                self.end_paragraph()?;
                self.push(tag, Kind::Paragraph)
            }
            "address" | "article" | "aside" | "blockquote" | "center" | "details" | "div" | "dl" | "fieldset"
            | "figcaption" | "figure" | "footer" | "header" | "hgroup" | "main" | "menu" | "nav" | "ol" | "section"
            | "summary" | "ul" => {
                self.end_paragraph()?;
                self.push(tag, Kind::Block)
            }
            "pre" => {
                self.end_paragraph()?;
                self.push(tag, Kind::Block)?;
                // A line end right behind the tag is no part of the text.
                self.at += self.line_end(self.at);
                Some(())
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_paragraph()?;
                if self.top_kind() == Some(Kind::Heading) {
                    return None;
                }
                self.push(tag, Kind::Heading)
            }
            "li" | "dd" | "dt" => {
                self.end_item(&name)?;
                self.end_paragraph()?;
                self.push(tag, Kind::Item)
            }
            "form" => {
                if self.form {
                    return None;
                }
                self.end_paragraph()?;
                self.form = true;
                self.push(tag, Kind::Form)
            }
            "button" => {
                if self.open.iter().any(|open| open.kind == Kind::Button) {
                    return None;
                }
                self.push(tag, Kind::Button)
            }
            "a" => {
                if self.open.iter().any(|open| &*open.name == "a") {
                    return None;
                }
                self.push(tag, Kind::Formatting)
            }
            "b" | "big" | "code" | "em" | "font" | "i" | "s" | "small" | "strike" | "strong" | "tt" | "u" => {
                self.push(tag, Kind::Formatting)
            }
            "table" => {
                self.end_paragraph()?;
                self.push(tag, Kind::Table)
            }
            "hr" => {
                self.end_paragraph()?;
                self.put(tag).map(drop)
            }
            "br" | "img" | "input" | "wbr" | "area" | "embed" | "source" | "track" | "param" | "link" | "meta"
            | "base" => self.put(tag).map(drop),
            "script" | "style" | "noscript" | "iframe" => self.raw(tag, false),
            "textarea" | "title" => self.raw(tag, true),
            "select" => self.push(tag, Kind::Select),
            "option" => {
                if self.top().is_some_and(|open| &*open.name == "option") {
                    self.pop();
                }
                self.push(tag, Kind::Choice)
            }
            "optgroup" => {
                if !self.open.iter().any(|open| open.kind == Kind::Select) {
                    return None;
                }
                while self.top_kind() == Some(Kind::Choice) {
                    self.pop();
                }
                self.push(tag, Kind::Choice)
            }
            "span" | "label" | "abbr" | "cite" | "sub" | "sup" | "time" | "mark" | "q" | "kbd" | "var" | "samp"
            | "del" | "ins" | "dfn" | "bdi" | "bdo" | "data" | "output" | "meter" | "progress" | "picture"
            | "video" | "audio" | "canvas" | "map" | "legend" | "datalist" => self.push(tag, Kind::Ordinary),
            // The names that authors make up have a hyphen, and the standard says nothing of them.
            other if other.contains('-') && other != "annotation-xml" => self.push(tag, Kind::Ordinary),
            _ => None,
        }
    }

    fn start_in_table(&mut self, tag: Tag) -> Option<()> {
        match &*tag.name {
            "script" | "style" => self.raw(tag, false),
            "thead" | "tbody" | "tfoot" => {
                while matches!(self.top_kind()?, Kind::Row | Kind::Section) {
                    self.pop();
                }
                self.push(tag, Kind::Section)
            }
            "tr" => {
                if self.top_kind()? == Kind::Row {
                    self.pop();
                }
                if self.top_kind()? == Kind::Table {
                    let name = LocalName::from("tbody");
                    self.append(name, Vec::new(), None, Kind::Section)?;
                }
                self.push(tag, Kind::Row)
            }
            "td" | "th" if self.top_kind()? == Kind::Row => self.push(tag, Kind::Cell),
            _ => None,
        }
    }

    /// Ends the paragraph that a block ends; not plain when something else is open in it.
    fn end_paragraph(&mut self) -> Option<()> {
        if self.paragraphs == 0 {
            return Some(());
        }
        let inner = self.open.iter().rev().find(|open| {
            matches!(open.kind, Kind::Paragraph | Kind::Button | Kind::Table | Kind::Cell) || &*open.name == "html"
        });
        if inner.is_some_and(|open| open.kind == Kind::Paragraph) {
            if self.top_kind() != Some(Kind::Paragraph) {
                return None;
            }
            self.pop();
        }
        Some(())
    }

    /// Ends the item of a list that the next one ends; not plain when something else is open in it.
    fn end_item(&mut self, name: &str) -> Option<()> {
        let family = |other: &str| (other == "li") == (name == "li");
        let mut inner = self.open.iter().rev();
        let found = inner.find(|open| match open.kind {
            Kind::Item => true,
            Kind::Ordinary | Kind::Formatting | Kind::Paragraph | Kind::Choice => false,
            _ => !matches!(&*open.name, "address" | "div"),
        });
        if let Some(found) = found
            && found.kind == Kind::Item
            && family(&found.name)
        {
            if self.top_kind() != Some(Kind::Item) {
                return None;
            }
            self.pop();
        }
        Some(())
    }

    pub(super) fn end_in_body(&mut self, name: &LocalName) -> Option<()> {
        if self.top_kind()? == Kind::Cell && matches!(&**name, "table" | "tr" | "thead" | "tbody" | "tfoot") {
            self.pop();
        }
        let kind = self.top_kind()?;
        match &**name {
            "table" if self.within_table() => {
                while self.pop()?.kind != Kind::Table {}
                return Some(());
            }
            "thead" | "tbody" | "tfoot" if kind == Kind::Row => {
                self.pop();
            }
            "table" | "tr" | "thead" | "tbody" | "tfoot" | "td" | "th" | "p" | "html" | "body" | "head" => {}
            // Some ends imply those of what is still open inside.
            _ => {
                let implies = match kind {
                    Kind::Paragraph | Kind::Item | Kind::Choice => matches!(
                        self.open.iter().rev().find(|open| open.name == *name)?.kind,
                        Kind::Block | Kind::Form | Kind::Button | Kind::Item | Kind::Heading | Kind::Select
                    ),
                    _ => false,
                };
                while implies
                    && let Some(top) = self.top()
                    && top.name != *name
                    && matches!(top.kind, Kind::Paragraph | Kind::Item | Kind::Choice)
                {
                    self.pop();
                }
                if &**name == "optgroup" && self.top().is_some_and(|open| &*open.name == "option") {
                    self.pop();
                }
            }
        }
        let top = self.top()?;
        if top.name != *name || top.kind == Kind::Frame {
            return None;
        }
        self.pop();
        Some(())
    }
}
