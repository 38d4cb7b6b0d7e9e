"""The rest of the official Python SDK, resource by resource: HOMOLOGA_URL, HOMOLOGA_TOKEN and HOMOLOGA_CARD (JSON) say
where and how."""

import json
import os

import mercadopago
from mercadopago.config import RequestOptions

# The one line that the sandbox itself tells.
mercadopago.config.Config._Config__api_base_url = os.environ["HOMOLOGA_URL"]

sdk = mercadopago.SDK(os.environ["HOMOLOGA_TOKEN"])
card = json.loads(os.environ["HOMOLOGA_CARD"])
reference = f"recursos-python-{os.getpid()}"
email = f"test_payer_{os.getpid()}@testuser.com"


def ok(answer, status):
    """The body of an answer with this status."""
    assert answer["status"] == status, answer
    return answer["response"]


def token():
    """A card token."""
    return ok(sdk.card_token().create(card), 201)["id"]


def checkout():
    """Preferences and merchant orders."""
    item = {"id": "5678", "title": "Item 1", "quantity": 1, "currency_id": "R$", "unit_price": 20.5}
    made = [
        ok(sdk.preference().create({"items": [item], "external_reference": reference}), 201)["id"] for _ in range(3)
    ]
    ok(sdk.preference().update(made[0], {"items": [{**item, "title": "Item 2"}]}), 200)
    assert ok(sdk.preference().get(made[0]), 200)["items"][0]["title"] == "Item 2"
    # What pages by itself ends, and tells each one once.
    paged = sdk.preference().search_auto_paging_iter({"external_reference": reference}, limit=2)
    assert sorted(one["id"] for one in paged) == sorted(made)

    order = {"preference_id": made[0], "additional_info": "Info", "external_reference": reference, "items": [item]}
    order = ok(sdk.merchant_order().create(order), 201)
    ok(sdk.merchant_order().update(order["id"], {"additional_info": "Info 2"}), 200)
    assert ok(sdk.merchant_order().get(order["id"]), 200)["additional_info"] == "Info 2"
    assert ok(sdk.merchant_order().search({"preference_id": made[0]}), 200)["total"] == 1


def orders():
    """Orders and their transactions."""
    method = {"id": "visa", "type": "credit_card", "installments": 1}

    def body(**more):
        payment = {"amount": "1000.00", "payment_method": {**method, "token": token()}}
        return {
            "type": "online",
            "processing_mode": "automatic",
            "total_amount": "1000.00",
            "external_reference": reference,
            "payer": {"email": email},
            "transactions": {"payments": [payment]},
            **more,
        }

    def make(**more):
        return ok(sdk.order().create(body(**more)), 201)

    assert ok(sdk.order().capture(make(capture_mode="manual")["id"]), 200)["status"] == "processed"
    assert ok(sdk.order().cancel(make(capture_mode="manual")["id"]), 200)["status"] == "canceled"
    assert ok(sdk.order().process(make(processing_mode="manual")["id"]), 200)["status"] == "processed"
    paid = make()
    part = {"transactions": [{"id": paid["transactions"]["payments"][0]["id"], "amount": "25.00"}]}
    assert ok(sdk.order().refund_transaction(paid["id"], part), 201)["status_detail"] == "partially_refunded"
    assert ok(sdk.order().refund_transaction(paid["id"]), 201)["status"] == "refunded"

    empty = body(processing_mode="manual")
    del empty["transactions"]
    built = ok(sdk.order().create(empty), 201)
    assert built["status"] == "created" and "checkout_url" in built, built
    payment = {"amount": "1000.00", "payment_method": {**method, "token": token()}}
    added = ok(sdk.order().create_transaction(built["id"], {"payments": [payment]}), 201)["payments"][0]["id"]
    changed = ok(sdk.order().update_transaction(built["id"], added, {"payment_method": {"installments": 3}}), 200)
    assert changed["payment_method"]["installments"] == 3
    ok(sdk.order().delete_transaction(built["id"], added), 204)

    page = ok(sdk.order().search({"page": 1, "page_size": 2, "external_reference": reference}), 200)
    assert len(page["data"]) == 2 and page["paging"]["total"] == "5", page["paging"]
    paged = list(sdk.order().search_auto_paging_iter({"external_reference": reference}, limit=2))
    assert len({one["id"] for one in paged}) == len(paged) == 5


def subscriptions():
    """Plans, subscriptions, and what there is none of."""
    recurring = {"frequency": 1, "frequency_type": "months", "transaction_amount": 60, "currency_id": "ARS"}
    back = "https://shop.example/subscriptions"
    plan = {"auto_recurring": {**recurring, "repetitions": 12, "billing_day": 5}, "back_url": back, "reason": "Plan"}
    plan = ok(sdk.plan().create(plan), 201)
    assert plan["status"] == "active"
    assert ok(sdk.plan().update(plan["id"], {"reason": "Other plan"}), 200)["reason"] == "Other plan"
    assert ok(sdk.plan().get(plan["id"]), 200)["id"] == plan["id"]
    assert isinstance(ok(sdk.plan().search(), 200)["results"], list)

    agreed = {
        "back_url": back,
        "reason": "Subscription",
        "external_reference": reference,
        "payer_email": email,
        "preapproval_plan_id": plan["id"],
        "card_token_id": token(),
        "status": "authorized",
        "auto_recurring": recurring,
    }
    agreed = ok(sdk.subscription().create(agreed), 201)
    assert agreed["status"] == "authorized" and agreed["init_point"], agreed
    assert ok(sdk.subscription().update(agreed["id"], {"reason": "B"}), 200)["reason"] == "B"
    assert ok(sdk.preapproval().get(agreed["id"]), 200)["payment_method_id"] == "visa"
    found = ok(sdk.preapproval().search({"payer_email": email}), 200)
    assert [one["id"] for one in found["results"]] == [agreed["id"]]
    assert ok(sdk.invoice().search({"limit": 5}), 200)["results"] == []
    assert ok(sdk.chargeback().search({"limit": 5}), 200)["results"] == []
    # Not served: a 404 that says so.
    assert sdk.point().get_devices()["status"] == 404


def others():
    """A customer's card, a refund of its own, credentials of a seller."""
    customer = ok(sdk.customer().create({"email": email, "address": {"zip_code": "1", "street_number": 123}}), 201)
    saved = ok(sdk.card().create(customer["id"], {"customer_id": customer["id"], "token": token()}), 201)
    assert ok(sdk.card().get(customer["id"], saved["id"]), 200)["id"] == saved["id"]
    ok(sdk.card().delete(customer["id"], saved["id"]), 200)
    ok(sdk.customer().delete(customer["id"]), 200)

    key = RequestOptions(custom_headers={"x-idempotency-key": os.urandom(8).hex()})
    payment = {"token": token(), "installments": 1, "transaction_amount": 58.8, "payer": {"email": email}}
    paid = ok(sdk.payment().create(payment, key), 201)
    refund = ok(sdk.refund().create(paid["id"], {"amount": 2.95}, key), 201)
    assert ok(sdk.refund().create(paid["id"], {"amount": 2.95}, key), 200)["id"] == refund["id"]
    assert ok(sdk.refund().get(paid["id"], refund["id"]), 200)["amount"] == 2.95

    grant = {"grant_type": "authorization_code", "code": "code", "redirect_uri": "https://shop.example"}
    granted = {"client_secret": "secret", **grant}
    granted = ok(sdk.oauth().create(granted), 200)
    renewed = {"client_secret": "secret", "grant_type": "refresh_token", "refresh_token": granted["refresh_token"]}
    assert ok(sdk.oauth().refresh(renewed), 200)["access_token"] != granted["access_token"]


checkout()
orders()
subscriptions()
others()
print("python: done")
