"""What the AdventureWorks channel's sales come to, computed from its files alone: the answers of analytics are held against this."""
import bisect
import collections
import datetime
import decimal
import functools

from support import channel

D = decimal.Decimal
decimal.getcontext().prec = 60
STALENESS_DAYS = 7
PERIODS = ("day", "week", "month", "quarter", "year")
MEMBERS = {
    "partner": "partner_code", "type": "type", "tier": "tier", "region": "region_code", "product": "sku", "category": "category",
    "subcategory": "subcategory", "manager": "manager_code", "kind": "kind", "currency": "sold_currency",
}


def period_of(unit, day):
    if unit == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    quarter = (day.month + 2) // 3
    return {"day": day.isoformat(), "month": f"{day:%Y-%m}", "quarter": f"{day.year}-Q{quarter}", "year": f"{day.year}"}[unit]


def period_before(unit, name):
    """The name of the period before, by way of its first day."""
    starts = {
        "day": lambda: datetime.date.fromisoformat(name),
        "week": lambda: datetime.date.fromisocalendar(int(name[:4]), int(name[6:]), 1),
        "month": lambda: datetime.date.fromisoformat(name + "-01"),
        "quarter": lambda: datetime.date(int(name[:4]), int(name[6:]) * 3 - 2, 1),
        "year": lambda: datetime.date(int(name), 1, 1),
    }[unit]()
    return period_of(unit, starts - datetime.timedelta(days=1))


def year_before(name):
    return f"{int(name[:4]) - 1}{name[4:]}"


@functools.cache
def rates():
    table = collections.defaultdict(list)
    for row in sorted(channel.rows("exchange-rates"), key=lambda row: row["date"]):
        table[row["currency"]].append((datetime.date.fromisoformat(row["date"]), D(row["usd_per_unit"])))
    return table


@functools.cache
def rate(currency, day):
    """Dollars for one unit: the latest on or before the day; None if that is too old."""
    if currency == "USD":
        return D(1)
    known = rates()[currency]
    i = bisect.bisect_right(known, day, key=lambda entry: entry[0]) - 1
    return known[i][1] if i >= 0 and (day - known[i][0]).days <= STALENESS_DAYS else None


@functools.cache
def sales():
    """The lines of the file with everything that they can be grouped by."""
    products = {row["sku"]: row for row in channel.rows("products")}
    parents = {row["code"]: row["parent_code"] for row in channel.rows("regions")}
    lines = []
    for row in channel.rows("sales-records"):
        above = [row["region_code"]]
        while parents[above[0]]:
            above.insert(0, parents[above[0]])
        lines.append({
            **row, "day": datetime.date.fromisoformat(row["sold_on"]), "amount": D(row["amount"]), "quantity": D(row["quantity"]),
            "cost": D(row["cost"]) if row["cost"] else None, "cost_currency": row["cost_currency"] or row["currency"],
            "type": "reseller", "tier": "registered", "kind": "sell_in", "sold_currency": row["currency"], "regions": above,
            "category": products[row["sku"]]["category"] or None, "subcategory": products[row["sku"]]["subcategory"] or None,
        })
    return lines


def rounded(value, digits="0.01"):
    return None if value is None else value.quantize(D(digits), rounding=decimal.ROUND_HALF_UP)


def converted(value, currency, day, target):
    if target is None or value is None:
        return value
    known = rate(currency, day)
    return None if known is None else value * known


class Sum:
    def __init__(self):
        self.amount = self.units = self.cost = D(0)
        self.lines = self.without_cost = 0
        self.is_known = True
        self.cost_currencies = set()

    def add(self, line, target):
        amount = converted(line["amount"], line["currency"], line["day"], target)
        self.is_known = self.is_known and amount is not None
        self.amount += amount or 0
        self.units += line["quantity"]
        self.lines += 1
        if line["cost"] is None:
            self.without_cost += 1
        else:
            self.cost += converted(line["cost"], line["cost_currency"], line["day"], target)
            self.cost_currencies.add(target or line["cost_currency"])


def growth(now, base):
    """Of the figures that are shown."""
    now, base = rounded(now), rounded(base)
    return None if now is None or base is None or base <= 0 else rounded((now - base) * 100 / base)


def places(unit, sums):
    """What has sales in the period itself, in the one before or in that of a year ago."""
    known = {place for _, place in sums}
    return [
        (period, place) for period in periods(unit) for place in known
        if any((other, place) in sums for other in ([period, period_before(unit, period), year_before(period)] if unit else [period]))
    ]


@functools.cache
def periods(unit):
    """From the first day that anything was sold on to the last."""
    if unit is None:
        return [None]
    days = [line["day"] for line in sales()]
    first, last = min(days), max(days)
    return list(dict.fromkeys(period_of(unit, first + datetime.timedelta(days=number)) for number in range((last - first).days + 1)))


def report(groups, target=None, level=None, keep=lambda line: True, first=None, last=None):
    """The rows by their place: the values of the dimensions, and the currency."""
    unit = next((group for group in groups if group in PERIODS), None)
    sums = collections.defaultdict(Sum)
    for line in sales():
        if not keep(line) or (last and line["day"] > last):
            continue
        region = line["regions"][min(level or 99, len(line["regions"])) - 1]
        values = {**line, "region_code": region}
        place = tuple(values[MEMBERS[group]] for group in groups if group in MEMBERS) + (target or line["currency"],)
        sums[period_of(unit, line["day"]) if unit else None, place].add(line, target)

    rows = {}
    for period, place in places(unit, sums):
        total = sums.get((period, place), Sum())
        amount = total.amount if total.is_known else None
        cost = total.cost if total.without_cost == 0 and len(total.cost_currencies) <= 1 else None
        before = sums.get((period_before(unit, period), place)) if unit else None
        ago = sums.get((year_before(period), place)) if unit else None
        before, ago = before and before.is_known and before.amount, ago and ago.is_known and ago.amount
        before, ago = (None if base is None or base is False else base for base in (before, ago))
        rows[period, place] = {
            "amount": rounded(amount), "units": total.units, "lines": total.lines, "cost": rounded(cost),
            "margin": rounded(amount - cost) if cost is not None and total.cost_currencies <= {place[-1]} else None,
            "average_price": rounded(amount / total.units, "0.0001") if amount is not None and total.units > 0 else None,
            "previous_amount": rounded(before), "growth_pct": growth(amount, before),
            "year_ago_amount": rounded(ago), "year_on_year_pct": growth(amount, ago), "lines_without_cost": total.without_cost,
        }
    return rows


def read(answered, groups):
    """The rows of an answer in the same form."""
    rows = {}
    for row in answered:
        place = tuple(row[MEMBERS[group]] for group in groups if group in MEMBERS) + (row["currency"],)
        numbers = ("amount", "units", "cost", "margin", "average_price", "previous_amount", "growth_pct", "year_ago_amount", "year_on_year_pct")
        figures = {name: None if row[name] is None else D(row[name]) for name in numbers}
        assert (row["period"], place) not in rows, "a group comes twice"
        rows[row["period"], place] = {**figures, "lines": row["lines"], "lines_without_cost": row["lines_without_cost"]}
    return rows
