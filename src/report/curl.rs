//! An exchange as a `curl` line that a person can run again.

use crate::run::Exchange;

/// The command line that repeats the request, once the reader puts the credential in place of its mask.
///
/// Every argument stands in single quotes, so that a POSIX shell takes it literally. A request body that the
/// record holds only in part is repeated only in part. Empty for what a recording answered: nothing listens there.
pub fn curl(exchange: &Exchange) -> String {
    if exchange.replayed {
        return String::new();
    }
    let mut line =
        String::with_capacity(64 + exchange.url.len() + exchange.request_body.as_ref().map_or(0, String::len));
    line.push_str("curl -X ");
    line.push_str(&exchange.method);
    line.push(' ');
    quote(&mut line, &[&exchange.url]);
    for (name, value) in &exchange.request_headers {
        line.push_str(" -H ");
        quote(&mut line, &[name, ": ", value]);
    }
    if let Some(body) = &exchange.request_body {
        line.push_str(" -d ");
        quote(&mut line, &[body]);
    }
    line
}

fn quote(line: &mut String, parts: &[&str]) {
    line.push('\'');
    for part in parts {
        for (index, piece) in part.split('\'').enumerate() {
            if index > 0 {
                line.push_str(r"'\''");
            }
            line.push_str(piece);
        }
    }
    line.push('\'');
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_curl_line_survives_quotes() {
        let exchange = Exchange {
            method: "POST".into(),
            url: "http://x/".into(),
            request_headers: BTreeMap::from([("a".to_owned(), "it's".to_owned())]),
            request_body: Some("{'}".into()),
            ..Exchange::default()
        };
        assert_eq!(curl(&exchange), r"curl -X POST 'http://x/' -H 'a: it'\''s' -d '{'\''}'");
    }
}
