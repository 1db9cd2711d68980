-- Who is asking, as the server says for each statement by transaction-local settings. Policies and statements ask here.

create or replace function app_partner() returns uuid
	language sql stable parallel safe security invoker
	return nullif(current_setting('app.partner_id', true), '')::uuid;
comment on function app_partner() is 'The partner that the caller acts for; null for staff.';

create or replace function app_manager() returns uuid
	language sql stable parallel safe security invoker
	return nullif(current_setting('app.manager_id', true), '')::uuid;
comment on function app_manager() is 'The member whose partners a manager''s key writes; null for others.';

create or replace function app_is_manager() returns boolean
	language sql stable parallel safe security invoker
	return coalesce(current_setting('app.role', true) = 'manager', false);
comment on function app_is_manager() is 'Whether the caller writes only what belongs to its own partners.';

create or replace function app_may_write(asked uuid) returns boolean
	language plpgsql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
begin
	if not app_is_manager() then
		return true;
	end if;
	return exists (select from partner p where p.id = asked and p.manager_id = app_manager());
end
$$;
comment on function app_may_write(uuid) is 'Whether staff may write what belongs to a partner, as that partner stood before the statement.';

create or replace function app_partner_kinds() returns text[]
	language sql immutable parallel safe security invoker
	return array['sell_through', 'return_from_customer'];
comment on function app_partner_kinds() is 'The kinds of sales records that partners report themselves.';

create or replace function cost_for_staff(cost numeric) returns numeric
	language sql stable parallel safe security invoker
	return case when current_user <> 'qudao_partner' then cost end;
comment on function cost_for_staff(numeric) is 'The cost, or null for partners.';

create or replace function app_works_for_all() returns boolean
	language sql stable parallel safe security invoker
	return coalesce(current_setting('app.role', true), '') in ('', 'admin');
comment on function app_works_for_all() is 'Whether an administrator asks, or the server itself.';
