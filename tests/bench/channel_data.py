"""The channel that is measured on, the same each time: brought in by the server's own import."""
import csv
import random

REGIONS, PRODUCTS, MEMBERS = 40, 200, 40


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def make_channel(server, partners):
    """Regions, products, members and partners, by the server's own import."""
    directory, chance = server.directory, random.Random(1)
    names = ["华信", "远东", "Northwind", "Contoso", "天元", "Alpine", "海通", "Fabrikam", "正泰", "Litware"]
    files = {
        "regions": (["code", "name"], ([f"R{i}", f"Region {i}"] for i in range(REGIONS))),
        "products": (["sku", "name", "category"], ([f"S{i}", f"Product {i}", f"Category {i % 5}"] for i in range(PRODUCTS))),
        "members": (["code", "name", "region_code"], ([f"M{i}", f"Member {i}", f"R{i % REGIONS}"] for i in range(MEMBERS))),
        "partners": (
            ["code", "name", "type", "tier", "region_code", "manager_code"],
            ([f"P{i:06}", f"{chance.choice(names)}{chance.choice('科技贸易通达')}{i}", "reseller", "silver", f"R{i % REGIONS}", f"M{i % MEMBERS}"]
             for i in range(partners))),
    }
    for name, (header, rows) in files.items():
        write_csv(f"{directory}/{name}.csv", header, rows)
        server.post_file(name, f"{directory}/{name}.csv", "text/csv")
    rates = ([c, f"{2024 + d // 366}-{1 + d % 366 // 31:02}-{1 + d % 28:02}", f"{rate:.6f}"] for c, rate in (("CNY", 0.139), ("EUR", 1.08)) for d in range(0, 1000, 5))
    unique = {(row[0], row[1]): row for row in rates}
    write_csv(f"{directory}/rates.csv", ["currency", "date", "usd_per_unit"], unique.values())
    server.post_file("exchange-rates", f"{directory}/rates.csv", "text/csv")


CHOICES = [
    """insert into agreement (id, number, partner_id, type, status, starts_on, ends_on, currency, region_codes)
       select md5('agreement ' || p.code)::uuid, 'A' || p.code, p.id, 'reseller', 'active', '2025-01-01', '2026-12-31', 'USD', '{}' from partner p limit 10000""",
    """insert into agreement_goal_period (id, agreement_id, partner_id, version_number, key, metric, period, starts_on, ends_on, currency, whole_target, whole_starts_on, step_ends, step_shares)
       select md5(a.number || q.first)::uuid, a.id, a.partner_id, 1, 'sales_amount|quarter||', 'sales_amount', to_char(q.first, 'YYYY-"Q"Q'), q.first, q.first + interval '3 months - 1 day', 'USD',
           90000, q.first, array[q.first + interval '3 months - 1 day']::date[], '{100}'
       from agreement a, generate_series(timestamp '2025-01-01', '2025-12-31', '3 months') as q (first)""",
    """insert into evaluation (id, scorecard_id, partner_id, evaluator, evaluated_on, scores)
       select md5(p.code || e)::uuid, s.id, p.id, 'E' || e, '2026-01-01', (
           select jsonb_agg(jsonb_build_object('key', c.key, 'value', (('x' || left(md5(p.code || c.key || e), 4))::bit(16)::integer % 101 / 10.0)::text)) from scorecard_criteria(s.criteria) as c)
       from (select * from partner limit 10000) as p, scorecard s, generate_series(1, 3) as e""",
]


def sales_rows(count, prefix):
    """Sales whose references begin with `prefix`, by which they differ from those of other files."""
    chance = random.Random(prefix)
    for i in range(count):
        quantity, price = chance.randint(1, 20), chance.randint(100, 99999)
        partner = int(1000 * chance.random() ** 2)
        day = f"{chance.choice((2024, 2025))}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        yield [f"{prefix}{i}", day, f"P{partner:06}", f"S{chance.randrange(PRODUCTS)}", quantity, f"{price / 100:.2f}", f"{quantity * price / 100:.2f}",
               ("USD", "EUR", "CNY")[partner % 3], f"O{i // 4}"]


SALES_HEADER = ["external_ref", "sold_on", "partner_code", "sku", "quantity", "unit_price", "amount", "currency", "order_ref"]
