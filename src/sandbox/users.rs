//! Who an account is: `GET /users/me`, by which the official SDKs find their site, and `POST /users/test_user`.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::accounts::Account;
use super::clock::wire_date;
use super::errors::{Checked, envelope};
use super::reply::Reply;
use super::router::Call;
use super::world::World;
use crate::specs::sites;

/// The user with this e-mail address: the same number each time.
pub(super) fn id_of(email: &str) -> u64 {
    let digest = Sha256::digest(email.to_lowercase());
    let number = digest.iter().take(8).fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
    1_000_000_000 + number % 1_000_000_000
}

/// When the accounts of the sandbox say that they were opened.
const REGISTERED: &str = "2024-01-02T10:00:00.000-04:00";

/// The name that others see.
pub(super) fn nickname(user_id: u64) -> String {
    format!("TESTUSER{user_id}")
}

/// `GET /users/me`: the members that the suite of mercadopago/sdk-nodejs looks at.
pub(super) fn me(world: &World, call: &Call) -> Checked<Reply> {
    Ok(Reply::json(200, body(call.owner(world)?)))
}

fn body(account: &Account) -> Value {
    let country = match account.site.as_str() {
        "MLA" => "AR",
        "MLB" => "BR",
        "MLC" => "CL",
        "MLM" => "MX",
        "MLU" => "UY",
        "MCO" => "CO",
        "MPE" => "PE",
        _ => "",
    };
    let nickname = nickname(account.user_id);
    let permalink = format!("https://sandbox.example/perfil/{nickname}");
    let phone = json!({ "area_code": "01", "number": "1111-1111", "extension": "", "verified": false });
    json!({
        "id": account.user_id,
        "nickname": nickname,
        "registration_date": REGISTERED,
        "first_name": "Test",
        "last_name": "Test",
        "gender": "",
        "country_id": country,
        "email": account.email,
        "identification": { "number": "", "type": "" },
        "address": { "address": "Test Address 123", "city": "Test", "state": "", "zip_code": "1414" },
        "phone": phone,
        "alternative_phone": { "area_code": "", "number": "", "extension": "" },
        "user_type": "normal",
        "tags": ["normal", "test_user", "user_info_verified"],
        "logo": null,
        "points": 100,
        "site_id": account.site,
        "permalink": permalink,
        "seller_experience": "ADVANCED",
        "bill_data": { "accept_credit_note": null },
        "seller_reputation": { "level_id": null, "power_seller_status": null, "transactions": { "total": 0 } },
        "buyer_reputation": { "tags": [] },
        "status": { "site_status": "active", "user_type": null, "mercadopago_account_type": "personal" },
        "secure_email": account.email,
        "company": { "brand_name": null, "corporate_name": "", "identification": "" },
        "credit": { "consumed": 100, "credit_level_id": format!("{}1", account.site), "rank": "newbie" },
        "context": { "ip_address": null, "source": "sandbox" },
        "registration_identifiers": [],
    })
}

/// `POST /users/test_user`: a buyer or seller to try things with. `site_id` has to be a site.
///
/// It has an address that payments take, and no credentials: those of the sandbox are in the accounts it prints.
pub(super) fn test_user(world: &World, call: &Call) -> Checked<Reply> {
    call.owner(world)?;
    let Ok(request) = call.object() else {
        return Ok(envelope(400, "bad_request", "the body must be a Json Object", json!([])));
    };
    let site = request.get("site_id").and_then(Value::as_str).and_then(sites::get);
    let Some(site) = site else { return Ok(envelope(400, "bad_request", "invalid site_id", json!([]))) };
    let ids = call.ids(world);
    let id = 1_000_000_000 + ids.below(1_000_000_000);
    let now = wire_date(world.now());
    let body = json!({
        "id": id,
        "nickname": nickname(id),
        "password": format!("qatest{}", ids.below(10_000)),
        "site_status": "active",
        "site_id": site.id,
        "description": request.get("description").filter(|text| text.is_string()),
        "email": format!("test_user_{id}@testuser.com"),
        "date_created": now,
        "date_last_updated": now,
    });
    Ok(Reply::json(201, body))
}
