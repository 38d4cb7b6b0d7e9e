// A shop's day with the official Node SDK: HOMOLOGA_URL, HOMOLOGA_TOKEN and HOMOLOGA_CARD (JSON) say where and how.
"use strict";
const assert = require("node:assert/strict");
const {
  MercadoPagoConfig, CardToken, Customer, CustomerCard, IdentificationType, Payment, PaymentMethod, PaymentRefund, User,
} = require("mercadopago");

// The one line that the sandbox itself tells.
require("mercadopago/dist/utils/config").AppConfig.BASE_URL = process.env.HOMOLOGA_URL;

const config = new MercadoPagoConfig({ accessToken: process.env.HOMOLOGA_TOKEN, options: { timeout: 10000 } });
const card = JSON.parse(process.env.HOMOLOGA_CARD);
const reference = `pedido-node-${process.pid}`;

async function main() {
  const customers = new Customer(config);
  const email = `${reference}@testuser.com`;
  const customer = await customers.create({ body: { email, first_name: "Ana", last_name: "Prueba" } });
  assert.equal(customer.api_response.status, 201);
  assert.equal(customer.email, email);
  assert.equal((await customers.get({ customerId: customer.id })).first_name, "Ana");
  const found = await customers.search({ options: { email } });
  assert.deepEqual(found.results.map((one) => one.id), [customer.id]);

  const tokens = new CardToken(config);
  const saved = await new CustomerCard(config).create({
    customerId: customer.id,
    body: { token: (await tokens.create({ body: card })).id },
  });
  assert.equal(saved.last_four_digits, card.card_number.slice(-4));
  const cards = await new CustomerCard(config).list({ customerId: customer.id });
  assert.deepEqual(cards.map((one) => one.id), [saved.id]);

  const payments = new Payment(config);
  const pay = async (more) => payments.create({
    body: {
      transaction_amount: 100.5,
      installments: 1,
      payment_method_id: saved.payment_method.id,
      external_reference: reference,
      token: (await tokens.create({ body: { card_id: saved.id, security_code: card.security_code } })).id,
      payer: { type: "customer", id: customer.id },
      ...more,
    },
  });

  const reserved = await pay({ capture: false });
  assert.deepEqual([reserved.status, reserved.status_detail, reserved.captured], ["authorized", "pending_capture", false]);
  const captured = await payments.capture({ id: reserved.id });
  assert.deepEqual([captured.status, captured.status_detail, captured.captured], ["approved", "accredited", true]);

  const refunds = new PaymentRefund(config);
  const part = await refunds.create({ payment_id: reserved.id, body: { amount: 40.5 } });
  assert.equal(part.amount, 40.5);
  assert.equal((await payments.get({ id: reserved.id })).status_detail, "partially_refunded");
  const rest = await refunds.total({ payment_id: reserved.id });
  assert.equal(rest.amount, 60);
  assert.equal((await payments.get({ id: reserved.id })).status, "refunded");
  assert.equal((await refunds.list({ payment_id: reserved.id })).length, 2);
  assert.equal((await refunds.get({ payment_id: reserved.id, refund_id: part.id })).id, part.id);

  const dropped = await pay({ capture: false });
  assert.equal((await payments.cancel({ id: dropped.id })).status, "cancelled");

  const search = await payments.search({ options: { external_reference: reference } });
  assert.deepEqual(search.results.map((one) => one.id).sort(), [reserved.id, dropped.id].sort());
  assert.equal(search.paging.total, 2);

  // A configuration of its own: the SDK keeps the options of one call for those after it.
  const same = new Payment(new MercadoPagoConfig({ accessToken: process.env.HOMOLOGA_TOKEN }));
  const key = { idempotencyKey: reference };
  const body = { transaction_amount: 7, payment_method_id: saved.payment_method.id, installments: 1, payer: { email } };
  body.token = (await tokens.create({ body: card })).id;
  const once = await same.create({ body, requestOptions: key });
  const again = await same.create({ body, requestOptions: key });
  assert.equal(once.id, again.id);

  await assert.rejects(payments.get({ id: 1 }), (error) => error.status === 404);
  await assert.rejects(payments.create({ body: { payment_method_id: "visa" } }), (error) => error.status === 400);

  assert.ok((await new PaymentMethod(config).get()).some((method) => method.id === "visa"));
  assert.ok((await new IdentificationType(config).list()).length > 0);
  assert.ok((await new User(config).get()).id);
  console.log("node: done");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
