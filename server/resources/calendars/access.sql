select access_shared('calendar', partner => true);
select access_shared('calendar_period', partner => true);
