"""A family of partners, and who asks: every role, by a key or by a token."""
import functools
import re

from support import builders
from support.contract import woven

KINSHIPS = ("own", "child", "sibling", "parent")
PARTNERS = ("partner", "partner_admin")


def granted(cell, everything):
    """The resources that a cell of the table of roles names, and those that a partner has only if its scopes name them."""
    named = set(re.findall("`([a-z-]+)`", cell))
    if_named = set(re.findall("`([a-z-]+)` if its scopes name it", cell))
    return everything - named if cell.startswith("everything") else named - if_named, if_named


@functools.cache
def rights():
    """What each role reads and writes, by the table in the description of the contract."""
    document = woven().document
    everything = {scope.partition(":")[0] for operation in woven().operations for way in operation.security for scope in way.get("key", ())}
    ret = {}
    for line in document["info"]["description"].splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 3 and cells[0].startswith("`"):
            (reads, more_reads), (writes, more_writes) = (granted(cell, everything) for cell in cells[1:])
            ret[cells[0].strip("`")] = {"read": reads, "write": writes}
    ret["partner_admin"] = {"read": ret["partner"]["read"] | more_reads, "write": ret["partner"]["write"] | more_writes}
    return ret


def scopes_of(role):
    return sorted(f"{resource}:{action}" for action, resources in rights()[role].items() for resource in resources)


class ByKey:
    """Callers who say who they are by a key."""

    def __init__(self, api, issuer):
        self.api = api

    def admin(self):
        return self.api

    def manager(self, member):
        return self.api.as_manager(member)

    def analyst(self):
        return self.api.as_role("analyst")

    def partner(self, partner, scopes=()):
        return self.api.as_role("partner", partner_id=partner["id"], scopes=list(scopes))


class ByToken:
    """The same, by a token of the issuer."""

    def __init__(self, api, issuer):
        self.caller = lambda *arguments, **claims: api.caller(issuer.token(*arguments, exp=4000000000, **claims))

    def admin(self):
        return self.caller("admin")

    def manager(self, member):
        return self.caller("manager", manager_code=member["code"], sub=member["code"])

    def analyst(self):
        return self.caller("analyst")

    def partner(self, partner, scopes=None):
        return self.caller("partner", partner_code=partner["code"], sub=f"{partner['code']} {len(scopes or [])}", scope=scopes)


class Family:
    """`own` is the partner of the callers; its manager, who asks as well, looks after nobody else."""

    def __init__(self, api, by):
        self.by = by
        self.manager, self.other = builders.make_member(api), builders.make_member(api)
        parent = builders.make_partner(api, manager_code=self.other["code"])
        own = builders.make_partner(api, manager_code=self.manager["code"], parent_code=parent["code"])
        below = {"manager_code": self.other["code"]}
        self.partners = {
            "parent": parent,
            "own": own,
            "sibling": builders.make_partner(api, parent_code=parent["code"], **below),
            "child": builders.make_partner(api, parent_code=own["code"], **below),
        }
        self.callers = {
            "admin": by.admin(),
            "manager": by.manager(self.manager),
            "analyst": by.analyst(),
            "partner": by.partner(own),
            "partner_admin": by.partner(own, scopes_of("partner_admin")),
        }
