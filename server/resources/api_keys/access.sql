select access_shared('api_key');
-- The keys of partners; the vendor's have no partner. All but the hashes of their secrets, and nothing that would make one another's.
create policy partner_all on api_key to qudao_partner
	using (partner_id = any (array(select descendant_id from partner_closure)))
	with check (partner_id = any (array(select descendant_id from partner_closure)) and role = 'partner');
grant select (id, name, role, prefix, partner_id, manager_id, scopes, expires_at, revoked_at, replaced_by_id, token_subject_id, version, created_at, updated_at)
	on api_key to qudao_partner;
grant insert on api_key to qudao_partner;
grant update (expires_at, revoked_at, replaced_by_id, version, updated_at) on api_key to qudao_partner;
select access_shared('api_key_use');
select access_policy('api_key_use', 'partner_read', 'select', 'qudao_partner', 'exists (select from api_key k where k.id = api_key_id)', null);
