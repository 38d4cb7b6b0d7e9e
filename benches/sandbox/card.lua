-- A card token, and a payment with each token that came, under a key of its own.
local round = os.time()
local count = 0
local tokens = {}
local card = [[{"card_number":"4509953566233704","security_code":"123","expiration_month":11,"expiration_year":2030,"cardholder":{"name":"APRO","identification":{"type":"DNI","number":"12345678"}}}]]
local before = [[{"transaction_amount":1500.5,"installments":3,"payment_method_id":"visa","description":"Cafetera de filtro","external_reference":"order-1042","payer":{"email":"test_user_80507629@testuser.com","first_name":"Ana","identification":{"type":"DNI","number":"12345678"}},"metadata":{"order_number":"A-1042","channel":"web"},"additional_info":{"items":[{"id":"SKU-0042","title":"Cafetera de filtro","quantity":1,"unit_price":1500.5}]},"token":"]]
local headers = { ["Authorization"] = "Bearer @TOKEN@", ["Content-Type"] = "application/json" }

function request()
  count = count + 1
  headers["X-Idempotency-Key"] = "@KEY@" .. round .. "-" .. count
  local last = #tokens
  if last == 0 then
    return wrk.format("POST", "/v1/card_tokens", headers, card)
  end
  local token = tokens[last]
  tokens[last] = nil
  return wrk.format("POST", "/v1/payments", headers, before .. token .. [["}]])
end

function response(status, headers, body)
  local token = string.match(string.sub(body, 1, 50), '^{"id":"(%x+)"')
  if token then
    tokens[#tokens + 1] = token
  end
end
