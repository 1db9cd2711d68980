create or replace function uuid_v7() returns uuid
	language sql volatile parallel safe security invoker
as $$
	select encode(
		set_bit(set_bit(
			overlay(
				uuid_send(gen_random_uuid())
				placing substring(int8send((date_part('epoch', clock_timestamp()) * 1000)::bigint) from 3)
				from 1 for 6),
			52, 1), 53, 1),
		'hex')::uuid
$$;
comment on function uuid_v7() is 'A fresh UUIDv7 (RFC 9562), for rows that the server does not name.';
