"""Bodies of objects that are valid and never the same, and the objects made of them."""
import datetime
import itertools

numbers = itertools.count(1)


def unique(prefix):
    return f"{prefix}-{next(numbers)}"


def a_region(**members):
    return {"code": unique("REGION"), "name": "North", **members}


def a_product(**members):
    return {"sku": unique("SKU"), "name": "Road frame", "standard_cost": "12.5", "currency": "USD", **members}


def a_member(**members):
    return {"code": unique("MEMBER"), "name": "王芳", **members}


def a_partner(**members):
    return {"code": unique("PARTNER"), "name": "Acme", **members}


def a_contact(**members):
    return {"name": "李雷", "email": "li.lei@example.com", **members}


def a_sale(partner, product, **members):
    """A sale, or a return: its quantity is negative unless it is named."""
    is_return = members.get("kind", "").startswith("return")
    return {
        "external_ref": unique("REF"),
        "sold_on": "2026-03-01",
        "partner_code": partner["code"],
        "sku": product["sku"],
        "quantity": "-3" if is_return else "3",
        "unit_price": "10.00",
        "currency": "USD",
        **members,
    }


def an_exchange_rate(**members):
    """Of a day that no other has."""
    day = datetime.date(2040, 1, 1) + datetime.timedelta(days=next(numbers))
    return {"from_currency": "EUR", "to_currency": "USD", "date": day.isoformat(), "rate": "1.0835", **members}


def a_legal_entity(**members):
    return {"code": unique("ENTITY"), "name": "华新科技（上海）有限公司", **members}


def a_customer(**members):
    return {"code": unique("CUSTOMER"), "name": "Cascade Cycling Club", **members}


def a_calendar(**members):
    return {"code": unique("CALENDAR"), "name": "财年 Fiscal year", **members}


def a_calendar_period(calendar, **members):
    return {"calendar_code": calendar["code"], "name": "FY2026", "starts_on": "2026-01-01", "ends_on": "2026-12-31", **members}


def a_quota(manager, **members):
    return {"manager_code": manager["code"], "period": "2026-Q4", "amount": "250000.00", "currency": "USD", **members}


def a_period_lock(**members):
    """Of a week that no other has."""
    number = next(numbers)
    return {"period": f"{2100 + number // 52}-W{number % 52 + 1:02}", **members}


def a_webhook(**members):
    """Where nobody listens: what is sent there is refused at once."""
    return {"url": "http://127.0.0.1:9/", **members}


def made(answer):
    assert answer.status_code == 201, answer.text
    return answer.json()


def make_region(api, **members):
    return made(api.post("/v1/regions", json=a_region(**members)))


def make_product(api, **members):
    return made(api.post("/v1/products", json=a_product(**members)))


def make_member(api, **members):
    return made(api.post("/v1/members", json=a_member(**members)))


def make_partner(api, **members):
    return made(api.post("/v1/partners", json=a_partner(**members)))


def make_contact(api, partner, **members):
    return made(api.post(f"/v1/partners/{partner['id']}/contacts", json=a_contact(**members)))


def make_sale(api, partner, product, **members):
    return made(api.post("/v1/sales-records", json=a_sale(partner, product, **members)))


def make_exchange_rate(api, **members):
    return made(api.post("/v1/exchange-rates", json=an_exchange_rate(**members)))


def make_legal_entity(api, **members):
    return made(api.post("/v1/legal-entities", json=a_legal_entity(**members)))


def make_customer(api, **members):
    return made(api.post("/v1/customers", json=a_customer(**members)))


def make_calendar(api, **members):
    return made(api.post("/v1/calendars", json=a_calendar(**members)))


def make_calendar_period(api, calendar, **members):
    return made(api.post("/v1/calendar-periods", json=a_calendar_period(calendar, **members)))


def make_quota(api, manager, **members):
    return made(api.post("/v1/quotas", json=a_quota(manager, **members)))


def make_period_lock(api, **members):
    return made(api.post("/v1/period-locks", json=a_period_lock(**members)))


def make_webhook(api, **members):
    return made(api.post("/v1/webhooks", json=a_webhook(**members)))


def etag_of(made_object):
    return f'"{made_object["version"]}"'
