"""Makes any object from its example in the contract: what it refers to first, with keys that no other object has."""
import datetime
import itertools
import re

from support.files import FILES

numbers = itertools.count(1)


def some_day():
    """One of its own: files that share a server have rates of other years."""
    return datetime.date(1910, 1, 1) + datetime.timedelta(days=next(numbers))


def in_days(count):
    return (datetime.date.today() + datetime.timedelta(days=count)).isoformat()


def some_week():
    number = next(numbers)
    return f"{2100 + number // 52}-W{number % 52 + 1:02}"


def some_year():
    year = 3000 + next(numbers)
    return {"name": f"FY{year}", "starts_on": f"{year}-01-01", "ends_on": f"{year}-12-31"}


# Where the example cannot do, since it would be the same object twice or goes out into the world.
INSTEAD = {
    "ExchangeRate": lambda: {"date": some_day().isoformat()},
    "CalendarPeriod": some_year,
    "PeriodLock": lambda: {"period": some_week()},
    "Webhook": lambda: {"url": "http://127.0.0.1:9/", "event_types": ["webhook.test"]},
    "Export": lambda: {"list": "/v1/regions", "gzip": False},
    # It does not begin to expire while it is looked at.
    "Agreement": lambda: {"region_codes": [], "product_categories": [f"Category {next(numbers)}"], "ends_on": in_days(400)},
}


def sent_agreement(maker, **given):
    """An agreement that its partner can see; two people have to say yes to it first."""
    agreement = maker.make("Agreement", **given)
    second = maker.as_caller(maker.api.caller(maker.sent("POST", "/v1/api-keys", json={"name": "second", "role": "admin"})["key"]))
    for one, verb in ((maker, "submit"), (second, "approve"), (maker, "send")):
        one.sent("POST", f"/v1/agreements/{agreement['id']}/{verb}", json={}, if_match="*")
    return agreement


def an_obligation(maker, **given):
    """What an agreement in force owes; both sides have signed it."""
    agreement = sent_agreement(maker, **given)
    for verb, body in (("sign", {"party": "vendor", "name": "Chen Jing"}), ("sign", {"party": "partner", "name": "Li Na"}), ("activate", {})):
        maker.sent("POST", f"/v1/agreements/{agreement['id']}/{verb}", json=body, if_match="*")
    return maker.sent("GET", f"/v1/agreement-obligations?agreement_number={agreement['number']}")["data"][-1]


# What nobody creates: it comes of something else.
COMES_OF = {
    "Import": lambda maker: maker.sent("POST", "/v1/regions/import", data=b"code,name\n", content_type="text/csv"),
    "WebhookDelivery": lambda maker: maker.sent("POST", f"/v1/webhooks/{maker.make('Webhook')['id']}/test"),
    "Job": lambda maker: maker.sent("GET", "/v1/jobs/fold-rollups"),
    "TokenSubject": lambda maker: maker.subject(),
    "AgreementObligation": an_obligation,
}
# What is to be done with an object before others can refer to it.
REFERRED = {
    "Scorecard": lambda maker, made: maker.sent("POST", f"/v1/scorecards/{made['id']}/publish", json={}, if_match="*"),
}
# Values that no example has, for members that must look like one of them.
OTHER = ("SE", "SEK", "2027-Q2", "FY2031")


def is_nullable(contract, schema):
    resolved = contract.resolve(schema)
    return "null" in resolved.get("type", ()) or any(part.get("type") == "null" for part in resolved.get("anyOf", ()))


class Maker:
    """Makes objects in the name of a caller; `subject` makes one of a token, for which there is no operation."""

    def __init__(self, api, subject=None):
        self.api, self.contract, self.subject = api, api.contract, subject
        self.resources = api.contract.resources

    def as_caller(self, api):
        return Maker(api, self.subject)

    def sent(self, method, path, **options):
        answer = self.api.request(method, path, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def body(self, schema, is_reference=False, **given):
        """A body that is valid once; objects that it refers to are made, unless `given` names them."""
        resource = self.resources[schema]
        members, references = resource.body_schema()["properties"], resource.references()
        named = {references[name].by for name in given if name in references}
        body = {}
        for name, value in {**resource.example(), **INSTEAD.get(schema, dict)()}.items():
            if name in references:
                target, key, by = references[name]
                if by in named or is_reference and is_nullable(self.contract, members[name]):
                    continue
                value = self.make(target.schema, is_reference=True)[key]
            elif name in resource.keys():
                value = f"{value[:40]}-{next(numbers)}"
            body[name] = value
        return {**body, **given}

    def where(self, schema, parent=None):
        """The path at which objects are created, below a parent if they have one."""
        resource = self.resources[schema]
        template, above = resource.creates.template, resource.parent()
        return template if above is None else template.replace("{id}", (parent or self.make(above.schema, is_reference=True))["id"])

    def make(self, schema, parent=None, is_reference=False, **given):
        """A new object as it is answered."""
        if schema in COMES_OF:
            return COMES_OF[schema](self, **given)
        made = self.sent("POST", self.where(schema, parent), json=self.body(schema, is_reference, **given))
        return REFERRED[schema](self, made) if is_reference and schema in REFERRED else made

    def make_all(self):
        """One of everything that files can bring."""
        for schema, resource in self.resources.items():
            if resource.imports is not None and resource.creates is not None:
                self.make(schema)

    def imported(self, schema, content_type, rows):
        """The report of an import of these rows."""
        path = self.resources[schema].imports.template
        return self.sent("POST", path, data=FILES[content_type](rows), content_type=content_type)

    def read(self, schema, made):
        """The object as it is now."""
        return self.sent("GET", self.address(schema, made))

    def address(self, schema, made):
        resource = self.resources[schema]
        name = resource.reads.template.rpartition("{")[2].rstrip("}")
        return f"{resource.path}/{made[name]}"

    def other(self, schema, name):
        """A value of a member of a new body that its example does not have; of a reference, another object."""
        resource = self.resources[schema]
        if name in resource.references():
            target, key, _ = resource.references()[name]
            return self.make(target.schema, is_reference=True)[key]
        declared = resource.body_schema()["properties"][name]
        member = self.contract.resolve(declared)
        usual = resource.example().get(name, declared.get("default", member.get("default")))
        if "enum" in member:
            return next(value for value in member["enum"] if value not in (usual, None))
        if member.get("type") == "boolean":
            return not usual
        if member.get("type") == "integer":
            return usual + 1 if usual < member["maximum"] else usual - 1
        if member.get("type") == "array":
            return [f"{name}-{next(numbers)}"]
        if member.get("format") in ("date", "business-date"):
            return (datetime.date.fromisoformat(usual) - datetime.timedelta(days=next(numbers) % 50 + 1)).isoformat()
        return next((value for value in OTHER if re.fullmatch(member["pattern"], value)), f"other {next(numbers)}")

    def change(self, schema):
        """The example of a change, without what refers to an object that may not be there."""
        resource = self.resources[schema]
        references = resource.references()
        return {name: value for name, value in resource.example("updates").items() if name not in references}
