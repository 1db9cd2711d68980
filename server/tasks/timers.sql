-- name: runTimers
-- Does what has fallen due by the clock of the business, a hundred at a time.
select r.done, r.more, r.alarm
from timers_run() as r;
