//! `homologa sandbox`: the embedded sandbox, until stopped.

use std::net::SocketAddr;

use secrecy::ExposeSecret;

use super::args::SandboxArgs;
use super::output::Output;
use crate::exit;
use crate::i18n::Message;
use crate::run::Problem;
use crate::sandbox::{Options, Role, Sandbox};

pub(super) async fn run(output: &Output, args: &SandboxArgs) -> Result<u8, Vec<Problem>> {
    let options = Options { seed: args.seed, default_site: args.site.clone(), ..Options::default() };
    let address = SocketAddr::new(args.host, args.port);
    let sandbox = Sandbox::start(options, address).await.map_err(|problem| vec![problem])?;
    let seller = sandbox.account(Role::Seller);
    // These credentials open nothing but this sandbox; without them nobody could use it.
    let token = seller.access_token.expose_secret();
    if output.json {
        output.result_json(&serde_json::json!({
            "url": sandbox.url(),
            "site": args.site,
            "access_token": token,
            "public_key": seller.public_key,
        }));
    } else {
        let text = Message::new("cli.sandbox")
            .with("url", sandbox.url())
            .with("site", &args.site)
            .with("token", token)
            .with("key", &seller.public_key);
        output.result(&(output.say(&text) + "\n"));
    }
    // The only error says that the signal cannot be listened to: then the sandbox runs until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    output.note(&Message::new("cli.sandbox-stopped"));
    sandbox.stop().await;
    Ok(exit::READY)
}
