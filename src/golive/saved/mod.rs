//! Saved material as evidence: a folder of files, a HAR, an MHTML file, one HTML file.
//!
//! Responsible for reading it within bounds and for putting pages together from what was saved with them, in the
//! shape that the crawl has. Not responsible for judging, nor for what material of a kind cannot tell: each page says
//! by its [`Source`] how it was come by. Nothing is asked of any server.

mod assemble;
mod folder;
mod har;
mod mhtml;

use std::path::Path;

use url::Url;

use super::crawl;
use super::evidence::{Page, Source};
use crate::i18n::Message;
use crate::run::{LeftOut, Problem};
use assemble::Material;
pub(super) use assemble::places_of;

/// Largest file that is read.
pub const FILE_BYTES: u64 = 200 * 1024 * 1024;

/// What saved material holds.
#[derive(Debug)]
pub struct Saved {
    /// Address of the first page.
    pub start: Url,
    /// Pages, the first one first; at least one.
    pub pages: Vec<Page>,
    /// Parts of the material that were not read, and why.
    pub left_out: Vec<LeftOut>,
    /// Addresses of which only the status was recorded.
    pub answers: Vec<(Url, Option<u16>)>,
    /// Why the pages are not the whole shop, when links of theirs lead to pages that were not saved.
    pub limit: Option<Message>,
}

/// Reads a folder or a file; of the options, the limits and the patterns count.
///
/// # Errors
/// A problem of the input when it cannot be read, is none of the kinds, is too large, or holds no page.
pub fn read(path: &Path, options: &crawl::Options) -> Result<Saved, Problem> {
    let name = path.display().to_string();
    let (material, source) = if path.is_dir() {
        (folder::read(path, &options.limits).map_err(|problem| problem.in_file(&name))?, Source::File)
    } else {
        let bytes = crate::run::read_at_most(path, FILE_BYTES)
            .map_err(|error| Problem::input(crate::run::unreadable(&error)).in_file(&name))?;
        if bytes.len() as u64 > FILE_BYTES {
            let message = Message::new("saved.too-large").with("mib", FILE_BYTES / (1024 * 1024));
            return Err(Problem::input(message).fix(Message::new("saved.too-large-fix")).in_file(&name));
        }
        let stem = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        of_bytes(bytes, &stem, options).map_err(|problem| problem.in_file(&name))?
    };
    assemble::pages(material, source, options).map_err(|problem| problem.in_file(&name))
}

/// Reads the bytes of one file; what it is follows from what it holds.
pub(crate) fn of_bytes(bytes: Vec<u8>, name: &str, options: &crawl::Options) -> Result<(Material, Source), Problem> {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii_start();
    let lower: Vec<u8> = start.iter().take(2_000).map(u8::to_ascii_lowercase).collect();
    let has = |part: &[u8]| lower.windows(part.len()).any(|window| window == part);
    if start.starts_with(b"{") {
        return Ok((har::read(&bytes, &options.limits)?, Source::Recorded));
    }
    if has(b"content-type:") && (has(b"multipart/related") || has(b"mime-version:")) {
        return Ok((mhtml::read(&bytes, &options.limits)?, Source::Snapshot));
    }
    if start.starts_with(b"<") || has(b"<html") || has(b"<!doctype") {
        return Ok((folder::one(bytes, name, &options.limits), Source::File));
    }
    Err(Problem::input(Message::new("saved.unknown")).fix(Message::new("saved.unknown-fix")))
}

/// Reads bytes as the program does and puts pages together; for fuzzing.
pub(crate) fn pages_of(bytes: Vec<u8>) -> Result<Saved, Problem> {
    let mut options = crawl::Options::default();
    options.limits.pages = 10;
    let (material, source) = of_bytes(bytes, "fuzz.html", &options)?;
    assemble::pages(material, source, &options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(name: &str, bytes: &[u8]) -> Result<Saved, Problem> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        read(&file, &crawl::Options::default())
    }

    #[test]
    fn a_har_is_put_together() {
        let har = r#"{"log":{"version":"1.2","entries":[
          {"request":{"method":"GET","url":"https://tienda.example/viejo"},"response":{"status":302,"headers":[],"redirectURL":"/pagar","content":{}}},
          {"request":{"method":"GET","url":"https://tienda.example/pagar"},"response":{"status":200,
            "headers":[{"name":"Strict-Transport-Security","value":"max-age=1"}],
            "content":{"mimeType":"text/html; charset=utf-8","encoding":"base64","text":"PHNjcmlwdCBzcmM9L2EuanM+PC9zY3JpcHQ+PHNjcmlwdCBzcmM9L2ZhbHRhLmpzPjwvc2NyaXB0PjxhIGhyZWY9L290cmE+eDwvYT4="}}},
          {"request":{"method":"GET","url":"https://tienda.example/a.js"},"response":{"status":200,"headers":[],"content":{"mimeType":"text/javascript","text":"fetch('/datos.json')"}}},
          {"request":{"method":"GET","url":"https://tienda.example/datos.json"},"response":{"status":200,"headers":[],"content":{"mimeType":"application/json","text":"{\"a\":1}"}}},
          {"request":{"method":"GET","url":"https://tienda.example/nada"},"response":{"status":404,"headers":[],"content":{"mimeType":"text/html","text":"no"}}}
        ]}}"#;
        let saved = saved("x.har", har.as_bytes()).unwrap();
        assert_eq!(saved.pages.len(), 1);
        let page = &saved.pages[0];
        assert_eq!((page.source, page.document.hops.len()), (Source::Recorded, 1));
        assert_eq!(page.document.header("strict-transport-security"), Some("max-age=1"));
        assert_eq!(page.scripts.len(), 1);
        assert_eq!(page.unread.len(), 1, "{:?}", page.unread);
        let served: Vec<_> = page.served.iter().map(|one| one.url.path()).collect();
        assert_eq!(served, ["/datos.json"]);
        assert_eq!(saved.answers, [(Url::parse("https://tienda.example/nada").unwrap(), Some(404))]);
        assert!(saved.limit.is_some());
    }

    #[test]
    fn an_mhtml_is_put_together() {
        let text = "From: <Saved by Blink>\r\nSnapshot-Content-Location: https://tienda.example/pagar\r\nSubject: x\r\n\
                    MIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\tboundary=\"--B\"\r\n\r\n\r\n\
                    ----B\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Location: https://tienda.example/pagar\r\n\r\n\
                    <meta charset=3D\"utf-8\"><p>Pag=C3=A1 acá=\r\n!</p><iframe src=3D\"cid:frame-1@x\"></iframe>\r\n\
                    ----B\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-ID: <frame-1@x>\r\nContent-Transfer-Encoding: base64\r\n\r\nPGlucHV0IG5hbWU98T4=\r\n\
                    ----B--\r\n";
        let saved = saved("x.mhtml", text.as_bytes()).unwrap();
        let page = &saved.pages[0];
        assert_eq!((saved.pages.len(), page.source), (1, Source::Snapshot));
        assert_eq!(page.document.url.as_str(), "https://tienda.example/pagar");
        assert!(page.document.body.contains("Pagá acá!"), "{}", page.document.body);
        let frame = page.frames[0].document.as_ref().unwrap();
        assert_eq!(frame.body, "<input name=ñ>");
        assert_eq!(saved.limit, None);
    }

    #[test]
    fn a_folder_is_put_together() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write(
            "index.html",
            "<script src='./index_files/a.js'></script><iframe src='index_files/marco.html'></iframe><a href=pagar.html>p</a>",
        );
        write("index_files/a.js", "var a = 1");
        write("index_files/marco.html", "<p>marco</p>");
        write("pagar.html", "<script src=/index_files/a.js></script>");
        let saved = read(folder.path(), &crawl::Options::default()).unwrap();
        let paths: Vec<_> = saved.pages.iter().map(|page| page.document.url.path()).collect();
        assert_eq!(paths, ["/index.html", "/pagar.html"]);
        assert!(saved.pages.iter().all(|page| page.scripts.len() == 1 && page.unread.is_empty()));
        assert!(saved.pages[0].frames[0].document.is_some());
        assert_eq!(saved.limit, None);
    }

    #[test]
    fn links_of_a_folder_lead_to_files_and_what_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tienda")).unwrap();
        let links = "<a href=/>i</a><a href=/terminos?x=1#a>t</a><a href=/ayuda>a</a>";
        for (name, text) in [
            ("index.html", "<a href=tienda/>t</a>"),
            ("tienda/index.html", links),
            ("tienda/terminos.html", "<p>t</p>"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let limit = read(folder.path(), &crawl::Options::default()).unwrap().limit.unwrap();
        assert_eq!(limit.key, "saved.links-missing");
        let words = limit.render(crate::i18n::Lang::En);
        assert!(words.contains("1 linked page is") && words.contains("/ayuda ← /tienda/index.html"), "{words}");
    }

    #[test]
    fn what_cannot_be_decoded_is_no_empty_page() {
        let mhtml = |page: &str, script: &str| {
            format!(
                "MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n\n--a\nContent-Type: text/html\n\
                 Content-Transfer-Encoding: base64\nContent-Location: https://tienda.example/\n\n{page}\n--a\n\
                 Content-Type: text/javascript\nContent-Transfer-Encoding: base64\n\
                 Content-Location: https://tienda.example/a.js\n\n{script}\n--a--\n"
            )
        };
        for garbage in ["%%% esto no es base64 %%%", "bm8gZXMgaHRtbA=="] {
            let problem = saved("x.mhtml", mhtml(garbage, "YQ==").as_bytes()).unwrap_err();
            assert_eq!(problem.message.key, "saved.not-decoded", "{garbage}");
        }
        let saved_page = saved("x.mhtml", mhtml("PHA+eDwvcD4=", "%%%").as_bytes()).unwrap();
        assert_eq!(saved_page.limit.unwrap().key, "saved.not-decoded");
        assert_eq!(saved_page.left_out.len(), 1);
        let har = r#"{"log":{"entries":[{"request":{"method":"GET","url":"https://tienda.example/"},"response":{"status":200,
            "headers":[],"content":{"mimeType":"text/html","encoding":"base64","text":"%%%"}}}]}}"#;
        assert_eq!(saved("x.har", har.as_bytes()).unwrap_err().message.key, "saved.not-decoded");
    }

    #[test]
    fn what_holds_no_page_is_refused_in_words() {
        for (name, bytes, key) in [
            ("x.har", &b"{\"log\":{\"entries\":[]}}"[..], "saved.no-page"),
            ("x.har", b"{\"log\":{\"entries\":[{\"request\":", "saved.not-har"),
            ("x.har", b"{}", "saved.not-har"),
            ("x.pdf", b"%PDF-1.7", "saved.unknown"),
            ("x.mhtml", b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=a\n\nnada", "saved.no-page"),
        ] {
            let problem = saved(name, bytes).unwrap_err();
            assert_eq!((problem.message.key.as_ref(), problem.blame), (key, crate::run::Blame::Input), "{name}");
        }
        let nowhere = read(Path::new("/no/such/file.har"), &crawl::Options::default());
        assert_eq!(nowhere.unwrap_err().blame, crate::run::Blame::Input);
    }
}
