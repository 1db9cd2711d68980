-- Plain master data is imported by import_stage, import_judge and import_post: what each resource had of its own goes.
drop function if exists import_judge_products(text[]), import_post_products(uuid, timestamptz),
	import_judge_regions(text[]), import_post_regions(uuid, timestamptz),
	import_judge_members(text[]), import_post_members(uuid, timestamptz),
	import_judge_partners(text[]), import_post_partners(uuid, timestamptz),
	import_judge_legal_entities(text[]), import_post_legal_entities(uuid, timestamptz),
	import_judge_customers(text[]), import_post_customers(uuid, timestamptz),
	import_judge_calendars(text[]), import_post_calendars(uuid, timestamptz),
	import_duplicates(text);
