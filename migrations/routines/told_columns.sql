-- The columns whose filling is told by a name of its own. Nothing else is in the table.
delete from told_column;
insert into told_column (object_type, column_name, told_as) values
	('api_key', 'replaced_by_id', 'rotated'),
	('api_key', 'revoked_at', 'revoked'),
	('period_lock', 'reopened_at', 'reopened');
