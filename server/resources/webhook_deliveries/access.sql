select access_shared('webhook_delivery');
create policy partner_all on webhook_delivery to qudao_partner
	using (exists (select from webhook w where w.id = webhook_id))
	with check (exists (select from webhook w where w.id = webhook_id));
grant select, insert, update on webhook_delivery to qudao_partner;
