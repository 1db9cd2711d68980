-- fragment: members
c.id, c.partner_id, c.name, c.title, c.email, c.phone, c.language, c.is_primary, c.notes, c.version, c.created_at, c.updated_at

-- name: listContacts
-- The people at a partner, in the order of their names.
with page as (
	select
	-- use: members
	from contact c
	where c.partner_id = :id
	  and (c.name, c.id) > (:cursor_key, :cursor_id)  -- sort: name
	  and (c.name, c.id) < (:cursor_key, :cursor_id)  -- sort: -name
	order by c.name, c.id  -- sort: name
	order by c.name desc, c.id desc  -- sort: -name
	limit :limit
)
select null as problem,
-- use: members
from page c
union all
select 'not_found', null, null, null, null, null, null, null, null, null, null, null, null
where not exists (select from partner p where p.id = :id)
order by name, id  -- sort: name
order by name desc, id desc  -- sort: -name
;

-- name: getContact
-- One person.
select
-- use: members
from contact c
where c.id = any (:ids);

-- name: createContact
-- Adds a person to a partner.
with target as (
	select p.id
	from partner p
	where p.id = :id
), fault as (
	select 'forbidden' as problem, null as pointer
	from target t
	where not app_may_write(t.id)
), created as (
	insert into contact (id, partner_id, name, title, email, phone, language, is_primary, notes, created_at, updated_at)
	select :new_id, t.id, b.name, b.title, b.email, b.phone, b.language, coalesce(b.is_primary, false), b.notes, :now, :now
	from target t,
		jsonb_to_record(:body) as b (name text, title text, email text, phone text, language text, is_primary boolean, notes text)
	where not exists (select from fault)
)
select f.problem, f.pointer
from target t
left join fault f on true;

-- name: updateContact
-- Changes what the body names.
with target as (
	select c.id, c.partner_id, c.version
	from contact c
	where c.id = :id
	for update
), fault as (
	select 'forbidden' as problem, null as pointer
	from target t
	where not app_may_write(t.partner_id)
	union all
	select 'precondition_failed', null
	from target t
	where t.version <> all (:if_match)
), changed as (
	update contact c
	set (name, title, email, phone, language, is_primary, notes) = (
		select n.name, n.title, n.email, n.phone, n.language, coalesce(n.is_primary, false), n.notes
		from jsonb_populate_record(c, :body) as n),
		version = c.version + 1,
		updated_at = :now
	from target t
	where c.id = t.id and not exists (select from fault)
)
select f.problem, f.pointer, t.version
from target t
left join fault f on true;
