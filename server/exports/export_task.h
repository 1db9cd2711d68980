/* Exports that were asked for, as tasks: reads the list as a request of the server's own, and
 * stores the file in pieces. */
#pragma once

#include "tasks/tasks.h"

extern const struct task_kind export_task;
