// The rest of the official Node SDK, resource by resource: HOMOLOGA_URL, HOMOLOGA_TOKEN and HOMOLOGA_CARD (JSON) say
// where and how. The types are those that the SDK's own suite looks at.
"use strict";
const assert = require("node:assert/strict");
const {
  MercadoPagoConfig, CardToken, Chargeback, Customer, CustomerCard, Invoice, MerchantOrder, OAuth, Order, Payment,
  PreApproval, PreApprovalPlan, Preference, User,
} = require("mercadopago");

// The one line that the sandbox itself tells.
require("mercadopago/dist/utils/config").AppConfig.BASE_URL = process.env.HOMOLOGA_URL;

// A configuration of its own for each client: the SDK keeps the options of one call for those after it.
const config = () => new MercadoPagoConfig({ accessToken: process.env.HOMOLOGA_TOKEN, options: { timeout: 10000 } });
const card = JSON.parse(process.env.HOMOLOGA_CARD);
const email = `test_user_${process.pid}@testuser.com`;
const reference = `recursos-node-${process.pid}`;
const token = async () => (await new CardToken(config()).create({ body: card })).id;

function types(body, expected) {
  for (const [name, type] of Object.entries(expected)) {
    assert.equal(typeof body[name], type, `${name} of ${JSON.stringify(body)}`);
  }
}

async function checkout() {
  const preferences = new Preference(config());
  const item = { id: "4567", title: "One item", quantity: 2, unit_price: 10 };
  const preference = await preferences.create({ body: { items: [item], external_reference: reference } });
  types(preference, { init_point: "string", client_id: "string", collector_id: "number", site_id: "string" });
  const renamed = await preferences.update({ id: preference.id, updatePreferenceRequest: { items: [{ ...item, title: "Other" }] } });
  assert.equal(renamed.items[0].title, "Other");
  assert.equal((await preferences.get({ preferenceId: preference.id })).items[0].title, "Other");
  const found = await preferences.search({ options: { external_reference: reference } });
  assert.deepEqual(found.elements.map((one) => one.id), [preference.id]);

  const orders = new MerchantOrder(config());
  const order = await orders.create({ body: { preference_id: preference.id } });
  types(order, { id: "number", total_amount: "number", cancelled: "boolean", order_status: "string", is_test: "boolean" });
  const told = await orders.update({ merchantOrderId: order.id, body: { notification_url: "https://shop.example/n" } });
  assert.equal(told.notification_url, "https://shop.example/n");
  assert.equal((await orders.get({ merchantOrderId: order.id })).preference_id, preference.id);
  const page = await orders.search({ options: { preference_id: preference.id } });
  assert.deepEqual([page.total, page.elements[0].id], [1, order.id]);
}

async function orders() {
  const body = async (more, amount = "200.00") => ({
    type: "online",
    processing_mode: "automatic",
    total_amount: amount,
    external_reference: reference,
    payer: { email },
    transactions: {
      payments: [{ amount, payment_method: { id: "visa", type: "credit_card", token: await token(), installments: 1 } }],
    },
    ...more,
  });
  const make = async (more) => new Order(config()).create({ body: await body(more) });

  const captured = await new Order(config()).capture({ id: (await make({ capture_mode: "manual" })).id });
  assert.deepEqual([captured.status, captured.status_detail], ["processed", "accredited"]);
  const canceled = await new Order(config()).cancel({ id: (await make({ capture_mode: "automatic_async" })).id });
  assert.deepEqual([canceled.status, canceled.transactions.payments[0].status_detail], ["canceled", "canceled_transaction"]);
  const processed = await new Order(config()).process({ id: (await make({ processing_mode: "manual" })).id });
  assert.equal(processed.transactions.payments[0].status, "processed");
  const paid = await make();
  const part = { transactions: [{ id: paid.transactions.payments[0].id, amount: "25.00" }] };
  assert.equal((await new Order(config()).refund({ id: paid.id, body: part })).status_detail, "partially_refunded");
  assert.equal((await new Order(config()).refund({ id: paid.id })).status, "refunded");

  const bare = await body({ processing_mode: "manual" });
  delete bare.transactions;
  const built = await new Order(config()).create({ body: bare });
  assert.equal(typeof built.checkout_url, "string");
  const method = { id: "visa", type: "credit_card", token: await token(), installments: 1 };
  const added = await new Order(config()).createTransaction({
    id: built.id, body: { payments: [{ amount: "200.00", payment_method: method }] },
  });
  const place = { id: built.id, transactionId: added.payments[0].id };
  const changed = await new Order(config()).updateTransaction({ ...place, body: { payment_method: { installments: 3 } } });
  assert.equal(changed.payment_method.installments, 3);
  const gone = await new Order(config()).deleteTransaction(place);
  assert.equal(gone.api_response.status, 204);
  assert.equal((await new Order(config()).get({ id: built.id })).transactions, undefined);

  const page = await new Order(config()).search({ options: { external_reference: reference, page: 1, page_size: 2 } });
  assert.deepEqual([page.data.length, page.paging.total], [2, "5"]);
  const refused = body({ payer: {} });
  await assert.rejects(new Order(config()).create({ body: await refused }), (error) => error.status === 400);
}

async function subscriptions() {
  const recurring = { frequency: 1, frequency_type: "months", transaction_amount: 10, currency_id: "ARS" };
  const plans = new PreApprovalPlan(config());
  const plan = await plans.create({ body: { reason: "Classes", auto_recurring: recurring, back_url: "https://shop.example" } });
  types(plan, { id: "string", status: "string", collector_id: "number", application_id: "number", init_point: "string" });
  const dearer = { ...recurring, transaction_amount: 20 };
  const changed = await plans.update({ id: plan.id, updatePreApprovalPlanRequest: { auto_recurring: dearer } });
  assert.equal(changed.auto_recurring.transaction_amount, 20);
  assert.equal((await plans.get({ preApprovalPlanId: plan.id })).reason, "Classes");
  assert.equal((await plans.search({ options: { status: "active" } })).results[0].status, "active");

  const agreements = new PreApproval(config());
  const agreed = await agreements.create({
    body: {
      reason: "Class", external_reference: reference, payer_email: email, auto_recurring: recurring,
      back_url: "https://shop.example", status: "pending",
    },
  });
  types(agreed, { id: "string", payer_id: "number", payer_email: "string", last_modified: "string", init_point: "string" });
  const paused = await agreements.update({ id: agreed.id, body: { reason: "Other", status: "paused" } });
  assert.deepEqual([paused.reason, paused.status], ["Other", "paused"]);
  assert.equal((await agreements.get({ id: agreed.id })).version, 1);
  const found = await agreements.search({ options: { payer_id: agreed.payer_id } });
  assert.equal(found.results[0].id, agreed.id);
  assert.deepEqual((await new Invoice(config()).search({ options: { preapproval_id: agreed.id } })).results, []);
  assert.deepEqual((await new Chargeback(config()).search({ options: { limit: 5 } })).results, []);
  await assert.rejects(new Chargeback(config()).get({ id: "none" }), (error) => error.status === 404);
}

async function others() {
  const customers = new Customer(config());
  const customer = await customers.create({ body: { email } });
  types(customer, { user_id: "number", merchant_id: "number", client_id: "number", status: "string" });
  const cards = new CustomerCard(config());
  const saved = await cards.create({ customerId: customer.id, body: { token: await token() } });
  const holder = { name: "Test", identification: { type: "CI" } };
  const place = { customerId: customer.id, cardId: saved.id };
  const changed = await cards.update({ ...place, body: { expiration_month: 1, expiration_year: 2040, cardholder: holder } });
  assert.deepEqual([changed.cardholder.name, changed.expiration_year, typeof changed.issuer.id], ["Test", 2040, "number"]);
  assert.equal((await cards.remove(place)).api_response.status, 200);
  assert.equal((await customers.remove({ customerId: customer.id })).id, customer.id);

  // Without the name of a method, as the SDK's own suite pays.
  const body = { transaction_amount: 110, installments: 1, capture: false, payer: { email }, external_reference: reference };
  const reserved = await new Payment(config()).create({ body: { ...body, token: await token() } });
  const captured = await new Payment(config()).capture({ id: reserved.id, transaction_amount: 40 });
  assert.equal(captured.transaction_amount, 40);
  types(captured, { build_version: "string", issuer_id: "string", money_release_status: "string", taxes_amount: "number" });

  const seller = (await new User(config()).get()).id;
  const granted = await new OAuth(config()).create({
    body: { client_id: "1", client_secret: "secret", code: "code", redirect_uri: "https://shop.example" },
  });
  types(granted, { access_token: "string", refresh_token: "string", public_key: "string", expires_in: "number" });
  assert.notEqual(granted.user_id, seller, "another seller authorized the application");
  const renewed = await new OAuth(config()).refresh({
    body: { client_id: "1", client_secret: "secret", refresh_token: granted.refresh_token },
  });
  assert.notEqual(renewed.access_token, granted.access_token);
}

async function main() {
  await checkout();
  await orders();
  await subscriptions();
  await others();
  console.log("node: done");
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
