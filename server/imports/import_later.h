/* Imports that are put off (Prefer: respond-async): the file is kept, and import_task.c brings it
 * to import.c when a server is free. */
#pragma once

struct intake_way;

extern const struct intake_way import_later;
