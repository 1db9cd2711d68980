/* Imports that were asked for, as tasks: hands the file that was kept to the same import that a
 * client's would go to, as a request of the server's own. What it posts and its end are written
 * down in the import's transaction, so that nothing is posted twice. */
#pragma once

#include "tasks/tasks.h"

extern const struct task_kind import_task;
