select access_of_partner('partner', staff => 'update, delete', owner => 'id');
-- Whoever registers a partner looks after it: there is no row yet that says who does.
select access_policy('partner', 'staff_add', 'insert', 'qudao_staff', null, '(select not app_is_manager()) or manager_id = app_manager()');
select access_shared('partner_closure');
select access_policy('partner_closure', 'partner_read', 'select', 'qudao_partner', 'ancestor_id = nullif(current_setting(''app.partner_id'', true), '''')::uuid', null);
