"""Whether an object is what a body said."""
import decimal
import re

DECIMAL = re.compile(r"-?\d+(\.\d+)?")


def same(given, read):
    """Decimals may come back with more zeros than they were given."""
    if isinstance(given, str) and isinstance(read, str) and DECIMAL.fullmatch(given) and DECIMAL.fullmatch(read):
        return decimal.Decimal(given) == decimal.Decimal(read)
    return given == read


def told(body, made):
    """The members of the body that the object has otherwise, or not at all."""
    return {name: (value, made.get(name)) for name, value in body.items() if not same(value, made.get(name))}


def without(members, *names):
    return {name: value for name, value in members.items() if name not in names}
