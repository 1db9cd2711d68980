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

create or replace function uuid_v7_from(moment timestamptz) returns uuid
	language sql immutable parallel safe security invoker
as $$
	select encode(substring(int8send((date_part('epoch', moment) * 1000)::bigint) from 3) || decode('70008000000000000000', 'hex'), 'hex')::uuid
$$;
comment on function uuid_v7_from(timestamptz) is 'The smallest UUIDv7 of an instant: all that were made before are smaller.';
