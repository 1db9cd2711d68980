-- What was refused of an import is kept for a while; how much of it is said by the server.
alter table setting add column import_error_retention_days integer not null default 90
	constraint setting_import_error_retention_unlikely check (import_error_retention_days between 1 and 3660);
comment on column setting.import_error_retention_days is 'How many days it is known why rows of imports were refused.';

drop function if exists import_finish(import);
