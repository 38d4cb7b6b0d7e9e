//! Sample records for the tests of reports: a run that is not ready, with hostile material in it, and a ready one.

mod accepted;
mod contract;
mod drift;
pub mod many;

pub use accepted::tolerating;
use contract::{coverage, failing, noted, passing, target, undecided};

use crate::i18n::{Message, Text};
use crate::run::{
    CertificateFacts, Check, ContractRecord, Event, Evidence, Excerpt, Finding, Generation, Hop, LeftOut, PageSummary,
    Place, PlainHttp, Problem, RequirementCard, RuleCard, RunRecord, RunStarted, RunVerdict, Severity, ShopRecord,
    TlsFacts, Verdict, VersionFacts, Versions, fingerprint,
};

/// What a hostile shop may put anywhere.
pub const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u{202e}gpj\0\u{1b}[31m\r{{ 7*7 }}";

pub const GOOD: &str = "https://tienda.example/";
pub const BAD: &str = "https://tienda-rota.example/";

fn text(es: &str, pt: &str, en: &str) -> Text {
    Text { es: es.into(), pt: pt.into(), en: en.into() }
}

/// A message that is not in the catalogues, as a record of another version holds it.
fn said(words: &str) -> Message {
    let mut message = Message::new("no.such-key");
    message.key = words.to_owned().into();
    message
}

fn started() -> RunStarted {
    RunStarted {
        format: 1,
        started: "2026-11-21T03:04:05Z".into(),
        command: "homologa check --lang es".into(),
        seed: 20_261_121,
        versions: Versions {
            homologa: "0.1.0".into(),
            catalogue: "reference-page".into(),
            catalogue_read: Some("2026-11-18".into()),
            specs: "9f2c41ab77d0".into(),
            rules: "41d8cd98f00b".into(),
        },
        ..RunStarted::default()
    }
}

fn requirements() -> Vec<RequirementCard> {
    let source = "Mercado Pago, Introducción a nuestra API de pagos (requisitos para salir a producción)";
    let card = |id: &str, title: Text| RequirementCard { id: id.into(), title, source: source.into() };
    vec![
        card("https", text("El checkout va por HTTPS", "O checkout usa HTTPS", "The checkout is served over HTTPS")),
        card(
            "sdk",
            text("Se usa la biblioteca oficial", "Usa-se a biblioteca oficial", "The official library is used"),
        ),
        card(
            "card-data",
            text(
                "Los datos de la tarjeta no llegan a tu servidor",
                "Os dados do cartão não chegam ao seu servidor",
                "Card data does not reach your server",
            ),
        ),
        card("results", text("Se comunica el resultado", "O resultado é comunicado", "The result is communicated")),
        card("promotions", text("Se informan las promociones", "As promoções são informadas", "Promotions are shown")),
        card("terms", text("Hay términos y condiciones", "Há termos e condições", "There are terms and conditions")),
        card("credentials", text("Credenciales de producción", "Credenciais de produção", "Production credentials")),
    ]
}

fn rule(id: &str, requirement: &str, severity: Severity, title: Text, example: Option<&str>) -> RuleCard {
    RuleCard {
        id: id.into(),
        family: requirement.into(),
        requirement: requirement.into(),
        severity,
        origin: "documented-formerly".into(),
        title,
        why: text(
            "Un campo con name se envía a tu servidor cuando el formulario se envía de forma nativa: los datos de la tarjeta pasarían por tu sistema.",
            "Um campo com name é enviado ao seu servidor quando o formulário é enviado de forma nativa: os dados do cartão passariam pelo seu sistema.",
            "A field with a name is sent to your server when the form is submitted natively: card data would pass through your system.",
        ),
        fix: text(
            "Quita el atributo name de los campos de la tarjeta y deja solo data-checkout.",
            "Remova o atributo name dos campos do cartão e deixe apenas data-checkout.",
            "Remove the name attribute from the card fields and keep data-checkout only.",
        ),
        sources: vec![
            "Mercado Pago, Introducción a nuestra API de pagos (requisitos para salir a producción)".into(),
            "https://www.mercadopago.com/developers/".into(),
        ],
        example: example.map(str::to_owned),
    }
}

fn rules() -> Vec<RuleCard> {
    use Severity::{Advice, Blocker, Warning};
    vec![
        rule(
            "transport-certificate-valid",
            "https",
            Blocker,
            text("El certificado TLS es válido", "O certificado TLS é válido", "The TLS certificate is valid"),
            None,
        ),
        rule(
            "transport-hsts",
            "https",
            Advice,
            text("El sitio envía HSTS", "O site envia HSTS", "The site sends HSTS"),
            None,
        ),
        rule(
            "sdk-official-source",
            "sdk",
            Blocker,
            text(
                "El SDK se carga desde Mercado Pago",
                "O SDK é carregado do Mercado Pago",
                "The SDK is loaded from Mercado Pago",
            ),
            Some("<script src=\"https://sdk.mercadopago.com/js/v2\"></script>"),
        ),
        rule(
            "card-input-has-name",
            "card-data",
            Blocker,
            text(
                "Los campos de la tarjeta no tienen name",
                "Os campos do cartão não têm name",
                "Card fields have no name",
            ),
            Some("<input data-checkout=\"cardNumber\">"),
        ),
        rule(
            "result-is-told",
            "results",
            Warning,
            text(
                "Los rechazos se explican al comprador",
                "As recusas são explicadas ao comprador",
                "Declines are explained to the buyer",
            ),
            None,
        ),
        rule(
            "terms-linked",
            "terms",
            Warning,
            text(
                "El checkout enlaza los términos",
                "O checkout tem link para os termos",
                "The checkout links to the terms",
            ),
            None,
        ),
        rule(
            "credentials-not-test",
            "credentials",
            Blocker,
            text("La Public Key no es de prueba", "A Public Key não é de teste", "The Public Key is not a test one"),
            None,
        ),
    ]
}

fn finding(rule: &str, severity: Severity, message: Message, place: Place, evidence: Vec<Evidence>) -> Finding {
    let id = fingerprint(&[rule, place.url.as_deref().unwrap_or(""), place.selector.as_deref().unwrap_or("")]);
    Finding { id, rule: rule.into(), severity, message, place, evidence, fix: None }
}

fn check(rule: &str, verdict: Verdict, findings: Vec<Finding>) -> Check {
    Check { rule: rule.into(), verdict, reason: None, looked_at: 3, findings, tolerated: Vec::new() }
}

fn page(url: &str, title: &str, generations: &[Generation], checkout: bool) -> PageSummary {
    PageSummary {
        url: url.into(),
        status: 200,
        title: title.into(),
        depth: 1,
        bytes: 18_432,
        generations: generations.to_vec(),
        checkout,
        ..PageSummary::default()
    }
}

fn certificate(not_after: &str) -> CertificateFacts {
    CertificateFacts {
        subject: "CN=tienda.example".into(),
        issuer: "CN=R11, O=Let's Encrypt, C=US".into(),
        names: vec!["tienda.example".into(), "www.tienda.example".into()],
        not_before: "2026-09-01T00:00:00Z".into(),
        not_after: not_after.into(),
        sha256: "ab".repeat(32),
        key: "EC".into(),
        key_bits: 256,
        signature: "ECDSA-SHA256".into(),
        days_left: None,
    }
}

fn version(version: &str, offered: Option<bool>) -> VersionFacts {
    VersionFacts { version: version.into(), offered, reason: None }
}

fn good_shop() -> ShopRecord {
    ShopRecord {
        url: GOOD.into(),
        browser: None,
        verdict: RunVerdict::Ready,
        tls: Some(TlsFacts {
            host: "tienda.example:443".into(),
            version: Some("TLSv1.3".into()),
            chain: vec![certificate("2027-01-20T00:00:00Z")],
            faults: Vec::new(),
            days_left: Some(59),
            failure: None,
            versions: vec![
                version("TLSv1.0", Some(false)),
                version("TLSv1.1", Some(false)),
                version("TLSv1.2", Some(true)),
                version("TLSv1.3", Some(true)),
            ],
            plain: Some(PlainHttp {
                hops: vec![Hop { url: "http://tienda.example/".into(), status: 301 }],
                leads_to: Some(GOOD.into()),
                ..PlainHttp::default()
            }),
            ..TlsFacts::default()
        }),
        pages: vec![
            page("https://tienda.example/", "Tienda", &[], false),
            page("https://tienda.example/pagar", "Pagar", &[Generation::Bricks], true),
        ],
        left_out: Vec::new(),
        checks: rules().iter().map(|rule| check(&rule.id, Verdict::Pass, Vec::new())).collect(),
        accepted: Vec::new(),
        elapsed_ms: 812,
        place: 0,
    }
}

fn named_input(field: &str, line: u32) -> Finding {
    let code = format!(
        "  <label>Tarjeta</label>\n  <input type=\"text\" data-checkout=\"{field}\" name=\"{field}\" autocomplete=\"off\">\n</div>"
    );
    let start = code.find(" name=").map_or(0, |at| code[..at].chars().count() + 1);
    finding(
        "card-input-has-name",
        Severity::Blocker,
        said("El campo de la tarjeta tiene el atributo name"),
        Place {
            url: Some("https://tienda-rota.example/pagar".into()),
            line: Some(line),
            column: Some(48),
            selector: Some(format!("form#pay > input[data-checkout={field}]")),
            ..Place::default()
        },
        vec![Evidence::Code {
            source: "https://tienda-rota.example/pagar".into(),
            line: line - 1,
            column: 48,
            text: code,
            mark: Some((u32::try_from(start).unwrap_or(0), u32::try_from(field.len() + 7).unwrap_or(0))),
        }],
    )
}

fn bad_shop() -> ShopRecord {
    let at = |path: &str| Place { url: Some(format!("https://tienda-rota.example/{path}")), ..Place::default() };
    let mut open = check("credentials-not-test", Verdict::Inconclusive, Vec::new());
    open.reason = Some(said("La página necesita JavaScript y se vio sin navegador"));
    let mut not_asked = check("terms-linked", Verdict::NotApplicable, Vec::new());
    not_asked.reason = Some(said("La tienda no pide datos"));
    let mut limited = page("https://tienda-rota.example/pagar", HOSTILE, &[Generation::V1, Generation::V2Core], true);
    limited.hops = vec![Hop { url: "http://tienda-rota.example/pagar".into(), status: 301 }];
    limited.limit = Some(said("La página se completa con JavaScript"));
    ShopRecord {
        url: BAD.into(),
        browser: None,
        verdict: RunVerdict::NotReady,
        tls: Some(TlsFacts {
            host: "tienda-rota.example:443".into(),
            version: Some("TLSv1.2".into()),
            chain: vec![certificate("2026-11-14T00:00:00Z")],
            faults: vec!["expired".into(), "wrong-name".into()],
            days_left: Some(-7),
            failure: None,
            versions: vec![
                version("TLSv1.0", Some(true)),
                version("TLSv1.1", None),
                version("TLSv1.2", Some(true)),
                version("TLSv1.3", Some(false)),
            ],
            plain: Some(PlainHttp {
                hops: vec![Hop { url: "http://tienda-rota.example/".into(), status: 200 }],
                ..PlainHttp::default()
            }),
            ..TlsFacts::default()
        }),
        pages: vec![page(BAD, "Tienda rota", &[], false), limited],
        left_out: vec![LeftOut {
            url: "https://tienda-rota.example/admin".into(),
            reason: said("robots.txt no permite leerla"),
        }],
        checks: vec![
            check(
                "transport-certificate-valid",
                Verdict::Fail,
                vec![finding(
                    "transport-certificate-valid",
                    Severity::Blocker,
                    said("El certificado venció hace 7 días"),
                    at(""),
                    vec![
                        Evidence::Certificate { field: "not-after".into(), value: "2026-11-14T00:00:00Z".into() },
                        Evidence::Certificate { field: "names".into(), value: "otra-tienda.example".into() },
                    ],
                )],
            ),
            check(
                "transport-hsts",
                Verdict::Warn,
                vec![finding(
                    "transport-hsts",
                    Severity::Advice,
                    said("Falta el encabezado strict-transport-security"),
                    at(""),
                    vec![Evidence::Header { name: "strict-transport-security".into(), value: None }],
                )],
            ),
            check(
                "sdk-official-source",
                Verdict::Fail,
                vec![finding(
                    "sdk-official-source",
                    Severity::Blocker,
                    said(&format!("El SDK se carga desde otro sitio: {HOSTILE}")),
                    Place { selector: Some(HOSTILE.into()), ..at("pagar") },
                    vec![
                        Evidence::Code {
                            source: HOSTILE.into(),
                            line: 7,
                            column: 1,
                            text: format!("<script src=\"/js/mercadopago.min.js\"></script>\n{HOSTILE}"),
                            mark: Some((0, 4_000_000_000)),
                        },
                        Evidence::Answer {
                            url: "https://tienda-rota.example/js/mercadopago.min.js".into(),
                            status: Some(200),
                        },
                        Evidence::Note { message: said("Una copia propia deja de recibir correcciones de seguridad") },
                    ],
                )],
            ),
            check(
                "card-input-has-name",
                Verdict::Fail,
                vec![named_input("cardNumber", 41), named_input("securityCode", 48), named_input("cardholderName", 55)],
            ),
            check(
                "result-is-told",
                Verdict::Warn,
                vec![finding(
                    "result-is-told",
                    Severity::Warning,
                    said("Un pago rechazado muestra «Error» y nada más"),
                    at("pagar"),
                    Vec::new(),
                )],
            ),
            not_asked,
            open,
        ],
        accepted: Vec::new(),
        elapsed_ms: 1_904,
        place: 0,
    }
}

/// A problem of the user's own file.
pub fn input_problem() -> Problem {
    let mut problem = Problem::input(said("La clave «shop» no existe")).in_file("homologa.yaml");
    problem = problem.fix(said("¿Quisiste decir «shops»?"));
    (problem.place.line, problem.place.column) = (Some(3), Some(1));
    problem.excerpt = Some(Excerpt {
        first_line: 2,
        lines: vec!["target: embedded".into(), "shop:".into(), "  - https://tienda.example/".into()],
        line: 3,
        column: 1,
        length: 4,
    });
    problem
}

/// A problem full of characters that steer a terminal.
pub fn hostile_problem() -> Problem {
    let mut problem = Problem::environment(said(HOSTILE)).in_file(HOSTILE).fix(said(HOSTILE));
    problem.place.line = Some(1);
    problem.excerpt = Some(Excerpt { first_line: 1, lines: vec![HOSTILE.into(); 2], line: 1, column: 4, length: 900 });
    problem
}

/// An address that tries everything.
pub fn hostile_url() -> String {
    format!("https://tienda.example/{HOSTILE}")
}

/// A run with everything that can go wrong in it.
pub fn not_ready() -> RunRecord {
    RunRecord {
        started: Some(started()),
        verdict: Some(RunVerdict::NotReady),
        complete: true,
        elapsed_ms: 8_412,
        problems: vec![
            Problem::environment(said("No se pudo leer la página de términos: se acabó el tiempo"))
                .at_url("https://tienda-rota.example/terminos")
                .fix(said("Revisa que la dirección responda y vuelve a intentar")),
            hostile_problem(),
        ],
        contract: Some(ContractRecord {
            preflight: None,
            target: Some(target()),
            planned: 5,
            scenarios: vec![passing(), failing(), noted(), undecided()],
            coverage: Some(coverage(false)),
            drift: Some(drift::drift()),
            ..ContractRecord::default()
        }),
        requirements: requirements(),
        rules: rules(),
        manual: Vec::new(),
        accepted: None,
        shops: vec![good_shop(), bad_shop()],
        ..RunRecord::default()
    }
}

/// A run where everything holds.
pub fn ready() -> RunRecord {
    RunRecord {
        started: Some(started()),
        verdict: Some(RunVerdict::Ready),
        complete: true,
        elapsed_ms: 2_018,
        problems: Vec::new(),
        contract: Some(ContractRecord {
            preflight: None,
            target: Some(target()),
            planned: 1,
            scenarios: vec![passing()],
            coverage: Some(coverage(true)),
            ..ContractRecord::default()
        }),
        requirements: requirements(),
        rules: rules(),
        manual: Vec::new(),
        accepted: None,
        shops: vec![good_shop()],
        ..RunRecord::default()
    }
}

/// The events of a run as they would arrive.
pub fn events() -> Vec<Event> {
    let mut events = vec![Event::RunStarted(started()), Event::ContractStarted { target: target(), scenarios: 4 }];
    for scenario in [passing(), failing(), noted(), undecided()] {
        events.push(Event::ScenarioStarted { id: scenario.id.clone() });
        events.push(Event::ScenarioFinished(Box::new(scenario)));
    }
    for shop in [good_shop(), bad_shop()] {
        events.push(Event::ShopStarted { url: shop.url.clone() });
        let read = shop.pages.iter().map(|page| Event::PageRead { shop: shop.url.clone(), page: page.clone() });
        events.extend(read);
        events.push(Event::ShopJudged(Box::new(shop)));
    }
    events.push(Event::RunFinished { verdict: RunVerdict::NotReady, elapsed_ms: 8_412 });
    events
}
