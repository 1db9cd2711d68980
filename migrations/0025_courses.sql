-- Courses, the first table that is made like `template.record`: what every record has stands there once, with its comments.
create schema template;
comment on schema template is 'What tables are made like; no row is in it.';

create table template.record (
	id uuid primary key,
	custom jsonb not null default '{}' constraint custom_too_many check (custom = '{}' or object_size(custom) <= 100),
	import_id uuid,
	version integer not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now()
);
comment on table template.record is 'What records have in common.';
comment on column template.record.id is 'UUIDv7.';
comment on column template.record.custom is 'Members of the vendor''s own: name to string, integer or boolean.';
comment on column template.record.import_id is 'The import that wrote it last.';
comment on column template.record.version is 'Counts its changes; the ETag.';
comment on column template.record.created_at is 'When it was added.';
comment on column template.record.updated_at is 'When it was changed last.';

create table course (
	like template.record including all,
	code text collate "C" not null constraint course_code_taken unique,
	name text not null,
	topic text collate "C" not null,
	product_category text,
	mode text collate "C" not null,
	duration_minutes integer not null,
	language text collate "C" not null,
	description text,
	is_active boolean not null default true,
	search_text text not null generated always as (search_fold(code || ' ' || name)) stored,
	search text[] not null generated always as (search_grams(code || ' ' || name)) stored
);
create index course_by_name on course (name, id);
create index course_by_search on course using gin (search);
comment on table course is 'What partners'' people are trained in.';
comment on column course.code is 'Natural key.';
comment on column course.name is 'What people call it.';
comment on column course.topic is 'What it is about: features or advantages of products, their use, selling, technology, rules.';
comment on column course.product_category is 'The category of products that it is about; null: none or all.';
comment on column course.mode is 'How it is given: online, on site, or at everybody''s own pace.';
comment on column course.duration_minutes is 'How long it takes, in minutes.';
comment on column course.language is 'The language that it is given in, a tag of BCP 47.';
comment on column course.description is 'What is taught.';
comment on column course.is_active is 'Whether it is still given.';
comment on column course.search_text is 'Code and name, folded.';
comment on column course.search is 'The pairs of characters of search_text.';
