//! `homologa sandbox`: the embedded sandbox, until stopped.

use std::net::SocketAddr;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use url::Url;

use super::args::SandboxArgs;
use super::output::Output;
use crate::exit;
use crate::i18n::Message;
use crate::run::{self, Problem};
use crate::sandbox::{
    API_NAME, Durability, Options, Reuse, Role, SDKS, Sandbox, Seeds, WebhookForm, WebhookOptions, check_faults,
};
use crate::yaml::{self, Source};

/// The variable with the secret that signs webhooks: a secret is never an argument.
const SECRET: &str = "HOMOLOGA_WEBHOOK_SECRET";
/// What a file must begin with to be replaced by a certificate.
const PEM: &[u8] = b"-----BEGIN CERTIFICATE-----";

pub(super) async fn run(output: &Output, args: &SandboxArgs) -> Result<u8, Vec<Problem>> {
    let (webhooks, given) = webhooks(args).map_err(|problem| vec![problem])?;
    // One that the user brought is not told again.
    let secret = (!given).then(|| webhooks.secret.clone());
    let seeds = args.seed_data.as_deref().map(Seeds::load).transpose()?.unwrap_or_default();
    let counts = seeds.count();
    let options = Options {
        seed: args.seed,
        default_site: args.site.clone(),
        webhooks,
        faults: args.faults.as_deref().map(faults).transpose()?,
        tls: args.tls.then(|| args.name.clone()),
        seeds,
        data: args.data.clone(),
        durability: if args.survive == "power-cut" { Durability::PowerCut } else { Durability::Kill },
        keep: usize::try_from(args.keep).unwrap_or(usize::MAX),
        reuse: if args.key_reuse == "conflict" { Reuse::Conflict } else { Reuse::Stored },
        ..Options::default()
    };
    let address = SocketAddr::new(args.host, args.port);
    let sandbox = Sandbox::start(options, address).await.map_err(|problem| vec![problem])?;
    if let Some(pem) = sandbox.ca_pem() {
        write_ca(&args.ca_out, pem).map_err(|problem| vec![problem])?;
    }
    if output.json {
        let mut described = described(args, &sandbox, counts);
        described["admin"] = json!(format!("{}/_homologa/", sandbox.url()));
        described["webhook_secret"] = json!(secret.as_ref().map(|secret| secret.expose_secret()));
        output.result_json(&described);
    } else {
        output.result(&(told(output, args, &sandbox, counts) + "\n"));
        output.result(&(output.say(&Message::new("cli.sandbox-admin").with("url", sandbox.url())) + "\n"));
        if let (Some(secret), Some(_)) = (&secret, &args.webhook_url) {
            let text = Message::new("cli.sandbox-webhook-secret").with("secret", secret.expose_secret());
            output.result(&(output.say(&text) + "\n"));
        }
    }
    let interrupted = async {
        // The only error says that the signal cannot be listened to: then the sandbox runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupted => {}
        problem = sandbox.failed() => {
            sandbox.stop().await;
            return Err(vec![problem]);
        }
    }
    output.note(&Message::new("cli.sandbox-stopped"));
    sandbox.stop().await;
    Ok(exit::READY)
}

/// Where changes are told, and whether the user brought the secret.
fn webhooks(args: &SandboxArgs) -> Result<(WebhookOptions, bool), Problem> {
    let mut options = WebhookOptions {
        anywhere: args.webhooks_anywhere,
        speed: args.webhook_speed,
        form: match args.webhook_form.as_str() {
            "ipn" => WebhookForm::Ipn,
            "both" => WebhookForm::Both,
            _ => WebhookForm::Webhook,
        },
        ..WebhookOptions::default()
    };
    if let Some(text) = &args.webhook_url {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        options.url =
            Some(url.ok_or_else(|| {
                Problem::input(Message::new("cli.webhook-url")).fix(Message::new("cli.webhook-url-fix"))
            })?);
    }
    let secret = std::env::var(SECRET).ok().filter(|secret| !secret.is_empty());
    let given = secret.is_some();
    if let Some(secret) = secret {
        options.secret = SecretString::from(secret);
    }
    Ok((options, given))
}

/// The file of faults, as text; the sandbox reads it.
fn faults(path: &Path) -> Result<Source, Vec<Problem>> {
    let name = path.display().to_string();
    let bytes = crate::run::read_at_most(path, yaml::MOST_READ)
        .map_err(|error| vec![Problem::input(crate::run::unreadable(&error)).in_file(&name)])?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let problem = Problem::input(Message::new("scenario.not-utf8")).in_file(&name);
        vec![problem.fix(Message::new("scenario.not-utf8-fix"))]
    })?;
    let source = Source::new(&name, &text);
    check_faults(&source)?;
    Ok(source)
}

/// Writes the authority's certificate; a file that is something else is left alone.
fn write_ca(path: &Path, pem: &str) -> Result<(), Problem> {
    let name = path.display().to_string();
    let other = match run::read_at_most(path, 1024 * 1024) {
        Ok(bytes) => !bytes.starts_with(PEM),
        Err(error) => error.kind() != std::io::ErrorKind::NotFound,
    };
    if other {
        return Err(Problem::input(Message::new("sandbox.ca-not-replaced"))
            .fix(Message::new("sandbox.ca-not-replaced-fix"))
            .in_file(name));
    }
    std::fs::write(path, pem)
        .map_err(|error| Problem::input(Message::new("sandbox.ca-not-written").with("error", error)).in_file(name))
}

/// The address for hosts entries and lines of code: one that clients can reach.
fn reachable(args: &SandboxArgs, url: &str) -> String {
    if args.host.is_unspecified() {
        url.replacen("0.0.0.0", "127.0.0.1", 1).replacen("[::]", "[::1]", 1)
    } else {
        url.to_owned()
    }
}

fn described(args: &SandboxArgs, sandbox: &Sandbox, [customers, cards, payments]: [usize; 3]) -> serde_json::Value {
    let seller = sandbox.account(Role::Seller);
    let url = reachable(args, sandbox.url());
    let ca = args.ca_out.display().to_string();
    let sdks = SDKS.iter().map(|sdk| {
        json!({ "sdk": sdk.name, "base_url": sdk.base_url(&url), "trust": sandbox.ca_pem().map(|_| sdk.trust(&ca)) })
    });
    json!({
        "url": sandbox.url(),
        "tls_url": sandbox.tls_url(),
        "ca_file": sandbox.ca_pem().map(|_| &ca),
        "site": args.site,
        "data": args.data.as_ref().map(|folder| folder.display().to_string()),
        "keep": args.keep,
        // These credentials open nothing but this sandbox; without them nobody could use it.
        "access_token": seller.access_token.expose_secret(),
        "public_key": seller.public_key,
        "seeded": { "customers": customers, "cards": cards, "payments": payments },
        "sdks": sdks.collect::<Vec<_>>(),
    })
}

fn told(output: &Output, args: &SandboxArgs, sandbox: &Sandbox, [customers, cards, payments]: [usize; 3]) -> String {
    let seller = sandbox.account(Role::Seller);
    let main = Message::new("cli.sandbox")
        .with("url", sandbox.url())
        .with("site", &args.site)
        .with("token", seller.access_token.expose_secret())
        .with("key", &seller.public_key);
    let mut text = output.say(&main);
    // What `contract run --target` reads, to be copied whole.
    let names = crate::config::ContractConfig::default();
    for (name, value) in [
        (names.access_token_env, seller.access_token.expose_secret()),
        (names.public_key_env, seller.public_key.as_str()),
    ] {
        text.push_str(&format!("\n  export {name}={value}"));
    }
    if args.seed_data.is_some() {
        let seeded =
            Message::new("sandbox.seeded").with("customers", customers).with("cards", cards).with("payments", payments);
        text.push_str(&format!("\n\n{}", output.say(&seeded)));
    }
    if let Some(tls_url) = sandbox.tls_url() {
        let ca = args.ca_out.display().to_string();
        let https = Message::new("sandbox.https").with("url", tls_url).with("file", &ca);
        text.push_str(&format!("\n\n{}", output.say(&https)));
        let url = reachable(args, sandbox.url());
        text.push_str(&format!("\n\n{}", output.say(&Message::new("sandbox.sdk-lines"))));
        for (sdk, line) in SDKS.iter().filter_map(|sdk| Some((sdk, sdk.base_url(&url)?))) {
            text.push_str(&format!("\n  {:<8}{line}", sdk.name));
        }
        let address = if args.host.is_unspecified() { "127.0.0.1".to_owned() } else { args.host.to_string() };
        let hosts = Message::new("sandbox.sdk-hosts").with("entry", format!("{address} {API_NAME}"));
        text.push_str(&format!("\n\n{}", output.say(&hosts)));
        for sdk in SDKS {
            text.push_str(&format!("\n  {:<8}{}", sdk.name, sdk.trust(&ca)));
        }
    }
    text
}
