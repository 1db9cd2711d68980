"""Strategies of hypothesis for what the contract lets a client send, and for what comes close to it."""
import datetime
import string

from hypothesis import strategies as st

# What is wrong nearly everywhere, or at the edge of what is right.
ODD = [
    None, True, False, 0, -1, 1, 2**31, 2**53 + 1, -(2**63), 2**64, 0.1, 1e300, "", " ", "0", "-0", "1e5", "NaN", "\0", "\t",
    "\u202e", "\ufeff", "渠道", "🦜" * 40, "x" * 5000, "2023-02-29", "2024-02-29", "9999-12-31", "0001-01-01", "24:00", "'; --", "%00", "../..",
    "99999999999999.9999", "-99999999999999.9999", "0.00001", [], {}, [[]], {"": {}}, ["a", "a"], [None],
]  # fmt: skip
CHARACTERS = st.characters(blacklist_categories=("Cs",), blacklist_characters="\0")
FORMATS = {
    "uuid": st.uuids().map(str),
    "date": st.dates().map(str),
    "business-date": st.dates(datetime.date(1970, 1, 1), datetime.date(2030, 12, 31)).map(str),
    "date-time": st.datetimes().map(lambda instant: instant.isoformat() + "Z"),
}


class Generator:
    """Makes values for the schemas of one contract; `known` has values of objects that exist, by the name of the member."""

    def __init__(self, contract, known):
        self.contract, self.known = contract, known

    def value(self, schema, name=None):
        """Values that fit the schema, or names of what exists."""
        schema = self.contract.resolve(schema)
        fitting = self.fitting(schema)
        return st.sampled_from(self.known[name]) | fitting if name in self.known else fitting

    def fitting(self, schema):
        if "enum" in schema or "const" in schema:
            return st.sampled_from(schema.get("enum", [schema.get("const")]))
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return st.one_of([self.value(one) for one in schema[several]])
        if "allOf" in schema:
            return self.value(schema["allOf"][0])
        types = schema.get("type", "object" if "properties" in schema else "string")
        return st.one_of([self.of_type(one, schema) for one in ([types] if isinstance(types, str) else types)])

    def of_type(self, kind, schema):
        return {
            "null": lambda: st.none(),
            "boolean": lambda: st.booleans(),
            "integer": lambda: st.integers(schema.get("minimum"), schema.get("maximum")),
            "string": lambda: self.string(schema),
            "array": lambda: st.lists(self.value(schema.get("items", {})), max_size=3),
            "object": lambda: self.object(schema),
        }[kind]()

    def string(self, schema):
        least, most = schema.get("minLength", 0), schema.get("maxLength", 50)
        if "pattern" in schema and "\\x00" not in schema["pattern"]:
            return st.from_regex(schema["pattern"], fullmatch=True).filter(lambda text: least <= len(text) <= most)
        if schema.get("format") in FORMATS:
            return FORMATS[schema["format"]]
        return st.text(CHARACTERS, min_size=least, max_size=min(most, least + 20))

    def object(self, schema):
        members = {
            name: self.value(member, name)
            for name, member in schema.get("properties", {}).items()
            if not self.contract.resolve(member).get("readOnly") and not member.get("readOnly")
        }
        required = {name: members.pop(name) for name in schema.get("required", []) if name in members}
        if isinstance(schema.get("additionalProperties"), dict):
            return st.dictionaries(st.text(string.ascii_lowercase, min_size=1, max_size=9), self.value(schema["additionalProperties"]), max_size=3)
        return st.fixed_dictionaries(required, optional=members)

    def body(self, schema):
        """Bodies that fit, and such with one member that does not."""
        fits = self.value(schema)
        return fits | st.tuples(fits, st.randoms(use_true_random=False), st.sampled_from(ODD)).map(lambda parts: spoiled(*parts))

    def parameter(self, parameter):
        """Values for a path or a query."""
        fits = self.value(parameter["schema"], parameter["name"]).map(as_text)
        return st.sampled_from([as_text(odd) for odd in ODD]) | fits if parameter["in"] == "query" else fits


def as_text(value):
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    return ",".join(map(as_text, value)) if isinstance(value, list) else str(value)


def spoiled(value, random, odd):
    """The value with something odd in place of one of its parts, or as one more."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        name = random.choice(sorted(value))
        return {**value, name: spoiled(value[name], random, odd)}
    if isinstance(value, dict) and random.random() < 0.5:
        return {**value, "colour": odd}
    return odd
