-- One contact of a partner is the primary one; of several, the first stays it.
update contact c
set is_primary = false, version = c.version + 1, updated_at = now()
where c.is_primary and exists (select from contact o where o.partner_id = c.partner_id and o.is_primary and (o.created_at, o.id) < (c.created_at, c.id));
create unique index contact_primary_changed on contact (partner_id) where is_primary;
comment on column contact.is_primary is 'Whether they are whom to ask first; one at a partner.';
