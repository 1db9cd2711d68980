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
