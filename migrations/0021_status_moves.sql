-- Moves of statuses: which there are and which were made, whatever the object is.

create table status_move (
	object_type text collate "C" not null,
	operation text collate "C" not null,
	from_status text collate "C" not null,
	to_status text collate "C" not null,
	roles text[] collate "C" not null,
	approvals integer not null,
	told_as text collate "C" not null,
	primary key (object_type, operation, from_status, to_status)
);
comment on table status_move is 'The moves that statuses can make. What stands in it comes from the contract.';
comment on column status_move.object_type is 'What moves: the name of its table.';
comment on column status_move.operation is 'The operation that moves it.';
comment on column status_move.from_status is 'Where the move begins.';
comment on column status_move.to_status is 'Where it ends.';
comment on column status_move.roles is 'Who may ask for it.';
comment on column status_move.approvals is 'How many different callers must ask for it: one or two.';
comment on column status_move.told_as is 'What its event is called, behind the object type.';

create table told_column (
	object_type text collate "C" not null,
	column_name text collate "C" not null,
	told_as text collate "C" not null,
	primary key (object_type, column_name)
);
comment on table told_column is 'Columns whose filling has an event of its own name.';
comment on column told_column.object_type is 'The table.';
comment on column told_column.column_name is 'Its column, which was null.';
comment on column told_column.told_as is 'What the event is called, behind the object type.';

create table status_change (
	id uuid primary key,
	object_type text collate "C" not null,
	object_id uuid not null,
	partner_id uuid references partner on delete cascade,
	from_status text collate "C" not null,
	to_status text collate "C" not null,
	reason text,
	actor_id uuid,
	changed_at timestamptz not null
);
comment on table status_change is 'Every move that a status made.';
comment on column status_change.id is 'UUIDv7.';
comment on column status_change.object_type is 'What moved: the name of its table.';
comment on column status_change.object_id is 'The object. Not a foreign key: it may be in any table.';
comment on column status_change.partner_id is 'The partner that it belongs to, or that it is; null for the vendor''s own.';
comment on column status_change.from_status is 'Its status before.';
comment on column status_change.to_status is 'Its status after.';
comment on column status_change.reason is 'Why, in the words of who asked.';
comment on column status_change.actor_id is 'The caller that completed the move; null for the server itself.';
comment on column status_change.changed_at is 'When.';

insert into status_change (id, object_type, object_id, partner_id, from_status, to_status, reason, actor_id, changed_at)
select c.id, 'partner', c.partner_id, c.partner_id, c.from_status, c.to_status, c.reason, c.actor_id, c.changed_at
from partner_status_change c
union all
select c.id, 'sales_record', c.sales_record_id, c.partner_id, c.from_status, c.to_status, c.reason, c.actor_id, c.changed_at
from sales_record_status_change c;

create index status_change_by_object on status_change (object_id, changed_at, id);
create index status_change_by_partner on status_change (partner_id);

drop table partner_status_move, partner_status_change, sales_record_status_move, sales_record_status_change;
drop function if exists sales_record_moves(text);
comment on column partner.status is 'Where it stands in its life; moves as status_move says.';

do $$
declare
	t text;
begin
	foreach t in array array['status_move', 'told_column', 'status_change'] loop
		execute format('alter table %I enable row level security, force row level security', t);
	end loop;
end
$$;
