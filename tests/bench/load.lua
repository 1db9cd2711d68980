-- What wrk asks for: OPERATION of the ids in the file IDS, each connection every PAUSE_MS on the average; prints its figures as one JSON line.
local operation, key, ids = os.getenv("OPERATION"), os.getenv("KEY"), {}
for id in io.lines(os.getenv("IDS")) do
	ids[#ids + 1] = id
end
local headers = { ["Authorization"] = "Bearer " .. key, ["Content-Type"] = "application/json" }

local pause_ms = tonumber(os.getenv("PAUSE_MS"))
if pause_ms > 0 then
	function delay()
		return math.random(0, 2 * pause_ms)
	end
end

function request()
	local id = ids[math.random(#ids)]
	if operation == "get_partner" then
		return wrk.format("GET", "/v1/partners/" .. id, headers)
	elseif operation == "list_sales" then
		return wrk.format("GET", "/v1/sales-records?partner_id=" .. id, headers)
	end
	local quantity = "3"
	if operation == "create_sale_some_fail" and math.random(100) == 1 then
		quantity = "99999999999999" -- times the price more than PostgreSQL has digits for
	end
	local body = '{"partner_id":"' .. id .. '","sku":"S7","sold_on":"2026-03-01","quantity":"' .. quantity .. '","unit_price":"19.90","currency":"USD"}'
	return wrk.format("POST", "/v1/sales-records", headers, body)
end

function done(summary, latency)
	local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
	print(string.format('{"requests": %d, "seconds": %.3f, "p50_ms": %.3f, "p99_ms": %.3f, "errors": %d}',
		summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, errors))
end
