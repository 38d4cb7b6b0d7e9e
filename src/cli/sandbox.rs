//! `homologa sandbox`: the embedded sandbox, until stopped.

use std::net::SocketAddr;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::args::SandboxArgs;
use super::output::Output;
use crate::exit;
use crate::i18n::Message;
use crate::run::Problem;
use crate::sandbox::{Options, Role, Sandbox, WebhookForm, WebhookOptions, check_faults};
use crate::yaml::{self, Source};

/// The variable with the secret that signs webhooks: a secret is never an argument.
const SECRET: &str = "HOMOLOGA_WEBHOOK_SECRET";

pub(super) async fn run(output: &Output, args: &SandboxArgs) -> Result<u8, Vec<Problem>> {
    let (webhooks, given) = webhooks(args).map_err(|problem| vec![problem])?;
    let secret = webhooks.secret.clone();
    let faults = args.faults.as_deref().map(faults).transpose()?;
    let options = Options { seed: args.seed, default_site: args.site.clone(), webhooks, faults, ..Options::default() };
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
            "admin": format!("{}/_homologa/", sandbox.url()),
            // One that the user brought is not told again.
            "webhook_secret": (!given).then(|| secret.expose_secret().to_owned()),
        }));
    } else {
        let text = Message::new("cli.sandbox")
            .with("url", sandbox.url())
            .with("site", &args.site)
            .with("token", token)
            .with("key", &seller.public_key);
        output.result(&(output.say(&text) + "\n"));
        output.result(&(output.say(&Message::new("cli.sandbox-admin").with("url", sandbox.url())) + "\n"));
        if !given && args.webhook_url.is_some() {
            let text = Message::new("cli.sandbox-webhook-secret").with("secret", secret.expose_secret());
            output.result(&(output.say(&text) + "\n"));
        }
    }
    // The only error says that the signal cannot be listened to: then the sandbox runs until it is killed.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
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
