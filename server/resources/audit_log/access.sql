-- Every write owes an entry, a partner's, too; nobody changes one.
select access_shared('audit_log', staff => 'insert');
select access_policy('audit_log', 'partner_add', 'insert', 'qudao_partner', null, 'true');
