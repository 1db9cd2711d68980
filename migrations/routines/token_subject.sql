-- Subjects of access tokens: how they come, and who hears of it when one is locked out.

create or replace function token_subject_admit(asked_issuer text, asked_subject text, asked_name text) returns token_subject
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	found_subject token_subject;
begin
	select * into found_subject from token_subject s where s.issuer = asked_issuer and s.subject = asked_subject;
	if not found then
		insert into token_subject (id, issuer, subject, name, created_at, updated_at)
		values (uuid_v7(), asked_issuer, asked_subject, asked_name, app_now(), app_now())
		on conflict (subject, issuer) do nothing;
		select * into found_subject from token_subject s where s.issuer = asked_issuer and s.subject = asked_subject;
	elsif asked_name not in (found_subject.name, asked_subject) then
		update token_subject s
		set name = asked_name, version = s.version + 1, updated_at = app_now()
		where s.id = found_subject.id;
	end if;
	return found_subject;
end
$$;
comment on function token_subject_admit(text, text, text) is 'The subject of that name, written down when it comes for the first time or is called something else.';

-- Servers cache tokens with whom they stand for; they forget them when that is no longer so.
create or replace function caller_notice() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
begin
	perform pg_notify('qudao_key', old.id::text);
	return null;
end
$$;
comment on function caller_notice() is 'Tells the channel qudao_key that who is behind a token has changed or gone.';

create or replace trigger token_subject_notice after update of is_blocked on token_subject
	for each row when (old.is_blocked <> new.is_blocked) execute function caller_notice();
create or replace trigger token_subject_gone_notice after delete on token_subject
	for each row execute function caller_notice();
create or replace trigger partner_notice after update of code, status on partner
	for each row when (old.code <> new.code or old.status <> new.status) execute function caller_notice();
create or replace trigger partner_gone_notice after delete on partner
	for each row execute function caller_notice();
create or replace trigger member_notice after update of code on member
	for each row when (old.code <> new.code) execute function caller_notice();
create or replace trigger member_gone_notice after delete on member
	for each row execute function caller_notice();
