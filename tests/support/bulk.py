"""Fills any table with rows that differ, by what the catalogue says of its columns."""

ROWS = 6000
# How many rows of what is referred to take part.
TARGETS = 1000

COLUMNS = """
select a.attname as name, format_type(a.atttypid, null) as type, f.confrelid::regclass::text as target,
    a.attcollation = '"C"'::regcollation as is_code,
    a.attname = (
        select k.attname from pg_index i join pg_attribute k on k.attrelid = i.indrelid and k.attnum = i.indkey[0]
        where i.indrelid = a.attrelid and i.indisunique and not i.indisprimary and k.atttypid <> 'uuid'::regtype limit 1) as is_key
from pg_attribute a
left join pg_constraint f on f.conrelid = a.attrelid and f.contype = 'f' and f.conkey = array[a.attnum]
where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  and a.attname not in ('import_id', 'custom', 'version', 'created_at', 'updated_at')
order by a.attnum
"""
# A value of the row `i`; {name} is the column's.
VALUES = {
    "text": "'{name} ' || i % 50",
    "date": "date '2000-01-01' + i",
    "timestamp with time zone": "timestamptz '2024-01-01' + i * interval '1 hour'",
    "smallint": "i % 5 + 1",
    "integer": "i % 90 + 1",
    "numeric": "i % 90 + 1",
    "boolean": "i % 2 = 0",
    "numeric[]": "array[i % 90 / 90.0]",
    "jsonb": "'[]'::jsonb",
    "text[]": "array['{name} ' || i % 50]",
    "uuid": "md5('{name} ' || i)::uuid",
}


def value_of(table, column):
    if column.name == "id":
        return f"md5('{table} ' || i)::uuid"
    if column.target is not None:
        return f"(select ids[i % nullif(cardinality(ids), 0) + 1] from (select array(select id from {column.target} order by id limit {TARGETS}) as ids) as t)"
    if column.is_key and column.type == "text":
        return f"'{column.name} ' || i"
    if column.is_code:
        return f"'{column.name} ' || i % 3"
    return VALUES[column.type].format(name=column.name)


def fill(cursor, table):
    cursor.execute(COLUMNS, (table,))
    columns = cursor.fetchall()
    names = ", ".join(column.name for column in columns)
    values = ", ".join(value_of(table, column) for column in columns)
    # What a trigger would compute of such rows is not what is looked for.
    cursor.execute(f"alter table {table} disable trigger user")
    cursor.execute(f"insert into {table} ({names}) select {values} from generate_series(1, {ROWS}) as i")
    cursor.execute(f"alter table {table} enable trigger user")
