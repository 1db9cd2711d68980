create or replace function sales_record_moves(asked text) returns text
	language sql stable parallel safe security invoker
as $$
	select asked || ' can move to ' || coalesce(string_agg(distinct m.to_status, ', ' order by m.to_status), 'nothing else')
	from sales_record_status_move m
	where m.from_status = asked
$$;
comment on function sales_record_moves(text) is 'Which moves are open to a sales record of that status, for people.';
