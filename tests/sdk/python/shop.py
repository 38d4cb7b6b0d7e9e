"""A shop's day with the official Python SDK: HOMOLOGA_URL, HOMOLOGA_TOKEN and HOMOLOGA_CARD (JSON) say where and how."""

import json
import os

import mercadopago
from mercadopago.config import RequestOptions

# The one line that the sandbox itself tells.
mercadopago.config.Config._Config__api_base_url = os.environ["HOMOLOGA_URL"]

sdk = mercadopago.SDK(os.environ["HOMOLOGA_TOKEN"])
card = json.loads(os.environ["HOMOLOGA_CARD"])
reference = f"pedido-python-{os.getpid()}"


def ok(answer, status):
    """The body of an answer with this status."""
    assert answer["status"] == status, answer
    return answer["response"]


def options():
    """A new idempotency key, which the SDK makes by itself only where it knows that one is needed."""
    return RequestOptions(custom_headers={"x-idempotency-key": os.urandom(8).hex()})


email = f"{reference}@testuser.com"
customer = ok(sdk.customer().create({"email": email, "first_name": "Ana", "last_name": "Prueba"}), 201)
assert customer["email"] == email
assert ok(sdk.customer().get(customer["id"]), 200)["first_name"] == "Ana"
found = ok(sdk.customer().search({"email": email}), 200)
assert [one["id"] for one in found["results"]] == [customer["id"]], found

token = ok(sdk.card_token().create(card), 201)
saved = ok(sdk.card().create(customer["id"], {"token": token["id"]}), 201)
assert saved["last_four_digits"] == card["card_number"][-4:]
assert [one["id"] for one in ok(sdk.card().list_all(customer["id"]), 200)] == [saved["id"]]


def pay(**more):
    """A payment by the saved card."""
    spent = ok(sdk.card_token().create({"card_id": saved["id"], "security_code": card["security_code"]}), 201)
    body = {
        "transaction_amount": 100.5,
        "installments": 1,
        "payment_method_id": saved["payment_method"]["id"],
        "external_reference": reference,
        "token": spent["id"],
        "payer": {"type": "customer", "id": customer["id"]},
        **more,
    }
    return ok(sdk.payment().create(body, options()), 201)


reserved = pay(capture=False)
assert (reserved["status"], reserved["status_detail"]) == ("authorized", "pending_capture"), reserved
captured = ok(sdk.payment().capture(reserved["id"]), 200)
assert (captured["status"], captured["status_detail"]) == ("approved", "accredited"), captured

part = ok(sdk.refund().create(reserved["id"], {"amount": 40.5}, options()), 201)
assert part["amount"] == 40.5
assert ok(sdk.payment().get(reserved["id"]), 200)["status_detail"] == "partially_refunded"
rest = ok(sdk.refund().create(reserved["id"], None, options()), 201)
assert rest["amount"] == 60, rest
assert ok(sdk.payment().get(reserved["id"]), 200)["status"] == "refunded"
assert len(ok(sdk.refund().list_all(reserved["id"]), 200)) == 2

dropped = pay(capture=False)
assert ok(sdk.payment().update(dropped["id"], {"status": "cancelled"}), 200)["status"] == "cancelled"

search = ok(sdk.payment().search({"external_reference": reference}), 200)
assert sorted(one["id"] for one in search["results"]) == sorted([reserved["id"], dropped["id"]])
assert search["paging"]["total"] == 2

assert sdk.payment().get(1)["status"] == 404
assert sdk.payment().create({"payment_method_id": "visa"}, options())["status"] == 400

assert any(method["id"] == "visa" for method in ok(sdk.payment_methods().list_all(), 200))
assert ok(sdk.identification_type().list_all(), 200)
assert ok(sdk.user().get(), 200)["id"]
print("python: done")
