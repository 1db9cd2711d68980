"""What the contract says of a resource: which operation does what with objects of which schema."""
import collections
import re

# What a member of a body names: an object of the target, by its member `key`; `by` is the member with the id.
Reference = collections.namedtuple("Reference", "target key by")
KINDS = ("lists", "creates", "reads", "updates", "deletes", "imports", "moves")
# Members that are natural keys, or look like one: each object has values of its own.
KEYS = ("Code", "NullableCode", "ExternalRef", "NullableExternalRef")


def name_of(schema):
    """The name of a schema that is referred to, or nothing."""
    return schema.get("$ref", "").rpartition("/")[2]


def answered(operation):
    """The name of the schema of the answer."""
    for status, answer in operation.document["responses"].items():
        if status.startswith("2"):
            return name_of(answer.get("content", {}).get("application/json", {}).get("schema", {}))
    return ""


class Resource:
    """Objects of one schema: an operation a kind, None where there is none, its moves, and whatever else is done with one."""

    def __init__(self, contract, schema):
        self.contract, self.schema, self.moves, self.acts = contract, schema, [], []
        for kind in KINDS[:-1]:
            setattr(self, kind, None)

    def __repr__(self):
        return self.schema

    def add(self, kind, operation):
        if kind in ("moves", "acts"):
            getattr(self, kind).append(operation)
        else:
            setattr(self, kind, operation)

    def operations(self):
        """All of them."""
        alone = [getattr(self, kind) for kind in KINDS[:-1]]
        return [operation for operation in alone if operation] + self.moves + self.acts

    @property
    def path(self):
        """Where the objects are, each by its id."""
        return self.reads.template.rpartition("/")[0]

    @property
    def properties(self):
        return self.contract.document["components"]["schemas"][self.schema]["properties"]

    @property
    def object_type(self):
        """What the logs call it."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.schema).lower()

    def body_schema(self, kind="creates"):
        """What a body may name, by its members."""
        (content,) = getattr(self, kind).document["requestBody"]["content"].values()
        return self.contract.resolve(content["schema"])

    def example(self, kind="creates"):
        (content,) = getattr(self, kind).document["requestBody"]["content"].values()
        return content["example"]

    def key(self):
        """The natural key: the first member that looks like one."""
        members = self.body_schema()["properties"]
        return next((name for name, member in members.items() if name_of(member) in KEYS and not name.endswith("_code")), None)

    def keys(self):
        """The members of a new body that must be, or had better be, another object's in no case."""
        references, members = self.references(), self.body_schema()["properties"]
        return [name for name, member in members.items() if name_of(member) in KEYS and "default" not in member and name not in references]

    def references(self):
        """The members that name another object, and how."""
        schemas, ret = self.contract.document["components"]["schemas"], {}
        for name, rule in schemas[self.schema].get("x-expands", {}).items():
            target = self.contract.resources[answered(self.contract.by_id[rule["with"]])]
            ret[rule["by"]] = Reference(target, "id", rule["by"])
            code = f"{name}_code"
            if code in self.properties:
                ret[code] = Reference(target, target.key(), rule["by"])
            elif target.creates and target.schema != self.schema and target.key() in self.properties:
                ret[target.key()] = Reference(target, target.key(), rule["by"])
        return ret

    def parent(self):
        """The resource whose id the path of a new object names, or None."""
        holder = self.creates.template.partition("/{id}")[0]
        return None if holder == self.creates.template else next(r for r in self.contract.resources.values() if r.reads and r.path == holder)

    def problems(self, kind):
        """The codes of the problems that an operation may answer, as it says."""
        operation = getattr(self, kind)
        return operation.problems() if operation else set()

    def taken(self, kind="creates"):
        """The problem of a natural key that another object has; None if there is no such key."""
        return next((code for code in sorted(self.problems(kind)) if re.search("_taken$|_locked_already$", code)), None)


def kind_of(contract, operation):
    """What an operation does with objects of which schema; (None, None) where it is about none of many."""
    said = next(((kind, operation.document[f"x-{kind}"]) for kind in KINDS if f"x-{kind}" in operation.document), None)
    listed = {o.template: o.document["x-lists"] for o in contract.operations if "x-lists" in o.document}
    collection, _, rest = operation.template.partition("/{")
    if said and said[0] in ("reads", "updates", "deletes"):
        return (said[0], listed.get(collection, said[1])) if rest else (None, None)
    if said:
        return said[0], said[1] if isinstance(said[1], str) else next(iter(said[1]))
    if operation.method == "POST" and operation.template in listed:
        return "creates", listed[operation.template]
    if collection in listed and operation.method in ("POST", "DELETE"):
        return "deletes" if operation.method == "DELETE" else "acts", listed[collection]
    return None, None


def resources_of(contract):
    """The resources by the names of their schemas."""
    ret = {}
    for operation in contract.operations:
        kind, schema = kind_of(contract, operation)
        if kind:
            ret.setdefault(schema, Resource(contract, schema)).add(kind, operation)
    return ret
