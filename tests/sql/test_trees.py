"""The tables that say who is below whom equal what a walk up the tree finds, after any series of moves."""
import random
import uuid

import psycopg2
import pytest

CLOSURE = """
    with recursive up as (
        select p.id as descendant_id, p.id as ancestor_id, 0 as depth from partner p
        union all
        select u.descendant_id, p.parent_id, u.depth + 1 from up u join partner p on p.id = u.ancestor_id where p.parent_id is not null
    )
    (select ancestor_id, descendant_id, depth from up except all select ancestor_id, descendant_id, depth from partner_closure)
    union all
    (select ancestor_id, descendant_id, depth from partner_closure except all select ancestor_id, descendant_id, depth from up)
"""

SPANS = """
    with recursive below as (
        select r.id as top, r.id, 0 as steps from region r
        union all
        select b.top, r.id, b.steps + 1 from below b join region r on r.parent_id = b.id
    ), spans as (
        select top.region_id as top, s.region_id as id, s.depth - top.depth as steps
        from region_span top join region_span s on s.span <@ top.span
    )
    (select top, id, steps from below except all select top, id, steps from spans)
    union all
    (select top, id, steps from spans except all select top, id, steps from below)
"""


class Tree:
    """Rows with a parent, in the database and as a dictionary."""

    def __init__(self, cursor, table, seed):
        self.cursor = cursor
        self.table = table
        self.random = random.Random(seed)
        self.parents = {}

    def add(self, count):
        rows = []
        for _ in range(count):
            parent = self.random.choice([None, *self.parents])
            rows.append((str(uuid.uuid4()), parent))
            self.parents[rows[-1][0]] = parent
        values = ",".join(
            self.cursor.mogrify("(%s::uuid, %s, 'a name', %s::uuid)", (id, id, parent)).decode() for id, parent in rows
        )
        self.cursor.execute(f"insert into {self.table} (id, code, name, parent_id) values {values}")

    def is_below(self, id, top):
        while id is not None and id != top:
            id = self.parents[id]
        return id == top

    def move(self, id, parent):
        """Moves a row; a move below itself must be refused."""
        try:
            self.cursor.execute(f"update {self.table} set parent_id = %s where id = %s", (parent, id))
        except psycopg2.errors.CheckViolation as refusal:
            assert refusal.diag.constraint_name == f"{self.table}_cycle"
            assert self.is_below(parent, id)
        else:
            assert not self.is_below(parent, id)
            self.parents[id] = parent

    def remove(self, id):
        if id not in self.parents.values():
            self.cursor.execute(f"delete from {self.table} where id = %s", (id,))
            del self.parents[id]

    def shake(self, steps):
        for _ in range(steps):
            id = self.random.choice(list(self.parents))
            action = self.random.randrange(8)
            if action == 0:
                self.add(self.random.randrange(1, 5))
            elif action == 1:
                self.remove(id)
            else:
                self.move(id, self.random.choice([None, *self.parents]))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("table, differences", [("partner", CLOSURE), ("region", SPANS)], ids=["partner", "region"])
def test_what_is_kept_equals_what_the_tree_says(database, table, differences, seed):
    cursor = database.connect("qudao_staff").cursor()
    tree = Tree(cursor, table, seed)

    tree.add(40)
    for _ in range(10):
        tree.shake(15)

        cursor.execute(differences)
        assert cursor.fetchall() == []


def test_many_moves_in_one_statement_are_kept(database):
    cursor = database.connect("qudao_staff").cursor()
    tree = Tree(cursor, "partner", 7)
    tree.add(200)
    roots = [id for id, parent in tree.parents.items() if parent is None]

    cursor.execute("update partner set parent_id = %s::uuid where id = any (%s::uuid[])", (roots[0], roots[1:]))

    cursor.execute(CLOSURE)
    assert cursor.fetchall() == []


def test_a_ring_that_one_statement_closes_is_refused(database):
    for table in ("partner", "region"):
        cursor = database.connect("qudao_staff").cursor()
        first, second = str(uuid.uuid4()), str(uuid.uuid4())

        with pytest.raises(psycopg2.errors.CheckViolation) as refusal:
            cursor.execute(
                f"insert into {table} (id, code, name, parent_id) values (%s, 'ring 1', 'ring', %s), (%s, 'ring 2', 'ring', %s)",
                (first, second, second, first),
            )

        assert refusal.value.diag.constraint_name == f"{table}_cycle"


def test_two_moves_at_once_close_no_ring(database):
    setup = database.connect("qudao_staff").cursor()
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    setup.execute(
        "insert into partner (id, code, name) values (%s, 'left', 'left'), (%s, 'right', 'right')", (first, second)
    )
    left, right = database.connect("qudao_staff"), database.connect("qudao_staff")
    left.autocommit = False
    left.cursor().execute("update partner set parent_id = %s where id = %s", (second, first))
    right.cursor().execute("set lock_timeout = '300ms'")

    with pytest.raises(psycopg2.errors.LockNotAvailable):
        right.cursor().execute("update partner set parent_id = %s where id = %s", (first, second))
    left.commit()
    with pytest.raises(psycopg2.errors.CheckViolation):
        right.cursor().execute("update partner set parent_id = %s where id = %s", (first, second))
