//! What all TLS facts of a host cost, as a ratio to five handshakes of `openssl s_client`, one for each version and one
//! to judge trust: what a script does to learn the same.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use homologa::{demo, http, tls};

/// Pairs of runs.
const TIMES: usize = 15;

/// Prints both medians and the ratio; fails when a fact that is known to hold was not found.
pub fn run() -> super::Done {
    let runtime = tokio::runtime::Runtime::new()?;
    let shop = runtime.block_on(demo::start(demo::ShopKind::Ready)).map_err(|_| "the shop does not start")?;
    let port = shop.url.port().ok_or("no port")?;
    let (mut own, mut openssl) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        let start = Instant::now();
        let roots = http::roots(None, &[shop.ca_der()]).map_err(|_| "no roots")?;
        let probe = tls::probe("127.0.0.1", port, roots, Duration::from_secs(10), jiff::Timestamp::now());
        let facts = runtime.block_on(probe);
        own.push(start.elapsed());
        let offered: Vec<_> = facts.versions.iter().map(|version| version.offered).collect();
        if offered != [Some(false), Some(false), Some(false), Some(true), Some(true)] || !facts.faults.is_empty() {
            return Err(format!("other facts than expected: {facts:?}").into());
        }
        let start = Instant::now();
        for version in ["", "-tls1", "-tls1_1", "-tls1_2", "-tls1_3"] {
            let mut command = Command::new("openssl");
            command.args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-brief"]);
            command.args(Some(version).filter(|version| !version.is_empty()));
            command.args(["-cipher", "DEFAULT@SECLEVEL=0"]);
            // Whether it succeeds is what is asked: no version is an error.
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        }
        openssl.push(start.elapsed());
    }
    own.sort_unstable();
    openssl.sort_unstable();
    let (own, openssl) = (own[TIMES / 2], openssl[TIMES / 2]);
    println!("TLS facts of a host, median of {TIMES}: {own:.1?}; five handshakes of openssl: {openssl:.1?}");
    println!("ratio {:.2} (at most 3 is wanted)", own.as_secs_f64() / openssl.as_secs_f64());
    Ok(())
}
