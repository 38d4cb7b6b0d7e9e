//! Plain markup is read as html5ever reads it, or not at all.

use super::super::document::Document;
use super::*;

/// Whether a document is plain; then the tree has to be the one of html5ever, and so have the places.
fn read_alike(source: &str) -> bool {
    let Some(plain) = read(source) else { return false };
    let any = Document::parse_any(source);
    let (html, order) = any.parts();
    assert_eq!(format!("{:#?}", plain.html.tree), format!("{:#?}", html.tree), "{source}");
    let places = |order: &[(NodeId, Option<usize>)]| order.iter().map(|(_, start)| *start).collect::<Vec<_>>();
    assert_eq!(places(&plain.order), places(order), "{source}");
    true
}

fn page(body: &str) -> String {
    format!("<!doctype html>\n<html lang=es>\n<head><title>a</title></head>\n<body>{body}</body>\n</html>\n")
}

#[test]
fn plain_markup_is_read_as_html5ever_reads_it() {
    for body in [
        "",
        "<p>uno<p>dos <b>tres <i>cuatro</i></b> cinco</p> <div class='a b' ID=x>seis</div>",
        "<ul><li>a<li>b <a href=/x?a=1&b=2&amp;c>c</a></ul><ol><li><p>d</li></ol><dl><dt>a<dd>b<dt>c</dl>",
        "<table><tr><td>a<td>b<tr><th>c</table><table><thead><tr><th>a</th></tr></thead> <tbody><tr> <td><p>x</p></td></tr></tbody></table>",
        "<form action=/pagar method=post><input name=a disabled><select><option>1<option selected>2</select><button>Pagar</button></form>",
        "<select><optgroup label=a><option>1</option><option>2<optgroup label=b><option>3</select>",
        "<script>if (a < b && '<p>') { x('</div>') }</script><style>a > b {}</style><noscript><p>sin</p></noscript>",
        "<textarea>\n<p>a &amp; b</p></textarea><pre>\n x\n</pre><iframe src=/a><p></iframe>",
        "a < b &lt; c & d &aacute;&#39;&#x2026; &nbsp;&NotEqualTilde;<br/><hr><img src=a alt=\"x > y\">",
        "<!-- c --><p><!--[if IE]><p><![endif]--></p><!---->",
        "<DIV CLASS=A><Span>x</SPAN></DIV><x-a b=c>d</x-a><a href=x><div>y</div></a>",
        "<input a=1 A=2 b><p title='a\"b'>x</p><video><source src=a><track></video>",
        "<button><p>a</p></button><h1>x</h1><h2><a href=y>z</a></h2><label>a<input></label>",
        "<div><p>a<ul><li>b</ul></div><datalist><option value=a></option><option value=b></option></datalist>",
    ] {
        assert!(read_alike(&page(body)), "{body}");
        assert!(read_alike(&page(body).replace('\n', "\r\n")), "{body} with carriage returns");
    }
    for source in [
        "<!DOCTYPE HTML>\n<!-- a -->\n<html><!-- b --><head>\n<meta charset=utf-8>\n</head>\n<!-- c --><body>x\n</body>\n<!-- d -->\n</html>\n<!-- e -->\n",
        "<!doctype html><html><head></head><body><p>x</p>",
    ] {
        assert!(read_alike(source), "{source}");
    }
}

#[test]
fn what_is_not_plain_is_left_alone() {
    for body in [
        "<p><b>a</p>b</b>",
        "<b><div></b></div>",
        "<a href=a>b<a href=c>d</a>",
        "<table><p>x</table>",
        "<svg><path/></svg>",
        "<template><p></template>",
        "&copy 2026",
        "&unknown;",
        "<div></span></div>",
        "<form><form></form></form>",
        "<script><!-- <script> --></script>",
        "<p a=\"b\"c>x</p>",
        "</p>",
        "<li><div><li>x</div>",
        "<select><input></select>",
        "<frameset>",
        "<div",
        "<!-- x",
        "<![CDATA[x]]>",
        "<?php x ?>",
    ] {
        assert!(!read_alike(&page(body)), "{body}");
    }
    for source in [
        "",
        "<p>x",
        "<html><head></head><body></body></html>",
        "<!doctype html><p>x",
        "<!doctype html><html><head></head>x",
    ] {
        assert!(!read_alike(source), "{source}");
    }
}

/// Tags and texts, parted by bars.
const PIECES: &str = "\
    <p>|</p>|<b>|</b>|<a href=x>|</a>|<div class=\"k\">|</div>|<ul>|</ul>|<li>|</li>|<dl>|</dl>|<dt>|\
    <dd>|<table>|</table>|<tr>|</tr>|<td>|</td>|<tbody>|</tbody>|<select>|</select>|<option>|</option>|\
    <optgroup>|</optgroup>|<form>|</form>|<button>|</button>|<h1>|</h1>|<h2>|</h2>|<input type=text>|\
    <br>|<hr/>|<span>|</span>|<pre>|</pre>|<script>a<b</script>|<textarea>\n</textarea>|<!-- c -->|\
    texto | |\n|&amp;|&#233;|< |<section>|</section>|<title>t</title>|<label>|</label>|<th>";

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, cases: 3_000, ..Default::default() })]

    /// Tags in any order, most of it wrong: whatever is taken for plain is read alike.
    #[test]
    fn any_order_of_tags_is_read_alike_or_not_at_all(at in proptest::collection::vec(0..60_usize, 0..12)) {
        let pieces: Vec<&str> = PIECES.split('|').collect();
        let body: String = at.into_iter().map(|at| pieces[at]).collect();
        read_alike(&page(&body));
    }

    /// Elements in elements, closed as they should be or not at all where that is allowed.
    #[test]
    fn nested_elements_are_read_alike(shape in proptest::collection::vec((0..20_usize, proptest::bool::ANY), 0..25)) {
        let names = ["p", "div", "ul", "li", "b", "span", "a", "table", "tr", "td", "form", "select", "option", "dl", "dd", "h3", "button", "section", "tbody", "em"];
        let (mut body, mut open) = (String::new(), Vec::new());
        for (name, close) in shape {
            if close && let Some(last) = open.pop() {
                body.push_str(&format!("</{last}>"));
            } else {
                body.push_str(&format!("<{}>", names[name]));
                open.push(names[name]);
            }
        }
        while let Some(last) = open.pop() {
            body.push_str(&format!("</{last}>"));
        }
        read_alike(&page(&body));
    }
}
