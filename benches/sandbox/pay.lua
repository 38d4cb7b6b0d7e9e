-- A payment that waits for its buyer, under a key of its own. Nobody is to be told of it: deliveries are not measured.
local round = os.time()
local count = 0
local body = [[{"transaction_amount":1500.5,"payment_method_id":"rapipago","description":"Cafetera de filtro","external_reference":"order-1042","payer":{"email":"test_user_80507629@testuser.com","first_name":"Ana","identification":{"type":"DNI","number":"12345678"}},"metadata":{"order_number":"A-1042","channel":"web"},"additional_info":{"items":[{"id":"SKU-0042","title":"Cafetera de filtro","quantity":1,"unit_price":1500.5}]}}]]
local headers = { ["Authorization"] = "Bearer @TOKEN@", ["Content-Type"] = "application/json" }

function request()
  count = count + 1
  headers["X-Idempotency-Key"] = "@KEY@" .. round .. "-" .. count
  return wrk.format("POST", "/v1/payments", headers, body)
end
