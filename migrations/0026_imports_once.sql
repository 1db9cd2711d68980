-- A file that is imported a second time is found by its digest.
create index import_by_digest on import (digest, id) where is_posted;
