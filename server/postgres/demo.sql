-- name: loadDemo
-- Fills an empty database with a channel to look at; false if there was something.
select demo_load(:today) as is_loaded;
